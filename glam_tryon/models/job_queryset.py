"""The questions that are asked about jobs, by their names."""

from __future__ import annotations

from glam_tryon.models.clock import DatabaseNow
from glam_tryon.models.job_choice import NEEDS_PERSON
from glam_tryon.models.job_codes import JobCodes
from glam_tryon.models.owner import ERASED, SHOP
from glam_tryon.models.status import Queue, Status


class TryOnJobQuerySet(JobCodes):
    def moving(self) -> TryOnJobQuerySet:
        """Those that this version will still change by itself, without a person's decision."""
        queues = [Queue.UNDER_WAY, Queue.SHOPPER, Queue.CATALOGUE]
        return self.filter(queue__in=queues, status__in=Status.values).exclude(
            status=Status.UNCONFIRMED, error_code=NEEDS_PERSON
        )

    def under_way(self) -> TryOnJobQuerySet:
        """Those whose next step needs no slot and is due now, longest overdue first."""
        return self.coming().filter(next_step_at__lte=DatabaseNow())

    def coming(self) -> TryOnJobQuerySet:
        """Those whose next step needs no slot, the first one first.

        A status that is not known is a newer version's, and so is its next step: while a shop is
        upgraded, pollers of both versions work.
        """
        return self.filter(queue=Queue.UNDER_WAY, status__in=Status.values).order_by("next_step_at")

    def waiting_for_a_slot(self, queue: Queue) -> TryOnJobQuerySet:
        """Those that may be sent now, in the order of their turns, then of their asking.

        Written as an exclusion, which no index serves: SQLite would choose the one by time and
        then sort a whole backlog.
        """
        due = self.filter(queue=queue, status=Status.PENDING)
        due = due.exclude(next_step_at__gt=DatabaseNow())
        return due.order_by("turn", "created_at")

    def hurry(self) -> int:
        """Let those that wait to be sent wait no longer. Returns how many there are."""
        return self.filter(status=Status.PENDING).update(next_step_at=DatabaseNow(), errors=0)

    def owned_by(self, *owners: str) -> TryOnJobQuerySet:
        """Those of these owner keys that were not deleted; the shop's own are nobody's."""
        return self.filter(owner__in=set(owners) - {SHOP}, deleted_at=None)

    def anonymise(self) -> int:
        """Forget whose these hidden ones were, and where Glam has their pictures."""
        return self.filter(deleted_at__isnull=False).update(
            owner=ERASED, user=None, request_key=None, media_urls=[]
        )
