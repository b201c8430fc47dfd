"""Bounds the memory of all decoders of this machine, whichever process they run in.

A picture of a kilobyte may decode to gigabytes, and each web worker has threads that decode at
once. So a decoder takes as many slots as it needs memory, and waits for them a moment.

A slot is a lock on a file in the temporary folder (``TMPDIR``): it ends with its process, also
when that is killed, and needs no server. Where there are no such locks (Windows), or the folder
cannot be used, the bound holds for each process by itself.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import ModuleType

from glam_tryon.images.validated_open import NotOpened

fcntl: ModuleType | None = None
with suppress(ImportError):
    import fcntl

#: Memory of a slot, in bytes, and how many there are: what a HEIC of 50.3 megapixels takes.
SLOT_BYTES, SLOTS = 16_000_000, 27
#: The most that one decoder may need.
MOST_BYTES = SLOT_BYTES * SLOTS
#: What needs no more than this is decoded at once: a picture that was made small before.
SMALL_BYTES = 8_000_000
#: How long a decoder waits for its slots, in seconds: a shopper waits for the answer meanwhile.
WAIT_SECONDS = 10.0
_PAUSE_SECONDS = 0.01
#: Where the locks are; None: in the temporary folder.
LOCK_FOLDER: Path | None = None

# The bound of a process by itself.
_free = threading.Semaphore(SLOTS)
_queue = threading.Lock()


class Busy(NotOpened):
    """Other decoders hold the memory; try again in a moment. Its code is ``busy``."""

    def __init__(self) -> None:
        super().__init__("busy")


@contextmanager
def decoder_slots(needed_bytes: int, *, wait_seconds: float | None = None) -> Iterator[None]:
    """Hold the memory for one decoder.

    Raises:
        NotOpened: ``pixels``, when it needs more than there is for all.
        Busy: others hold it for longer than ``WAIT_SECONDS``, or ``wait_seconds``.
    """
    if needed_bytes <= SMALL_BYTES:
        yield
        return
    count = -(-needed_bytes // SLOT_BYTES)
    if count > SLOTS:
        raise NotOpened("pixels")
    end = time.monotonic() + (WAIT_SECONDS if wait_seconds is None else wait_seconds)
    folder = _folder()
    with ExitStack() as held:
        # One collects at a time, so no two wait for slots that the other one holds.
        if folder is None or not _collect(held, folder, count, end):
            _collect_here(held, count, end)
        yield


def _collect(held: ExitStack, folder: Path, count: int, end: float) -> bool:
    """Lock so many slots; False where the system gives no locks."""
    names = [folder / f"slot-{number}" for number in range(SLOTS)]
    try:
        with ExitStack() as queue:
            _until(end, lambda: _lock(queue, folder / "queue"))
            for _number in range(count):
                _until(end, lambda: any(_lock(held, name) for name in names))
    except OSError:
        # No space, no more open files, a file system without locks.
        held.close()
        return False
    return True


def _collect_here(held: ExitStack, count: int, end: float) -> None:
    if not _queue.acquire(timeout=max(0.0, end - time.monotonic())):
        raise Busy
    try:
        for _number in range(count):
            if not _free.acquire(timeout=max(0.0, end - time.monotonic())):
                raise Busy
            held.callback(_free.release)
    finally:
        _queue.release()


def _until(end: float, take: Callable[[], bool]) -> None:
    while not take():
        if time.monotonic() >= end:
            raise Busy
        time.sleep(_PAUSE_SECONDS)


def _lock(held: ExitStack, name: Path) -> bool:
    """Lock a file until ``held`` ends; False when somebody has it, a thread of this process too."""
    assert fcntl is not None  # noqa: S101  (see _folder)
    opened = os.open(name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(opened)
        if isinstance(error, BlockingIOError):
            return False
        raise
    held.callback(os.close, opened)
    return True


def _folder() -> Path | None:
    """Return the folder of the locks, None where there cannot be one of this user's own."""
    if fcntl is None:
        return None
    folder = LOCK_FOLDER or Path(tempfile.gettempdir()) / f"glam-tryon-decoders-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        facts = folder.lstat()
    except OSError:
        return None
    # Another user of the machine may have been there first.
    own = facts.st_uid == os.getuid() and not facts.st_mode & 0o022
    return folder if own and folder.is_dir() and not folder.is_symlink() else None
