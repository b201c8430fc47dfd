"""The moves of a job that a person asks for, whoever works on it."""

from __future__ import annotations

from django.db import router, transaction
from django.db.models import Case, Exists, F, OuterRef, When

from glam_tryon.exceptions import IllegalTransition
from glam_tryon.models.clock import DatabaseNow
from glam_tryon.models.job_moves import JobMoves
from glam_tryon.models.result import TryOnResult
from glam_tryon.models.status import AT_PROVIDER, REFETCHABLE, Queue, Status
from glam_tryon.models.submission import TryOnSubmission


class JobWishes(JobMoves):
    """A wish that the job's status does not allow raises ``IllegalTransition``."""

    class Meta:
        abstract = True

    def cancel(self, *, note: str = "", code: str = "", fenced: bool = False) -> bool:
        """Stop it from outside, whoever works on it now: the worker's writes no longer count.

        A photo that Glam has not fetched yet it does not get any more. ``fenced`` is for a worker
        that finds nothing to send: False when the job is not its own.

        Raises:
            IllegalTransition: the job is over already, and this is not ``fenced``.
        """
        using = router.db_for_write(type(self), instance=self)
        with transaction.atomic(using):
            moved = self._move(
                Status.CANCELED,
                fenced=fenced,
                note=note,
                queue=Queue.UNDER_WAY,
                next_step_at=DatabaseNow(),
                lease_token="",
                attempts=0,
                errors=0,
                error_code=code,
                finished_at=DatabaseNow(),
            )
            if moved:
                TryOnSubmission.objects.using(using).filter(job_id=self.pk).revoke()
        if not moved and not fenced:
            raise IllegalTransition(self._status_now(), "canceled")
        return moved

    def retry(self, turn: int) -> None:
        """Send a failed job once more, by a person's wish.

        Raises:
            IllegalTransition: the job did not fail.
        """
        if not self._move_back(Status.FAILED, turn):
            raise IllegalTransition(self._status_now(), "retried")

    def resubmit(self, turn: int, *, note: str) -> None:
        """Send an unconfirmed job again although Glam may have it: it may be billed twice.

        Raises:
            IllegalTransition: the job is not unconfirmed.
        """
        if not self._move_back(Status.UNCONFIRMED, turn, note=note):
            raise IllegalTransition(self._status_now(), "resubmitted")

    def ask_again(self) -> None:
        """Ask Glam about it now, by a person's wish; a failed one may have been drawn since.

        Costs nothing: no second submission, and no slot.

        Raises:
            IllegalTransition: the job neither failed nor is at Glam.
        """
        waiting = self._move(
            Status.IN_PROGRESS,
            origins=(Status.FAILED, *AT_PROVIDER),
            fenced=False,
            note="asked again by hand",
            queue=Queue.UNDER_WAY,
            next_step_at=DatabaseNow(),
            lease_token="",
            attempts=0,
            errors=0,
            error_code="",
            error_message="",
            dispatched="submitted",
            finished_at=None,
        )
        if not waiting:
            raise IllegalTransition(self._status_now(), "asked about again")

    def refetch(self) -> None:
        """Ask Glam for fresh addresses of the pictures and store them again; costs nothing.

        Pictures that are there stay until others are stored.

        Raises:
            IllegalTransition: the job is neither ready nor failed.
        """
        drawn = Exists(TryOnResult.objects.filter(job_id=OuterRef("pk")))
        storing = self._move(
            Status.STORING,
            origins=REFETCHABLE,
            fenced=False,
            note="fetched again by hand",
            media_urls=[],
            queue=Queue.UNDER_WAY,
            next_step_at=DatabaseNow(),
            lease_token="",
            attempts=0,
            errors=0,
            error_code="",
            error_message="",
            # The time of pictures that are there goes on; those of a failed one begin theirs.
            finished_at=Case(When(drawn, then=F("finished_at")), default=None),
        )
        if not storing:
            raise IllegalTransition(self._status_now(), "fetched again")

    def _move_back(self, origin: Status, turn: int, *, note: str = "by hand") -> bool:
        return self._wait(
            origins=(origin,),
            fenced=False,
            note=note,
            turn=turn,
            next_step_at=DatabaseNow(),
            attempts=0,
            errors=0,
            error_code="",
            error_message="",
            media_urls=[],
            dispatched="",
            finished_at=None,
            ready_at=None,
        )

    def _status_now(self) -> str:
        using = router.db_for_write(type(self), instance=self)
        self.refresh_from_db(using=using, fields=["status"])
        return self.status
