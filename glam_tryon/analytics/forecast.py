"""Forecast of a month's cost, from its days so far and the mean of the last whole days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

#: A week, so that each weekday counts once.
LOOK_BACK_DAYS = 7


def month_end(day: date) -> date:
    """Return the last day of the month that ``day`` is in."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def forecast(daily: Mapping[date, Decimal], today: date) -> Decimal | None:
    """Return the month's sum at its end: so far, and the mean of the last whole days for the rest.

    ``daily`` are the sums of the month's days and of the days before that count. A shop that is
    younger than a week is measured by the days that it has. None while it has no whole day.
    Today counts as what it came to or as the mean, whichever is more.
    """
    if not any(day < today for day in daily):
        return None
    first = max(min(daily), today - timedelta(days=LOOK_BACK_DAYS))
    days = (today - first).days
    if days <= 0:
        return None
    nothing = Decimal(0)
    whole = sum((each for day, each in daily.items() if first <= day < today), nothing)
    mean = whole / days
    month = today.replace(day=1)
    before = sum((each for day, each in daily.items() if month <= day < today), nothing)
    left = (month_end(today) - today).days
    return before + max(daily.get(today, nothing), mean) + mean * left
