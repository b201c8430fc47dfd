"""Slots: which pending jobs get one, under the lock of the account, with their intents."""

from __future__ import annotations

import uuid
from datetime import datetime

from glam_tryon.conf import conf
from glam_tryon.exceptions import SettingError
from glam_tryon.limits.budget import budget_left
from glam_tryon.limits.pricing import credits_of, price
from glam_tryon.models import (
    Account,
    TryOnJob,
    TryOnSubmission,
    TryOnTransition,
)
from glam_tryon.models.clock import DatabaseNow, after, database_time
from glam_tryon.models.job_transitions import ALLOT, log_transition
from glam_tryon.models.status import Queue, Status
from glam_tryon.providers.api_key import api_key
from glam_tryon.providers.selection import provider_class
from glam_tryon.worker.claim import Claimed

#: How long after it was found used up the budget is looked at again, in seconds.
BUDGET_SECONDS = 1.0


def claim_submissions(limit: int) -> list[Claimed]:
    """Take up to ``limit`` pending jobs for which there is a slot, and write the intent of each.

    The slot's number is unique in the database: whatever the workers do, no more submissions are
    open than there are numbers below the cap. The budget is read under the same lock, so no more
    are bought than it allows; the jobs that it does not reach wait for the next day or month.
    """
    jobs = TryOnJob.objects.writer()
    waiting = jobs.waiting_for_slot(Queue.SHOPPER) | jobs.waiting_for_slot(Queue.CATALOGUE)
    if limit < 1 or not waiting.exists():
        return []
    # A busy poller looks a hundred times a second, so the likeliest no comes first.
    if TryOnSubmission.objects.writer().holding_slots().count() >= conf.MAX_PARALLEL:
        return []
    now = database_time(jobs.write_alias())
    state = Account.load()
    if state.rests(now) and not _resume_with_new_key(state):
        return []
    if state.stopped_at or state.rests_for_budget(now):
        return []
    with TryOnJob.objects.atomic():
        state = Account.lock()
        if state.rests(now) or state.stopped_at:
            return []
        left = budget_left(now, account=state).generations
        if left == 0:
            Account.rest_for_budget(BUDGET_SECONDS)
            return []
        most = limit if left is None else min(limit, left)
        claimed = _allot(state, state.cap(conf.MAX_PARALLEL, now), most, now)
        if claimed and state.is_probing():
            # The next probe waits until this one has had its time.
            Account.rows().update(breaker_until=after(conf.LEASE_SECONDS))
    return claimed


def _allot(state: Account, cap: int, limit: int, now: datetime) -> list[Claimed]:
    held = TryOnSubmission.objects.writer().holding_slots(state.name)
    taken = set(held.values_list("slot", flat=True))
    # A lowered cap leaves submissions with higher numbers running: they count all the same.
    free = [number for number in range(cap) if number not in taken][: max(0, cap - len(taken))]
    most = min(limit, len(free), 1 if state.is_probing() else len(free))
    jobs = TryOnJob.objects.writer()
    keys = list(jobs.waiting_for_slot(Queue.SHOPPER).values_list("pk", flat=True)[:most])
    # The last slot is kept for a shopper, unless it is the only one there is.
    spare = most - len(keys)
    if cap > 1:
        spare = min(spare, len(free) - len(keys) - 1)
    if spare > 0:
        keys += jobs.waiting_for_slot(Queue.CATALOGUE).values_list("pk", flat=True)[:spare]
    if not keys:
        return []
    token = uuid.uuid4().hex
    # Only what waits for a slot still: a cancellation or a pause since the SELECT stands.
    waiting = jobs.filter(pk__in=keys, status__in=ALLOT.origins).exclude(queue=Queue.PAUSED)
    waiting.update(**ALLOT.columns(lease_token=token, next_step_at=after(conf.LEASE_SECONDS)))
    leased = {job.pk: job for job in jobs.filter(pk__in=keys, lease_token=token)}
    keys = [key for key in keys if key in leased]
    if not keys:
        return []
    chosen = [leased[key] for key in keys]
    # The row is locked, so what was read of it still stands.
    if (turn := min(job.turn for job in chosen)) > state.last_turn:
        Account.rows().update(last_turn=turn)
    numbers = dict(
        TryOnSubmission.objects.writer()
        .filter(job_id__in=keys)
        .order_by("number")
        .values_list("job_id", "number")
    )
    by_link = conf.SEND_IMAGES == "link" and provider_class().fetches_links
    claimed = []
    for job, slot in zip(chosen, free, strict=False):
        job.status = Status.SUBMITTING
        job.queue = Queue.UNDER_WAY
        intent = TryOnSubmission(
            job=job,
            job_key=job.pk,
            number=numbers.get(job.pk, 0) + 1,
            account=state.name,
            slot=slot,
            # The moment for which the budget was read, so that it counts in the same period.
            started_at=now,
            revocable=by_link,
            credits=credits_of(1),
            price=price(1),
            currency=conf.PRICE.currency,
        )
        claimed.append(Claimed(job, intent, now, intent=True))
    TryOnSubmission.objects.writer().bulk_create(
        [claim.submission for claim in claimed if claim.submission]
    )
    TryOnTransition.objects.writer().bulk_create(
        [
            TryOnTransition(job_id=claim.job.pk, status=Status.SUBMITTING, at=DatabaseNow())
            for claim in claimed
        ]
    )
    for job in chosen:
        log_transition(job.pk, Status.PENDING, Status.SUBMITTING)
    return claimed


def release_lost_slots() -> int:
    """Free the slots of submissions that Glam cannot be running any more. Returns how many.

    This is the end of a slot whose job was deleted, or whose fate nobody can learn.
    """
    lost = TryOnSubmission.objects.writer().older_than(conf.JOB_MAX_AGE_SECONDS)
    return lost.free_slot() if lost.filter(slot__isnull=False).exists() else 0


def _resume_with_new_key(state: Account) -> bool:
    try:
        changed = state.resumes_with(api_key())
    except SettingError:
        return False
    return changed and Account.resume()
