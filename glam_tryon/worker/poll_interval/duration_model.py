"""The duration model: decayed counts of how long try-ons took, over a wide first guess."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, TypeGuard

#: Durations are counted in bins of equal ratio. The first bin holds everything up to its end.
BINS, SHORTEST_SECONDS, LONGEST_SECONDS = 96, 0.25, 3600.0
#: Logarithm of the ratio between a bin's ends: bins are 10 % wide.
BIN_LOG = math.log(LONGEST_SECONDS / SHORTEST_SECONDS) / BINS

#: The guess for a shop that has seen nothing: log-normal, with these many jobs' worth of belief.
#: One in ten of it lies evenly below the median, so that a faster service is found soon.
PRIOR_MEDIAN_SECONDS, PRIOR_SIGMA, PRIOR_EARLY, PRIOR_JOBS = 17.0, 1.0, 0.1, 0.5
#: Share of a new job that is spread by the first guess within its limits, not by what is
#: believed so far: otherwise a wrong belief about a long unwatched time would confirm itself.
OPEN_MIND = 0.05
#: What a job still counts after the next one: memories of about 200 and of about 10 jobs.
LONG_DECAY, SHORT_DECAY = 0.995, 0.9
#: The long memory is given up when the short one has foretold the recent jobs better by a factor
#: of e to this power; the weight that is left of both is this many jobs.
DOUBT_LIMIT, DOUBT_DECAY, JOBS_KEPT = 4.0, 0.95, 2.0
#: Widths of the smoothing kernel to choose from, in bins (standard deviation).
WIDTHS = (0.6, 1.0, 1.6, 2.5, 4.0)

Masses = tuple[float, ...]
_NOTHING: Masses = (0.0,) * BINS


def bin_end(number: int) -> float:
    """Return where bin ``number`` ends, in seconds."""
    return SHORTEST_SECONDS * math.exp(BIN_LOG * (number + 1))


@cache
def prior() -> Masses:
    """Return the share of each bin in the first guess."""
    middle = math.log(PRIOR_MEDIAN_SECONDS / SHORTEST_SECONDS) / BIN_LOG
    spread = PRIOR_SIGMA / BIN_LOG * math.sqrt(2)

    def below(end: float) -> float:
        early = min(end / middle, 1.0)
        return PRIOR_EARLY * early + (1 - PRIOR_EARLY) * 0.5 * math.erfc((middle - end) / spread)

    ends = [0.0, *(below(number + 1) for number in range(BINS - 1)), 1.0]
    return tuple(high - low for low, high in pairwise(ends))


@cache
def _kernel(width: float) -> tuple[float, ...]:
    return tuple(math.exp(-0.5 * (lag / width) ** 2) for lag in range(int(3.5 * width) + 2))


def _smooth(weights: Sequence[float], width: float) -> list[float]:
    kernel = _kernel(width)
    reach = len(kernel) - 1
    smooth = [0.0] * BINS
    for number, weight in enumerate(weights):
        if weight:
            bins = range(max(0, number - reach), min(BINS, number + reach + 1))
            share = weight / sum(kernel[abs(other - number)] for other in bins)
            for other in bins:
                smooth[other] += share * kernel[abs(other - number)]
    return smooth


def _believable(weights: Sequence[float], smooth: list[float], width: float, one: float) -> float:
    """Return how well every job is foretold by the others (log likelihood).

    ``one`` is the weight of a typical job.
    """
    kernel = _kernel(width)
    own = one / (kernel[0] + 2 * sum(kernel[1:]))
    rest = max(sum(weights) - one, 0.0) + PRIOR_JOBS
    score = 0.0
    for weight, around, guess in zip(weights, smooth, prior(), strict=True):
        if weight:
            others = max(around - own * min(1.0, weight / one), 0.0)
            score += weight * math.log((others + PRIOR_JOBS * guess) / rest)
    return score


def estimate(weights: Sequence[float], decay: float) -> Masses:
    """Return the share of each bin in the durations to come; every share is above 0.

    ``weights`` are smoothed by the kernel that foretells them best.
    """
    # The mean weight of a job, weighted by itself, in a geometric series with this sum.
    one = max(0.5, (2 - sum(weights) * (1 - decay)) / (1 + decay))
    seen = [weight if weight > 1e-4 else 0.0 for weight in weights]
    smooth, _score = max(
        (
            (smooth := _smooth(seen, width), _believable(seen, smooth, width, one))
            for width in WIDTHS
        ),
        key=lambda pair: pair[1],
    )
    total = sum(smooth) + PRIOR_JOBS
    return tuple(
        (around + PRIOR_JOBS * guess) / total for around, guess in zip(smooth, prior(), strict=True)
    )


def median(masses: Masses) -> float:
    """Return the duration that half of the try-ons do not exceed, in seconds."""
    below = 0.0
    for number, mass in enumerate(masses):
        if below + mass >= 0.5:
            return bin_end(number) * math.exp(BIN_LOG * ((0.5 - below) / mass - 1))
        below += mass
    return LONGEST_SECONDS


def _overlaps(after: float, by: float) -> list[float]:
    """Return which share of each bin lies between the two durations."""

    def place(seconds: float) -> float:
        return math.log(max(seconds, SHORTEST_SECONDS) / SHORTEST_SECONDS) / BIN_LOG

    low, high = (min(place(seconds), BINS - 0.001) for seconds in (after, by))
    high = max(high, low + 0.001)
    return [
        max(0.0, min(number + 1, high) - max(number, low)) if number + 1 > low else 0.0
        for number in range(BINS)
    ]


def _within(masses: Masses, overlaps: list[float]) -> tuple[float, list[float]]:
    """Return how likely the overlaps are, and how one job lies within them."""
    parts = [mass * overlap for mass, overlap in zip(masses, overlaps, strict=True)]
    total = sum(parts)
    return total, [part / total for part in parts]


@dataclass(frozen=True, slots=True)
class Memory:
    """Decayed counts of durations, over a long and over a short time.

    ``doubt`` is how much better the short memory foretold the recent jobs (log likelihood). The
    long memory is exact; the short one notices when Glam became faster or slower.
    """

    long: Masses = _NOTHING
    short: Masses = _NOTHING
    doubt: float = 0.0

    def estimate(self) -> Masses:
        """Return the share of each bin in the durations to come."""
        return estimate(self.long, LONG_DECAY)

    def learned(self, after_seconds: float, by_seconds: float) -> Memory:
        """Return the memory after one more job: not ready at the one time, ready by the other.

        The job's weight is spread between them by what was believed before, as in the EM
        algorithm; a job noted at the time of its poll would teach the schedule itself.
        """
        overlaps = _overlaps(after_seconds, by_seconds)
        _likely, guessed = _within(prior(), overlaps)
        likely, by_long = _within(self.estimate(), overlaps)
        likely_short, by_short = _within(estimate(self.short, SHORT_DECAY), overlaps)
        doubt = max(0.0, DOUBT_DECAY * self.doubt + math.log(likely_short / likely))

        def add(weights: Masses, decay: float, job: list[float]) -> Masses:
            return tuple(
                decay * weight + (1 - OPEN_MIND) * part + OPEN_MIND * guess
                for weight, part, guess in zip(weights, job, guessed, strict=True)
            )

        long = add(self.long, LONG_DECAY, by_long)
        short = add(self.short, SHORT_DECAY, by_short)
        if doubt > DOUBT_LIMIT:
            left = min(1.0, JOBS_KEPT / sum(short))
            long = short = tuple(weight * left for weight in short)
            doubt = 0.0
        return Memory(long, short, doubt)

    def as_json(self) -> dict[str, Any]:
        """Return what the database keeps."""
        return {
            "long": [round(weight, 6) for weight in self.long],
            "short": [round(weight, 6) for weight in self.short],
            "doubt": round(self.doubt, 6),
        }

    @classmethod
    def from_json(cls, kept: object) -> Memory:
        """Return the memory that was kept; an empty one when it has another version's shape."""
        if not isinstance(kept, Mapping):
            return cls()
        long, short, doubt = kept.get("long"), kept.get("short"), [kept.get("doubt")]
        if not (_are_weights(long) and _are_weights(short) and _are_weights(doubt, 1)):
            return cls()
        return cls(tuple(long), tuple(short), doubt[0])


def _are_weights(kept: object, count: int = BINS) -> TypeGuard[list[float]]:
    return (
        isinstance(kept, list)
        and len(kept) == count
        and all(isinstance(weight, (int, float)) and 0 <= weight < 1e6 for weight in kept)
    )
