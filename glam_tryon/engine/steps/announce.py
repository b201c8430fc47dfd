"""Tells the receivers of the signals what became of a job, at least once."""

from __future__ import annotations

import logging
import threading

from django.db import connections
from django.dispatch import Signal

from glam_tryon.conf import conf
from glam_tryon.models import TryOnJob
from glam_tryon.models.status import Status
from glam_tryon.signals import job_canceled, job_failed, job_ready, job_submitted

logger = logging.getLogger("glam_tryon.engine")

SUBMITTED = "submitted"

_SIGNALS: dict[str, Signal] = {
    SUBMITTED: job_submitted,
    Status.READY: job_ready,
    Status.FAILED: job_failed,
    Status.CANCELED: job_canceled,
}


#: So many receivers may hang at once; then no more are called until one returns.
_room = threading.BoundedSemaphore(16)


def announce(job: TryOnJob, word: str) -> bool:
    """Send the signal for ``word`` unless it was the last one sent. Returns whether it was sent.

    A worker that dies between sending and remembering makes the next one send again. Receivers are
    the shop's code and may never return: a step waits for them for half its lease at most.
    """
    if job.announced == word:
        return True
    if _SIGNALS[word].has_listeners(TryOnJob):
        if not _room.acquire(blocking=False):
            logger.critical("job %s %s waits to be told: too many receivers hang", job.pk, word)
            return False
        thread = threading.Thread(target=_tell, args=(job, word), name="glam_tryon_receivers")
        # Nobody waits for it when the process ends.
        thread.daemon = True
        thread.start()
        thread.join(conf.LEASE_SECONDS / 2)
        if thread.is_alive():
            logger.error("a receiver of job %s %s does not return; left to itself", job.pk, word)
    job.remember_announced(word)
    return True


def _tell(job: TryOnJob, word: str) -> None:
    try:
        for receiver, answer in _SIGNALS[word].send_robust(sender=TryOnJob, job=job):
            if isinstance(answer, Exception):
                logger.error(
                    "receiver %r of job %s %s raised", receiver, job.pk, word, exc_info=answer
                )
    finally:
        connections.close_all()
        _room.release()
