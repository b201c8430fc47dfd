"""The dashboard's parameters and its numbers, read from the daily counts with one statement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import urlencode

from django.db.models import Case, DateField, F, Sum, When
from django.db.models.functions import Cast, TruncWeek
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from glam_tryon.analytics.confidence_intervals import Rate
from glam_tryon.analytics.forecast import LOOK_BACK_DAYS
from glam_tryon.analytics.holdout import SEES, WITHOUT
from glam_tryon.analytics.rollup import TRIED
from glam_tryon.limits.period import shop_day
from glam_tryon.models import DailyCount
from glam_tryon.models.statistics import MONEY_PARTS, OF_SHOPPERS, Event

RANGES = (7, 30, 90, 365)
DEFAULT_DAYS = 30
#: Longer ranges are drawn by week.
MOST_DAYS_BY_DAY = 90
_MOST_KEY = 255


@dataclass(frozen=True, slots=True)
class Params:
    """A range that ends today, and the product's type and key; type 0: all products."""

    days: int
    today: date
    product_type: int = 0
    product_key: str = ""

    @classmethod
    def of(cls, asked: QueryDict) -> Params:
        """Read ``?days=30&product=12:7``; what makes no sense is as if it were not there."""
        days = asked.get("days", "")
        kind, _colon, key = asked.get("product", "").partition(":")
        known = kind.isascii() and kind.isdecimal() and len(kind) < 10 and "\0" not in key
        return cls(
            int(days) if days in map(str, RANGES) else DEFAULT_DAYS,
            shop_day(),
            *((int(kind), key) if known and 0 < len(key) <= _MOST_KEY else (0, "")),
        )

    @property
    def by_week(self) -> bool:
        return self.days > MOST_DAYS_BY_DAY

    @property
    def first(self) -> date:
        """The first day; where weeks are drawn, the Monday of its week."""
        first = self.today - timedelta(days=self.days - 1)
        return first - timedelta(days=first.weekday()) if self.by_week else first

    @property
    def periods(self) -> list[date]:
        """The first days of what is drawn side by side."""
        step = 7 if self.by_week else 1
        count = (self.today - self.first).days // step + 1
        return [self.first + timedelta(days=step * number) for number in range(count)]

    @property
    def product(self) -> str:
        return f"{self.product_type}:{self.product_key}" if self.product_type else ""

    def query(self, *, days: int | None = None, product: str | None = None) -> str:
        """Return the query of an address that asks for this, or for another range or product."""
        chosen = self.product if product is None else product
        wanted = {"days": days or self.days, **({"product": chosen} if chosen else {})}
        return urlencode(wanted)


def range_text(days: int) -> str:
    """Return the name of a range."""
    if days == 365:
        return _("12 months")
    return ngettext("%(days)d day", "%(days)d days", days) % {"days": days}


#: Their days count, also where everything else is drawn by week.
_SPENT = (Event.BOUGHT, Event.MONEY)
ENDS = (Event.READY, Event.FAILED, Event.CANCELED)


@dataclass(frozen=True, slots=True)
class Stats:
    """Counts by period, event and detail; what was spent by day, from before the range as well."""

    params: Params
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


def read_stats(params: Params) -> Stats:
    """Read all that the page shows of counts."""
    month = params.today.replace(day=1)
    spent_from = min(month, params.today - timedelta(days=LOOK_BACK_DAYS), params.first)
    rows = DailyCount.objects.writer()
    mine = rows.of_product(params.product_type, params.product_key)
    wanted = mine.filter(event__in=set(Event) - {Event.MONTH, *_SPENT})
    found = wanted.between(params.first, params.today) | mine.filter(event__in=_SPENT).between(
        spent_from, params.today
    )
    # Cast, for PostgreSQL makes an instant of a week's beginning.
    week = Cast(TruncWeek("day"), DateField())
    period = Case(When(event__in=_SPENT, then=F("day")), default=week)
    sums = (
        found.annotate(period=period if params.by_week else F("day"))
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
    return Stats(params, counts, spent, total)
