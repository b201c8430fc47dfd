"""Percentiles that are read from bins of equal ratio."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glam_tryon.analytics.wait_histogram import LAST_BIN, RATIO, bin_end, bin_of, percentile


@pytest.mark.parametrize("number", range(LAST_BIN))
def test_the_end_of_a_bin_belongs_to_it(number: int) -> None:
    assert bin_of(bin_end(number)) == number
    assert bin_of(bin_end(number) * 1.001) == min(number + 1, LAST_BIN)


def test_what_took_no_time_and_what_took_weeks_have_a_bin() -> None:
    assert bin_of(0.0) == bin_of(-1.0) == 0
    assert bin_of(1e9) == LAST_BIN
    assert bin_end(LAST_BIN) > 86_400


def test_nothing_has_no_percentile() -> None:
    assert percentile({}, 0.5) is None
    assert percentile({7: 0}, 0.5) is None


def test_within_a_bin_the_percentile_goes_up_with_the_share() -> None:
    begin, end = bin_end(11), bin_end(12)
    shares = [percentile({12: 100}, share) or 0 for share in (0.01, 0.5, 0.95, 1.0)]
    assert shares == sorted(shares)
    assert begin < shares[0] < shares[-1] == pytest.approx(end)
    assert percentile({0: 4}, 0.5) == pytest.approx(0.5)


@given(st.lists(st.floats(0.0, 80_000.0), min_size=1, max_size=200), st.floats(0.05, 0.99))
def test_a_percentile_is_off_by_a_bins_width_at_most(waits: list[float], share: float) -> None:
    counts = Counter(bin_of(wait) for wait in waits)
    found = percentile(counts, share)
    assert found is not None
    # That many waits at least are no longer than the answer's bin, and fewer end before it.
    below = sum(wait <= found * RATIO or bin_of(wait) == 0 for wait in waits)
    assert below >= share * len(waits) - 1e-6
    assert sum(wait < found / RATIO and bin_of(wait) > 0 for wait in waits) <= share * len(waits)


def test_the_percentiles_of_a_thousand_waits_are_near_the_true_ones() -> None:
    source = random.Random(7)
    waits = sorted(source.lognormvariate(3.0, 0.6) for _ in range(1000))
    counts = Counter(bin_of(wait) for wait in waits)
    assert percentile(counts, 0.5) == pytest.approx(waits[499], rel=0.05)
    assert percentile(counts, 0.95) == pytest.approx(waits[949], rel=0.08)
