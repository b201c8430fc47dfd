"""The place of a job among those that wait for a slot, and the call that wakes the pollers."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.db import connections
from django.db.models import Max

from glam_tryon.models import Account, TryOnJob
from glam_tryon.models.status import pending_queue

#: PostgreSQL's channel on which an idle poller hears of a new job.
CHANNEL = "glam_tryon_jobs"


def next_turn(owner: str, priority: str) -> int:
    """Return the turn behind the owner's own waiting jobs, but never behind other owners' queues.

    Start-time fair queuing: an owner with fifty waiting jobs and one with a single job take turns.
    """
    waiting = TryOnJob.objects.writer().filter(owner=owner, queue=pending_queue(priority))
    mine = waiting.aggregate(last=Max("turn"))["last"]
    begun: int = Account.load().last_turn
    return begun if mine is None else max(begun, mine + 1)


def next_turns(jobs: Iterable[tuple[uuid.UUID, str, str]]) -> dict[uuid.UUID, int]:
    """Return the turns of many by their keys, given with owner and priority, in their order."""
    jobs = list(jobs)
    begun: int = Account.load().last_turn
    waiting = TryOnJob.objects.writer().filter(owner__in={owner for _key, owner, _priority in jobs})
    lasts = waiting.filter(queue__isnull=False).values_list("owner", "queue").annotate(Max("turn"))
    nexts = {(owner, queue): max(begun, last + 1) for owner, queue, last in lasts}
    turns = {}
    for key, owner, priority in jobs:
        place = (owner, pending_queue(priority))
        turns[key] = nexts.get(place, begun)
        nexts[place] = turns[key] + 1
    return turns


def wake_pollers() -> None:
    """Tell idle pollers of a new job, at the commit of this transaction."""
    connection = connections[TryOnJob.objects.write_alias()]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # Delivered at the commit, so no poller looks too early.
            cursor.execute(f"NOTIFY {CHANNEL}")
