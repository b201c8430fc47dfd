"""Poll efficiency: what was learned against the exact optimum, fixed intervals and back-off."""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.table import table
from glam_tryon.worker.poll_interval.duration_model import Masses, Memory
from glam_tryon.worker.poll_interval.next_poll import (
    CATALOGUE_COST_SECONDS,
    JITTER,
    QUEUE_COST_SECONDS,
    SHOPPER_COST_SECONDS,
)
from glam_tryon.worker.poll_interval.optimiser import seconds_to_next_poll

#: From the seconds since the submission to the instant of the next question.
Policy = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Mixture:
    """Log-normal durations: (share, median in seconds, sigma), one or more."""

    parts: Sequence[tuple[float, float, float]]

    def survival(self, seconds: float) -> float:
        """Return the share of try-ons that take longer."""
        if seconds <= 0:
            return 1.0
        return sum(
            share * 0.5 * math.erfc(math.log(seconds / median) / sigma / math.sqrt(2))
            for share, median, sigma in self.parts
        )

    def mean(self) -> float:
        """Return the mean duration in seconds."""
        return sum(share * median * math.exp(sigma**2 / 2) for share, median, sigma in self.parts)

    def draw(self, rng: random.Random) -> float:
        """Return one duration in seconds."""
        _share, median, sigma = rng.choices(self.parts, [part[0] for part in self.parts])[0]
        return rng.lognormvariate(math.log(median), sigma)


NARROW = Mixture([(1.0, 15.0, 0.25)])
WIDE = Mixture([(1.0, 17.0, 0.5)])
BIMODAL = Mixture([(0.65, 9.0, 0.2), (0.35, 30.0, 0.25)])
VERY_WIDE = Mixture([(1.0, 17.0, 0.7)])
#: The three of the bars.
DISTRIBUTIONS = {"narrow": NARROW, "wide": WIDE, "bimodal": BIMODAL}
#: The prices beside the shopper's.
PRICES = {"queue": QUEUE_COST_SECONDS, "catalogue": CATALOGUE_COST_SECONDS}


@dataclass(frozen=True, slots=True)
class Result:
    """Expected questions per job, and seconds from ready to noticed."""

    polls: float
    delay: float

    @property
    def product(self) -> float:
        """Free of any price: halving the interval doubles one and halves the other."""
        return self.polls * self.delay

    def cost(self, cost_seconds: float) -> float:
        """Return what the optimum minimises, in seconds."""
        return self.polls * cost_seconds + self.delay


def measure(policy: Policy, truth: Mixture) -> Result:
    """Follow one policy to the end of the distribution: expectations, no sampling."""
    elapsed, left, polls, noticed = 0.0, 1.0, 0.0, 0.0
    while left > 1e-7:
        polls += left
        elapsed = policy(elapsed)
        after = truth.survival(elapsed)
        noticed += elapsed * (left - after)
        left = after
    return Result(polls, noticed - truth.mean())


def optimum(truth: Mixture, cost_seconds: float) -> Policy:
    """Solve for the best policy by plain dynamic programming over every pair of instants.

    Knows the truth, and shares no code with ``glam_tryon.worker.poll_interval.optimiser``.
    """
    instants = [0.0]
    while truth.survival(instants[-1]) > 1e-9:
        instants.append(max(instants[-1] * 1.004, 0.8))
    survival = [truth.survival(instant) for instant in instants]
    survival[-1] = 0.0
    last = len(instants) - 1
    worth, best = [0.0] * (last + 1), [last] * (last + 1)
    for i in range(last - 1, -1, -1):
        least = math.inf
        for j in range(i + 1, last + 1):
            # Time of the answer beyond instant i; it only grows with j.
            known = (instants[j] - instants[i]) * (survival[i] - survival[j])
            here = known + worth[j] + (instants[j] - instants[i]) * survival[j]
            if here < least:
                least, best[i] = here, j
            if known > least:
                break
        worth[i] = least + cost_seconds * survival[i]

    def policy(elapsed: float) -> float:
        here = bisect_right(instants, elapsed) - 1
        return instants[best[here]] if here < last else elapsed * 2

    return policy


def best_fixed(truth: Mixture, key: Callable[[Result], float]) -> tuple[float, Result]:
    """Return the interval with the least ``key``, and its result."""
    intervals = [0.1 * 1.02**step for step in range(350)]
    measured = [
        (interval, measure(lambda elapsed, by=interval: elapsed + by, truth))
        for interval in intervals
    ]
    return min(measured, key=lambda pair: key(pair[1]))


def back_off(elapsed: float) -> float:
    """Exponential back-off: 1 s, doubling, at most 30 s."""
    at = 0.0
    wait = 1.0
    while at <= elapsed:
        at += wait
        wait = min(30.0, wait * 2)
    return at


def learned(masses: Masses, cost_seconds: float, rng: random.Random) -> Policy:
    """What a worker does, its jitter included, when it knows ``masses``."""

    def policy(elapsed: float) -> float:
        wait = seconds_to_next_poll(elapsed, masses, cost_seconds)
        then = seconds_to_next_poll(elapsed + wait, masses, cost_seconds)
        return elapsed + wait + rng.uniform(-JITTER, JITTER) * min(wait, then)

    return policy


