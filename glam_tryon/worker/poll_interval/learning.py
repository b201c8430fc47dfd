"""Learning: durations of finished jobs, shared by all workers through the database."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from glam_tryon.models import LearnedTimes, TryOnJob
from glam_tryon.providers.base import DEFAULT_ACCOUNT
from glam_tryon.worker.poll_interval.duration_model import Masses, Memory, median

#: How long one process goes on with what it read, in seconds.
CACHE_SECONDS = 5.0
#: Jobs after which the usual time is worth telling a shopper.
TOLD_AFTER_JOBS = 5
#: Each failed try means that another worker's job was learned: with this many workers at the same
#: moment one job may be left out.
TRIES = 50


@dataclass(frozen=True, slots=True)
class _Known:
    read_at: float
    samples: int
    masses: Masses


_known: dict[tuple[str, str], _Known] = {}


def clear_learned() -> None:
    """Read the database again at the next use; for tests, and for a process that was forked."""
    _known.clear()


def _know(account: str, mask_type: str, clock: Callable[[], float]) -> _Known:
    known, now = _known.get((account, mask_type)), clock()
    if known is None or not 0 <= now - known.read_at < CACHE_SECONDS:
        kept, samples = LearnedTimes.read(account, mask_type)
        if known is None or known.samples != samples:
            masses = Memory.from_json(kept).estimate()
        else:
            masses = known.masses
        known = _known[account, mask_type] = _Known(now, samples, masses)
    return known


def durations(
    mask_type: str,
    *,
    account: str = DEFAULT_ACCOUNT,
    clock: Callable[[], float] = time.monotonic,
) -> Masses:
    """Return the share of each bin of ``duration_model`` in an account's try-ons of this type."""
    return _know(account, mask_type, clock).masses


def usual_seconds(
    mask_type: str,
    *,
    account: str = DEFAULT_ACCOUNT,
    clock: Callable[[], float] = time.monotonic,
) -> float | None:
    """Return how long half of the try-ons of this mask type take at most; None while unknown."""
    known = _know(account, mask_type, clock)
    return median(known.masses) if known.samples >= TOLD_AFTER_JOBS else None


def learn(job: TryOnJob, polled_before_seconds: float, ready_by_seconds: float) -> bool:
    """Remember one job that Glam finished. Must not be called within a transaction.

    It was not ready ``polled_before_seconds`` after its submission (0: never polled) and was ready
    after ``ready_by_seconds``. False when too many workers learned at the same moment.
    """
    for _ in range(TRIES):
        kept, samples = LearnedTimes.read(job.account, job.mask_type)
        memory = Memory.from_json(kept).learned(polled_before_seconds, ready_by_seconds)
        if LearnedTimes.replace(job.account, job.mask_type, memory.as_json(), samples):
            return True
    return False
