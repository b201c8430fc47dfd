"""Retention: how long each kind of data is kept, as queries for what is due."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from glam_tryon.conf import conf
from glam_tryon.models import (
    ConsentRecord,
    DeletionReceipt,
    PersonPhoto,
    TryOnJob,
    TryOnResult,
)
from glam_tryon.models.clock import DatabaseNow, after
from glam_tryon.models.job import TryOnJobQuerySet
from glam_tryon.models.owner import ERASED, SHOP
from glam_tryon.privacy.duration_words import DAY_SECONDS

#: A photo that no job needs may be about to get its first one.
UNUSED_SECONDS = 3600
#: So long the row of a try-on that a shopper deleted still counts for that shopper's limits.
COUNTED_SECONDS = DAY_SECONDS


def results_expire_at(job: TryOnJob) -> datetime | None:
    """Return when the pictures of a job are deleted; None while it runs, and for the shop's own."""
    if job.finished_at is None or job.owner == SHOP:
        return None
    days = conf.RESULT_DAYS if job.user_id else conf.VISITOR_RESULT_DAYS
    return job.finished_at + timedelta(days=days)


def results_of(job: TryOnJob) -> list[TryOnResult]:
    """Return the pictures that may be shown, in their order: ``visible`` for a job at hand."""
    return list(job.results.all()) if may_show_results(job) else []


def may_show_results(job: TryOnJob) -> bool:
    """Say whether its pictures may be shown: neither deleted by their owner nor over their time."""
    until = results_expire_at(job)
    return job.deleted_at is None and (until is None or until > timezone.now())


def photos_to_delete() -> models.QuerySet[PersonPhoto]:
    """Shoppers' photos whose time is over, and whatever photo somebody deleted.

    A photo goes ``PHOTO_GRACE_SECONDS`` after its last job, at the latest ``PHOTO_SECONDS`` after
    it was given; or when the time is over for which its owner wished to keep it. House models and
    the shop's own photos have no such time.
    """
    jobs = TryOnJob.objects.filter(person_photo_id=OuterRef("pk"))
    recent = jobs.filter(finished_at__gte=after(-conf.PHOTO_GRACE_SECONDS))
    rest = max(conf.PHOTO_GRACE_SECONDS, UNUSED_SECONDS)
    unused = Q(kept_until=None) & ~Exists(jobs.open()) & ~Exists(recent)
    unused &= Exists(jobs) | Q(created_at__lt=after(-rest))
    too_old = Q(kept_until=None, created_at__lt=after(-conf.PHOTO_SECONDS))
    shoppers = Q(kind=PersonPhoto.Kind.SHOPPER) & ~Q(owner=SHOP)
    rows = PersonPhoto.objects.writer()
    due = shoppers & (too_old | unused) | Q(kept_until__lte=DatabaseNow())
    return rows.filter(due).exclude(image="")


def photo_rows_to_delete() -> models.QuerySet[PersonPhoto]:
    """Rows of photos whose file is gone and that no job names any more."""
    rows = PersonPhoto.objects.writer().shoppers()
    return rows.filter(~Exists(TryOnJob.objects.filter(person_photo_id=OuterRef("pk"))), image="")


def results_to_delete() -> models.QuerySet[TryOnJob]:
    """Jobs whose pictures are over their time, or were deleted by their owner."""
    drawn = Exists(TryOnResult.objects.filter(job_id=OuterRef("pk")))
    of_users = Q(user__isnull=False, finished_at__lt=after(-DAY_SECONDS * conf.RESULT_DAYS))
    of_visitors = Q(user=None, finished_at__lt=after(-DAY_SECONDS * conf.VISITOR_RESULT_DAYS))
    over = Q(deleted_at__isnull=False) | (of_users | of_visitors) & ~Q(owner=SHOP)
    return _jobs().filter(drawn, over)


def jobs_to_delete() -> models.QuerySet[TryOnJob]:
    """Jobs without pictures that ended ``JOB_DAYS`` ago. The ledger's rows outlive them."""
    drawn = Exists(TryOnResult.objects.filter(job_id=OuterRef("pk")))
    ended = Q(queue=None, finished_at__lt=after(-DAY_SECONDS * conf.JOB_DAYS))
    return _jobs().closed().filter(~drawn, ended)


def jobs_to_anonymise() -> TryOnJobQuerySet[TryOnJob]:
    """Jobs that their owner deleted so long ago that no limit counts them any more."""
    deleted = _jobs().filter(deleted_at__lt=after(-COUNTED_SECONDS))
    return deleted.exclude(owner__in=[ERASED, SHOP])


def consents_to_delete() -> models.QuerySet[ConsentRecord]:
    """Proofs older than ``CONSENT_DAYS``, unless their photo is still there."""
    rows = ConsentRecord.objects.writer()
    photo = PersonPhoto.objects.filter(consent_id=OuterRef("pk")).exclude(image="")
    old = Q(created_at__lt=after(-DAY_SECONDS * conf.CONSENT_DAYS))
    return rows.filter(old & ~Exists(photo))


def receipts_to_delete() -> models.QuerySet[DeletionReceipt]:
    """Receipts older than ``RECEIPT_DAYS``."""
    rows = DeletionReceipt.objects.writer()
    return rows.filter(deleted_at__lt=after(-DAY_SECONDS * conf.RECEIPT_DAYS))


def _jobs() -> TryOnJobQuerySet[TryOnJob]:
    return TryOnJob.objects.writer()