def teach(
    memory: Memory, truth: Mixture, jobs: int, cost_seconds: float, rng: random.Random
) -> Memory:
    """Poll and learn ``jobs`` try-ons, each known only between two questions."""
    for _ in range(jobs):
        policy = learned(memory.estimate(), cost_seconds, rng)
        took, before, asked = truth.draw(rng), 0.0, 0.0
        while asked < took:
            before, asked = asked, policy(asked)
        memory = memory.learned(before, asked)
    return memory


def mean_of(results: Sequence[Result]) -> Result:
    """Return the mean questions and the mean delay."""
    return Result(
        sum(result.polls for result in results) / len(results),
        sum(result.delay for result in results) / len(results),
    )


def ours(
    truth: Mixture,
    *,
    jobs: int,
    runs: int,
    before: Mixture | None = None,
    looks: int = 1,
    cost: float = SHOPPER_COST_SECONDS,
) -> Result:
    """Return what shops get after ``jobs`` try-ons, the mean of ``runs`` shops.

    With ``before``, each shop has first learned 300 try-ons of another distribution. Each shop is
    measured ``looks`` times, 25 jobs apart.
    """
    results = []
    for run in range(runs):
        rng = random.Random(run)
        memory = teach(Memory(), before, 300, cost, rng) if before else Memory()
        memory = teach(memory, truth, jobs, cost, rng)
        for look in range(looks):
            memory = teach(memory, truth, 25 if look else 0, cost, rng)
            results.append(measure(learned(memory.estimate(), cost, rng), truth))
    return mean_of(results)


def _rows(name: str, truth: Mixture, runs: int) -> list[list[str]]:
    cost = SHOPPER_COST_SECONDS
    ideal = measure(optimum(truth, cost), truth)
    interval, fixed = best_fixed(truth, lambda result: result.product)
    cheap_interval, cheap = best_fixed(truth, lambda result: result.cost(cost))
    shops = ours(truth, jobs=200, runs=runs, looks=4)
    rows = []
    for way, result in (
        ("ours, learned", shops),
        ("exact optimum", ideal),
        (f"best fixed, {interval:.1f} s", fixed),
        (f"cheapest fixed, {cheap_interval:.1f} s", cheap),
        ("exponential back-off", measure(back_off, truth)),
    ):
        rows.append(
            [
                f"{name}: {way}",
                f"{result.polls:.2f}",
                f"{result.delay:.3f}",
                f"{result.product:.2f}",
                f"{result.product / ideal.product:.3f}",
                f"{result.product / shops.product:.2f}",
                f"{result.cost(cost) / ideal.cost(cost):.3f}",
            ]
        )
    return rows


def main(arguments: list[str]) -> None:
    """Print the tables; the first argument is how many shops are averaged (6)."""
    runs = int(arguments[0]) if arguments else 6
    heads = ("", "polls", "delay s", "product", "x optimum", "x ours", "cost x optimum")
    rows = []
    for name, truth in {**DISTRIBUTIONS, "very wide": VERY_WIDE}.items():
        rows += _rows(name, truth, runs)
    print(table(f"Polls x mean delay, {runs} shops, learned from 200 to 275 jobs", heads, rows))
    rows = []
    slow, fast = Mixture([(1.0, 40.0, 0.3)]), Mixture([(1.0, 12.0, 0.3)])
    for name, before, truth in (
        ("new shop, narrow", None, NARROW),
        ("new shop, wide", None, WIDE),
        ("40 s, then 12 s", slow, fast),
        ("12 s, then 40 s", fast, slow),
        ("narrow, then bimodal", NARROW, BIMODAL),
    ):
        ideal = measure(optimum(truth, SHOPPER_COST_SECONDS), truth)
        cells = [name]
        for jobs in (0, 10, 25, 50, 100):
            result = ours(truth, jobs=jobs, runs=runs, before=before)
            cells.append(f"{result.product / ideal.product:.2f}")
        rows.append(cells)
    print(
        table(
            "Product x optimum, so many jobs after the start or a change",
            ("", "0", "10", "25", "50", "100"),
            rows,
        )
    )
    rows = []
    for name, truth in DISTRIBUTIONS.items():
        for who, cost in PRICES.items():
            ideal = measure(optimum(truth, cost), truth)
            shops = ours(truth, jobs=200, runs=max(1, runs // 2), looks=2, cost=cost)
            rows.append(
                [
                    f"{name}: {who}, {cost} s",
                    f"{shops.polls:.2f}",
                    f"{shops.delay:.3f}",
                    f"{shops.product / ideal.product:.3f}",
                    f"{shops.cost(cost) / ideal.cost(cost):.3f}",
                ]
            )
    print(
        table(
            "The other prices of a question",
            ("", "polls", "delay s", "x optimum", "cost x optimum"),
            rows,
        )
    )
