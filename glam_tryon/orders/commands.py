"""Commands for one job and for many, from canceling to resubmitting.

A command for one says why it cannot be done. One for many, by their keys, takes the eligible ones
and leaves the rest.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from django.core.exceptions import PermissionDenied

from glam_tryon.exceptions import IllegalTransition, PhotoUnavailable
from glam_tryon.models import TryOnJob
from glam_tryon.models.job_queryset import TryOnJobQuerySet
from glam_tryon.orders.queueing import next_turn, next_turns, wake_pollers

#: So many jobs are changed in one transaction, so that pollers are not kept waiting.
CHUNK = 500

Keys = Collection[uuid.UUID]

# To one.


def cancel(job: TryOnJob, *, note: str = "") -> None:
    """Stop a job. What Glam already draws is not stored; its slot frees when Glam is done.

    Raises:
        IllegalTransition: the job is over.
    """
    job.cancel(note=note)


def retry(job: TryOnJob) -> None:
    """Send a failed job once more.

    Raises:
        IllegalTransition: the job did not fail.
        PhotoUnavailable: its photo was deleted meanwhile.
    """
    if job.current_photo() is None:
        raise PhotoUnavailable("The photo of this try-on was deleted; ask for a new one.")
    job.retry(next_turn(job.owner, job.priority))


def ask_again(job: TryOnJob) -> None:
    """Ask Glam about a job now; one that failed becomes ready when its picture is there after all.

    Raises:
        IllegalTransition: Glam never took the job, or it is neither failed nor at Glam.
    """
    submission = job.current_submission()
    if submission is None or not submission.event_id:
        raise IllegalTransition(job.status, "asked about: the provider gave it no event id")
    job.poll_again()


def refetch(job: TryOnJob) -> None:
    """Fetch a job's pictures from Glam once more; those that are there stay until others are.

    Raises:
        IllegalTransition: Glam never drew it, it is not over, or its pictures were deleted.
    """
    if not TryOnJob.objects.filter(pk=job.pk).refetchable().exists():
        raise IllegalTransition(job.status, "fetched again")
    job.refetch()


def resubmit(job: TryOnJob, *, by: Any, why: str = "") -> None:
    """Send an unconfirmed job again although Glam may have it; it may be billed twice.

    Raises:
        PermissionDenied: ``by`` lacks the permission ``glam_tryon.resubmit_unconfirmed``.
        IllegalTransition: the job is not unconfirmed.
    """
    if not by.has_perm("glam_tryon.resubmit_unconfirmed"):
        raise PermissionDenied("Sending an unconfirmed try-on again needs resubmit_unconfirmed.")
    # The unclear submission keeps its slot until its time is over: Glam may be running it.
    job.resubmit(next_turn(job.owner, job.priority), note=f"resubmitted by {by.pk}: {why}")


# To many.


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
    turns = next_turns(eligible.values_list("pk", "owner", "priority"))
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
