"""How long photos and results are kept, and the deletion of what is over its time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models, router
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from glam_tryon.conf import conf
from glam_tryon.models import PersonPhoto, TryOnJob, TryOnResult
from glam_tryon.models.clock import DatabaseNow, after
from glam_tryon.models.owner import SHOP
from glam_tryon.policy.deletion import delete_file, delete_results, try_each
from glam_tryon.policy.durations import DAY_SECONDS

#: A photo that no job needs may be about to get its first one.
UNUSED_SECONDS = 3600
#: So many of each kind are deleted in one go, so that a poller is not kept from its work.
BATCH = 100


def results_expire_at(job: TryOnJob) -> datetime | None:
    """Return when the pictures of a job are deleted; None while it runs, and for the shop's own."""
    if job.finished_at is None or job.owner == SHOP:
        return None
    days = conf.RESULT_DAYS if job.user_id else conf.VISITOR_RESULT_DAYS
    return job.finished_at + timedelta(days=days)


def results_of(job: TryOnJob) -> list[TryOnResult]:
    """Return the pictures that may be shown, in their order: none when their time is over."""
    until = results_expire_at(job)
    return [] if until is not None and until <= timezone.now() else list(job.results.all())


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many files were deleted, or would be, and how many could not be."""

    photos: int
    results: int
    failed: int


def photos_to_delete() -> models.QuerySet[PersonPhoto]:
    """Shoppers' photos whose time is over; never house models or the shop's own photos.

    A photo goes ``PHOTO_GRACE_SECONDS`` after its last job, at the latest ``PHOTO_SECONDS`` after
    it was given; or when the time is over for which its owner wished to keep it.
    """
    jobs = TryOnJob.objects.filter(person_photo_id=OuterRef("pk"))
    recent = jobs.filter(finished_at__gte=after(-conf.PHOTO_GRACE_SECONDS))
    rest = max(conf.PHOTO_GRACE_SECONDS, UNUSED_SECONDS)
    unused = Q(kept_until=None) & ~Exists(jobs.open()) & ~Exists(recent)
    unused &= Exists(jobs) | Q(created_at__lt=after(-rest))
    too_old = Q(kept_until=None, created_at__lt=after(-conf.PHOTO_SECONDS))
    rows = PersonPhoto.objects.using(router.db_for_write(PersonPhoto))
    return (
        rows.shoppers()
        .filter(too_old | unused | Q(kept_until__lte=DatabaseNow()))
        .exclude(image="")
    )


def results_to_delete() -> models.QuerySet[TryOnJob]:
    """Jobs whose pictures are over their time, or were deleted by their owner."""
    rows = TryOnJob.objects.using(router.db_for_write(TryOnJob))
    drawn = Exists(TryOnResult.objects.filter(job_id=OuterRef("pk")))
    of_users = Q(user__isnull=False, finished_at__lt=after(-DAY_SECONDS * conf.RESULT_DAYS))
    of_visitors = Q(user=None, finished_at__lt=after(-DAY_SECONDS * conf.VISITOR_RESULT_DAYS))
    over = Q(deleted_at__isnull=False) | (of_users | of_visitors) & ~Q(owner=SHOP)
    return rows.filter(drawn, over)


def prune(*, dry_run: bool = False, limit: int = BATCH) -> Pruned:
    """Delete what is over its time, at most ``limit`` photos and the results of ``limit`` jobs.

    What cannot be deleted is logged and tried again next time.
    """
    photos, jobs = photos_to_delete(), results_to_delete()
    if dry_run:
        results = jobs.aggregate(count=models.Count("results"))["count"]
        return Pruned(photos.count(), results, 0)
    # By chance: files that a storage never lets go must not keep the others waiting for ever.
    gone, failed = try_each(photos.order_by("?")[:limit], delete_file)
    pictures, stuck = try_each(jobs.order_by("?")[:limit], delete_results)
    return Pruned(len(gone), len(pictures), failed + stuck)
