"""Deletes a try-on or a person photo for good, and says what was deleted."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
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
    """What was deleted and when; neither a picture nor a person.

    ``left`` are files that the storage did not delete now: nobody can see them any more, and
    ``prune`` tries again.
    """

    photos: int
    results: int
    sha256: tuple[str, ...]
    left: int
    deleted_at: str

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


def receipt(photos: list[str], results: list[str], left: int) -> Receipt:
    """Return the receipt for the hashes of deleted photos and of deleted results."""
    return Receipt(
        len(photos),
        len(results),
        tuple(sorted({*photos, *results})),
        left,
        timezone.now().isoformat(timespec="seconds"),
    )


def merge(receipts: list[Receipt]) -> Receipt:
    """Return one receipt for all."""
    return Receipt(
        sum(each.photos for each in receipts),
        sum(each.results for each in receipts),
        tuple(sorted({sha256 for each in receipts for sha256 in each.sha256})),
        sum(each.left for each in receipts),
        timezone.now().isoformat(timespec="seconds"),
    )


def delete_tryon(job: TryOnJob) -> Receipt:
    """Delete a try-on: stop it, its pictures, and its person photo unless another one needs that.

    The ledger's rows stay. A picture that Glam brings later is not stored.
    """
    with suppress(IllegalTransition):
        job.cancel(note="deleted by its owner")
    job.hide()
    results, left = try_each(_results_of(job), delete_result)
    using = router.db_for_write(PersonPhoto)
    photo = PersonPhoto.objects.using(using).owned_by(job.owner).filter(jobs=job).first()
    if photo is None or _is_needed(photo):
        return receipt([], results, left)
    photos, stuck = _delete_now(photo)
    return receipt(photos, results, left + stuck)


def delete_photo(photo: PersonPhoto) -> Receipt:
    """Delete a shopper's photo at once; open try-ons of it are canceled."""
    using = router.db_for_write(TryOnJob)
    for job in TryOnJob.objects.using(using).filter(person_photo_id=photo.pk).open():
        with suppress(IllegalTransition):
            job.cancel(note="its photo was deleted", code="photo_expired")
    photos, left = _delete_now(photo)
    return receipt(photos, [], left)


def delete_results(job: TryOnJob) -> list[str]:
    """Delete the pictures of a job. Returns their sha256.

    Raises:
        OSError: some could not be deleted; the others are.
    """
    gone, left = try_each(_results_of(job), delete_result)
    if left:
        raise OSError(f"{left} of its pictures are left")
    return gone


def delete_result(result: TryOnResult) -> list[str]:
    """Delete one picture, file before row. Returns its sha256.

    Raises:
        Exception: whatever the storage raises.
    """
    if result.image:
        result.image.delete(save=False)
    result.delete(using=router.db_for_write(TryOnResult))
    return [result.sha256]


def delete_file(photo: PersonPhoto) -> list[str]:
    """Delete the file of a photo; the row stays for the jobs that name it. Returns its sha256.

    Raises:
        Exception: whatever the storage raises.
    """
    if not photo.image:
        return []
    photo.image.delete(save=False)
    using = router.db_for_write(PersonPhoto)
    PersonPhoto.objects.using(using).filter(pk=photo.pk).update(image="", kept_until=None)
    return [photo.sha256]


def try_each(rows: Iterable[Any], delete: Callable[[Any], list[str]]) -> tuple[list[str], int]:
    """Call ``delete`` for each row. Returns what it returned, and how often it failed."""
    gone: list[str] = []
    failed = 0
    for row in rows:
        try:
            gone += delete(row)
        except Exception:
            # Storages raise what their back ends raise; one file must not keep the others.
            logger.exception("%s %s could not be deleted", type(row).__name__, row.pk)
            failed += 1
    return gone, failed


def _results_of(job: TryOnJob) -> list[TryOnResult]:
    using = router.db_for_write(TryOnResult)
    return list(TryOnResult.objects.using(using).filter(job_id=job.pk))


def _delete_now(photo: PersonPhoto) -> tuple[list[str], int]:
    # Should the storage refuse, nobody sees it any more, and it is due at once.
    using = router.db_for_write(PersonPhoto)
    PersonPhoto.objects.using(using).filter(pk=photo.pk).keep(0)
    return try_each([photo], delete_file)


def _is_needed(photo: PersonPhoto) -> bool:
    using = router.db_for_write(TryOnJob)
    rest = TryOnJob.objects.using(using).filter(person_photo_id=photo.pk, deleted_at=None)
    return rest.exists()
