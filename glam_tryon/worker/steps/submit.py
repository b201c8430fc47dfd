"""The step that spends money: one POST to the provider for one written intent."""

from __future__ import annotations

import logging
from dataclasses import replace

from django.db import Error, IntegrityError, transaction

from glam_tryon.conf import conf
from glam_tryon.exceptions import FileUnavailable, HookFailed, PhotoRefused, SettingError
from glam_tryon.files import read_file
from glam_tryon.hooks import consult, hook_of
from glam_tryon.models import Account, PersonPhoto, TryOnJob, TryOnSubmission
from glam_tryon.providers.api_key import api_key
from glam_tryon.providers.base import Outcome, Submitted, Verdict
from glam_tryon.providers.selection import provider_for
from glam_tryon.signed_urls import GARMENT, PHOTO, link_for_glam
from glam_tryon.worker.counters import count
from glam_tryon.worker.crashpoints import crashpoint
from glam_tryon.worker.db_connections import retry_on_db_error, write_verdict
from glam_tryon.worker.poll_interval.next_poll import back_off_seconds, next_poll_seconds
from glam_tryon.worker.run_with_timeout import run_with_timeout

logger = logging.getLogger("glam_tryon.worker")

Pair = tuple[str, str]
#: How long Glam's answer is held in memory when the database is away: losing it costs money.
ANSWER_HELD_SECONDS = 300.0
_LOCAL_CODES: dict[type[Exception], str] = {SettingError: "setting", HookFailed: "moderation"}


def submit(job: TryOnJob, submission: TryOnSubmission) -> None:
    """Send the job and write down what came of it. The intent is in the database already."""
    photo = job.current_photo()
    if photo is None:
        _close(submission, TryOnSubmission.Outcome.NOT_SENT, Outcome(Verdict.NOT_SENT, "no_photo"))
        note = "the photo was deleted before it was sent"
        job.cancel(note=note, code="photo_expired", is_fenced=True)
        return
    crashpoint("before_post")
    try:
        moderate(job, photo)
        pictures = _pictures(job, submission, photo)
    except PhotoRefused as error:
        _refuse_photo(job, submission, error)
        return
    except (HookFailed, SettingError, FileUnavailable) as error:
        _local_trouble(job, submission, error)
        return
    if isinstance(pictures, Outcome):
        _write(job, submission, Submitted(pictures))
        return
    answer = provider_for(submission.account).submit(
        photo_url=pictures[0],
        garment_url=pictures[1],
        mask_type=job.mask_type,
        before_write=lambda: retry_on_db_error(lambda: _may_send(job, submission)),
    )
    crashpoint("after_post")
    _write(job, submission, answer)
    crashpoint("after_accept")


def _may_send(job: TryOnJob, submission: TryOnSubmission) -> bool:
    """The last look before the first byte: the lease holds, and the POST is marked as sent.

    Without the mark a dead worker's submission is known never to have left.
    """
    using = TryOnJob.objects.write_alias()
    with TryOnJob.objects.atomic():
        marked = TryOnSubmission.objects.writer().mark_sent(submission.pk)
        if not (marked and job.holds_lease()):
            transaction.set_rollback(True, using)
            return False
    crashpoint("before_write")
    return True


def _pictures(job: TryOnJob, submission: TryOnSubmission, photo: PersonPhoto) -> Pair | Outcome:
    if submission.revocable:
        return link_for_glam(submission, PHOTO), link_for_glam(submission, GARMENT)
    urls = []
    for file, name in ((photo.image, "photo.jpg"), (job.garment_image, "garment.jpg")):
        uploaded = provider_for(submission.account).upload(read_file(file), name, "image/jpeg")
        if uploaded.outcome.verdict is not Verdict.OK:
            return uploaded.outcome
        urls.append(uploaded.file_url)
    return urls[0], urls[1]


def _refuse_photo(job: TryOnJob, submission: TryOnSubmission, error: PhotoRefused) -> None:
    """Fail the job for good: nothing was sent, and another try would be refused as well."""

    def write(words: str) -> None:
        why = Outcome(Verdict.NOT_SENT, "moderated", words)
        with TryOnJob.objects.atomic():
            _close(submission, TryOnSubmission.Outcome.NOT_SENT, why)
            job.fail(why.code, why.detail, conf.LEASE_SECONDS)

    write_verdict(write, str(error))


def _local_trouble(job: TryOnJob, submission: TryOnSubmission, error: Exception) -> None:
    code = _LOCAL_CODES.get(type(error), "storage")
    logger.error("job %s could not be sent: %s", job.pk, error)
    pause = max(30.0, back_off_seconds(job.errors))

    def write(words: str) -> None:
        with TryOnJob.objects.atomic():
            why = Outcome(Verdict.NOT_SENT, code)
            _close(submission, TryOnSubmission.Outcome.NOT_SENT, why)
            job.wait_for_slot(pause, code=code, message=words, failed=True)

    write_verdict(write, str(error))


def _close(submission: TryOnSubmission, outcome: str, why: Outcome) -> None:
    TryOnSubmission.objects.writer().close(submission.pk, outcome, why)


