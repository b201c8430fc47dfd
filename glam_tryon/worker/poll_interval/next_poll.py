"""The next poll: the wait until a job is polled again, and the back-off after an error."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Q

from glam_tryon.conf import conf
from glam_tryon.models import Account, TryOnJob
from glam_tryon.models.clock import DatabaseNow, after, database_time
from glam_tryon.models.status import AT_PROVIDER, Priority, Queue
from glam_tryon.worker.poll_interval.learning import durations
from glam_tryon.worker.poll_interval.optimiser import seconds_to_next_poll

#: Of more than so many waiting jobs no exact number is worth the time to count them.
MOST_COUNTED = 1000
#: How long one process goes on with what it counted, in seconds.
CACHE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Load:
    """``polled`` are at Glam, and their first poll is over or near; ``waiting`` would be
    sent at once if slots were free. ``polls_per_second`` is for all workers together.
    """

    polled: int
    waiting: int
    polls_per_second: float


_counted: list[tuple[float, Load]] = []
#: Where many rows are counted slowly, one thread does it and the others go on with the old counts.
_counting = threading.Lock()


def clear_load() -> None:
    """Count again at the next use."""
    _counted.clear()


def current_load(*, clock: Callable[[], float] = time.monotonic) -> Load:
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


def _count(now: float) -> Load:
    using = TryOnJob.objects.write_alias()
    jobs = TryOnJob.objects.writer()
    state = Account.rows().first()
    counts = Load(
        # Nobody polls the others while this count is used.
        polled=jobs.filter(
            Q(polled_at__isnull=False) | Q(next_step_at__lte=after(CACHE_SECONDS)),
            queue=Queue.UNDER_WAY,
            status__in=AT_PROVIDER,
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


#: What one poll is worth in seconds of delay: while jobs wait for a slot, while only a shopper
#: waits, and while nobody does. See docs/schedule.md.
QUEUE_COST_SECONDS, SHOPPER_COST_SECONDS, CATALOGUE_COST_SECONDS = 0.0004, 0.05, 0.5
#: Questions are moved by up to this share of the shorter of the two waits around them, so that
#: jobs which were sent together are not polled together for ever.
JITTER = 0.1
#: Longest wait after an error of a free request, in seconds.
LONGEST_BACK_OFF_SECONDS = 300.0


def cost_seconds(priority: str, *, waiting: int) -> float:
    """Return what one poll of a job is worth in seconds of delay.

    The second for which a slot idles while a job waits for it is lost to every job behind that one.
    """
    if waiting:
        return QUEUE_COST_SECONDS
    return SHOPPER_COST_SECONDS if priority == Priority.SHOPPER else CATALOGUE_COST_SECONDS


def shortest_wait_seconds(now: Load) -> float:
    """Return the wait that keeps all workers together below the polls allowed in a second."""
    return now.polled / now.polls_per_second


def next_poll_seconds(job: TryOnJob, elapsed_seconds: float = 0.0) -> float:
    """Return how long to wait before this job is polled again.

    ``elapsed_seconds`` is how long ago Glam took it. Asks the database every few seconds, however
    many polls there are.
    """
    now = current_load()
    cost = cost_seconds(job.priority, waiting=now.waiting)
    masses = durations(job.mask_type, account=job.account)
    wait = seconds_to_next_poll(elapsed_seconds, masses, cost)
    after_that = seconds_to_next_poll(elapsed_seconds + wait, masses, cost)
    wait += random.uniform(-JITTER, JITTER) * min(wait, after_that)
    return max(wait, shortest_wait_seconds(now))


def back_off_seconds(errors: int, *, first: float = 1.0) -> float:
    """Return a wait after ``errors`` errors in a row: exponential, full jitter, capped."""
    ceiling = min(LONGEST_BACK_OFF_SECONDS, first * 2.0 ** min(errors, 20))
    return float(max(first / 2, random.uniform(0, ceiling)))
