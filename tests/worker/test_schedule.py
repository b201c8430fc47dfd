"""When Glam is asked again: pure functions, against an optimum computed another way."""

from __future__ import annotations

import itertools
import math
import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.polling import BIMODAL, NARROW, WIDE, Mixture, learned, measure, optimum, teach
from glam_tryon.models import TryOnJob
from glam_tryon.models.status import Priority
from glam_tryon.worker.poll_interval import next_poll as schedule
from glam_tryon.worker.poll_interval.duration_model import (
    BINS,
    LONG_DECAY,
    LONGEST_SECONDS,
    SHORTEST_SECONDS,
    Memory,
    bin_end,
    median,
    prior,
)
from glam_tryon.worker.poll_interval.next_poll import (
    Load,
    cost_seconds,
    next_poll_seconds,
    shortest_wait_seconds,
)
from glam_tryon.worker.poll_interval.optimiser import (
    LONGEST_WAIT_SECONDS,
    SHORTEST_WAIT_SECONDS,
    best_polls,
    seconds_to_next_poll,
)

COST = schedule.SHOPPER_COST_SECONDS

seconds = st.floats(0, 10 * LONGEST_SECONDS, allow_nan=False)
jobs = st.lists(st.tuples(seconds, seconds).map(sorted), max_size=8)


def taught(pairs: list[Any]) -> Memory:
    memory = Memory()
    for before, by in pairs:
        memory = memory.learned(before, by)
    return memory


def questions(memory: Memory, cost: float, count: int) -> list[float]:
    masses, elapsed, asked = memory.estimate(), 0.0, []
    for _ in range(count):
        elapsed += seconds_to_next_poll(elapsed, masses, cost)
        asked.append(elapsed)
    return asked


# The plan.


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0.01, 5), min_size=2, max_size=14),
    st.lists(st.floats(0.001, 1), min_size=14, max_size=14),
    st.floats(0.001, 5),
)
def test_the_questions_are_the_best_of_all_that_are_possible(
    gaps: list[float], shares: list[float], cost: float
) -> None:
    instants = [0.0]
    for gap in gaps:
        instants.append(instants[-1] + gap)
    shares = shares[: len(gaps)]
    survival = [sum(shares[index:]) / sum(shares) for index in range(len(instants))]
    survival[-1] = 0.0
    least = [0.0] * len(instants)
    for i in reversed(range(len(instants) - 1)):
        least[i] = cost * survival[i] + min(
            least[j] + instants[j] * (survival[i] - survival[j])
            for j in range(i + 1, len(instants))
        )
    best = best_polls(instants, survival, cost)
    here, spent = 0, 0.0
    while here < len(instants) - 1:
        there = instants.index(best[here])
        spent += cost * survival[here] + instants[there] * (survival[here] - survival[there])
        here = there
    assert spent == pytest.approx(least[0], rel=1e-9)


@pytest.mark.parametrize("truth", [NARROW, WIDE, BIMODAL], ids=["narrow", "wide", "bimodal"])
def test_with_the_true_shares_it_costs_one_percent_more_than_the_exact_optimum(
    truth: Mixture,
) -> None:
    ends = [0.0, *map(bin_end, range(BINS - 1)), math.inf]
    shares = tuple(
        max(truth.survival(low) - truth.survival(high), 1e-15) for low, high in pairwise(ends)
    )
    ours = measure(lambda elapsed: elapsed + seconds_to_next_poll(elapsed, shares, COST), truth)
    ideal = measure(optimum(truth, COST), truth)
    assert ours.cost(COST) <= 1.01 * ideal.cost(COST)
    assert ours.cost(COST) >= 0.999 * ideal.cost(COST)


@settings(max_examples=80, deadline=None)
@given(jobs, seconds, st.floats(0.001, 10))
def test_every_wait_is_a_number_within_the_bounds(
    pairs: list[Any], elapsed: float, cost: float
) -> None:
    wait = seconds_to_next_poll(elapsed, taught(pairs).estimate(), cost)
    assert SHORTEST_WAIT_SECONDS <= wait <= LONGEST_WAIT_SECONDS


@settings(max_examples=40, deadline=None)
@given(jobs, seconds, seconds)
def test_who_looks_later_never_asks_earlier(pairs: list[Any], one: float, other: float) -> None:
    masses = taught(pairs).estimate()
    early, late = sorted([one, other])
    asked_early = early + seconds_to_next_poll(early, masses, COST)
    assert late + seconds_to_next_poll(late, masses, COST) >= min(asked_early, late) - 1e-9
    if late < asked_early - SHORTEST_WAIT_SECONDS:
        assert late + seconds_to_next_poll(late, masses, COST) >= asked_early - 1e-6


