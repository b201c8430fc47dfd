"""The dashboard's numbers, read from the daily counts with one statement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from django.db import router
from django.db.models import Case, DateField, F, Sum, When
from django.db.models.functions import Cast, TruncWeek

from glam_tryon.admin.reports.params import Choice
from glam_tryon.analytics.confidence_intervals import Rate
from glam_tryon.analytics.forecast import LOOK_BACK_DAYS
from glam_tryon.analytics.holdout import SEES, WITHOUT
from glam_tryon.analytics.rollup import TRIED
from glam_tryon.models import DailyCount
from glam_tryon.models.statistics import MONEY_PARTS, OF_SHOPPERS, Event

#: Their days count, also where everything else is drawn by week.
_SPENT = (Event.BOUGHT, Event.MONEY)
ENDS = (Event.READY, Event.FAILED, Event.CANCELED)


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts by period, event and detail; what was spent by day, from before the range as well."""

    choice: Choice
    counts: Mapping[date, Mapping[tuple[str, str], int]]
    spent: Mapping[tuple[str, str], Mapping[date, int]]
    total: Mapping[tuple[str, str], int] = field(default_factory=Counter)

    def of(self, event: str, period: date | None = None) -> int:
        """Return how often it happened, in one period or in all."""
        counts = self.total if period is None else self.counts.get(period, {})
        return sum(count for (each, _detail), count in counts.items() if each == event)

    def by_detail(self, event: str) -> Counter[str]:
        """Return how often it happened with each detail."""
        return Counter(
            {detail: count for (each, detail), count in self.total.items() if each == event}
        )

    def of_shoppers(self, event: str) -> int:
        """Return how often it happened to what shoppers asked for; the rest is the shop's own."""
        return sum(
            count
            for detail, count in self.by_detail(event).items()
            if detail.partition(":")[0] == OF_SHOPPERS
        )

    def waits(self, period: date | None = None) -> Counter[int]:
        """Return how many shoppers waited for how long, by bin."""
        counts = self.total if period is None else self.counts.get(period, {})
        bins: Counter[int] = Counter()
        for (event, detail), count in counts.items():
            whose, _colon, number = detail.partition(":")
            if event == Event.READY and whose == OF_SHOPPERS and number.isdecimal():
                bins[int(number)] += count
        return bins

    @property
    def success(self) -> Rate:
        """Ready ones among those that came to an end by themselves."""
        ready = self.of(Event.READY)
        return Rate(ready, ready + self.of(Event.FAILED))

    @property
    def baskets_of_tried(self) -> int:
        return self.total.get((Event.ADDED_TO_BASKET, TRIED), 0)

    def group(self, name: str) -> Rate:
        """Return the visitors of a group, and how many of them put something into the basket."""
        visitors = self.total.get((Event.VISITOR, name), 0)
        buyers = self.total.get((Event.BUYER, name), 0)
        # A basket is written at once, its visitor within a minute.
        return Rate(min(buyers, visitors), visitors)

    @property
    def groups(self) -> tuple[Rate, Rate]:
        return self.group(SEES), self.group(WITHOUT)

    def generations(self) -> dict[date, Decimal]:
        """Return the generations bought on each day."""
        return {day: Decimal(n) for day, n in self.spent.get((Event.BOUGHT, ""), {}).items()}

    def money(self, currency: str) -> dict[date, Decimal]:
        """Return what was spent on each day in one currency."""
        parts = self.spent.get((Event.MONEY, currency), {})
        return {day: Decimal(each) / MONEY_PARTS for day, each in parts.items()}


def read(choice: Choice) -> Figures:
    """Read all that the page shows of counts."""
    month = choice.today.replace(day=1)
    spent_from = min(month, choice.today - timedelta(days=LOOK_BACK_DAYS), choice.first)
    rows = DailyCount.objects.using(router.db_for_write(DailyCount))
    mine = rows.of_product(choice.product_type, choice.product_key)
    wanted = mine.filter(event__in=set(Event) - {Event.MONTH, *_SPENT})
    found = wanted.between(choice.first, choice.today) | mine.filter(event__in=_SPENT).between(
        spent_from, choice.today
    )
    # Cast, for PostgreSQL makes an instant of a week's beginning.
    week = Cast(TruncWeek("day"), DateField())
    period = Case(When(event__in=_SPENT, then=F("day")), default=week)
    sums = (
        found.annotate(period=period if choice.by_week else F("day"))
        .values_list("period", "event", "detail")
        .annotate(sum=Sum("count"))
        .order_by()
    )
    counts: dict[date, Counter[tuple[str, str]]] = {}
    spent: dict[tuple[str, str], dict[date, int]] = {}
    total: Counter[tuple[str, str]] = Counter()
    for period, event, detail, count in sums:
        if event in _SPENT:
            spent.setdefault((event, detail), {})[period] = count
        else:
            counts.setdefault(period, Counter())[event, detail] += count
            total[event, detail] += count
    return Figures(choice, counts, spent, total)
