"""Erasure of everything kept of a person: rows lose their owner first, then files go."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.signals import pre_delete
from django.dispatch import receiver

from glam_tryon.exceptions import IllegalTransition
from glam_tryon.models import ConsentRecord, DeletionReceipt, PersonPhoto, TryOnJob
from glam_tryon.models.owner import ERASED, SHOP, owner_key
from glam_tryon.models.receipt import Why
from glam_tryon.privacy.deletion import cancel_tryons_of, delete_now, delete_results

logger = logging.getLogger("glam_tryon.privacy")

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class _Marked:
    """Rows that are nobody's any more and wait for its files to be deleted."""

    jobs: list[UUID]
    photos: list[UUID]

    def __bool__(self) -> bool:
        return bool(self.jobs or self.photos)


def erase_tryon_data(user: Any, *, why: str = Why.ERASURE) -> DeletionReceipt:
    """Erase all try-on data of a user at once. Returns the receipt.

    Open try-ons are canceled and their photo links die; a picture that comes late is not stored.
    Rows of jobs and of consents stay without their owner, the ledger's rows as they are: neither
    tells who it was.
    """
    return _sweep(_mark([owner_key(user)], keep_owner=False), why)


def erase_everything_of(*owners: str) -> DeletionReceipt:
    """Do the same for a shopper who asks for it, who may be a visitor.

    The rows of jobs say whose they were for one day more, for limits that are counted by the day.
    """
    return _sweep(_mark(list(owners), keep_owner=True), Why.SHOPPER)


def withdraw_consent(*owners: str) -> DeletionReceipt:
    """Take back every consent of a shopper: all photos go now, and no try-on of them goes on."""
    ConsentRecord.objects.writer().owned_by(*owners).withdraw()
    receipt = DeletionReceipt(why=Why.WITHDRAWN)
    photos = PersonPhoto.objects.writer().owned_by(*owners)
    for photo in photos.exclude(image=""):
        cancel_tryons_of(photo)
        delete_now(photo, receipt)
    return receipt.issue()


def _mark(owners: list[str], *, keep_owner: bool) -> _Marked:
    """Take what belongs to these owners from them: from here on nobody sees or finishes it."""
    owners = sorted({*owners} - {SHOP, ERASED})
    with TryOnJob.objects.atomic():
        jobs = TryOnJob.objects.writer().owned_by(*owners)
        # The first statement writes: SQLite takes its one write lock at once, instead of failing
        # when a read turns into a write while a poller writes too.
        jobs.update(owner=F("owner"))
        marked = list(jobs.values_list("pk", flat=True))
        for job in jobs.open():
            with suppress(IllegalTransition):
                job.cancel(note="erased")
        mine: Any = TryOnJob.objects.writer().filter(owner__in=owners)
        for chunk in _chunks(marked):
            mine.filter(pk__in=chunk).hide_all()
        if not keep_owner:
            # Those that were deleted one by one before as well.
            mine.anonymise()
    photos = PersonPhoto.objects.writer().owned_by(*owners)
    taken = list(photos.values_list("pk", flat=True))
    photos.anonymise()
    consents = ConsentRecord.objects.writer()
    consents.owned_by(*owners).anonymise()
    return _Marked(marked, taken)


def _sweep(marked: _Marked, why: str) -> DeletionReceipt:
    """Delete the pictures of what is marked, files before rows. Returns the receipt."""
    receipt = DeletionReceipt(why=why, jobs=len(marked.jobs))
    jobs = TryOnJob.objects.writer()
    for chunk in _chunks(marked.jobs):
        for job in jobs.filter(pk__in=chunk).exclude(results=None).distinct():
            delete_results(job, receipt)
    photos = PersonPhoto.objects.writer()
    for chunk in _chunks(marked.photos):
        for photo in photos.filter(pk__in=chunk).exclude(image=""):
            delete_now(photo, receipt)
        # Those whose file is left stay until it goes.
        photos.filter(pk__in=chunk, image="").delete()
    return receipt.issue()


def _chunks(keys: list[UUID]) -> list[list[UUID]]:
    return [keys[start : start + _CHUNK] for start in range(0, len(keys), _CHUNK)]


@receiver(pre_delete, sender=settings.AUTH_USER_MODEL, dispatch_uid="glam_tryon_erase")
def erase_with_user(instance: Any, using: str, **_facts: Any) -> None:
    """Erase with the deletion of the user: rows in its transaction, files once it is committed."""
    if marked := _mark([owner_key(instance)], keep_owner=False):
        transaction.on_commit(partial(_sweep, marked, Why.ERASURE), using=using, robust=True)
