"""Commands for many jobs at once: each takes the eligible ones and leaves the rest."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.db.models import Max

from glam_tryon.models import Account, TryOnJob
from glam_tryon.models.job_queryset import TryOnJobQuerySet
from glam_tryon.models.status import pending_queue
from glam_tryon.orders.queueing import wake_pollers

#: So many jobs are changed in one transaction, so that pollers are not kept waiting.
CHUNK = 500

Keys = Collection[uuid.UUID]


def hurry_all(keys: Keys) -> int:
    """Let these wait to be sent no longer. Returns how many waited."""
    hurried = _these(keys).to_be_sent().run_now()
    _wake(hurried)
    return hurried


def cancel_all(keys: Keys, *, note: str) -> int:
    """Stop these, as ``cancel`` does. Returns how many were not over."""
    return _these().cancel_all(keys, note=note)


def retry_all(keys: Keys, *, note: str) -> int:
    """Send these failed ones once more, as ``retry`` does. Returns how many had a photo still."""
    eligible = _these(keys).retryable().order_by("created_at")
    jobs = list(eligible.values_list("pk", "owner", "priority"))
    begun: int = Account.load().last_turn
    # Each behind its owner's own waiting jobs, as ``next_turn`` puts one.
    waiting = _these().filter(owner__in={owner for _key, owner, _priority in jobs})
    lasts = waiting.filter(queue__isnull=False).values_list("owner", "queue").annotate(Max("turn"))
    nexts = {(owner, queue): max(begun, last + 1) for owner, queue, last in lasts}
    turns = {}
    for key, owner, priority in jobs:
        place = (owner, pending_queue(priority))
        turns[key] = nexts.get(place, begun)
        nexts[place] = turns[key] + 1
    retried = _these().retry_all(turns, note=note)
    _wake(retried)
    return retried


def ask_all_again(keys: Keys, *, note: str) -> int:
    """Ask Glam about these now, as ``ask_again`` does. Returns how many it knows."""
    known = list(_these(keys).known_to_glam().values_list("pk", flat=True))
    return _these().poll_all_again(known, note=note)


def refetch_all(keys: Keys, *, note: str) -> int:
    """Fetch the pictures of these again, as ``refetch`` does. Returns of how many."""
    drawn = list(_these(keys).refetchable().values_list("pk", flat=True))
    return _these().refetch_all(drawn, note=note)


def _these(keys: Keys | None = None) -> TryOnJobQuerySet[TryOnJob]:
    rows: TryOnJobQuerySet[TryOnJob] = TryOnJob.objects.writer()
    return rows if keys is None else rows.filter(pk__in=list(keys))


def _wake(jobs: int) -> None:
    if jobs:
        wake_pollers()
