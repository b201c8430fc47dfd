"""Reuse: an earlier try-on of the same garment on the same person, so that none is bought.

The same is the same bytes of both pictures, and the same mask type. Of a shopper's photo only the
same owner's try-ons count. A house model's picture shows no shopper, so there everybody's do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Q

from glam_tryon.conf import conf
from glam_tryon.models import PersonPhoto, TryOnJob
from glam_tryon.models.job import NEEDS_PERSON, Feedback, TryOnJobQuerySet
from glam_tryon.models.owner import SHOP
from glam_tryon.models.status import OPEN, Status
from glam_tryon.privacy.retention import results_of

#: So many candidates are looked at, newest first; the first is nearly always right.
MOST = 5


def picture_key(job: TryOnJob, photo: PersonPhoto) -> str:
    """Return what is the same for every order of the same pictures, for the locks of orders."""
    return f"{job.garment_sha256} {photo.sha256} {job.mask_type}"


def reusable_own(job: TryOnJob, photo: PersonPhoto) -> TryOnJob | None:
    """Return the owner's own earlier try-on that a new ``job`` would only draw again.

    It is under way, or its pictures are there; one that its owner found not right is neither.
    """
    if job.owner == SHOP or not (conf.REUSE_RESULTS and photo.sha256):
        return None
    mine = _alike(job).filter(owner=job.owner, person_photo__sha256=photo.sha256)
    return next(_usable(mine), None)


def reusable_shared(job: TryOnJob, photo: PersonPhoto) -> TryOnJob | None:
    """Return anybody's try-on of the same house model, whose picture ``job`` may get a copy of.

    One that itself waits for a copy is none: it may never be drawn.
    """
    house = photo.kind == PersonPhoto.Kind.HOUSE_MODEL
    if job.owner == SHOP or not (conf.REUSE_RESULTS and house):
        return None
    # By the product, for which there is an index.
    same = _alike(job).filter(
        product_key=job.product_key, content_type_id=job.content_type_id, person_photo_id=photo.pk
    )
    return next(_usable(same.exclude(status__in=OPEN, reuse_of__isnull=False)), None)


def pictures_of(job: TryOnJob) -> list[Any]:
    """Return the pictures of a finished try-on that another one may get copies of."""
    alive = job.status == Status.READY and job.deleted_at is None
    return results_of(job) if alive and job.feedback != Feedback.DOWN else []


def may_bring_one(job: TryOnJob) -> bool:
    """Say whether a picture may still come of a try-on by itself."""
    stuck = job.status == Status.UNCONFIRMED and job.error_code == NEEDS_PERSON
    return job.status in OPEN and job.deleted_at is None and not stuck


def _alike(job: TryOnJob) -> TryOnJobQuerySet[TryOnJob]:
    rows = TryOnJob.objects.writer().exclude(pk=job.pk)
    return rows.filter(
        Q(status__in=OPEN) | Q(status=Status.READY),
        garment_sha256=job.garment_sha256,
        mask_type=job.mask_type,
        deleted_at=None,
    ).exclude(feedback=Feedback.DOWN)


def _usable(rows: TryOnJobQuerySet[TryOnJob]) -> Iterator[TryOnJob]:
    for each in rows.order_by("-created_at")[:MOST]:
        if may_bring_one(each) or pictures_of(each):
            yield each
