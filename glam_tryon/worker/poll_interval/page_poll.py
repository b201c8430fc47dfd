"""The page's next poll: when a waiting page should ask for its job's status again."""

from __future__ import annotations

from datetime import datetime

from glam_tryon.conf import conf
from glam_tryon.models import TryOnJob
from glam_tryon.models.status import AT_PROVIDER, Status
from glam_tryon.worker.poll_interval.learning import durations
from glam_tryon.worker.poll_interval.optimiser import seconds_to_next_poll

#: How long after a step was due its outcome can be read, in seconds: mostly, and with pictures.
STEP_SECONDS = 0.2
#: Of a step that is under way, and of a job that waits for a slot: the shortest wait, and the
#: share of the time since it began by which later ones grow, so that a dead worker is not asked
#: for ever.
SHORTEST_SECONDS, STEP_SHARE, QUEUE_SHARE = 0.15, 0.5, 0.3
#: Longest wait: what the page says must stay true.
LONGEST_SECONDS, LONGEST_IN_STEP_SECONDS = 10.0, 3.0
#: A worker that polls for a slot may poll many times a second. Then the page asks by the learned
#: durations, as if one question were worth this delay in seconds.
PAGE_COST_SECONDS, CROWDED_SECONDS = 0.02, 0.4


def seconds_to_page_poll(job: TryOnJob, now: datetime) -> float:
    """Return the seconds until the page of a job that is not over should ask again.

    Right after the next step can have ended, for nothing changes before. ``now`` is the database's
    time. Asks the database for the learned durations every few seconds.
    """
    if job.status == Status.PENDING and not job.lease_token:
        # When a slot will be free nobody knows; and the picture comes long after it.
        return _growing((now - job.created_at).total_seconds(), QUEUE_SHARE, 2 * SHORTEST_SECONDS)
    if job.next_step_at is None:
        return LONGEST_SECONDS
    due = (job.next_step_at - now).total_seconds()
    if job.lease_token:
        # The lease ends so long after the step began.
        wait = _growing(conf.LEASE_SECONDS - due, STEP_SHARE)
    elif due <= 0:
        wait = _growing(-due, STEP_SHARE)
    else:
        wait = due + STEP_SECONDS
    return min(max(wait, _spacing(job, now) if wait < CROWDED_SECONDS else 0.0), LONGEST_SECONDS)


def _spacing(job: TryOnJob, now: datetime) -> float:
    """Return the shortest wait while the worker polls more often than the page should."""
    if job.status not in AT_PROVIDER or job.submitted_at is None or job.polled_at is None:
        return 0.0
    if (now - job.polled_at).total_seconds() >= CROWDED_SECONDS:
        return 0.0
    elapsed = (now - job.submitted_at).total_seconds()
    masses = durations(job.mask_type, account=job.account)
    return seconds_to_next_poll(elapsed, masses, PAGE_COST_SECONDS)


def _growing(seconds: float, share: float, shortest: float = SHORTEST_SECONDS) -> float:
    return min(max(share * seconds, shortest), LONGEST_IN_STEP_SECONDS)
