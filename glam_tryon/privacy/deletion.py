"""Deletion of one try-on or person photo for good, with a receipt of what was deleted."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from glam_tryon.exceptions import FileUnavailable, IllegalTransition
from glam_tryon.files import delete_file
from glam_tryon.models import DeletionReceipt, PersonPhoto, TryOnJob, TryOnResult
from glam_tryon.models.receipt import Why

logger = logging.getLogger("glam_tryon.privacy")


def delete_tryon(job: TryOnJob, *, why: str = Why.SHOPPER) -> DeletionReceipt:
    """Delete a try-on: stop it, its pictures, and its person photo unless another one needs that.

    The ledger's rows stay. A picture that Glam brings later is not stored.
    """
    receipt = DeletionReceipt(why=why, jobs=1)
    with suppress(IllegalTransition):
        job.cancel(note="deleted by its owner" if why == Why.SHOPPER else f"deleted: {why}")
    job.hide()
    delete_results(job, receipt)
    given = PersonPhoto.objects.writer().filter(kind=PersonPhoto.Kind.SHOPPER)
    photo = given.filter(jobs=job).first()
    if photo is not None and not _is_needed(photo):
        delete_now(photo, receipt)
    return receipt.issue()


def delete_photo(photo: PersonPhoto, *, why: str = Why.SHOPPER) -> DeletionReceipt:
    """Delete a shopper's photo at once; open try-ons of it are canceled."""
    receipt = DeletionReceipt(why=why)
    cancel_tryons_of(photo)
    delete_now(photo, receipt)
    return receipt.issue()


def cancel_tryons_of(photo: PersonPhoto) -> None:
    """Cancel the open try-ons of a photo that is about to go."""
    for job in TryOnJob.objects.writer().filter(person_photo_id=photo.pk).open():
        with suppress(IllegalTransition):
            job.cancel(note="its photo was deleted", code="photo_expired")


def delete_now(photo: PersonPhoto, receipt: DeletionReceipt) -> None:
    """Delete the file of a photo. Should the storage refuse, nobody sees it any more."""
    # It is due at once, so a storage that refuses is asked again.
    PersonPhoto.objects.writer().filter(pk=photo.pk).keep(0)
    photos, left = try_each([photo], delete_photo_file)
    receipt.add(photos=photos, left=left)


def delete_results(job: TryOnJob, receipt: DeletionReceipt) -> None:
    """Delete the pictures of a job, and note in ``receipt`` which went and how many are left."""
    rows = list(TryOnResult.objects.writer().filter(job_id=job.pk))
    results, left = try_each(rows, delete_result)
    receipt.add(results=results, left=left)
    if not left:
        # The provider's URLs of the pictures go as well.
        TryOnJob.objects.writer().filter(pk=job.pk).update(media_urls=[])


def delete_result(result: TryOnResult) -> list[str]:
    """Delete one picture, file before row. Returns its sha256.

    Raises:
        FileUnavailable: the storage does not delete it.
    """
    if result.image:
        delete_file(result.image)
        # Nothing is left to be noted with the row's deletion.
        result.image = ""
    result.delete(using=TryOnResult.objects.write_alias())
    return [result.sha256]


def delete_photo_file(photo: PersonPhoto) -> list[str]:
    """Delete the file of a photo; the row stays for the jobs that name it. Returns its sha256.

    Raises:
        FileUnavailable: the storage does not delete it.
    """
    if not photo.image:
        return []
    delete_file(photo.image)
    PersonPhoto.objects.writer().filter(pk=photo.pk).update(image="", kept_until=None)
    photo.image = ""
    return [photo.sha256]


def try_each(rows: Iterable[Any], delete: Callable[[Any], list[str]]) -> tuple[list[str], int]:
    """Call ``delete`` for each row. Returns what it returned, and how often it failed."""
    gone: list[str] = []
    failed = 0
    for row in rows:
        try:
            gone += delete(row)
        except FileUnavailable:
            # One file must not keep the others.
            logger.exception("%s %s could not be deleted", type(row).__name__, row.pk)
            failed += 1
    return gone, failed


def _is_needed(photo: PersonPhoto) -> bool:
    rest = TryOnJob.objects.writer().filter(person_photo_id=photo.pk, deleted_at=None)
    return rest.exists()
