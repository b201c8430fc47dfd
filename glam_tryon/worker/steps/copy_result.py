"""The step of a job that reuses another one's picture: it gets a copy, and nothing is sent.

A copy and not the same file, so that either job can be deleted, and its picture with it, whatever
becomes of the other; a picture has a few hundred kilobytes, and its price is that of a generation.
"""

from __future__ import annotations

import logging
from pathlib import PurePosixPath

from django.utils import timezone

from glam_tryon.conf import conf
from glam_tryon.exceptions import FileMissing, FileUnavailable
from glam_tryon.files import read_file
from glam_tryon.models import OrderLock, PossibleOrphan, TryOnJob, TryOnResult
from glam_tryon.models.result import result_name
from glam_tryon.models.status import Status
from glam_tryon.orders.reuse import may_bring_one, picture_key, pictures_of, reusable_shared
from glam_tryon.worker.counters import count
from glam_tryon.worker.crashpoints import crashpoint
from glam_tryon.worker.db_connections import retry_on_db_error, write_verdict
from glam_tryon.worker.poll_interval.next_poll import back_off_seconds
from glam_tryon.worker.steps.dispatch import dispatch
from glam_tryon.worker.steps.store import discard_unless_wanted, save_result, write_results

logger = logging.getLogger("glam_tryon.worker")

#: How often the other job is looked at: after a tenth of the time waited so far, within these.
WAIT_SECONDS = (1.0, 30.0)
#: So often a storage may refuse to copy before the picture is bought anew.
STORAGE_TRIES = 3


def copy_result(job: TryOnJob) -> None:
    """Copy the other job's pictures when they are there, wait for them, or be drawn after all."""
    jobs = TryOnJob.objects.writer()
    other = jobs.filter(pk=job.reuse_of).first() if job.reuse_of else None
    if other is not None and may_bring_one(other):
        waited = (timezone.now() - job.created_at).total_seconds()
        shortest, longest = WAIT_SECONDS
        retry_on_db_error(lambda: job.reschedule(min(max(waited / 10, shortest), longest)))
        return
    pictures = pictures_of(other) if other is not None else []
    if not pictures:
        retry_on_db_error(lambda: _look_elsewhere(job))
        return
    try:
        copies = [_copy(job, picture) for picture in pictures]
    except FileMissing:
        # Deleted since.
        retry_on_db_error(lambda: _look_elsewhere(job))
    except FileUnavailable as error:
        logger.exception("job %s: no copy could be made", job.pk)
        if job.errors >= STORAGE_TRIES:
            retry_on_db_error(lambda: _look_elsewhere(job))
        else:
            wait, message = back_off_seconds(job.errors), str(error)
            write_verdict(
                lambda words: job.reschedule(wait, code="storage", message=words), message
            )
    else:
        _finish(job, [result for result, _note in copies], [note for _result, note in copies])


def _look_elsewhere(job: TryOnJob) -> None:
    """Wait for yet another job, or be drawn; of several that waited for the same only one is."""
    photo = job.current_photo()
    with TryOnJob.objects.atomic():
        if photo is not None:
            OrderLock.take(picture_key(job, photo))
        found = reusable_shared(job, photo) if photo is not None else None
        if found is None or found.pk == job.reuse_of:
            job.give_up_reuse()
        else:
            job.wait_for_reuse(found)


def _copy(job: TryOnJob, picture: TryOnResult) -> tuple[TryOnResult, PossibleOrphan]:
    content = read_file(picture.image)
    extension = PurePosixPath(picture.image.name or "").suffix.lstrip(".")
    position, sha256 = picture.position, picture.sha256
    note = save_result(job, result_name(job.pk, position, sha256, extension), content, sha256)
    crashpoint("after_copy")
    result = TryOnResult(
        job_id=job.pk,
        position=position,
        image=note.name,
        width=picture.width,
        height=picture.height,
        sha256=sha256,
        source_url=picture.source_url,
    )
    return result, note


def _finish(job: TryOnJob, results: list[TryOnResult], notes: list[PossibleOrphan]) -> None:

    def write() -> bool:
        with TryOnJob.objects.atomic():
            if not job.finish_reused(conf.LEASE_SECONDS):
                return False
            write_results(job, results, notes)
            return True

    try:
        is_written = retry_on_db_error(write)
    except FileUnavailable as error:
        message = str(error)
        wait = back_off_seconds(job.errors)
        retry_on_db_error(lambda: job.reschedule(wait, code="storage", message=message))
        return
    if is_written:
        count("repeat", "ok")
        if dispatch(job, Status.READY):
            retry_on_db_error(job.leave_queue)
    else:
        discard_unless_wanted(job, notes)
