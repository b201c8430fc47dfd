"""The shop's days and months as instants: they follow ``TIME_ZONE``, also where clocks change."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Literal

from django.utils import timezone

Period = Literal["day", "month"]


def shop_day(now: datetime | None = None) -> date:
    """Return the shop's day that ``now`` is in."""
    return timezone.localtime(now, timezone.get_default_timezone()).date()


def begins_at(period: Period, now: datetime) -> datetime:
    """Return when the period that ``now`` is in began."""
    today = shop_day(now)
    return _midnight(today if period == "day" else today.replace(day=1))


def ends_at(period: Period, now: datetime) -> datetime:
    """Return when the period that ``now`` is in ends, which is when the next one begins."""
    today = shop_day(now)
    if period == "day":
        return _midnight(today + timedelta(days=1))
    return _midnight((today.replace(day=1) + timedelta(days=32)).replace(day=1))


def month_of(year: int, month: int) -> tuple[datetime, datetime]:
    """Return when a month begins and ends."""
    first = date(year, month, 1)
    return _midnight(first), _midnight((first + timedelta(days=32)).replace(day=1))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=timezone.get_default_timezone())
