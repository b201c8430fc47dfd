"""When to do a step again: how long to wait before the next question, and after an error."""

from __future__ import annotations

import random

from glam_tryon.models import TryOnJob
from glam_tryon.models.status import Priority
from glam_tryon.worker.poll_interval.learning import durations
from glam_tryon.worker.poll_interval.load import Traffic, traffic
from glam_tryon.worker.poll_interval.optimiser import next_question

#: What one question is worth in seconds of delay: while jobs wait for a slot, while only a shopper
#: waits, and while nobody does. See docs/schedule.md.
QUEUE_COST_SECONDS, SHOPPER_COST_SECONDS, CATALOGUE_COST_SECONDS = 0.0004, 0.05, 0.5
#: Questions are moved by up to this share of the shorter of the two waits around them, so that
#: jobs which were sent together are not asked about together for ever.
JITTER = 0.1
#: Longest wait after an error of a free request, in seconds.
LONGEST_BACK_OFF_SECONDS = 300.0


def cost_seconds(priority: str, *, waiting: int) -> float:
    """Return what one question about a job is worth in seconds of delay.

    The second for which a slot idles while a job waits for it is lost to every job behind that one.
    """
    if waiting:
        return QUEUE_COST_SECONDS
    return SHOPPER_COST_SECONDS if priority == Priority.SHOPPER else CATALOGUE_COST_SECONDS


def shortest_wait_seconds(now: Traffic) -> float:
    """Return the wait that keeps all workers together below what may be asked in a second."""
    return now.asked_about / now.polls_per_second


def next_question_seconds(job: TryOnJob, elapsed_seconds: float = 0.0) -> float:
    """Return how long to wait before Glam is asked about this job again.

    ``elapsed_seconds`` is how long ago Glam took it. Asks the database every few seconds, however
    many questions there are.
    """
    now = traffic()
    cost = cost_seconds(job.priority, waiting=now.waiting)
    masses = durations(job.mask_type)
    wait = next_question(elapsed_seconds, masses, cost)
    after_that = next_question(elapsed_seconds + wait, masses, cost)
    wait += random.uniform(-JITTER, JITTER) * min(wait, after_that)
    return max(wait, shortest_wait_seconds(now))


def back_off_seconds(errors: int, *, first: float = 1.0) -> float:
    """Return a wait after ``errors`` errors in a row: exponential, full jitter, capped."""
    ceiling = min(LONGEST_BACK_OFF_SECONDS, first * 2.0 ** min(errors, 20))
    return float(max(first / 2, random.uniform(0, ceiling)))
