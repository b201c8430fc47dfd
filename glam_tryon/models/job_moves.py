"""The moves of a job from one status to the next, as its workers make them."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from django.db import router, transaction
from django.db.models import F
from django.db.models.functions import Coalesce

from glam_tryon.models.batch import TryOnBatch
from glam_tryon.models.clock import DatabaseNow, after
from glam_tryon.models.job_columns import JobColumns
from glam_tryon.models.result import TryOnResult
from glam_tryon.models.statistics import AnalyticsEvent, Event
from glam_tryon.models.status import ALLOWED, Queue, Status, pending_queue
from glam_tryon.models.submission import TryOnSubmission
from glam_tryon.models.transition import TryOnTransition

logger = logging.getLogger("glam_tryon.orders")

#: The ends that are counted, each in the transaction of its move.
_ENDS = {Status.READY: Event.READY, Status.FAILED: Event.FAILED, Status.CANCELED: Event.CANCELED}


def log_move(job_id: UUID, origin: str, to: str, note: str = "") -> None:
    """Write the one line of a transition; its parts are the record's ``args`` as well."""
    facts = {"job": str(job_id), "from_status": origin, "to_status": to, "note": note}
    logger.info("job=%(job)s from=%(from_status)s to=%(to_status)s note=%(note)s", facts)


class JobMoves(JobColumns):
    """Every method is one fenced UPDATE.

    It returns False, and changes nothing, when the job meanwhile belongs to somebody else or went
    another way.
    """

    class Meta:
        abstract = True

    # The one door through which a status changes.

    def _move(
        self,
        to: Status,
        *,
        origins: tuple[Status, ...] = (),
        fenced: bool = True,
        note: str = "",
        **fields: Any,
    ) -> bool:
        using = router.db_for_write(type(self), instance=self)
        with transaction.atomic(using):
            rows = (
                type(self)
                ._default_manager.using(using)
                .filter(pk=self.pk, status__in=origins or ALLOWED[to], deleted_at=None)
            )
            if fenced:
                rows = rows.filter(lease_token=self.lease_token)
            # The row says whether this is a change: a transaction that is tried again after its
            # commit was refused finds the new word on this object already.
            changed = rows.exclude(status=to).update(status=to, **fields)
            if not changed and not rows.filter(status=to).update(**fields):
                return False
            if changed:
                TryOnTransition.objects.using(using).create(
                    job_id=self.pk, status=to, note=note[:200], at=DatabaseNow()
                )
                # Pictures that are only fetched again were counted when they were drawn.
                if (event := _ENDS.get(to)) and self.finished_at is None:
                    AnalyticsEvent.of_job(
                        self,
                        event,
                        fields.get("error_code", "") if to == Status.FAILED else "",
                        began_at=self.created_at if to == Status.READY else None,
                    ).save(using=using)
        if changed:
            log_move(self.pk, self.status, to, note)
        self.status = to
        return True

    # Before Glam has it.

    def wait_for_slot(
        self,
        seconds: float,
        *,
        code: str = "",
        message: str = "",
        failed: bool = False,
        attempts: int = 0,
    ) -> bool:
        """Go back to pending: nothing was bought. ``failed`` makes the next wait longer.

        ``attempts`` are claims that keep counting.
        """
        return self._wait(
            origins=(Status.SUBMITTING, Status.UNCONFIRMED),
            note=code,
            next_step_at=after(seconds),
            attempts=attempts,
            errors=F("errors") + 1 if failed else self.errors,
            error_code=code,
            error_message=message[:500],
        )

    def _wait(self, **fields: Any) -> bool:
        """Become pending, in the queue of a slot or, while the batch is paused, beside it."""
        using = router.db_for_write(type(self), instance=self)
        with transaction.atomic(using):
            queue = pending_queue(self.priority)
            if self.batch_id is not None:
                batch = TryOnBatch.lock(using, self.batch_id)
                queue = Queue.PAUSED if batch and batch.paused_at else queue
            return self._move(Status.PENDING, queue=queue, lease_token="", **fields)

    def hold_unconfirmed(self, seconds: float, *, code: str, message: str) -> bool:
        """Nobody knows whether Glam took it. Looked at again after ``seconds``."""
        return self._move(
            Status.UNCONFIRMED,
            note=code,
            queue=Queue.UNDER_WAY,
            next_step_at=after(seconds),
            lease_token="",
            attempts=0,
            error_code=code,
            error_message=message[:500],
        )

    # While Glam has it.

    def enter_queue(self, submission: TryOnSubmission, seconds: float) -> bool:
        """Glam took it: an event id is known. Not fenced, for that is a fact, however late."""
        return self._move(
            Status.IN_QUEUE,
            fenced=False,
            note=f"#{submission.number}",
            queue=Queue.UNDER_WAY,
            next_step_at=after(seconds),
            lease_token="",
            attempts=0,
            errors=0,
            error_code="",
            error_message="",
            submitted_at=DatabaseNow(),
            polled_at=None,
        )

    def still_running(self, to: Status, seconds: float, *, remote_status: str) -> bool:
        """Glam still works on it; ask again in ``seconds``."""
        return self._move(
            to,
            next_step_at=after(seconds),
            lease_token="",
            attempts=0,
            errors=0,
            polls=F("polls") + 1,
            polled_at=DatabaseNow(),
            remote_status=remote_status,
        )

    def start_storing(self, media_urls: list[str], lease_seconds: float) -> bool:
        """Glam is done; the same worker goes on to fetch the pictures."""
        return self._move(
            Status.STORING,
            next_step_at=after(lease_seconds),
            attempts=0,
            errors=0,
            polls=F("polls") + 1,
            remote_status=Status.READY,
            media_urls=media_urls,
            ready_at=DatabaseNow(),
        )

    # The ends. The lease stays, so that a worker which dies before it told the receivers of the
    # signals is followed by one that tells them.

    def finish_ready(self, lease_seconds: float) -> bool:
        """The pictures are stored. One that was fetched again does not become younger by that."""
        return self._move(
            Status.READY,
            next_step_at=after(lease_seconds),
            finished_at=Coalesce("finished_at", DatabaseNow()),
            attempts=0,
            errors=0,
            error_code="",
            error_message="",
        )

    def finish_repeat(self, lease_seconds: float) -> bool:
        """A copy of an earlier picture is stored; nothing was bought."""
        return self._move(
            Status.READY,
            origins=(Status.PENDING,),
            note=f"a copy of {self.reuse_of}",
            next_step_at=after(lease_seconds),
            finished_at=DatabaseNow(),
            attempts=0,
            errors=0,
            error_code="",
            error_message="",
        )

    def fail(self, code: str, message: str, lease_seconds: float) -> bool:
        """It is over without a picture; ``code`` says why, ``message`` is for staff.

        A job that was to be fetched again keeps the pictures it has, and is ready as before.
        """
        return self._move(
            Status.READY if self._keeps_pictures() else Status.FAILED,
            note=code,
            queue=Queue.UNDER_WAY,
            next_step_at=after(lease_seconds),
            finished_at=Coalesce("finished_at", DatabaseNow()),
            attempts=0,
            error_code=code,
            error_message=message[:500],
        )

    def _keeps_pictures(self) -> bool:
        if self.status != Status.STORING:
            return False
        using = router.db_for_write(type(self), instance=self)
        return TryOnResult.objects.using(using).filter(job_id=self.pk).exists()
