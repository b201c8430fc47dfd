"""The step that polls the provider: how far is a job?"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import Error

from glam_tryon.conf import conf
from glam_tryon.models import Account, TryOnJob, TryOnSubmission
from glam_tryon.models.status import Status
from glam_tryon.providers.base import Polled, RemoteStatus, Verdict
from glam_tryon.providers.selection import provider_for
from glam_tryon.worker.bulk_update import PollUpdate
from glam_tryon.worker.claim import Claimed
from glam_tryon.worker.counters import count
from glam_tryon.worker.crashpoints import crashpoint
from glam_tryon.worker.db_connections import retry_on_db_error, write_verdict
from glam_tryon.worker.poll_interval.learning import learn
from glam_tryon.worker.poll_interval.next_poll import (
    back_off_seconds,
    clear_load,
    next_poll_seconds,
)
from glam_tryon.worker.steps.dispatch import SUBMITTED, dispatch
from glam_tryon.worker.steps.store import MAX_RESULTS, store
from glam_tryon.worker.steps.submit import pause_submitting
from glam_tryon.worker.wakeup import slot_freed

logger = logging.getLogger("glam_tryon.worker")

#: READY without a picture is polled so often, so many seconds apart.
EMPTY_ANSWERS, EMPTY_SECONDS = 3, 20.0
NO_MEDIA = "no_media"
#: How long Glam may answer 404 about a new event before the job is given up as lost.
LOST_GRACE_SECONDS = 120.0


def poll(claimed: Claimed) -> PollUpdate | None:
    """Ask once; go on to fetch the pictures when they are there.

    When nothing changed the answer is returned, to be written together with those of other jobs.
    """
    job, submission = claimed.job, claimed.submission
    dispatch(job, SUBMITTED)
    if submission is None or not submission.event_id:
        fail(job, submission, "lost", "The event id is not in the database.")
        return None
    crashpoint("before_poll")
    answer = provider_for(submission.account).poll(submission.event_id)
    crashpoint("after_poll")
    count("poll", answer.status.value if answer.status else answer.outcome.code)
    if answer.outcome.verdict is not Verdict.OK:
        _poll_again(job, submission, answer, claimed.now)
    elif answer.status is RemoteStatus.READY:
        _ready(claimed, job, submission, answer)
    elif answer.status is RemoteStatus.FAILED:
        fail(job, submission, "glam_failed", answer.reason or "The provider gave no reason.")
    else:
        return _running(claimed, job, submission, answer)
    return None


def fail(job: TryOnJob, submission: TryOnSubmission | None, code: str, message: str) -> None:
    """End the job without a picture and free its slot."""

    def write(words: str) -> None:
        with TryOnJob.objects.atomic():
            if job.fail(code, words, conf.LEASE_SECONDS) and submission:
                TryOnSubmission.objects.writer().filter(pk=submission.pk).free_slot()

    write_verdict(write, message)
    slot_freed()


def _older(submission: TryOnSubmission, seconds: float, now: datetime) -> bool:
    return now - submission.started_at > timedelta(seconds=seconds)


def _poll_again(job: TryOnJob, submission: TryOnSubmission, answer: Polled, now: datetime) -> None:
    outcome = answer.outcome
    if outcome.pauses:
        pause_submitting(outcome)
    if outcome.throttled:
        retry_on_db_error(lambda: Account.throttle_polls(conf.MAX_POLLS_PER_SECOND))
        clear_load()
    if outcome.code == "not_found" and _older(submission, LOST_GRACE_SECONDS, now):
        fail(
            job, submission, "lost", "The provider does not know this event; it may be on the bill."
        )
    elif _older(submission, conf.JOB_MAX_AGE_SECONDS, now):
        fail(job, submission, "expired", f"No answer in time: {outcome.code} {outcome.detail}")
    else:
        wait = outcome.retry_after_seconds or back_off_seconds(job.errors)
        write_verdict(
            lambda words: job.reschedule(min(wait, 300.0), code=outcome.code, message=words),
            outcome.detail,
        )


def _running(
    claimed: Claimed, job: TryOnJob, submission: TryOnSubmission, answer: Polled
) -> PollUpdate | None:
    if not answer.known and job.remote_status != answer.raw_status:
        logger.warning("job %s: unknown status %r of the provider", job.pk, answer.raw_status)
    if _older(submission, conf.JOB_MAX_AGE_SECONDS, claimed.now):
        fail(job, submission, "expired", f"Still {answer.raw_status} after the longest wait.")
        return None
    seconds = next_poll_seconds(job, _elapsed_seconds(job, claimed.database_time()))
    to = Status.IN_QUEUE if answer.status is RemoteStatus.IN_QUEUE else Status.IN_PROGRESS
    if to == job.status:
        return PollUpdate(job.pk, job.lease_token, seconds, answer.raw_status)
    write_verdict(
        lambda words: job.still_running(to, seconds, remote_status=words), answer.raw_status
    )
    return None


def _elapsed_seconds(job: TryOnJob, until: datetime | None) -> float:
    """Return how long after Glam took the job something was, by the database's clock."""
    if job.submitted_at is None or until is None:
        return 0.0
    return max(0.0, (until - job.submitted_at).total_seconds())


def _ready(claimed: Claimed, job: TryOnJob, submission: TryOnSubmission, answer: Polled) -> None:
    ready_by = _elapsed_seconds(job, claimed.database_time())
    # What was written after an answer was true when the poll left, so long before.
    way = ready_by - _elapsed_seconds(job, claimed.now)
    polled_before = max(0.0, _elapsed_seconds(job, job.polled_at) - way)
    urls = [url for url in dict.fromkeys(map(_as_text, answer.media_urls)) if url]
    if not urls:
        empty_before = job.errors if job.error_code == NO_MEDIA else 0
        if empty_before >= EMPTY_ANSWERS:
            fail(job, submission, NO_MEDIA, "The provider says READY but names no picture.")
        else:
            retry_on_db_error(lambda: job.reschedule(EMPTY_SECONDS, code=NO_MEDIA))
        return
    if len(urls) > MAX_RESULTS:
        logger.info("job %s: %d results, %d stored", job.pk, len(urls), MAX_RESULTS)

    def write() -> bool:
        with TryOnJob.objects.atomic():
            moved = job.start_storing(urls[:MAX_RESULTS], conf.LEASE_SECONDS)
            if moved:
                # Glam is done: the slot is free before the pictures are fetched.
                TryOnSubmission.objects.writer().filter(pk=submission.pk).free_slot()
            return moved

    if retry_on_db_error(write):
        slot_freed()
        job.media_urls = urls[:MAX_RESULTS]
        job.errors = 0
        crashpoint("after_ready")
        store(job)
        _learn(job, polled_before, ready_by)


def _learn(job: TryOnJob, polled_before_seconds: float, ready_by_seconds: float) -> None:
    try:
        learn(job, polled_before_seconds, ready_by_seconds)
    except (Error, ValueError) as error:
        logger.warning("job %s: how long it took is not remembered: %s", job.pk, error)


def _as_text(url: object) -> str:
    # What is no text stays visible as such, so that the download refuses it by name.
    if isinstance(url, str):
        return url
    try:
        return repr(url)[:200]
    except RecursionError:
        return f"({type(url).__name__})"
