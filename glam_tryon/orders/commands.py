"""Commands for one job, from canceling to resubmitting."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied

from glam_tryon.exceptions import IllegalTransition, PhotoUnavailable
from glam_tryon.models import TryOnJob
from glam_tryon.orders.queueing import next_turn


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
        raise IllegalTransition(job.status, "asked about: Glam gave it no event id")
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
