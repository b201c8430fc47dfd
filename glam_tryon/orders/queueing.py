"""The place of a job among those that wait for a slot, and the call that wakes the pollers."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable
from datetime import datetime

from django.db import connections
from django.db.models import Max

from glam_tryon.models import Account, TryOnJob
from glam_tryon.models.clock import database_time
from glam_tryon.models.status import pending_queue

logger = logging.getLogger("glam_tryon.worker")

#: No round of a poller for longer means that none lives; one that cron begins may be late.
SILENT_SECONDS = 150.0
#: The last round after which this process said so.
_told_of: set[datetime | None] = set()
#: PostgreSQL's channel on which an idle poller hears of a new job.
CHANNEL = "glam_tryon_jobs"


def next_turn(owner: str, priority: str) -> int:
    """Return the turn behind the owner's own waiting jobs, but never behind other owners' queues.

    Start-time fair queuing: an owner with fifty waiting jobs and one with a single job take turns.
    """
    waiting = TryOnJob.objects.writer().filter(owner=owner, queue=pending_queue(priority))
    mine = waiting.aggregate(last=Max("turn"))["last"]
    account = Account.load()
    note_silence(account)
    begun: int = account.last_turn
    return begun if mine is None else max(begun, mine + 1)


def next_turns(jobs: Iterable[tuple[uuid.UUID, str, str]]) -> dict[uuid.UUID, int]:
    """Return the turns of many by their keys, given with owner and priority, in their order."""
    jobs = list(jobs)
    account = Account.load()
    note_silence(account)
    begun: int = account.last_turn
    waiting = TryOnJob.objects.writer().filter(owner__in={owner for _key, owner, _priority in jobs})
    lasts = waiting.filter(queue__isnull=False).values_list("owner", "queue").annotate(Max("turn"))
    nexts = {(owner, queue): max(begun, last + 1) for owner, queue, last in lasts}
    turns = {}
    for key, owner, priority in jobs:
        place = (owner, pending_queue(priority))
        turns[key] = nexts.get(place, begun)
        nexts[place] = turns[key] + 1
    return turns


def note_silence(account: Account) -> None:
    """Say once, for each time the pollers fall silent, that an order waits for one."""
    last = account.last_round_at
    if last in _told_of:
        return
    now = database_time(TryOnJob.objects.write_alias())
    if last is None or (now - last).total_seconds() > SILENT_SECONDS:
        _told_of.clear()
        _told_of.add(last)
        logger.error(
            "a try-on was ordered, and no poller has finished a round %s: start manage.py "
            "poll_tryon_jobs",
            "yet" if last is None else f"since {last:%F %T} UTC",
        )


def wake_pollers() -> None:
    """Tell idle pollers of a new job, at the commit of this transaction."""
    connection = connections[TryOnJob.objects.write_alias()]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # Delivered at the commit, so no poller looks too early.
            cursor.execute(f"NOTIFY {CHANNEL}")
