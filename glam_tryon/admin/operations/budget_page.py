"""What the shop may spend, what it spent, and the form by which staff change that."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django import forms
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from glam_tryon.limits.budget import Budget, Spent, budgets, money_words, spent
from glam_tryon.limits.period import Period
from glam_tryon.models import ShopSwitch


class BudgetForm(forms.ModelForm):
    """A field that is left empty means what the settings say."""

    class Meta:
        model = ShopSwitch
        fields = ("day_generations", "day_money", "month_generations", "month_money")


def budget_rows(switch: ShopSwitch) -> Sequence[tuple[str, str, str, str]]:
    """Return each period with what was spent, what may be, and how many generations are left."""
    limits = budgets(switch)
    names: list[tuple[Period, str]] = [("day", _("Today")), ("month", _("This month"))]
    return [_row(name, spent(period), limits[period]) for period, name in names]


def _row(name: str, gone: Spent, budget: Budget) -> tuple[str, str, str, str]:
    room = budget.room(gone)
    return (
        name,
        _amounts(gone.generations, gone.money or None),
        _amounts(budget.generations, budget.money) or _("no limit"),
        _("any number") if room is None else number_format(room, force_grouping=True),
    )


def _amounts(generations: int | None, money: Decimal | None) -> str:
    parts = []
    if generations is not None:
        count = number_format(generations, force_grouping=True)
        parts.append(_("%(count)s generations") % {"count": count})
    if money is not None:
        parts.append(money_words(money))
    return ", ".join(parts)
