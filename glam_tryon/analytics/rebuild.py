"""Rebuild of the daily counts from the jobs that are there, after a loss."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from django.utils import timezone

from glam_tryon.analytics.rollup import BATCH, sums_of
from glam_tryon.limits.period import begins_at, shop_day
from glam_tryon.models import AnalyticsEvent, DailyCount, TryOnJob, TryOnSubmission, TryOnTransition
from glam_tryon.models.statistics import MONEY_PARTS, Counted, Event
from glam_tryon.models.status import CLOSED, Status

#: What a job and its ledger know; buttons, baskets and verdicts stay as they were counted.
EVENTS = (
    Event.REQUESTED,
    Event.MONTH,
    Event.READY,
    Event.FAILED,
    Event.CANCELED,
    Event.BOUGHT,
    Event.MONEY,
)


def rebuild_counts() -> int:
    """Replace the counts of the days before today. Returns how many jobs were counted.

    Whatever happened before today has been written and added up by now, so nothing is counted
    twice; run it an hour after midnight or later. Jobs that were deleted count no more.
    """
    midnight = begins_at("day", timezone.now())
    sums: Counter[Counted] = Counter()
    events = _events(midnight)
    while batch := list(islice(events, BATCH)):
        sums.update(sums_of(batch))
    rows = DailyCount.objects.writer()
    today = shop_day()
    with DailyCount.objects.atomic():
        rows.filter(event__in=EVENTS, day__lt=today).delete()
        # What today added to this month's sums of a product is not counted here: it stays.
        kept = _of_today()
        rows.filter(event=Event.MONTH, day=today.replace(day=1)).delete()
        rows.add(sums)
        rows.add(kept)
    return sum(
        count
        for counted, count in sums.items()
        if counted.event == Event.REQUESTED and not counted.product_type
    )


def _of_today() -> Counter[Counted]:
    today = shop_day()
    rows = DailyCount.objects.writer().filter(event=Event.REQUESTED, day=today)
    kept: Counter[Counted] = Counter()
    for row in rows.exclude(product_type=0):
        month = today.replace(day=1)
        kept[Counted(row.product_key, row.product_type, Event.MONTH, month, "")] += row.count
    return kept


def _events(until: datetime) -> Iterator[AnalyticsEvent]:
    jobs = TryOnJob.objects.writer().filter(created_at__lt=until)
    for job in jobs.iterator(chunk_size=BATCH):
        yield _at(job.event(Event.REQUESTED), job.created_at)
    ends = TryOnTransition.objects.writer().filter(status__in=CLOSED, at__lt=until)
    for end in ends.select_related("job").iterator(chunk_size=BATCH):
        failed, ready = end.status == Status.FAILED, end.status == Status.READY
        event = end.job.event(end.status, end.note if failed else "")
        event.began_at = end.job.created_at if ready else None
        yield _at(event, end.at)
    taken = TryOnSubmission.objects.writer().filter(accepted_at__lt=until, refunded_at=None)
    for line in taken.iterator(chunk_size=BATCH):
        moment = line.accepted_at or until
        yield _at(AnalyticsEvent(event=Event.BOUGHT), moment)
        if line.price:
            count = round(line.price * MONEY_PARTS)
            yield _at(AnalyticsEvent(event=Event.MONEY, detail=line.currency, count=count), moment)


def _at(event: AnalyticsEvent, moment: datetime) -> AnalyticsEvent:
    event.at = moment
    return event
