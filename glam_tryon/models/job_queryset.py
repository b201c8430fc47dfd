"""The queries about jobs, by their names, and the status changes of many jobs at once."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from typing import Any, Self, TypeVar

from django.db import connections, models
from django.db.models import BigIntegerField, Case, Exists, F, OuterRef, Q, Subquery, Value, When

from glam_tryon.models.batch import TryOnBatch
from glam_tryon.models.clock import DatabaseNow
from glam_tryon.models.job_transitions import (
    CANCEL,
    POLL_AGAIN,
    REFETCH,
    RESUBMIT,
    RETRY,
    Transition,
    logger,
)
from glam_tryon.models.owner import ERASED, SHOP
from glam_tryon.models.person_photo import PersonPhoto
from glam_tryon.models.result import TryOnResult
from glam_tryon.models.statistics import AnalyticsEvent
from glam_tryon.models.status import CLOSED, OPEN, Queue, Status
from glam_tryon.models.submission import TryOnSubmission
from glam_tryon.models.transition import TryOnTransition
from glam_tryon.models.writer import WriterQuerySet

#: Error code of an unconfirmed job that Glam may have drawn: a person decides what becomes of it.
NEEDS_PERSON = "needs_person"

Keys = Collection[uuid.UUID]
J_co = TypeVar("J_co", bound=models.Model, covariant=True)

# From each code the index leads to the next one; the few jobs under way are read one by one.
_CODES = """
WITH RECURSIVE codes AS (
    SELECT MIN(error_code) AS code FROM {table} WHERE {rest} error_code > ''
    UNION ALL
    SELECT (SELECT MIN(error_code) FROM {table} WHERE {rest} error_code > codes.code)
    FROM codes WHERE codes.code IS NOT NULL
)
SELECT code FROM codes WHERE code IS NOT NULL
UNION
SELECT error_code FROM {table} WHERE queue IS NOT NULL AND error_code > ''
ORDER BY 1
"""


def has_code(code: str) -> Q:
    """Return the condition for jobs with an error code.

    It says of the queue what is always true: so PostgreSQL sees that the index of those without a
    queue gives it all but the few under way, and does not read the table.
    """
    at_rest = Q(queue__isnull=True)
    return (at_rest | ~at_rest) & Q(error_code=code)


class TryOnJobQuerySet(WriterQuerySet[J_co]):
    """Jobs, by what they wait for, by what may be done to them, and by whose they are."""

    # By what they wait for.

    def open(self) -> Self:
        """Jobs that are not over."""
        return self.filter(status__in=OPEN)

    def closed(self) -> Self:
        """Jobs that are over: ready, failed or canceled."""
        return self.filter(status__in=CLOSED)

    def advancing(self) -> Self:
        """Jobs that this version will still change by itself, without a person's decision."""
        queues = [Queue.UNDER_WAY, Queue.SHOPPER, Queue.CATALOGUE]
        return self.filter(queue__in=queues, status__in=Status.values).exclude(
            status=Status.UNCONFIRMED, error_code=NEEDS_PERSON
        )

    def under_way(self) -> Self:
        """Jobs whose next step needs no slot, the earliest first.

        A status that is not known is a newer version's, and so is its next step: while a shop is
        upgraded, pollers of both versions work.
        """
        return self.filter(queue=Queue.UNDER_WAY, status__in=Status.values).order_by("next_step_at")

    def due(self) -> Self:
        """Jobs whose next step needs no slot and is due now, longest overdue first."""
        return self.under_way().filter(next_step_at__lte=DatabaseNow())

    def waiting_for_slot(self, queue: Queue) -> Self:
        """Jobs that may be sent now, in the order of their turns, then of their orders.

        Written as an exclusion, which no index serves: SQLite would choose the one by time and
        then sort a whole backlog.
        """
        pending = self.filter(queue=queue, status=Status.PENDING)
        pending = pending.exclude(next_step_at__gt=DatabaseNow())
        return pending.order_by("turn", "created_at")

    def waiting_for_person(self) -> Self:
        """Unconfirmed jobs whose photo Glam fetched: only a person may send them again."""
        return self.filter(status=Status.UNCONFIRMED, error_code=NEEDS_PERSON)

    # By what may be done to them; what its owner deleted is never eligible.

    def eligible(self, transition: Transition) -> Self:
        """Jobs whose status allows it."""
        return self.filter(status__in=transition.origins, deleted_at=None)

    def to_be_sent(self) -> Self:
        """Jobs that wait to be sent."""
        return self.filter(status=Status.PENDING, deleted_at=None)

    def cancelable(self) -> Self:
        """Jobs that can still be stopped."""
        return self.eligible(CANCEL)

    def retryable(self) -> Self:
        """Failed jobs whose photo is there and may still be shown."""
        photo = PersonPhoto.objects.filter(pk=OuterRef("person_photo_id")).there().licensed()
        return self.eligible(RETRY).filter(Exists(photo))

    def resubmittable(self) -> Self:
        """Unconfirmed jobs that only a person may send again."""
        return self.eligible(RESUBMIT).waiting_for_person()

    def known_to_glam(self) -> Self:
        """Jobs at Glam, and failed ones, whose newest submission has an event id."""
        return self._named().eligible(POLL_AGAIN)

    def refetchable(self) -> Self:
        """Ready jobs with their pictures, and those that failed after Glam had drawn them."""
        drawn = Exists(TryOnResult.objects.filter(job_id=OuterRef("pk")))
        lost = Q(status=Status.FAILED, ready_at__isnull=False)
        return self._named().eligible(REFETCH).filter(Q(drawn, status=Status.READY) | lost)

    def with_pictures(self) -> Self:
        """Jobs that are over and have results, or a shopper's photo that is there."""
        drawn = Exists(TryOnResult.objects.filter(job_id=OuterRef("pk")))
        photos = PersonPhoto.objects.shoppers().filter(pk=OuterRef("person_photo_id"))
        return self.closed().filter(Q(drawn) | Q(Exists(photos.there())), deleted_at=None)

    def _named(self) -> Self:
        newest = TryOnSubmission.objects.filter(job_id=OuterRef("pk")).order_by("-number")
        named = Subquery(newest.values("event_id")[:1])
        return self.alias(_event=named).filter(_event__isnull=False)

    # By whose they are.

    def owned_by(self, *owners: str) -> Self:
        """Jobs of these owner keys that were not deleted; the shop's own are nobody's."""
        return self.filter(owner__in=set(owners) - {SHOP}, deleted_at=None)

    def error_codes(self) -> list[str]:
        """Return every error code that a job has now, each once, without reading every job."""
        connection = connections[self.db]
        # There the index has no others: see ``IndexAtRest``.
        rest = "queue IS NULL AND" if connection.vendor == "postgresql" else ""
        with connection.cursor() as cursor:
            cursor.execute(_CODES.format(table=self.model._meta.db_table, rest=rest))
            return [code for (code,) in cursor.fetchall()]

    # Changes that are no transitions.

    def run_now(self) -> int:
        """Let those that wait to be sent wait no longer. Returns how many there are."""
        return self.filter(status=Status.PENDING).update(next_step_at=DatabaseNow(), errors=0)

    def hide_all(self) -> int:
        """Keep these for the ledger only, as ``TryOnJob.hide`` does. Returns how many were seen."""
        return self.filter(deleted_at=None).update(deleted_at=DatabaseNow())

    def by_reference(self, reference: str) -> Self:
        """Jobs that a caller gave this reference; several may have the same one."""
        return self.filter(reference=reference)

    def anonymise(self) -> int:
        """Forget whose these hidden ones were, what a caller says of them, and their URLs."""
        return self.filter(deleted_at__isnull=False).update(
            owner=ERASED, user=None, request_key=None, media_urls=[], reference=None, metadata={}
        )

    # Transitions in bulk. They take keys, at most some hundreds, and return how many changed; a job
    # whose status does not allow it is left alone. Each is one transaction of a few statements,
    # whatever the number of jobs.

    def cancel_all(self, keys: Keys, *, note: str) -> int:
        """Stop these from outside, as ``TryOnJob.cancel`` does."""
        return len(self._transition_all(CANCEL, keys, note=note))

    def retry_all(self, turns: Mapping[uuid.UUID, int], *, note: str) -> int:
        """Send these failed ones once more, each at its turn, as ``TryOnJob.retry`` does."""
        places = [When(pk=key, then=Value(turn)) for key, turn in turns.items()]
        turn = Case(*places, default=F("turn"), output_field=BigIntegerField())
        # A job keeps its batch for good, so this is read before: a transaction that does not write
        # first fails on SQLite when a poller writes meanwhile.
        rows = self._rows(turns).filter(batch__isnull=False)
        batches = sorted(set(rows.values_list("batch_id", flat=True)))
        with self.atomic():
            for batch in batches:
                TryOnBatch.lock(batch)
            return len(self._transition_all(RETRY, turns, note=note, turn=turn))

    def poll_all_again(self, keys: Keys, *, note: str) -> int:
        """Poll Glam for these now, as ``TryOnJob.poll_again`` does."""
        return len(self._transition_all(POLL_AGAIN, keys, note=note))

    def refetch_all(self, keys: Keys, *, note: str) -> int:
        """Fetch the pictures of these again, as ``TryOnJob.refetch`` does."""
        return len(self._transition_all(REFETCH, keys, note=note))

    def _rows(self, keys: Keys) -> Self:
        return self.writer().filter(pk__in=list(keys))

    def _transition_all(
        self, transition: Transition, keys: Keys, *, note: str, **fields: Any
    ) -> list[uuid.UUID]:
        """Change those that allow it, with a line in the history of each. Returns their keys.

        The first statement writes, so that SQLite takes its lock at once; its token says which jobs
        it changed, and whoever worked on one of them owns it no longer.
        """
        rows, token = self._rows(keys), uuid.uuid4().hex
        columns = {**transition.columns(**fields), "lease_token": token}
        uncounted = self._uncounted(rows) if transition.event else []
        with self.atomic():
            if not rows.eligible(transition).update(**columns):
                return []
            leased = rows.filter(lease_token=token)
            changed = list(leased.values_list("pk", flat=True))
            leased.update(lease_token="")
            TryOnTransition.objects.writer().bulk_create(
                TryOnTransition(job_id=key, status=transition.to, note=note[:200], at=DatabaseNow())
                for key in changed
            )
            if transition.revokes_link:
                TryOnSubmission.objects.writer().filter(job_id__in=changed).revoke()
            if transition.event:
                AnalyticsEvent.objects.writer().bulk_create(
                    AnalyticsEvent.of_job(transition.event, *facts)
                    for key, *facts in uncounted
                    if key in set(changed)
                )
        logger.info("jobs=%d to=%s note=%s", len(changed), transition.to, note)
        return changed

    @staticmethod
    def _uncounted(rows: TryOnJobQuerySet[Any]) -> list[tuple[Any, ...]]:
        """The keys, owners and products of those whose end was not counted before.

        Read before the transaction, which must write first. An owner, and so a product, stays.
        """
        uncounted = rows.filter(finished_at=None)
        return list(uncounted.values_list("pk", "owner", "content_type_id", "product_key"))
