"""The budget: what was spent in the shop's day and month, and what is left to spend."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, Sum

from glam_tryon.conf import conf
from glam_tryon.limits.period import Period, begins_at, ends_at
from glam_tryon.limits.pricing import price
from glam_tryon.models import Account, TryOnSubmission
from glam_tryon.models.clock import database_time

#: Codes of what is used up, as in ``messages``: the shop's day, and its month.
DAY_OVER, MONTH_OVER = "limit_shop", "budget"


@dataclass(frozen=True, slots=True)
class Spent:
    """Submissions that Glam took, or may have taken, in a period. ``money`` counts known prices."""

    generations: int
    credits: Decimal
    money: Decimal


@dataclass(frozen=True, slots=True)
class Budget:
    """Budget of a period; None: no limit."""

    generations: int | None
    money: Decimal | None

    def room(self, spent: Spent) -> int | None:
        """Return how many generations more it allows; None: any number."""
        rooms = []
        if self.generations is not None:
            rooms.append(self.generations - spent.generations)
        each = price()
        # Without a price there is nothing to hold against money.
        if self.money is not None and each:
            rooms.append(int((self.money - spent.money) // each))
        return max(0, min(rooms)) if rooms else None


@dataclass(frozen=True, slots=True)
class Left:
    """Submissions that the budget still allows (None: any number), or why none, until when.

    ``code`` is empty while something is left, otherwise ``limit_shop`` (the day's budget) or
    ``budget`` (the month's).
    """

    generations: int | None
    code: str = ""
    ends_at: datetime | None = None


def budgets(account: Account | None = None) -> dict[Period, Budget]:
    """Return the budget of each period: what staff set, otherwise what the settings say."""
    row = account or Account.read()
    given = conf.BUDGET

    def chosen(mine: int | None, settings: int | None) -> int | None:
        return settings if mine is None else mine

    def money(mine: Decimal | None, settings: Decimal | None) -> Decimal | None:
        return settings if mine is None else mine

    return {
        "day": Budget(
            chosen(row.day_generations, given.day),
            money(row.day_money, given.day_money),
        ),
        "month": Budget(
            chosen(row.month_generations, given.month),
            money(row.month_money, given.month_money),
        ),
    }


def spent(period: Period = "month", now: datetime | None = None) -> Spent:
    """Return what was spent in the current day or month of the shop."""
    return _spent(now or _now())[period]


def budget_left(
    now: datetime | None = None, *, account: Account | None = None, waiting: int = 0
) -> Left:
    """Return what the budget allows now. Within the lock of the slots the answer is exact.

    ``account`` saves a query to who has the row already; ``waiting`` are generations that others
    will have bought before.
    """
    limits = budgets(account)
    if all(each == Budget(None, None) for each in limits.values()):
        return Left(None)
    moment = now or _now()
    in_money = price() is not None and any(each.money is not None for each in limits.values())
    sums = _spent(moment, with_credits=False, with_money=in_money)
    rooms = {period: limits[period].room(sums[period]) for period in limits}
    # The month's end is later, so it is what a shopper has to know.
    used_up: list[tuple[Period, str]] = [("month", MONTH_OVER), ("day", DAY_OVER)]
    for period, code in used_up:
        if (room := rooms[period]) is not None and room <= waiting:
            return Left(0, code, ends_at(period, moment))
    least = min((room for room in rooms.values() if room is not None), default=None)
    return Left(None if least is None else least - waiting)


def _now() -> datetime:
    return database_time(TryOnSubmission.objects.write_alias())


def _spent(
    now: datetime, *, with_credits: bool = True, with_money: bool = True
) -> dict[Period, Spent]:
    """Read both periods with one statement; what is not asked for is nothing."""
    rows = TryOnSubmission.objects.writer()
    today = Q(started_at__gte=begins_at("day", now))
    ours = Q(currency=conf.PRICE.currency)
    sums: dict[str, Any] = {"day": Count("started_at", filter=today), "month": Count("started_at")}
    if with_credits:
        sums |= {"day_credits": Sum("credits", filter=today), "month_credits": Sum("credits")}
    if with_money:
        sums["day_money"] = Sum("price", filter=today & ours)
        sums["month_money"] = Sum("price", filter=ours)
    found = rows.counted().since(begins_at("month", now)).aggregate(**sums)
    nothing = Decimal(0)
    return {
        period: Spent(
            found[period],
            found.get(f"{period}_credits") or nothing,
            found.get(f"{period}_money") or nothing,
        )
        for period in ("day", "month")
    }
