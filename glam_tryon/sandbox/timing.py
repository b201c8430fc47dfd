"""Duration of a try-on: a number of seconds, or a distribution."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

Seconds = float | Callable[[random.Random], float]


@dataclass(frozen=True, slots=True)
class LogNormal:
    """Times as queues of real services show them: mostly near the median, with a long tail.

    ``median_seconds`` is above 0; ``sigma`` is the standard deviation of the logarithm, 0 or more.
    """

    median_seconds: float
    sigma: float = 0.5

    def __post_init__(self) -> None:
        if not self.median_seconds > 0 or not self.sigma >= 0:
            raise ValueError("LogNormal needs median_seconds above 0 and sigma of 0 or more")

    def __call__(self, rng: random.Random) -> float:
        return rng.lognormvariate(math.log(self.median_seconds), self.sigma)


def parse_seconds(text: str) -> Seconds:
    """Read ``"3"`` or ``"lognormal:8,0.5"`` (median seconds, sigma) from a command line.

    Raises ``ValueError`` with a message for the person who typed it.
    """
    kind, colon, rest = text.partition(":")
    try:
        if not colon:
            return checked(float(text))
        if kind != "lognormal":
            raise ValueError(kind)
        return LogNormal(*(float(part) for part in rest.split(",")))
    except (ValueError, TypeError) as error:
        raise ValueError(
            f'give seconds as "3" or "lognormal:8,0.5" (median, sigma), not "{text}"'
        ) from error


def draw_seconds(seconds: Seconds, rng: random.Random) -> float:
    """One duration in seconds; ``ValueError`` when a callable gives a negative one."""
    return checked(seconds(rng) if callable(seconds) else float(seconds))


def checked(seconds: float) -> float:
    """The same number when it is a finite duration, else ``ValueError``."""
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError(f"a try-on takes 0 seconds or more, not {seconds}")
    return seconds
