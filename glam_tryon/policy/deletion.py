"""Deletes a try-on or a person photo for good, and says what was deleted."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from django.db import router
from django.utils import timezone

from glam_tryon.exceptions import IllegalTransition
from glam_tryon.models import PersonPhoto, TryOnJob, TryOnResult

logger = logging.getLogger("glam_tryon.policy")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was deleted and when; neither a picture nor a person."""

    photos: int
    results: int
    sha256: tuple[str, ...]
    deleted_at: str

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


def receipt(*parts: list[str]) -> Receipt:
    """Return the receipt for the hashes of deleted photos and, second, of deleted results."""
    photos, results = parts
    return Receipt(
        len(photos),
        len(results),
        tuple(sorted({*photos, *results})),
        timezone.now().isoformat(timespec="seconds"),
    )


def merge(receipts: list[Receipt]) -> Receipt:
    """Return one receipt for all."""
    return Receipt(
        sum(each.photos for each in receipts),
        sum(each.results for each in receipts),
        tuple(sorted({sha256 for each in receipts for sha256 in each.sha256})),
        timezone.now().isoformat(timespec="seconds"),
    )


def delete_tryon(job: TryOnJob) -> Receipt:
    """Delete a try-on: stop it, its pictures, and its person photo unless another one needs that.

    The ledger's rows stay. A picture that Glam brings later is not stored.

    Raises:
        Exception: whatever the storage raises. The try-on is hidden by then, and ``prune`` tries
            again to delete its pictures.
    """
    with suppress(IllegalTransition):
        job.cancel(note="deleted by its owner")
    job.hide()
    results = delete_results(job)
    using = router.db_for_write(PersonPhoto)
    photo = PersonPhoto.objects.using(using).filter(jobs=job).first()
    photos = []
    if photo and photo.kind == PersonPhoto.Kind.SHOPPER and not _is_needed(photo):
        photos = delete_file(photo)
    return receipt(photos, results)


def delete_photo(photo: PersonPhoto) -> Receipt:
    """Delete a shopper's photo at once; open try-ons of it are canceled.

    Raises:
        Exception: whatever the storage raises; ``prune`` tries again.
    """
    using = router.db_for_write(TryOnJob)
    for job in TryOnJob.objects.using(using).filter(person_photo_id=photo.pk).open():
        with suppress(IllegalTransition):
            job.cancel(note="its photo was deleted", code="photo_expired")
    return receipt(delete_file(photo), [])


def delete_results(job: TryOnJob) -> list[str]:
    """Delete the pictures of a job, file before row. Returns their sha256."""
    using = router.db_for_write(TryOnResult)
    gone = []
    for result in TryOnResult.objects.using(using).filter(job_id=job.pk):
        if result.image:
            result.image.delete(save=False)
        result.delete(using=using)
        gone.append(result.sha256)
    return gone


def delete_file(photo: PersonPhoto) -> list[str]:
    """Delete the file of a photo; the row stays for the jobs that name it. Returns its sha256."""
    if not photo.image:
        return []
    photo.image.delete(save=False)
    using = router.db_for_write(PersonPhoto)
    PersonPhoto.objects.using(using).filter(pk=photo.pk).update(image="", kept_until=None)
    return [photo.sha256]


def _is_needed(photo: PersonPhoto) -> bool:
    using = router.db_for_write(TryOnJob)
    rest = TryOnJob.objects.using(using).filter(person_photo_id=photo.pk, deleted_at=None)
    return rest.exists()
