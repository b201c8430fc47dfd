"""Confidence intervals: Wilson's for one rate, Newcombe's for the difference of two."""

from __future__ import annotations

import math
from dataclasses import dataclass

#: Of the normal distribution, for intervals that hold 95 times in a hundred.
Z95 = 1.959963984540054
#: With fewer in either group, an interval says nothing that a shop should act on.
LEAST_IN_A_GROUP, LEAST_SUCCESSES = 100, 10


@dataclass(frozen=True, slots=True)
class Rate:
    """``successes`` of ``total``; what did not happen to anybody has no value."""

    successes: int
    total: int

    @property
    def value(self) -> float | None:
        return self.successes / self.total if self.total else None


@dataclass(frozen=True, slots=True)
class Difference:
    """One rate less the other, and between which limits it lies, 95 times in a hundred."""

    value: float
    low: float
    high: float

    @property
    def is_sure(self) -> bool:
        """Say whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0


def wilson(rate: Rate, z: float = Z95) -> tuple[float, float]:
    """Return Wilson's score interval (1927), without correction for continuity.

    Raises:
        ValueError: the rate is of nobody.
    """
    if rate.total <= 0 or not 0 <= rate.successes <= rate.total:
        raise ValueError(f"{rate} is no rate of a group")
    share, spread = rate.successes / rate.total, z * z / rate.total
    middle = share + spread / 2
    half = z * math.sqrt(share * (1 - share) / rate.total + spread / (4 * rate.total))
    return max(0.0, (middle - half) / (1 + spread)), min(1.0, (middle + half) / (1 + spread))


def difference(one: Rate, other: Rate, z: float = Z95) -> Difference:
    """Return ``one`` less ``other`` with Newcombe's hybrid score interval.

    Method 10 of R. G. Newcombe, Interval estimation for the difference between independent
    proportions, Statistics in Medicine 17 (1998), 873-890.

    Raises:
        ValueError: one of the rates is of nobody.
    """
    (low_one, high_one), (low_other, high_other) = wilson(one, z), wilson(other, z)
    share_one, share_other = one.successes / one.total, other.successes / other.total
    value = share_one - share_other
    down = math.hypot(share_one - low_one, high_other - share_other)
    up = math.hypot(high_one - share_one, share_other - low_other)
    return Difference(value, max(-1.0, value - down), min(1.0, value + up))


def too_few(*rates: Rate) -> bool:
    """Say whether a group, or those in it who did it, are too few for a comparison."""
    return any(rate.total < LEAST_IN_A_GROUP or rate.successes < LEAST_SUCCESSES for rate in rates)
