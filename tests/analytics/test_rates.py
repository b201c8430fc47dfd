"""Intervals against published values, and a forecast of the month."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glam_tryon.analytics.confidence_intervals import Rate, difference, too_few, wilson
from glam_tryon.analytics.forecast import forecast, month_end

#: Newcombe 1998, table II, method 10: two rates, and the limits of their difference.
PUBLISHED = [
    ((56, 70), (48, 80), 0.0524, 0.3339),
    ((9, 10), (3, 10), 0.1705, 0.8090),
    ((6, 7), (2, 7), 0.0582, 0.8062),
    ((5, 56), (0, 29), -0.0381, 0.1926),
    ((0, 10), (0, 20), -0.1611, 0.2775),
    ((0, 10), (0, 10), -0.2775, 0.2775),
    ((10, 10), (0, 20), 0.6791, 1.0000),
    ((10, 10), (0, 10), 0.6075, 1.0000),
]


@pytest.mark.parametrize(("one", "other", "low", "high"), PUBLISHED)
def test_the_interval_of_a_difference_is_the_published_one(
    one: tuple[int, int], other: tuple[int, int], low: float, high: float
) -> None:
    found = difference(Rate(*one), Rate(*other))
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.0001)


@pytest.mark.parametrize(
    ("rate", "low", "high"),
    # Newcombe 1998, interval estimation for the single proportion, table I, method 3.
    [
        (Rate(81, 263), 0.2553, 0.3662),
        (Rate(15, 148), 0.0624, 0.1605),
        (Rate(0, 20), 0.0, 0.1611),
        (Rate(1, 29), 0.0061, 0.1718),
    ],
)
def test_wilsons_interval_is_the_published_one(rate: Rate, low: float, high: float) -> None:
    assert wilson(rate) == pytest.approx((low, high), abs=0.0001)


def test_no_interval_is_made_up_for_nobody() -> None:
    assert Rate(0, 0).value is None
    for wrong in (Rate(0, 0), Rate(2, 1), Rate(-1, 3)):
        with pytest.raises(ValueError, match="no rate of a group"):
            wilson(wrong)


def test_a_difference_is_sure_when_zero_is_not_in_it() -> None:
    assert difference(Rate(300, 1000), Rate(200, 1000)).is_sure
    assert difference(Rate(200, 1000), Rate(300, 1000)).is_sure
    assert not difference(Rate(210, 1000), Rate(200, 1000)).is_sure


def test_small_groups_are_too_few() -> None:
    assert too_few(Rate(10, 99), Rate(500, 1000))
    assert too_few(Rate(500, 1000), Rate(9, 1000))
    assert not too_few(Rate(10, 100), Rate(10, 100))


@settings(deadline=None)
@given(st.integers(1, 500), st.integers(1, 500), st.data())
def test_the_difference_lies_within_its_limits(one: int, other: int, data: st.DataObject) -> None:
    first = Rate(data.draw(st.integers(0, one)), one)
    second = Rate(data.draw(st.integers(0, other)), other)
    found = difference(first, second)
    assert -1 <= found.low <= found.value <= found.high <= 1
    turned = difference(second, first)
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low))


# The forecast.

TODAY = date(2026, 4, 20)


def days(**sums: int) -> dict[date, Decimal]:
    return {date(2026, 4, int(day[1:])): Decimal(each) for day, each in sums.items()}


def test_a_steady_shop_goes_on_as_it_was() -> None:
    daily = {TODAY - timedelta(days=back): Decimal(2) for back in range(30)}
    assert forecast(daily, TODAY) == 60


def test_only_the_last_week_counts_for_the_rest() -> None:
    # 100 on the first, then 7 in the week before today: one a day for today and ten more days.
    assert forecast(days(d1=100, d15=7), TODAY) == 118


def test_a_young_shop_is_measured_by_its_days() -> None:
    assert forecast(days(d18=4, d19=6), TODAY) == 65


def test_a_day_that_is_dearer_than_the_mean_counts_as_it_is() -> None:
    assert forecast(days(d18=5, d19=5, d20=50), TODAY) == 110


def test_days_of_the_month_before_count_for_the_mean_and_not_for_the_sum() -> None:
    daily = {date(2026, 3, 31): Decimal(10), date(2026, 3, 30): Decimal(10)}
    assert forecast(daily, date(2026, 4, 1)) == 300


def test_without_a_whole_day_there_is_no_forecast() -> None:
    assert forecast({}, TODAY) is None
    assert forecast({TODAY: Decimal(5)}, TODAY) is None


@pytest.mark.parametrize(
    ("day", "last"),
    [
        (date(2026, 2, 1), date(2026, 2, 28)),
        (date(2028, 2, 29), date(2028, 2, 29)),
        (date(2026, 12, 31), date(2026, 12, 31)),
    ],
)
def test_a_month_ends_on_its_last_day(day: date, last: date) -> None:
    assert month_end(day) == last
