"""Batches: every chosen garment on every chosen house model, ordered and steered as one."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.files.base import File
from django.db import models

from glam_tryon.exceptions import (
    DecodersBusy,
    FileUnavailable,
    GarmentUnavailable,
    NotRegistered,
    PhotoUnavailable,
)
from glam_tryon.models import PersonPhoto, PossibleOrphan, TryOnBatch, TryOnJob, TryOnTransition
from glam_tryon.models.clock import DatabaseNow
from glam_tryon.models.owner import SHOP
from glam_tryon.models.statistics import AnalyticsEvent, Event
from glam_tryon.models.status import OPEN, Priority, Queue, Status
from glam_tryon.orders.caller import caller_of
from glam_tryon.orders.commands import cancel_all, retry_all
from glam_tryon.orders.place import garment_facts, may_wear, request_key
from glam_tryon.orders.queueing import next_turn, wake_pollers
from glam_tryon.orders.reference import checked_metadata, checked_reference
from glam_tryon.tracked_files import abandon

#: The most garments times house models that one batch may have.
MOST_PAIRS = 500
#: So many jobs are written in one transaction, so that pollers are not kept waiting.
CHUNK = 100


@dataclass(frozen=True, slots=True)
class Ordered:
    """A batch, how many of its jobs were made now, and which products were left out and why."""

    batch: TryOnBatch
    made: int
    left_out: tuple[tuple[models.Model, str], ...]


def request_batch(
    products: Sequence[models.Model],
    photos: Sequence[PersonPhoto],
    *,
    key: uuid.UUID | None = None,
    name: str = "",
    by: Any = None,
    mask_type: str | None = None,
    pictures: Mapping[Any, File[bytes]] | None = None,
    reference: str = "",
    metadata: Mapping[str, Any] | None = None,
) -> Ordered:
    """Ask for every product on every house model; the pictures are the shop's own.

    The same ``key`` is the same batch: a second call makes only what the first did not get to.
    ``mask_type`` overrides what the products' registrations say; ``pictures`` are other pictures
    of garments than the registered ones, by the product's key. Products without a usable picture
    are left out. ``by`` is the member of staff who orders, None for the shop's own programs.
    ``reference`` and ``metadata`` are those of each of its jobs.

    Raises:
        PermissionDenied: ``by`` lacks the permission ``glam_tryon.add_tryonjob``.
        PhotoUnavailable: a house model that is not offered (any more).
        ValueError, TypeError: no pair, or more than ``MOST_PAIRS``; or as ``place``.
    """
    if not 0 < len(products) * len(photos) <= MOST_PAIRS:
        raise ValueError(f"a batch has 1 to {MOST_PAIRS} pairs, not {len(products) * len(photos)}")
    caller_of(by=by).check()
    named = {
        "reference": checked_reference(reference),
        "metadata": checked_metadata(metadata),
    }
    for photo in photos:
        if photo.kind != PersonPhoto.Kind.HOUSE_MODEL or not may_wear(photo, SHOP):
            raise PhotoUnavailable(f"{photo} is not offered any more. Please choose another.")
    batch, _made = TryOnBatch.objects.writer().get_or_create(
        pk=key or uuid.uuid4(), defaults={"name": name[:120], "created_by": by}
    )
    wanted, left_out = [], []
    notes: dict[str, PossibleOrphan] = {}
    try:
        for product in products:
            try:
                # One file a garment, whoever wears it; saved before any transaction begins.
                facts, note = garment_facts(product, mask_type, (pictures or {}).get(product.pk))
            except (GarmentUnavailable, NotRegistered, DecodersBusy, FileUnavailable) as error:
                left_out.append((product, str(error)))
            else:
                if notes.setdefault(note.name, note) is not note:
                    # Two products with one picture.
                    note.drop()
                wanted += [_pair(batch, {**facts, **named}, photo) for photo in photos]
        first = next_turn(SHOP, Priority.CATALOGUE)
        for turn, job in enumerate(wanted, start=first):
            job.turn = turn
        chunks = [wanted[start : start + CHUNK] for start in range(0, len(wanted), CHUNK)]
        made = sum(_write(batch, chunk, notes) for chunk in chunks)
    finally:
        # Of garments that no job was made of.
        abandon(*(note for note in notes.values() if not note.is_settled))
    return Ordered(batch, made, tuple(left_out))


def _pair(batch: TryOnBatch, facts: dict[str, Any], photo: PersonPhoto) -> TryOnJob:
    product = f"{facts['content_type'].pk}:{facts['product_key']}"
    return TryOnJob(
        **facts,
        batch=batch,
        priority=Priority.CATALOGUE,
        person_photo=photo,
        owner=SHOP,
        request_key=request_key(SHOP, f"batch {batch.pk} {product} {photo.pk}"),
        next_step_at=DatabaseNow(),
    )


def _write(batch: TryOnBatch, jobs: Sequence[TryOnJob], notes: dict[str, PossibleOrphan]) -> int:
    with TryOnJob.objects.atomic():
        # Two clicks on one form write one after the other.
        now = TryOnBatch.lock(batch.pk)
        if now is None or now.canceled_at:
            return 0
        rows = TryOnJob.objects.writer()
        known = set(
            rows.filter(request_key__in=[job.request_key for job in jobs]).values_list(
                "request_key", flat=True
            )
        )
        new = [job for job in jobs if job.request_key not in known]
        for job in new:
            job.queue = Queue.PAUSED if now.paused_at else Queue.CATALOGUE
        rows.bulk_create(new)
        for name in {job.garment_image.name or "" for job in new} & notes.keys():
            notes[name].settle()
        TryOnTransition.objects.writer().bulk_create(
            [TryOnTransition(job=job, status=Status.PENDING, at=DatabaseNow()) for job in new]
        )
        events = [job.event(Event.REQUESTED) for job in new]
        AnalyticsEvent.objects.writer().bulk_create(events)
        if new:
            wake_pollers()
    return len(new)


def pause_batch(batch: TryOnBatch) -> bool:
    """Send no more of a batch; what Glam has is finished. False when it rests already."""
    return batch.pause()


def resume_batch(batch: TryOnBatch) -> bool:
    """Send a paused batch again. False when it was not paused."""
    resumed = batch.resume()
    if resumed:
        wake_pollers()
    return resumed


def cancel_batch(batch: TryOnBatch, *, note: str = "") -> int:
    """Cancel all of a batch that is not over. Returns how many try-ons that were."""
    batch.close()
    return cancel_all(_keys(batch.jobs.filter(status__in=OPEN)), note=note)


def retry_batch(batch: TryOnBatch, *, note: str = "") -> int:
    """Send the failed ones of a batch once more; Glam may bill them. Returns how many."""
    return retry_all(_keys(batch.jobs.filter(status=Status.FAILED)), note=note)


def _keys(jobs: models.QuerySet[TryOnJob]) -> list[uuid.UUID]:
    return list(jobs.values_list("pk", flat=True))
