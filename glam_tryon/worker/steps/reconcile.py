"""The step that finds out what became of an unclear submission, and may send it again."""

from __future__ import annotations

import logging

from django.db import transaction

from glam_tryon.conf import conf
from glam_tryon.models import TryOnJob, TryOnSubmission
from glam_tryon.models.job import NEEDS_PERSON
from glam_tryon.models.status import Status
from glam_tryon.providers.base import Outcome, Verdict
from glam_tryon.worker.db_connections import retry_on_db_error

logger = logging.getLogger("glam_tryon.worker")

WORKER_DIED = "worker_died"
#: How often one job is sent automatically while its sending stays unclear.
MAX_SUBMISSIONS = 5


def reconcile(job: TryOnJob) -> None:
    """Bring a job whose worker died, or whose submit stayed unclear, back on its way."""
    submission = job.current_submission()
    if submission is None or submission.came_to_nothing:
        # A worker closed the submission and lost its lease, or died, before it moved the job.
        attempts = max(0, job.attempts - 1)
        retry_on_db_error(lambda: job.wait_for_slot(0, code=WORKER_DIED, attempts=attempts))
    elif job.status == Status.SUBMITTING:
        retry_on_db_error(lambda: _after_death(job, submission))
    else:
        retry_on_db_error(lambda: _after_grace(job, submission))


def _after_death(job: TryOnJob, submission: TryOnSubmission) -> None:
    using = TryOnJob.objects.write_alias()
    with TryOnJob.objects.atomic():
        mine = TryOnSubmission.objects.writer().filter(pk=submission.pk)
        if mine.close_unsent(WORKER_DIED):
            # The claims of before still count: a job that kills its worker each time is stopped.
            moved = job.wait_for_slot(0, code=WORKER_DIED, attempts=job.attempts - 1)
        else:
            mine.doubt(submission.pk, Outcome(Verdict.AMBIGUOUS, WORKER_DIED))
            moved = job.hold_unconfirmed(conf.UNFETCHED_GRACE_SECONDS, code=WORKER_DIED, message="")
        if not moved:
            # Somebody else owns the job by now, and the submission with it.
            transaction.set_rollback(True, using)


def _after_grace(job: TryOnJob, submission: TryOnSubmission) -> None:
    using = TryOnJob.objects.write_alias()
    with TryOnJob.objects.atomic():
        mine = TryOnSubmission.objects.writer().filter(pk=submission.pk)
        if mine.give_up():
            # Refused ones do not count: nothing was unclear about them.
            unclear = TryOnSubmission.objects.writer().filter(
                job_id=job.pk, outcome=TryOnSubmission.Outcome.REVOKED
            )
            if (number := unclear.count()) >= MAX_SUBMISSIONS:
                moved = job.fail(
                    "gave_up",
                    f"{number} submits stayed unclear: {submission.code}",
                    conf.LEASE_SECONDS,
                )
            else:
                moved = job.wait_for_slot(0, code="revoked", message="The photo was never fetched.")
            if not moved:
                # A newer worker's submission is not this one's to revoke.
                transaction.set_rollback(True, using)
            return
        over = mine.older_than(conf.JOB_MAX_AGE_SECONDS).exists()
        if over:
            mine.free_slot()
        if over and job.error_code == NEEDS_PERSON:
            job.leave_queue()
            return
        # Also a job that nobody looked at until now: no poller ran for so long.
        if job.error_code != NEEDS_PERSON:
            logger.error("job %s waits for a person: the provider may be drawing it", job.pk)
        seconds = 0 if over else conf.JOB_MAX_AGE_SECONDS
        job.reschedule(seconds, code=NEEDS_PERSON, message=submission.detail)
