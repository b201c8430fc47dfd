"""The roll-up: adds events to the counts of their days."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import timedelta

from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError, InterfaceError, models, transaction
from django.http import HttpRequest

from glam_tryon.analytics.holdout import note_basket
from glam_tryon.analytics.wait_histogram import bin_of
from glam_tryon.limits.period import shop_day
from glam_tryon.models import AnalyticsEvent, DailyCount, TryOnJob
from glam_tryon.models.clock import DatabaseNow
from glam_tryon.models.statistics import OF_ALL_PRODUCTS, Counted, Event
from glam_tryon.models.status import Status
from glam_tryon.privacy.ownership import owners

logger = logging.getLogger("glam_tryon.analytics")

#: Counts are kept for 25 months, so that a month can be held against the same one a year ago.
KEPT_DAYS = 761
#: Who put it into the basket had tried it on.
TRIED = "tried"
#: Events that one transaction adds.
BATCH = 1000


def roll_up() -> int:
    """Add the events to the counts of their days, and let go of those that are too old.

    Returns how many events were added. Any number may run at once, and it may be killed anywhere:
    an event is deleted in the transaction that adds it, and only one of them can delete it.
    """
    added = 0
    while batch := list(AnalyticsEvent.objects.writer().order_by("pk")[:BATCH]):
        if not _add_batch(batch):
            break
        added += len(batch)
    counts = DailyCount.objects.writer()
    counts.before(shop_day() - timedelta(days=KEPT_DAYS)).delete()
    return added


def _add_batch(batch: list[AnalyticsEvent]) -> bool:
    with AnalyticsEvent.objects.atomic():
        # Events never change, so what is deleted here is what was read. Writing first, SQLite takes
        # its write lock at once.
        mine = AnalyticsEvent.objects.writer().filter(pk__in=[event.pk for event in batch])
        deleted, _by_model = mine.delete()
        if deleted == len(batch):
            DailyCount.objects.writer().add(sums_of(batch))
            return True
        transaction.set_rollback(True, AnalyticsEvent.objects.write_alias())
    return False


def sums_of(events: list[AnalyticsEvent]) -> Counter[Counted]:
    """Return what the events add to which counts: to all products, and to the product they name."""
    sums: Counter[Counted] = Counter()
    for event in events:
        day, detail = shop_day(event.at), event.detail
        if event.event == Event.READY and event.wait_seconds is not None:
            detail = f"{detail}:{bin_of(event.wait_seconds)}"
        sums[Counted("", 0, event.event, day, detail)] += event.count
        if event.product_type and event.event not in OF_ALL_PRODUCTS:
            product = (event.product_key, event.product_type)
            sums[Counted(*product, event.event, day, detail)] += event.count
            if event.event == Event.REQUESTED:
                sums[Counted(*product, Event.MONTH, day.replace(day=1), "")] += event.count
    return sums


def count_basket(request: HttpRequest, product: models.Model) -> None:
    """Count that a product was put into the basket. Call it in the shop's own view for that.

    One line for all shoppers: those who tried the product on before are told apart, and with
    ``HOLDOUT_SHARE`` both groups need it. What cannot be counted is logged, never raised.
    """
    using = AnalyticsEvent.objects.write_alias()
    try:
        # Within the shop's own transaction a failure must not spoil that.
        with AnalyticsEvent.objects.atomic():
            kind = ContentType.objects.db_manager(using).get_for_model(product)
            key = str(product.pk)
            AnalyticsEvent(
                event=Event.ADDED_TO_BASKET,
                detail=TRIED if _tried(request, kind, key) else "",
                product_type=kind.pk,
                product_key=key,
                at=DatabaseNow(),
            ).save(using=using)
            note_basket(request)
    except (DatabaseError, InterfaceError) as error:
        logger.warning("a basket could not be counted: %s", error)


def _tried(request: HttpRequest, kind: ContentType, key: str) -> bool:
    mine = TryOnJob.objects.owned_by(*owners(request))
    return mine.filter(content_type=kind, product_key=key, status=Status.READY).exists()


def count_feedback(job: TryOnJob, before: str, now: str) -> None:
    """Count a verdict, and take back the one that the same shopper gave before."""
    said = {"event": Event.FEEDBACK, "product_type": job.content_type_id or 0}
    said |= {"product_key": job.product_key, "at": DatabaseNow()}
    events = [AnalyticsEvent(**said, detail=now)]
    if before:
        events.append(AnalyticsEvent(**said, detail=before, count=-1))
    AnalyticsEvent.objects.writer().bulk_create(events)