def test_a_new_shop_asks_from_two_seconds_on_about_as_often_as_try_ons_take() -> None:
    asked = questions(Memory(), COST, 30)
    assert 1 < asked[0] < 5
    assert 8 <= sum(instant <= 17 for instant in asked) <= 16
    assert asked[-1] > 30
    assert 10 < median(prior()) < 20


def test_the_first_question_waits_until_somebody_is_ready() -> None:
    rng = random.Random(3)
    asked = questions(teach(Memory(), NARROW, 200, COST, rng), COST, 3)
    assert 7 < asked[0] < 11
    assert NARROW.survival(asked[0]) > 0.9


def test_beyond_all_that_was_ever_seen_the_waits_stay_sane() -> None:
    masses = teach(Memory(), NARROW, 100, COST, random.Random(3)).estimate()
    waits = [
        seconds_to_next_poll(elapsed, masses, COST) for elapsed in (60, 120, 600, 1800, 3599, 9999)
    ]
    assert all(0.2 < wait <= LONGEST_WAIT_SECONDS for wait in waits)
    assert waits[-1] == LONGEST_WAIT_SECONDS


# What is learned.


@pytest.mark.parametrize("truth", [NARROW, WIDE, BIMODAL], ids=["narrow", "wide", "bimodal"])
def test_after_two_hundred_jobs_it_is_near_the_optimum(truth: Mixture) -> None:
    rng = random.Random(5)
    masses = teach(Memory(), truth, 200, COST, rng).estimate()
    ours = measure(learned(masses, COST, rng), truth)
    ideal = measure(optimum(truth, COST), truth)
    assert ours.cost(COST) <= 1.06 * ideal.cost(COST)


@pytest.mark.parametrize(("before", "then"), [(40.0, 12.0), (12.0, 40.0)])
def test_a_new_distribution_is_learned_within_fifty_jobs(before: float, then: float) -> None:
    old, new = Mixture([(1.0, before, 0.3)]), Mixture([(1.0, then, 0.3)])
    ideal = measure(optimum(new, COST), new).cost(COST)
    stale, fresh = [], []
    for seed in range(3):
        rng = random.Random(seed)
        memory = teach(Memory(), old, 300, COST, rng)
        stale.append(measure(learned(memory.estimate(), COST, rng), new).cost(COST))
        memory = teach(memory, new, 50, COST, rng)
        fresh.append(measure(learned(memory.estimate(), COST, rng), new).cost(COST))
        assert median(memory.estimate()) == pytest.approx(then, rel=0.2)
    assert sum(stale) / 3 > 1.3 * ideal
    assert sum(fresh) / 3 < 1.12 * ideal


def test_a_job_counts_between_its_two_questions_and_not_at_the_second() -> None:
    memory = teach(Memory(), WIDE, 200, COST, random.Random(1))
    before, after = memory.long, memory.learned(10.0, 40.0).long
    gained = [new - LONG_DECAY * old for old, new in zip(before, after, strict=True)]
    inside = [gain for number, gain in enumerate(gained) if 10 < bin_end(number) < 44]
    assert sum(inside) == pytest.approx(1.0, abs=1e-6)
    assert max(inside) < 0.2
    assert sum(gained) == pytest.approx(1.0, abs=1e-6)


def test_seldom_questions_teach_the_try_ons_and_not_the_questions() -> None:
    rng = random.Random(2)
    memory = Memory()
    for _ in range(300):
        took = NARROW.draw(rng)
        by = rng.uniform(0, 10)
        while by < took:
            by += 10.0
        memory = memory.learned(by - 10.0, by)
    # Noted at the question each try-on would seem five seconds longer.
    assert median(memory.estimate()) == pytest.approx(15.0, rel=0.05)


def test_a_poller_that_was_off_for_an_hour_teaches_no_long_times() -> None:
    memory = teach(Memory(), NARROW, 100, COST, random.Random(1))
    usual = median(memory.estimate())
    for _ in range(10):
        memory = memory.learned(0.0, 3600.0)
    assert median(memory.estimate()) == pytest.approx(usual, rel=0.05)


@settings(max_examples=60, deadline=None)
@given(jobs)
def test_shares_are_above_zero_and_add_up_to_one(pairs: list[Any]) -> None:
    masses = taught(pairs).estimate()
    assert math.fsum(masses) == pytest.approx(1.0)
    assert min(masses) > 0
    assert SHORTEST_SECONDS / 2 < median(masses) <= LONGEST_SECONDS


