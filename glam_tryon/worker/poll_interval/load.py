"""How busy the shop is, and Glam: jobs asked about, jobs that wait, questions that are allowed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import router
from django.db.models import Q

from glam_tryon.conf import conf
from glam_tryon.models import ProviderState, TryOnJob
from glam_tryon.models.clock import DatabaseNow, after, database_time
from glam_tryon.models.status import AT_GLAM, Queue

#: Of more than so many waiting jobs no exact number is worth the time to count them.
MOST_COUNTED = 1000
#: How long one process goes on with what it counted, in seconds.
CACHE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Traffic:
    """``asked_about`` are at Glam, and their first question is over or near; ``waiting`` would be
    sent at once if slots were free. ``polls_per_second`` is for all workers together.
    """

    asked_about: int
    waiting: int
    polls_per_second: float


_counted: list[tuple[float, Traffic]] = []
#: Where many rows are counted slowly, one thread does it and the others go on with the old counts.
_counting = threading.Lock()


def forget() -> None:
    """Count again at the next use."""
    _counted.clear()


def traffic(*, clock: Callable[[], float] = time.monotonic) -> Traffic:
    """Return the counts, ``CACHE_SECONDS`` old or as old as it takes to count anew."""
    now = clock()
    for counted_at, counts in _counted[-1:]:
        if 0 <= now - counted_at < CACHE_SECONDS or not _counting.acquire(blocking=False):
            return counts
        try:
            return _count(now)
        finally:
            _counting.release()
    return _count(now)


def _count(now: float) -> Traffic:
    using = router.db_for_write(TryOnJob)
    jobs = TryOnJob.objects.using(using)
    state = ProviderState.rows().first()
    counts = Traffic(
        # Nobody asks about the others while this count is used.
        asked_about=jobs.filter(
            Q(asked_at__isnull=False) | Q(next_step_at__lte=after(CACHE_SECONDS)),
            queue=Queue.UNDER_WAY,
            status__in=AT_GLAM,
        ).count(),
        waiting=jobs.filter(
            queue__in=[Queue.SHOPPER, Queue.CATALOGUE], next_step_at__lte=DatabaseNow()
        )[:MOST_COUNTED].count(),
        polls_per_second=state.polls_per_second(conf.MAX_POLLS_PER_SECOND, database_time(using))
        if state
        else conf.MAX_POLLS_PER_SECOND,
    )
    _counted[:] = [(now, counts)]
    return counts
