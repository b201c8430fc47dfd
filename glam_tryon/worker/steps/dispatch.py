"""Dispatches the signals about a job to their receivers, at least once."""

from __future__ import annotations

import logging

from django.dispatch import Signal

from glam_tryon.conf import conf
from glam_tryon.models import TryOnJob
from glam_tryon.models.status import Status
from glam_tryon.signals import job_canceled, job_failed, job_ready, job_submitted
from glam_tryon.worker.run_with_timeout import run_with_timeout

logger = logging.getLogger("glam_tryon.worker")

SUBMITTED = "submitted"

_SIGNALS: dict[str, Signal] = {
    SUBMITTED: job_submitted,
    Status.READY: job_ready,
    Status.FAILED: job_failed,
    Status.CANCELED: job_canceled,
}


def dispatch(job: TryOnJob, event: str) -> bool:
    """Send the signal for ``event`` unless it was the last one sent. Returns whether it was sent.

    A worker that dies between sending and remembering makes the next one send again. Receivers are
    the shop's code and may never return: a step waits for them for half its lease at most.
    """
    if job.dispatched == event:
        return True
    if _SIGNALS[event].has_listeners(TryOnJob):
        told = run_with_timeout(
            conf.LEASE_SECONDS / 2, lambda: _send(job, event), "glam_tryon_receivers"
        )
        if told is None:
            logger.critical("job %s %s waits to be told: too many receivers hang", job.pk, event)
            return False
        if not told.done():
            logger.error("a receiver of job %s %s does not return; left to itself", job.pk, event)
    job.mark_dispatched(event)
    return True


def _send(job: TryOnJob, event: str) -> None:
    for receiver, answer in _SIGNALS[event].send_robust(sender=TryOnJob, job=job):
        if isinstance(answer, Exception):
            logger.error(
                "receiver %r of job %s %s raised", receiver, job.pk, event, exc_info=answer
            )
