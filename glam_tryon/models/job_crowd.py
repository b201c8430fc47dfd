"""The moves of many jobs at once, as staff ask for them: the same as those of one job."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from django.db import router, transaction
from django.db.models import BigIntegerField, Case, Exists, F, OuterRef, Value, When

from glam_tryon.models.batch import TryOnBatch
from glam_tryon.models.clock import DatabaseNow
from glam_tryon.models.job_choice import JobChoice
from glam_tryon.models.result import TryOnResult
from glam_tryon.models.statistics import AnalyticsEvent, Event
from glam_tryon.models.status import (
    AT_PROVIDER,
    OPEN,
    REFETCHABLE,
    Priority,
    Queue,
    Status,
)
from glam_tryon.models.submission import TryOnSubmission
from glam_tryon.models.transition import TryOnTransition

if TYPE_CHECKING:
    from glam_tryon.models.job_queryset import TryOnJobQuerySet

logger = logging.getLogger("glam_tryon.orders")

Keys = Collection[uuid.UUID]
#: What a job that starts anew no longer knows.
_CLEAN: dict[str, Any] = {"attempts": 0, "errors": 0, "error_code": "", "error_message": ""}
_DUE: dict[str, Any] = {"queue": Queue.UNDER_WAY, "next_step_at": DatabaseNow()}


class JobCrowd(JobChoice):
    """Methods take keys, at most some hundreds, and return how many were moved.

    Those whose status does not allow it are left alone. A method is one transaction of a few
    statements, whatever the number of jobs.
    """

    def cancel_all(self, keys: Keys, *, note: str) -> int:
        """Stop these from outside, as ``TryOnJob.cancel`` does."""
        ends: dict[str, Any] = {"finished_at": DatabaseNow(), **_DUE, **_CLEAN}
        with transaction.atomic(self._writer):
            moved = self._move_all(keys, Status.CANCELED, OPEN, note=note, **ends)
            links = TryOnSubmission.objects.using(self._writer).filter(job_id__in=moved)
            links.revoke()
            AnalyticsEvent.objects.using(self._writer).bulk_create(
                AnalyticsEvent.of_job(job, Event.CANCELED)
                for job in self._ours(moved).only("owner", "content_type_id", "product_key")
            )
        return len(moved)

    def retry_all(self, turns: Mapping[uuid.UUID, int], *, note: str) -> int:
        """Send these failed ones once more, each at its turn, as ``TryOnJob.retry`` does."""
        waits = TryOnBatch.objects.filter(pk=OuterRef("batch_id"), paused_at__isnull=False)
        queue = Case(
            When(Exists(waits), then=Value(Queue.PAUSED)),
            When(priority=Priority.CATALOGUE, then=Value(Queue.CATALOGUE)),
            default=Value(Queue.SHOPPER),
        )
        places = [When(pk=key, then=Value(turn)) for key, turn in turns.items()]
        turn = Case(*places, default=F("turn"), output_field=BigIntegerField())
        again = {"queue": queue, "turn": turn, "next_step_at": DatabaseNow(), "media_urls": []}
        never = {"dispatched": "", "finished_at": None, "ready_at": None}
        # A job keeps its batch for good, so this is read before: a transaction that does not write
        # first fails on SQLite when a poller writes meanwhile.
        mine = self._ours(turns).filter(batch__isnull=False)
        batches = sorted(set(mine.values_list("batch_id", flat=True)))
        with transaction.atomic(self._writer):
            for batch in batches:
                TryOnBatch.lock(self._writer, batch)
            moved = self._move_all(
                turns, Status.PENDING, (Status.FAILED,), note=note, **again, **never, **_CLEAN
            )
        return len(moved)

    def ask_all_again(self, keys: Keys, *, note: str) -> int:
        """Ask Glam about these now, as ``TryOnJob.ask_again`` does."""
        origins = (Status.FAILED, *AT_PROVIDER)
        waits: dict[str, Any] = {"dispatched": "submitted", "finished_at": None, **_DUE, **_CLEAN}
        return len(self._move_all(keys, Status.IN_PROGRESS, origins, note=note, **waits))

    def refetch_all(self, keys: Keys, *, note: str) -> int:
        """Fetch the pictures of these again, as ``TryOnJob.refetch`` does."""
        drawn = Exists(TryOnResult.objects.filter(job_id=OuterRef("pk")))
        kept = Case(When(drawn, then=F("finished_at")), default=None)
        again: dict[str, Any] = {"media_urls": [], "finished_at": kept, **_DUE, **_CLEAN}
        return len(self._move_all(keys, Status.STORING, REFETCHABLE, note=note, **again))

    def hide_all(self) -> int:
        """Let these stand nowhere but in the ledger, as ``TryOnJob.hide`` does."""
        return self.filter(deleted_at=None).update(deleted_at=DatabaseNow())

    @property
    def _writer(self) -> str:
        return router.db_for_write(self.model)

    def _ours(self, keys: Keys) -> TryOnJobQuerySet:
        rows: TryOnJobQuerySet = self.model._default_manager.using(self._writer)
        return rows.filter(pk__in=list(keys))

    def _move_all(
        self, keys: Keys, to: Status, origins: tuple[Status, ...], *, note: str, **fields: Any
    ) -> list[uuid.UUID]:
        """Move those that allow it, with a line in the history of each. Returns their keys.

        The first statement writes, so that SQLite takes its lock at once; its token says which jobs
        it moved, and whoever worked on one of them owns it no longer.
        """
        token = uuid.uuid4().hex
        with transaction.atomic(self._writer):
            rows = self._ours(keys)
            allowed = rows.filter(status__in=origins, deleted_at=None)
            if not allowed.update(status=to, lease_token=token, **fields):
                return []
            mine = rows.filter(lease_token=token)
            moved = list(mine.values_list("pk", flat=True))
            mine.update(lease_token="")
            TryOnTransition.objects.using(self._writer).bulk_create(
                TryOnTransition(job_id=key, status=to, note=note[:200], at=DatabaseNow())
                for key in moved
            )
        logger.info("jobs=%d to=%s note=%s", len(moved), to, note)
        return moved
