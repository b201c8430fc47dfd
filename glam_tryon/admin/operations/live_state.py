"""The state of this moment: slots, the queue, and what waits for a person; one statement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    DateTimeField,
    ExpressionWrapper,
    F,
    Func,
    IntegerField,
    QuerySet,
    Subquery,
)
from django.utils import timezone

from glam_tryon.conf import conf
from glam_tryon.models import Account, TryOnJob, TryOnSubmission
from glam_tryon.models.status import Queue


@dataclass(frozen=True, slots=True)
class LiveState:
    """The connection to Glam, the slots held, and the jobs that wait for a slot or for a person."""

    state: Account
    slots: int
    waiting: int
    oldest_at: datetime | None
    unconfirmed: int

    @property
    def limit(self) -> int:
        """Number of submissions that may be open at once, as the provider takes it now."""
        most = conf.MAX_PARALLEL
        return min(self.state.effective_cap or most, most)

    @property
    def queue_age(self) -> timedelta:
        """Age of the oldest job that waits for a slot."""
        if self.oldest_at is None:
            return timedelta(0)
        return max(timezone.now() - self.oldest_at, timedelta(0))


def read_live_state() -> LiveState:
    """Read the live state; a shop in which nothing ever happened has a state all the same."""
    jobs = TryOnJob.objects.writer()
    pending = jobs.filter(queue__in=(Queue.SHOPPER, Queue.CATALOGUE))
    # Apart, for each has an index of its own.
    settling = jobs.filter(queue=Queue.UNDER_WAY).waiting_for_person()
    resting = jobs.filter(queue=None).waiting_for_person()
    held = TryOnSubmission.objects.writer().holding_slots()
    state = (
        Account.rows()
        .annotate(
            slots=_total(held, "COUNT", "pk"),
            waiting=_total(pending, "COUNT", "pk"),
            oldest_at=_total(pending, "MIN", "created_at", DateTimeField()),
            settling=_total(settling, "COUNT", "pk"),
            resting=_total(resting, "COUNT", "pk"),
        )
        .first()
    )
    if state is None:
        return LiveState(Account(), 0, 0, None, 0)
    found: Any = state
    return LiveState(
        state, found.slots, found.waiting, found.oldest_at, found.settling + found.resting
    )


def _total(rows: QuerySet[Any], function: str, name: str, kind: Any = None) -> Subquery:
    """Return one total of all ``rows``. As a plain function, for an aggregate would group them."""
    kind = kind or IntegerField()
    total = ExpressionWrapper(Func(F(name), function=function), output_field=kind)
    return Subquery(rows.order_by().values(total=total), output_field=kind)
