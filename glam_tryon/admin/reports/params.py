"""What the dashboard is asked for: a range of days, and one product or all of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from glam_tryon.limits.period import shop_day

RANGES = (7, 30, 90, 365)
DEFAULT_DAYS = 30
#: Longer ranges are drawn by week.
MOST_DAYS_BY_DAY = 90
_MOST_KEY = 255


@dataclass(frozen=True, slots=True)
class Choice:
    """A range that ends today, and the product's type and key; type 0: all products."""

    days: int
    today: date
    product_type: int = 0
    product_key: str = ""

    @classmethod
    def of(cls, asked: QueryDict) -> Choice:
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


def range_words(days: int) -> str:
    """Return the name of a range."""
    if days == 365:
        return _("12 months")
    return ngettext("%(days)d day", "%(days)d days", days) % {"days": days}
