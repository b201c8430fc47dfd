"""The step after a cancellation: dispatches it, deletes files, and frees the slot in time."""

from __future__ import annotations

from glam_tryon.conf import conf
from glam_tryon.models import TryOnJob, TryOnSubmission
from glam_tryon.models.status import Status
from glam_tryon.providers.base import CONNECT_TIMEOUT_SECONDS, RemoteStatus, Verdict
from glam_tryon.providers.selection import provider_for
from glam_tryon.worker.db_connections import retry_on_db_error
from glam_tryon.worker.steps.dispatch import dispatch
from glam_tryon.worker.steps.store import delete_orphaned_files

#: How often the provider is polled whether it is done with what nobody wants any more.
WATCH_SECONDS = 10.0


def clean_up_canceled(job: TryOnJob) -> None:
    """Do what a cancellation leaves to do."""
    told = dispatch(job, Status.CANCELED)
    submission = job.current_submission()
    over = submission is None or submission.closed_at is not None or _is_over(submission)
    # After the slot: a storage that is away must not keep others waiting.
    delete_orphaned_files(job)
    if told and over:
        retry_on_db_error(job.leave_queue)
    else:
        retry_on_db_error(lambda: job.reschedule(WATCH_SECONDS, code=job.error_code))


def _is_over(submission: TryOnSubmission) -> bool:
    """Free the slot as soon as Glam cannot be running this any more; say whether that is so."""
    mine = TryOnSubmission.objects.writer().filter(pk=submission.pk)
    if mine.older_than(conf.JOB_MAX_AGE_SECONDS).exists():
        return bool(retry_on_db_error(mine.free_slot))
    if submission.event_id:
        answer = provider_for(submission.account).poll(submission.event_id)
        lost = answer.outcome.code == "not_found"
        done = answer.outcome.verdict is Verdict.OK and answer.status in (
            RemoteStatus.READY,
            RemoteStatus.FAILED,
        )
        return bool((lost or done) and retry_on_db_error(mine.free_slot))
    if retry_on_db_error(lambda: mine.close_unsent("canceled")):
        return True
    # A POST that may still be on its way is waited for: its answer would name the event.
    if not mine.older_than(CONNECT_TIMEOUT_SECONDS + conf.DEADLINE_SECONDS).exists():
        return False
    return bool(retry_on_db_error(mine.give_up))
