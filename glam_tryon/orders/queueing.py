"""The place of a job among those that wait for a slot, and the call that wakes the pollers."""

from __future__ import annotations

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
    mine = (
        TryOnJob.objects.writer()
        .filter(owner=owner, queue=pending_queue(priority))
        .aggregate(last=Max("turn"))["last"]
    )
    begun: int = Account.load().last_turn
    return begun if mine is None else max(begun, mine + 1)


def wake_pollers() -> None:
    """Tell idle pollers of a new job, at the commit of this transaction."""
    connection = connections[TryOnJob.objects.write_alias()]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # Delivered at the commit, so no poller looks too early.
            cursor.execute(f"NOTIFY {CHANNEL}")
