"""Pruning: deletes data because of its age, files first, then the rows that named them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from django.db import models

from glam_tryon.models import DeletionReceipt, PersonPhoto
from glam_tryon.models.receipt import KINDS, Why
from glam_tryon.privacy.deletion import delete_photo_file, delete_results, try_each
from glam_tryon.privacy.retention import (
    consents_to_delete,
    jobs_to_anonymise,
    jobs_to_delete,
    photo_rows_to_delete,
    photos_to_delete,
    receipts_to_delete,
    results_to_delete,
)
from glam_tryon.tracked_files import count_orphans, prune_orphans

#: So many of each kind are deleted in one go, so that a poller is not kept from its work.
BATCH = 100


def count_due() -> DeletionReceipt:
    """Return what ``prune`` would delete, however many goes it took. Nothing is saved."""
    due = DeletionReceipt(
        why=Why.RETENTION,
        photos=photos_to_delete().count(),
        results=results_to_delete().aggregate(count=models.Count("results"))["count"],
        jobs=jobs_to_delete().count(),
        consents=consents_to_delete().count(),
        receipts=receipts_to_delete().count(),
    )
    due.orphans = count_orphans()
    return due


def prune(*, limit: int = BATCH) -> DeletionReceipt:
    """Delete what is over its time, at most ``limit`` rows of each kind.

    Returns the receipt, which is kept when something was deleted. What cannot be deleted is logged,
    counted as ``left`` and tried again next time.
    """
    receipt = DeletionReceipt(why=Why.RETENTION)
    # By chance: files that a storage never lets go must not keep the others waiting for ever.
    photos, left = try_each(photos_to_delete().order_by("?")[:limit], _delete_if_still_due)
    receipt.add(photos=photos, left=left)
    for job in results_to_delete().order_by("?")[:limit]:
        delete_results(job, receipt)
    receipt.jobs = _delete_rows(jobs_to_delete(), limit)
    _delete_rows(photo_rows_to_delete(), limit)
    jobs_to_anonymise().anonymise()
    receipt.consents = _delete_rows(consents_to_delete(), limit)
    receipt.receipts = _delete_rows(receipts_to_delete(), limit)
    # Last, for the deletion of rows may have made some.
    receipt.orphans, left = prune_orphans(limit)
    receipt.add(left=left)
    return receipt if receipt.is_empty else receipt.issue()


def prune_batches(*, seconds: float | None = None, limit: int = BATCH) -> Iterator[DeletionReceipt]:
    """Prune batch after batch until little is left, and at most about ``seconds``.

    Yields the receipt of each. What cannot be deleted ends it: that would be tried at once again.
    """
    end = None if seconds is None else time.monotonic() + seconds
    while True:
        receipt = prune(limit=limit)
        yield receipt
        is_done = all(getattr(receipt, kind) < limit for kind in (*KINDS, "orphans"))
        if receipt.left or is_done or (end is not None and time.monotonic() >= end):
            return


def _delete_if_still_due(photo: PersonPhoto) -> list[str]:
    # Somebody may have asked for another try-on with it meanwhile. Marked as due it takes none.
    due: Any = photos_to_delete().filter(pk=photo.pk)
    return delete_photo_file(photo) if due.keep(0) else []


def _delete_rows(rows: models.QuerySet[Any], limit: int) -> int:
    # By keys: no database deletes with a limit and what else these queries ask for.
    keys = list(rows.order_by("pk").values_list("pk", flat=True)[:limit])
    rows.model._base_manager.using(rows.db).filter(pk__in=keys).delete()
    return len(keys)
