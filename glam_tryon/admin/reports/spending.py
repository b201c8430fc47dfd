"""Spending of this month: so far, against the budget, and the forecast for its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from glam_tryon.admin.reports.charts import COLUMN, Chart, Series, drawn, marks, nice_top, number
from glam_tryon.admin.reports.stats import Stats
from glam_tryon.admin.reports.tables import (
    Section,
    Table,
    count_column,
    count_text,
    day_column,
    day_text,
    money_column,
)
from glam_tryon.analytics.forecast import forecast, month_end
from glam_tryon.conf import conf
from glam_tryon.limits.budget import Budget


def spending(stats: Stats, budget: Budget) -> Section:
    """In money where a price is set, otherwise in generations."""
    today, currency = stats.params.today, conf.PRICE.currency
    in_money = conf.PRICE.per_credit is not None
    generations, money = stats.generations(), stats.money(currency)
    daily: Mapping[date, Decimal] = money if in_money else generations
    limit = budget.money if in_money else budget.generations
    unit = money_column(_("Spent"), currency) if in_money else count_column(_("Generations"))
    end, month = month_end(today), today.replace(day=1)
    days = [month + timedelta(days=number) for number in range((end - month).days + 1)]
    sums, rows, so_far = [], [], Decimal(0)
    for day in days:
        if day <= today:
            so_far += daily.get(day, Decimal(0))
            rows.append(_row(day, generations, money if in_money else None, so_far))
        sums.append(float(so_far) if day <= today else None)
    expected = forecast(daily, today)
    series = [Series("is-spent", _("spent"), sums)]
    if expected is not None and today < end:
        series.append(
            Series("is-expected", _("forecast"), _straight(days, today, so_far, expected))
        )
    if limit is not None:
        series.append(Series("is-budget", _("budget"), [float(limit)] * len(days)))
    highest = max(float(so_far), float(expected or 0), float(limit or 0))
    top = nice_top(highest)
    text = _text(unit.shown if in_money else _generations, so_far, limit, expected, end)
    chart = Chart(
        number(len(days) * COLUMN),
        text,
        unit.shown(Decimal(str(top))),
        marks([day_text(day) for day in days]),
        [(each.css_class, each.name) for each in series],
        lines=[drawn(each, top) for each in reversed(series)],
    )
    columns = [day_column(_("Day")), count_column(_("Generations"))]
    if in_money:
        columns.append(money_column(_("Spent (%(currency)s)") % {"currency": currency}, currency))
    columns.append(
        money_column(_("This month (%(currency)s)") % {"currency": currency}, currency)
        if in_money
        else count_column(_("This month"))
    )
    return Section(_("This month's budget"), text, Table("spending", columns, rows), chart)


def _row(
    day: date,
    generations: Mapping[date, Decimal],
    money: Mapping[date, Decimal] | None,
    so_far: Decimal,
) -> list[object]:
    spent = [] if money is None else [money.get(day, Decimal(0))]
    return [day, generations.get(day, Decimal(0)), *spent, so_far]


def _straight(
    days: list[date], today: date, so_far: Decimal, expected: Decimal
) -> list[float | None]:
    """Return a straight way from what is spent today to what is expected on the last day."""
    left = (days[-1] - today).days
    step = float(expected - so_far) / left
    return [None if day < today else float(so_far) + step * (day - today).days for day in days]


def _generations(count: Decimal | int) -> str:
    return _("%(count)s generations") % {"count": count_text(count)}


def _text(
    shown: Callable[[Any], str],
    so_far: Decimal,
    limit: Decimal | int | None,
    expected: Decimal | None,
    end: date,
) -> str:
    spent = shown(so_far)
    said = [_("This month so far: %(spent)s.") % {"spent": spent}]
    if limit is not None:
        said = [
            _("This month so far: %(spent)s of %(budget)s.")
            % {"spent": spent, "budget": shown(limit)}
        ]
    if expected is not None:
        said.append(
            _("As in the last week it comes to %(expected)s by %(day)s.")
            % {"expected": shown(expected), "day": day_text(end)}
        )
        if limit is not None and expected > limit > so_far:
            said.append(_("The budget ends before the month does."))
    return " ".join(said)
