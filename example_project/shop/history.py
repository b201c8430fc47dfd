"""Numbers of the last months for the dashboard, as a shop of this size might have them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from example_project.shop.models import Product
from glam_tryon.analytics.holdout import SEES, WITHOUT
from glam_tryon.analytics.rollup import TRIED, sums_of
from glam_tryon.limits.period import shop_day
from glam_tryon.models import AnalyticsEvent, DailyCount
from glam_tryon.models.statistics import OF_SHOPPERS, Counted, Event

DAYS = 120
#: Of 100 try-ons, how they end; of 100 verdicts, what they say.
ENDS = {Event.READY: 93, Event.FAILED: 5, Event.CANCELED: 2}
REASONS = {"glam_failed": 7, "unchanged_result": 2, "expired": 1}
VERDICTS = {"up": 80, "face": 7, "garment": 6, "body": 4, "down": 3}
#: Visitors of a quiet day and the rate of their baskets, with buttons and without.
GROUPS = {SEES: (160, 0.075), WITHOUT: (40, 0.05)}
PRICE_PARTS = 800


def load_history() -> int:
    """Add the counts of the days before today; return how many. A shop that has some gets none."""
    if DailyCount.objects.exists():
        return 0
    chance = random.Random(8)
    kind = ContentType.objects.get_for_model(Product)
    products = [
        {"product_type": kind.pk, "product_key": str(key)}
        for key in Product.objects.values_list("pk", flat=True)
    ]
    counts: Counter[Counted] = Counter()
    for back in range(DAYS, 0, -1):
        day = shop_day() - timedelta(days=back)
        # More with time, and more at weekends.
        busy = (1.0 - back / DAYS * 0.6) * (1.5 if day.weekday() >= 5 else 1.0)
        counts += sums_of(list(_day(day, busy, products, chance)))
    DailyCount.objects.add(counts)
    return len(counts)


def _day(
    day: date, busy: float, products: list[dict[str, Any]], chance: random.Random
) -> Iterator[AnalyticsEvent]:
    noon = datetime.combine(day, time(12), timezone.get_default_timezone())
    for place, product in enumerate(products):
        shown = round(chance.uniform(60, 140) * busy / (1 + place * 0.25))
        opened = _some(shown, 0.14, chance)
        about: dict[str, Any] = {"at": noon, **product}
        yield AnalyticsEvent(event=Event.IMPRESSION, count=shown, **about)
        yield AnalyticsEvent(event=Event.OPENED, count=opened, **about)
        yield AnalyticsEvent(event=Event.ADDED_TO_BASKET, count=round(shown * 0.04), **about)
        for _ in range(_some(opened, 0.55, chance)):
            yield from _tryon(about, chance)
    for group, (visitors, rate) in GROUPS.items():
        came = round(visitors * busy)
        yield AnalyticsEvent(event=Event.VISITOR, detail=group, at=noon, count=came)
        yield AnalyticsEvent(
            event=Event.BUYER, detail=group, at=noon, count=_some(came, rate, chance)
        )


def _tryon(about: dict[str, Any], chance: random.Random) -> Iterator[AnalyticsEvent]:
    event, at = _one_of(ENDS, chance), about["at"]
    wait = timedelta(seconds=chance.lognormvariate(3.0, 0.5))
    why = f":{_one_of(REASONS, chance)}" if event == Event.FAILED else ""
    yield AnalyticsEvent(event=Event.REQUESTED, detail=OF_SHOPPERS, **about)
    yield AnalyticsEvent(event=Event.BOUGHT, at=at)
    yield AnalyticsEvent(event=Event.MONEY, detail="USD", count=PRICE_PARTS, at=at)
    yield AnalyticsEvent(event=event, detail=OF_SHOPPERS + why, began_at=at - wait, **about)
    if event == Event.READY and chance.random() < 0.22:
        yield AnalyticsEvent(event=Event.ADDED_TO_BASKET, detail=TRIED, **about)
    if event == Event.READY and chance.random() < 0.3:
        yield AnalyticsEvent(event=Event.FEEDBACK, detail=_one_of(VERDICTS, chance), **about)


def _some(most: int, share: float, chance: random.Random) -> int:
    return sum(chance.random() < share for _ in range(most))


def _one_of(shares: dict[Any, int], chance: random.Random) -> Any:
    return chance.choices(list(shares), list(shares.values()))[0]