@settings(max_examples=30, deadline=None)
@given(jobs)
def test_a_memory_survives_the_database(pairs: list[Any]) -> None:
    memory = taught(pairs)
    again = Memory.from_json(memory.as_json())
    assert again.long == pytest.approx(memory.long, abs=1e-6)
    assert again.short == pytest.approx(memory.short, abs=1e-6)


@pytest.mark.parametrize(
    "kept",
    [
        None,
        [],
        {},
        {"long": [1.0], "short": [1.0], "doubt": 0},
        {"long": ["a"] * BINS, "short": [0.0] * BINS, "doubt": 0.0},
        {"long": [math.nan] * BINS, "short": [0.0] * BINS, "doubt": 0.0},
        {"long": [-1.0] * BINS, "short": [0.0] * BINS, "doubt": 0.0},
        {"long": [0.0] * BINS, "short": [0.0] * BINS, "doubt": None},
    ],
)
def test_what_another_version_kept_is_begun_anew(kept: object) -> None:
    assert Memory.from_json(kept) == Memory()


# Whose question it is.


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """One open job, no queue, a new shop."""
    monkeypatch.setattr(
        schedule, "current_load", lambda: Load(polled=1, waiting=0, polls_per_second=100.0)
    )
    monkeypatch.setattr(schedule, "durations", lambda _mask_type, **_account: prior())


def job(priority: str = Priority.SHOPPER) -> TryOnJob:
    return TryOnJob(priority=priority, mask_type="upper")


def test_a_question_is_cheapest_while_jobs_wait_and_dearest_while_nobody_does() -> None:
    queue = cost_seconds(Priority.SHOPPER, waiting=1)
    shopper = cost_seconds(Priority.SHOPPER, waiting=0)
    catalogue = cost_seconds(Priority.CATALOGUE, waiting=0)
    assert queue == cost_seconds(Priority.CATALOGUE, waiting=1)
    assert queue < shopper < catalogue


def test_one_waiting_job_makes_a_question_as_cheap_as_a_thousand_do() -> None:
    # A plan is kept for each price: few prices, few plans.
    assert len({cost_seconds(Priority.SHOPPER, waiting=many) for many in range(1, 2000)}) == 1


@pytest.mark.usefixtures("quiet")
def test_a_shopper_is_asked_for_more_often_than_a_catalogue_picture() -> None:
    for elapsed in (0.0, 5.0, 20.0, 60.0):
        assert next_poll_seconds(job(), elapsed) < next_poll_seconds(
            job(Priority.CATALOGUE), elapsed
        )


@pytest.mark.usefixtures("quiet")
def test_jitter_moves_a_question_by_a_tenth_at_most_and_not_always_the_same() -> None:
    exact = seconds_to_next_poll(5.0, prior(), COST)
    waits = {next_poll_seconds(job(), 5.0) for _ in range(200)}
    assert len(waits) > 100
    assert min(waits) >= 0.9 * exact
    assert max(waits) <= 1.1 * exact
    assert max(waits) - min(waits) > 0.1 * exact


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("waits", [(10.0, 2.0), (2.0, 10.0)])
def test_jitter_is_a_share_of_the_shorter_of_the_two_waits_around_a_question(
    monkeypatch: pytest.MonkeyPatch, waits: tuple[float, float]
) -> None:
    # As after a long silence, when polls become frequent: a late one would meet the next.
    following = itertools.cycle(waits)
    monkeypatch.setattr(schedule, "seconds_to_next_poll", lambda *_facts: next(following))
    moved = [next_poll_seconds(job(), 0.0) - waits[0] for _ in range(200)]
    assert 0.15 < max(moved) <= 0.2
    assert -0.2 <= min(moved) < -0.15


def test_all_workers_together_stay_below_the_cap(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    busy = Load(polled=1000, waiting=10, polls_per_second=4.0)
    monkeypatch.setattr(schedule, "current_load", lambda: busy)
    monkeypatch.setattr(schedule, "durations", lambda _mask_type, **_account: prior())
    assert shortest_wait_seconds(busy) == 250.0
    assert next_poll_seconds(job(), 12.0) >= 250.0


def test_errors_back_off_exponentially_up_to_five_minutes() -> None:
    for errors in range(60):
        wait = schedule.back_off_seconds(errors)
        assert 0.5 <= wait <= min(schedule.LONGEST_BACK_OFF_SECONDS, max(0.5, 2.0**errors))
