"""The step that stores the provider's pictures: fetched, checked and saved exactly once."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from glam_tryon.conf import conf
from glam_tryon.exceptions import DownloadFailed, FileUnavailable, ResultRefused, UnsafeResultURL
from glam_tryon.files import delete_file, list_files, read_file, save_once
from glam_tryon.images.inspect import SAME_BELOW, difference, inspect_picture, is_blank
from glam_tryon.images.validated_open import NotOpened
from glam_tryon.models import PossibleOrphan, TryOnJob, TryOnResult, TryOnTransition
from glam_tryon.models.clock import after
from glam_tryon.models.result import result_folder, result_name
from glam_tryon.models.status import Status
from glam_tryon.providers.base import Polled, RemoteStatus
from glam_tryon.providers.download import fetch_bytes
from glam_tryon.providers.selection import provider_for
from glam_tryon.tracked_files import abandon, announce, renamed
from glam_tryon.validators import is_loopback_url
from glam_tryon.worker.counters import count
from glam_tryon.worker.crashpoints import crashpoint
from glam_tryon.worker.db_connections import retry_on_db_error, write_verdict
from glam_tryon.worker.poll_interval.next_poll import back_off_seconds
from glam_tryon.worker.steps.dispatch import dispatch

logger = logging.getLogger("glam_tryon.worker")

#: How often bytes that are no picture are fetched again: a proxy's error page may pass.
REFUSED_TRIES = 3
#: How many pictures of one job are stored.
MAX_RESULTS = 4
#: Largest result, and longest download of one.
MAX_RESULT_BYTES, DOWNLOAD_SECONDS = 20 * 1024 * 1024, 60.0
#: How long a finished result is fetched again before it is given up.
RESULT_WINDOW_SECONDS = 3600.0
#: Codes of results that show no garment.
BLANK, UNCHANGED = "blank_result", "unchanged_result"


class NothingDrawn(ResultRefused):
    """The primary result is blank, or the person photo itself."""

    def __init__(self, code: str) -> None:
        super().__init__(code, "The provider's picture shows no garment that was not there before.")


def store(job: TryOnJob, *, again: bool = False) -> None:
    """Fetch, check and save every picture, then write the rows with one fenced UPDATE.

    ``again`` says that an earlier try may have left files behind.
    """
    if not job.media_urls and not _find_urls(job):
        return
    results: list[TryOnResult] = []
    notes: list[PossibleOrphan] = []
    dropped: list[_Trouble] = []
    for position, url in enumerate(job.media_urls):
        try:
            result, note = _store_one(job, position, url)
            results.append(result)
            notes.append(note)
        except (DownloadFailed, ResultRefused, UnsafeResultURL, FileUnavailable) as error:
            trouble = _trouble(job, error, has_others=bool(results))
            if not trouble.is_final:
                _later(job, trouble)
                return
            logger.warning("job %s: result %d is left out: %s", job.pk, position, trouble.code)
            dropped.append(trouble)
    if results:
        # Whatever else Glam named: a picture that was bought is not thrown away.
        _finish(job, results, notes, again=again or bool(dropped))
    else:
        _fail(job, dropped[0].code, dropped[0].message)


@dataclass(frozen=True, slots=True)
class _Trouble:
    """Reason why one picture is not stored; ``is_final``: no further try will change it."""

    code: str
    message: str
    is_final: bool
    gone: bool = False


def _trouble(job: TryOnJob, error: Exception, *, has_others: bool) -> _Trouble:
    message = str(error)
    tried_enough = job.errors >= REFUSED_TRIES
    match error:
        case UnsafeResultURL():
            return _Trouble("unsafe_result_url", message, True)
        case NothingDrawn():
            return _Trouble(error.code, message, True)
        case ResultRefused():
            return _Trouble(f"result_{error.code}", message, tried_enough)
        case DownloadFailed():
            if _window_over(job):
                message = f"The result was billed but could not be fetched: {message}"
                return _Trouble("result_expired", message, True)
            # Nobody waits an hour for a second picture while the first is there.
            is_final = has_others and error.gone and tried_enough
            return _Trouble("download", message, is_final, gone=error.gone)
    # The bytes are still at Glam and the step can run again.
    logger.error("job %s: the result could not be saved", job.pk, exc_info=error)
    return _Trouble("storage", message, _window_over(job))


def _store_one(job: TryOnJob, position: int, url: str) -> tuple[TryOnResult, PossibleOrphan]:
    content = fetch_bytes(
        url,
        result_hosts=conf.RESULT_HOSTS,
        allow_loopback=is_loopback_url(conf.BASE_URL),
        deadline_seconds=DOWNLOAD_SECONDS,
        max_bytes=MAX_RESULT_BYTES,
    )
    crashpoint("after_download")
    picture = inspect_picture(content)
    if position == 0 and (code := nothing_drawn(job, content)):
        raise NothingDrawn(code)
    name = result_name(job.pk, position, picture.sha256, picture.extension)
    note = save_result(job, name, content, picture.sha256)
    crashpoint("after_save")
    result = TryOnResult(
        job_id=job.pk,
        position=position,
        image=note.name,
        width=picture.width,
        height=picture.height,
        sha256=picture.sha256,
        source_url=url,
    )
    return result, note


def save_result(job: TryOnJob, name: str, content: bytes, sha256: str) -> PossibleOrphan:
    """Save a picture of a job once, and return its note, to be settled with its row.

    Raises:
        FileUnavailable: the storage does not take it. The note stays: the next try has the same
            name, and pruning finds what a try that was the last one left.
    """
    note = announce(name, job_key=job.pk)
    crashpoint("after_note")
    renamed(note, save_once(name, content, sha256))
    return note


def _finish(
    job: TryOnJob, results: list[TryOnResult], notes: list[PossibleOrphan], *, again: bool
) -> None:

    def write() -> bool:
        with TryOnJob.objects.atomic():
            if not job.finish_ready(conf.LEASE_SECONDS):
                return False
            write_results(job, results, notes)
            return True

    try:
        is_written = retry_on_db_error(write)
    except FileUnavailable as error:
        _later(job, _Trouble("storage", str(error), is_final=False))
        return
    if is_written:
        count("store", "ok")
        crashpoint("after_ready_row")
        told = dispatch(job, Status.READY)
        if again:
            delete_orphaned_files(job)
        if told:
            retry_on_db_error(job.leave_queue)
    else:
        discard_unless_wanted(job, notes)


def write_results(job: TryOnJob, results: list[TryOnResult], notes: list[PossibleOrphan]) -> None:
    """Within a transaction: write the rows of saved pictures, and settle their notes.

    Raises:
        FileUnavailable: pruning took a file meanwhile, for its row took too long.
    """
    rows = TryOnResult.objects.writer()
    places = {result.position: result.image.name for result in results}
    earlier = rows.filter(job_id=job.pk, position__in=places).values_list("position", "image")
    replaced = [name for position, name in earlier if places[position] != name]
    PossibleOrphan.objects.writer().note(*replaced, job_key=job.pk)
    rows.put(results)
    for note in notes:
        note.settle()


def discard_unless_wanted(job: TryOnJob, notes: list[PossibleOrphan]) -> None:
    """Delete what a late worker saved for a job that went another way meanwhile.

    A job that another worker is storing keeps the files: they are that worker's files too. What
    the storage does not delete now is pruned.
    """
    status = TryOnJob.objects.writer().filter(pk=job.pk).values_list("status", flat=True).first()
    if status != Status.STORING:
        abandon(*notes)


def _fail(job: TryOnJob, code: str, message: str) -> None:
    count("store", code)
    if (
        write_verdict(lambda words: job.fail(code, words, conf.LEASE_SECONDS), message)
        and job.status == Status.READY
    ):
        # What it had it keeps; of that everybody was told already.
        delete_orphaned_files(job)
        retry_on_db_error(job.leave_queue)


def _later(job: TryOnJob, trouble: _Trouble) -> None:
    if trouble.gone:
        _poll_for_fresh_urls(job)
    wait = back_off_seconds(job.errors)
    write_verdict(
        lambda words: job.reschedule(wait, code=trouble.code, message=words), trouble.message
    )


def _window_over(job: TryOnJob) -> bool:
    begun = TryOnTransition.objects.writer().filter(job_id=job.pk, status=Status.STORING)
    return not begun.filter(at__gte=after(-RESULT_WINDOW_SECONDS)).exists()


def _find_urls(job: TryOnJob) -> bool:
    """Learn where the pictures are that staff want fetched again; False when not now, or never."""
    answer = _poll_for_fresh_urls(job)
    if job.media_urls:
        return True
    outcome = answer.outcome if answer else None
    final = answer is None or answer.status in (RemoteStatus.READY, RemoteStatus.FAILED)
    if final or (outcome and outcome.code == "not_found") or _window_over(job):
        _fail(job, "result_expired", "The provider does not have this picture any more.")
    elif outcome:
        wait = back_off_seconds(job.errors)
        write_verdict(
            lambda words: job.reschedule(wait, code=outcome.code or "download", message=words),
            outcome.detail,
        )
    return False


def _poll_for_fresh_urls(job: TryOnJob) -> Polled | None:
    submission = job.current_submission()
    if submission is None or not submission.event_id:
        return None
    answer = provider_for(submission.account).poll(submission.event_id)
    fresh = [url for url in dict.fromkeys(answer.media_urls) if isinstance(url, str)]
    if answer.status is RemoteStatus.READY and fresh:
        wanted = fresh[:MAX_RESULTS]
        if retry_on_db_error(lambda: job.renew_urls(wanted)):
            job.media_urls = wanted
    return answer


def delete_orphaned_files(job: TryOnJob) -> None:
    """Delete what earlier tries saved for a job that is over; its rows keep their files."""
    names = list_files(result_folder(job.pk))
    if not names:
        return
    kept = set(TryOnResult.objects.writer().filter(job_id=job.pk).values_list("image", flat=True))
    for name in names:
        if name not in kept:
            delete_file(name)


def nothing_drawn(job: TryOnJob, result: bytes) -> str:
    """Return ``blank_result``, ``unchanged_result``, or empty when the garment was drawn.

    Whatever cannot be compared counts as drawn: the picture was bought, and it decodes.
    """
    if not conf.NOTICE_UNCHANGED:
        return ""
    try:
        if is_blank(result):
            return BLANK
        person = job.current_photo()
        if person is None:
            return ""
        return UNCHANGED if difference(read_file(person.image), result) < SAME_BELOW else ""
    except (NotOpened, FileUnavailable) as error:
        logger.warning("job %s: the result could not be compared: %s", job.pk, error)
        return ""