def _write(job: TryOnJob, submission: TryOnSubmission, answer: Submitted) -> None:
    outcome = answer.outcome
    count("submit", outcome.code or outcome.verdict.value)
    bought = outcome.verdict in (Verdict.OK, Verdict.AMBIGUOUS)
    if not bought:
        # Before the job can be claimed again. What was bought is written down first.
        _note_health(outcome)
    if outcome.verdict is Verdict.OK:
        retry_on_db_error(lambda: _accepted(job, submission, answer), seconds=ANSWER_HELD_SECONDS)
    else:
        write_verdict(
            lambda words: _write_refusal(job, submission, replace(outcome, detail=words)),
            outcome.detail,
            seconds=ANSWER_HELD_SECONDS,
        )
    if bought:
        _note_health(outcome)


def _write_refusal(job: TryOnJob, submission: TryOnSubmission, outcome: Outcome) -> None:
    """Write an answer that names no event: doubtful, refused for good, or for now."""
    words = TryOnSubmission.Outcome
    match outcome.verdict:
        case Verdict.AMBIGUOUS:
            _unclear(job, submission, outcome)
        case Verdict.FATAL:
            with TryOnJob.objects.atomic():
                _close(submission, words.REFUSED, outcome)
                job.fail(outcome.code, outcome.detail, conf.LEASE_SECONDS)
        case _:
            refused = outcome.verdict is Verdict.REFUSED
            pause = outcome.retry_after_seconds or back_off_seconds(job.errors)
            with TryOnJob.objects.atomic():
                _close(submission, words.REFUSED if refused else words.NOT_SENT, outcome)
                job.wait_for_slot(
                    min(pause, 300.0),
                    code=outcome.code,
                    message=outcome.detail,
                    failed=not outcome.pauses,
                )


def _note_health(outcome: Outcome) -> None:
    """Remember what this says about Glam as a whole; what it says about the job counts more."""
    try:
        if outcome.pauses:
            pause_submitting(outcome)
        if outcome.throttled:
            retry_on_db_error(
                lambda: Account.throttle(conf.MAX_PARALLEL, outcome.retry_after_seconds)
            )
        if outcome.breaker:
            retry_on_db_error(Account.count_failure)
        elif outcome.verdict is not Verdict.NOT_SENT:
            retry_on_db_error(Account.count_success)
    except (Error, ValueError) as error:
        logger.warning("what the provider answered (%s) is not remembered: %s", outcome.code, error)


def pause_submitting(outcome: Outcome) -> None:
    """Stop all submits for a wrong key or missing credits; say so once, loudly."""
    detail = outcome.detail
    try:
        key = api_key()
    except SettingError as error:
        key, detail = "none", str(error)
    if write_verdict(lambda words: Account.pause(outcome.code, words, key), detail):
        answer = f"answered {outcome.http_status}" if outcome.http_status else "nothing sent"
        logger.critical(
            "submitting is paused (%s): %s; jobs wait. %s", outcome.code, answer, detail
        )


def _accepted(job: TryOnJob, submission: TryOnSubmission, answer: Submitted) -> None:
    submissions = TryOnSubmission.objects.writer()
    try:
        wait = next_poll_seconds(job)
        with TryOnJob.objects.atomic():
            alive = submissions.accept(submission.pk, answer.event_id, answer.outcome.http_status)
            # After a resubmit by hand the job follows the newer submission, not this late answer.
            if alive and job.current_submission() == submission:
                job.mark_accepted(submission, wait)
    except IntegrityError:
        logger.critical(
            "the provider gave job %s an event id that another job has; a person must look", job.pk
        )
        _unclear(job, submission, Outcome(Verdict.AMBIGUOUS, "duplicate_event"))


def _unclear(job: TryOnJob, submission: TryOnSubmission, outcome: Outcome) -> None:
    with TryOnJob.objects.atomic():
        TryOnSubmission.objects.writer().doubt(submission.pk, outcome)
        job.hold_unconfirmed(
            conf.UNFETCHED_GRACE_SECONDS, code=outcome.code, message=outcome.detail
        )


HOOK = "MODERATE_PHOTO"
#: Longest wait for its answer.
MODERATE_SECONDS = 15.0


def moderate(job: TryOnJob, photo: PersonPhoto) -> None:
    """Return when the shop has nothing against the photo; house models are not checked.

    Raises:
        PhotoRefused: the shop does not want it drawn.
        HookFailed: there was no answer within ``MODERATE_SECONDS``, or none that counts.
        FileUnavailable: the photo cannot be read.
    """
    if photo.kind == PersonPhoto.Kind.HOUSE_MODEL or hook_of(HOOK) is None:
        return
    content = read_file(photo.image)
    seconds = MODERATE_SECONDS
    call = run_with_timeout(
        seconds, lambda: consult(HOOK, content, job=job), "glam_tryon_moderation"
    )
    if call is None:
        raise HookFailed(HOOK, "is not asked: too many calls hang")
    if not call.done():
        raise HookFailed(HOOK, f"gave no answer within {seconds:g} s")
    call.result()
