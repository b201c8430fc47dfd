"""Costs and the budget: what a try-on costs, what was spent, what is left and until when."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone, translation

from glam_tryon.limits import availability as switch
from glam_tryon.limits import budget, pricing
from glam_tryon.limits.period import begins_at, ends_at, month_of
from glam_tryon.models import Account, TryOnSubmission

pytestmark = [pytest.mark.database, pytest.mark.django_db]

NOON = datetime(2026, 11, 15, 12, tzinfo=UTC)
Configure = Callable[..., None]


@pytest.fixture
def configure(settings: Any) -> Configure:
    def configure(**values: Any) -> None:
        settings.GLAM_TRYON = {**settings.GLAM_TRYON, **values}

    return configure


def bought(started_at: datetime = NOON, outcome: str = "accepted", **facts: Any) -> TryOnSubmission:
    """One line of the ledger, with the price of now."""
    given = {
        "credits": pricing.credits_of(1),
        "price": pricing.price(1),
        "currency": "USD",
        **facts,
    }
    return TryOnSubmission.objects.create(
        job_key=uuid.uuid4(), number=1, outcome=outcome, started_at=started_at, **given
    )


# Prices.


def test_a_try_on_costs_its_credits_times_the_price_of_one(configure: Configure) -> None:
    configure(PRICE={"per_credit": "0.08", "credits_per_tryon": 2.5})
    assert pricing.credits_of(3) == Decimal("7.5")
    assert pricing.price(3) == Decimal("0.6")
    assert pricing.price() == Decimal("0.2")


def test_a_price_that_nobody_named_is_unknown_and_not_nothing() -> None:
    assert pricing.price(5) is None
    assert pricing.money_text(pricing.price(5)) == ""


@pytest.mark.parametrize(
    ("language", "words"), [("en", "1,234.50\xa0EUR"), ("de", "1.234,50\xa0EUR")]
)
def test_an_amount_is_written_as_the_language_does(
    configure: Configure, language: str, words: str
) -> None:
    configure(PRICE={"currency": "EUR"})
    with translation.override(language):
        assert pricing.money_text(Decimal("1234.5")) == words


def test_less_than_a_cent_is_written_out() -> None:
    assert pricing.money_text(Decimal("0.064"), "EUR") == "0.0640\xa0EUR"


# Days and months.


def test_days_and_months_are_those_of_the_shop_also_when_the_clocks_change(settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    timezone.get_default_timezone.cache_clear()
    try:
        late = datetime(2026, 10, 25, 22, 30, tzinfo=UTC)
        assert begins_at("day", late) == datetime(2026, 10, 24, 22, tzinfo=UTC)
        assert ends_at("day", late) == datetime(2026, 10, 25, 23, tzinfo=UTC)
        assert begins_at("month", late) == datetime(2026, 9, 30, 22, tzinfo=UTC)
        assert ends_at("month", late) == datetime(2026, 10, 31, 23, tzinfo=UTC)
    finally:
        timezone.get_default_timezone.cache_clear()


@pytest.mark.parametrize(("year", "month", "days"), [(2026, 12, 31), (2028, 2, 29), (2026, 1, 31)])
def test_a_month_ends_when_the_next_begins(year: int, month: int, days: int) -> None:
    begin, end = month_of(year, month)
    assert (begin.year, begin.month, begin.day) == (year, month, 1)
    assert end - begin == timedelta(days=days)
    assert ends_at("month", end - timedelta(seconds=1)) == end


# What was spent.


def test_what_glam_took_or_may_have_taken_is_spent(configure: Configure) -> None:
    configure(PRICE={"per_credit": "0.10", "credits_per_tryon": 2.0})
    for outcome in ("intended", "accepted", "ambiguous", "revoked"):
        bought(outcome=outcome)
    for outcome in ("refused", "not_sent"):
        bought(outcome=outcome, credits=0, price=0)
    expected = budget.Spent(4, Decimal(8), Decimal("0.8"))
    assert budget.spent("day", NOON) == budget.spent("month", NOON) == expected


def test_yesterday_counts_in_the_month_and_last_month_not_at_all() -> None:
    bought(NOON - timedelta(days=1))
    bought(NOON - timedelta(days=40))
    assert budget.spent("day", NOON).generations == 0
    assert budget.spent("month", NOON).generations == 1


def test_what_was_bought_keeps_the_price_of_its_time(configure: Configure) -> None:
    configure(PRICE={"per_credit": "0.10"})
    bought()
    configure(PRICE={"per_credit": "0.30"})
    bought()
    assert budget.spent("month", NOON).money == Decimal("0.40")


def test_another_currency_is_not_added_to_this_one(configure: Configure) -> None:
    configure(PRICE={"per_credit": "0.10"})
    bought()
    configure(PRICE={"per_credit": "0.10", "currency": "EUR"})
    assert budget.spent("month", NOON) == budget.Spent(1, Decimal(1), Decimal(0))


def test_what_was_refunded_is_not_spent_and_is_refunded_once() -> None:
    row = bought()
    rows = TryOnSubmission.objects.filter(pk=row.pk)
    assert (rows.refund("ada"), rows.refund("bob")) == (1, 0)
    row.refresh_from_db()
    assert row.refunded_by == "ada"
    assert row.refunded_at is not None
    assert budget.spent("month", NOON).generations == 0


# What is left.


def test_without_any_limit_any_number_is_left(configure: Configure) -> None:
    configure(BUDGET={"day": None, "month": None})
    assert budget.budget_left(NOON) == budget.Left(None)


def test_the_smallest_of_the_limits_is_what_is_left(configure: Configure) -> None:
    configure(BUDGET={"day": 5, "month": 6})
    bought()
    bought(NOON - timedelta(days=1))
    assert budget.budget_left(NOON) == budget.Left(4)


def test_a_day_that_is_used_up_ends_at_midnight(configure: Configure) -> None:
    configure(BUDGET={"day": 1})
    bought()
    midnight = datetime(2026, 11, 16, tzinfo=UTC)
    assert budget.budget_left(NOON) == budget.Left(0, "limit_shop", midnight)
    assert budget.budget_left(midnight).code == ""


def test_a_month_that_is_used_up_says_so_also_when_the_day_is_as_well(
    configure: Configure,
) -> None:
    configure(BUDGET={"day": 1, "month": 1})
    bought()
    assert budget.budget_left(NOON) == budget.Left(0, "budget", datetime(2026, 12, 1, tzinfo=UTC))


def test_money_buys_whole_generations_only(configure: Configure) -> None:
    configure(PRICE={"per_credit": "0.30"}, BUDGET={"month_money": 1})
    bought()
    # 0.70 is left: two more, and the third would be over.
    assert budget.budget_left(NOON) == budget.Left(2)
    bought()
    bought()
    assert budget.budget_left(NOON).code == "budget"


def test_a_limit_of_money_says_nothing_while_the_price_is_unknown(configure: Configure) -> None:
    configure(BUDGET={"day": None, "month": None, "month_money": 1})
    bought()
    assert budget.budget_left(NOON) == budget.Left(None)


def test_what_staff_set_comes_before_the_settings_until_they_take_it_back(
    configure: Configure,
) -> None:
    configure(BUDGET={"day": 1})
    bought()
    Account.change_budget("ada", day_generations=3)
    assert budget.budget_left(NOON) == budget.Left(2)
    assert Account.load().budget_changed_by == "ada"
    Account.change_budget("ada", day_generations=0)
    assert budget.budget_left(NOON).code == "limit_shop"
    Account.change_budget("ada", day_generations=None)
    assert budget.budget_left(NOON).code == "limit_shop"


# The switch.


def test_the_switch_says_who_stopped_the_try_ons_and_why() -> None:
    assert not switch.is_stopped()
    assert switch.stop("ada", "a wrong picture")
    assert not switch.stop("bob", "another reason")
    row = Account.load()
    assert (row.stopped_by, row.stop_reason) == ("ada", "a wrong picture")
    assert switch.is_stopped()
    assert switch.go_on()
    assert not switch.go_on()
    assert not switch.is_stopped()
