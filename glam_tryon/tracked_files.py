"""Saves files that rows name, and deletes those that no row names after all.

Between a file's bytes and its row a process may die, a connection end, an account be deleted, a
transaction be rolled back, and a deletion may be refused. So the name is noted and committed before
the bytes go out (``PossibleOrphan``), and the transaction that writes the row deletes the note.
Whatever happens between, pruning finds the note, and deletes the file unless a row names it.

Within a transaction of the caller's, nothing can be committed beforehand: a note in it would be
rolled back with it, and a second connection would wait on SQLite for the lock that the first one
holds, would come out of the shop's small pool or role, and would not have its tenant. The views
of this package therefore stand outside of ``ATOMIC_REQUESTS``, and the worker is in no
transaction. What is saved in a shop's own transaction goes to a folder of its own, whose files
pruning lists: so such a shop needs a storage that can list.
"""

from __future__ import annotations

import logging
import secrets
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import PurePosixPath
from typing import TypeVar

from django.db import DatabaseError, InterfaceError, connections, transaction
from django.http import HttpResponse
from django.utils import timezone

from glam_tryon.conf import conf
from glam_tryon.exceptions import FileUnavailable
from glam_tryon.files import delete_file, list_files, modified_at, save_file
from glam_tryon.models import PossibleOrphan
from glam_tryon.models.clock import DatabaseNow
from glam_tryon.models.possible_orphan import GRACE_SECONDS

V = TypeVar("V", bound=Callable[..., HttpResponse])

logger = logging.getLogger("glam_tryon.files")


def outside_atomic_requests(view: V) -> V:
    """Let a view's notes be committed at once: none of its transactions is the whole request."""
    for alias in connections:
        view = transaction.non_atomic_requests(alias)(view)
    return view


def uncommitted_folder() -> str:
    """Return the folder of files that are saved within a caller's transaction."""
    return f"{conf.PREFIX}/uncommitted"


def announce(name: str, *, job_key: uuid.UUID | None = None) -> PossibleOrphan:
    """Note that a file of this name is about to be saved. ``job_key`` is that of a result's job.

    Within a caller's transaction the note has another name, in ``uncommitted_folder``: save under
    the note's.

    Raises:
        FileUnavailable: pruning is deleting the file just now; try again in a moment.
    """
    note = PossibleOrphan.of(name, job_key)
    using = PossibleOrphan.objects.write_alias()
    if not _commit(note, using):
        suffix = PurePosixPath(name).suffix
        note.name = f"{uncommitted_folder()}/{secrets.token_hex(16)}{suffix}"
        note.save(using=using, force_insert=True)
    # After the commit, as pruning claims before it looks: one of the two sees the other.
    if note.is_going():
        note.drop()
        raise FileUnavailable(f"{name}: it is being deleted just now")
    return note


def _commit(note: PossibleOrphan, using: str) -> bool:
    # Not by a look at the connection: the transaction around a test case counts as none.
    try:
        with transaction.atomic(using, durable=True):
            note.save(using=using, force_insert=True)
    except RuntimeError:
        return False
    return True


@contextmanager
def tracked_file(
    name: str, content: bytes, *, job_key: uuid.UUID | None = None
) -> Iterator[PossibleOrphan]:
    """Save a file, give its note, and delete the file at once when the block raises.

    Within the block write the row, with the note's name, and settle the note in its transaction.

    Raises:
        FileUnavailable: the storage does not take it.
    """
    note = announce(name, job_key=job_key)
    try:
        save_noted(note, content)
        yield note
    except BaseException:
        abandon(note)
        raise


def save_noted(note: PossibleOrphan, content: bytes) -> None:
    """Save the file of a note; the storage may give it another name, which the note then has."""
    renamed(note, save_file(note.name, content))


def renamed(note: PossibleOrphan, name: str) -> None:
    """Let a note follow the name that the storage gave."""
    if name != note.name:
        note.name = name
        note.save(using=PossibleOrphan.objects.write_alias(), update_fields=["name"])


def abandon(*notes: PossibleOrphan) -> None:
    """Delete what was saved for nothing, at once; what cannot be deleted now is pruned later."""
    for note in notes:
        try:
            _delete(note, is_over=True)
        except (DatabaseError, InterfaceError, FileUnavailable) as error:
            logger.warning("%s is deleted later: %s", note.name, error)


def delete_unnamed(name: str, *, job_key: uuid.UUID | None = None) -> None:
    """Delete a file whose row is gone, unless another row names it. Errors as ``abandon``."""
    try:
        note = PossibleOrphan.of(name, job_key)
        note.save(using=PossibleOrphan.objects.write_alias(), force_insert=True)
    except (DatabaseError, InterfaceError) as error:
        logger.warning("%s is deleted later: %s", name, error)
    else:
        abandon(note)


def prune_orphans(limit: int) -> tuple[int, int]:
    """Delete files that no row names. Returns how many went, and how many the storage kept."""
    _note_uncommitted()
    gone = left = 0
    # By chance: files that a storage never lets go must not keep the others waiting for ever.
    for note in PossibleOrphan.objects.due().order_by("?")[:limit]:
        try:
            gone += _delete(note)
        except FileUnavailable:
            logger.exception("%s, which no row names, could not be deleted", note.name)
            left += 1
    return gone, left


def count_orphans() -> int:
    """Return about how many files ``prune_orphans`` would look at."""
    return PossibleOrphan.objects.due().count()


def _delete(note: PossibleOrphan, *, is_over: bool = False) -> bool:
    """Delete a note's file unless a row names it; False when there was nothing to delete.

    ``is_over``: nobody is saving it any more. Else the note stays for the grace time, and the file
    is deleted once more then: bytes that were on their way came later, perhaps.
    """
    if note.is_named() or (is_over and note.is_expected()):
        # Its row knows it, or somebody else's note.
        note.drop()
        return False
    if not note.claim():
        return False
    # Once more, after the claim: see ``announce``.
    if note.is_named() or note.is_expected():
        note.release()
        return False
    try:
        delete_file(note.name)
    except FileUnavailable:
        note.release(due_at=DatabaseNow())
        raise
    if is_over or note.is_deleted:
        note.drop()
    else:
        note.deleted()
    return not note.is_deleted


def _note_uncommitted() -> None:
    """Note the files of callers' transactions that no row and no note names."""
    try:
        names = list_files(uncommitted_folder())
    except FileUnavailable as error:
        logger.warning("files of rolled back transactions cannot be looked for: %s", error)
        return
    for name in _without_note(names):
        note = PossibleOrphan(name=name)
        if note.is_named():
            continue
        saved_at = None
        with suppress(FileUnavailable):
            saved_at = modified_at(name)
        note.due_at = (saved_at or timezone.now()) + timedelta(seconds=GRACE_SECONDS)
        note.save(using=PossibleOrphan.objects.write_alias(), force_insert=True)


def _without_note(names: Iterable[str]) -> Iterator[str]:
    notes = PossibleOrphan.objects.writer()
    for name in names:
        if not notes.filter(name=name).exists():
            yield name
