"""Chooses the step that the status of a claimed job asks for."""

from __future__ import annotations

import logging

from glam_tryon.models import TryOnJob, TryOnSubmission
from glam_tryon.models.status import AT_PROVIDER, CLOSED, Status
from glam_tryon.worker.bulk_update import PollUpdate
from glam_tryon.worker.claim import Claimed
from glam_tryon.worker.db_connections import retry_on_db_error
from glam_tryon.worker.steps.cancel_cleanup import clean_up_canceled
from glam_tryon.worker.steps.copy_result import copy_result
from glam_tryon.worker.steps.dispatch import dispatch
from glam_tryon.worker.steps.poll import fail, poll
from glam_tryon.worker.steps.reconcile import reconcile
from glam_tryon.worker.steps.store import delete_orphaned_files, store
from glam_tryon.worker.steps.submit import submit

logger = logging.getLogger("glam_tryon.worker")

#: Workers that did not finish one step before its job is stopped as poison.
MAX_ATTEMPTS = 3


def advance(claimed: Claimed) -> PollUpdate | None:
    """Do the next step of one claimed job. May run twice for the same step.

    Returns what is still to be written, when it can wait to be written with other jobs.
    """
    job = claimed.job
    if job.status not in CLOSED and job.attempts > 1:
        # The first claim may have been lost with the database's answer: from now on it is noted.
        if job.deaths >= MAX_ATTEMPTS - 1:
            _stop_poison(job, claimed.submission)
            _end_if_failed(job)
            return None
        if not retry_on_db_error(job.note_begun):
            return None
    if claimed.intent and claimed.submission is not None:
        submit(job, claimed.submission)
    elif job.status == Status.PENDING:
        copy_result(job)
    elif job.status in (Status.SUBMITTING, Status.UNCONFIRMED):
        reconcile(job)
    elif job.status in AT_PROVIDER:
        still_running = poll(claimed)
        if still_running:
            return still_running
    elif job.status == Status.STORING:
        # The first try is the poll's own: this one is another.
        store(job, again=True)
    elif job.status == Status.CANCELED:
        clean_up_canceled(job)
    elif job.status in CLOSED:
        _end(job)
        return None
    _end_if_failed(job)
    return None


def _end_if_failed(job: TryOnJob) -> None:
    if job.status == Status.FAILED:
        _end(job)


def _end(job: TryOnJob) -> None:
    """Tell of the end and tidy up; nothing is left to do then.

    Otherwise, and when it breaks, the lease brings the job back.
    """
    told = dispatch(job, job.status)
    if job.media_urls:
        delete_orphaned_files(job)
    if told:
        retry_on_db_error(job.leave_queue)


def _stop_poison(job: TryOnJob, submission: TryOnSubmission | None) -> None:
    """Stop a job that its workers did not survive, unless Glam may be drawing it."""
    if submission:
        mine = TryOnSubmission.objects.writer().filter(pk=submission.pk)
        if not mine.close_unsent("poison") and mine.unclear().exists():
            # A failed job can be retried without the permission that a second purchase needs.
            reconcile(job)
            return
    logger.error("job %s is stopped: %d workers did not finish its step", job.pk, MAX_ATTEMPTS)
    fail(job, None, "poison", f"{MAX_ATTEMPTS} workers did not finish its next step.")
