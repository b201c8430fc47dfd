"""The optimiser: the polls that cost least, for durations of known shares."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache

from glam_tryon.worker.poll_interval.duration_model import BIN_LOG, Masses, bin_end

#: Steps of the time axis within one bin: 0.3 % of the elapsed time each.
STEPS = 32
#: Shortest and longest time from one poll to the next, in seconds.
SHORTEST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.05, 60.0


def best_polls(
    instants: Sequence[float], survival: Sequence[float], cost_seconds: float
) -> list[float]:
    """Return for each instant when to poll next if the try-on is not ready then.

    ``instants`` rise; ``survival`` is the share of try-ons that take longer than each, above 0
    before the last instant and 0 at it. The polls minimise, exactly and over all choices
    among the instants, the expected cost of all polls plus the delay of the answer.

    With W(i) the least expected cost plus time of the answer from instant i on (not conditional):

        W(i) = cost * S(i) + min over j > i of [ W(j) + t(j) * (S(i) - S(j)) ]

    Each j is a line in S(i), its slope t(j). Slopes fall and S(i) rises as i runs backwards, so
    the minimum is read off the lower envelope in one pass (the convex hull trick).
    """
    last = len(instants) - 1
    best = [instants[last]] * len(instants)
    worth = 0.0
    slopes: list[float] = []
    offsets: list[float] = []
    first = 0
    for i in range(last - 1, -1, -1):
        slope, left = instants[i + 1], survival[i]
        offset = worth - slope * survival[i + 1]
        while len(slopes) - first > 1 and (offset - offsets[-2]) * (slopes[-2] - slopes[-1]) <= (
            offsets[-1] - offsets[-2]
        ) * (slopes[-2] - slope):
            slopes.pop()
            offsets.pop()
        slopes.append(slope)
        offsets.append(offset)
        while (
            len(slopes) - first > 1
            and offsets[first + 1] + slopes[first + 1] * left
            <= offsets[first] + slopes[first] * left
        ):
            first += 1
        best[i] = slopes[first]
        worth = cost_seconds * left + offsets[first] + slopes[first] * left
    return best


@lru_cache(maxsize=64)
def _axis(masses: Masses, cost_seconds: float) -> tuple[list[float], list[float]]:
    instants, survival = [0.0], [1.0]
    left = math.fsum(masses)
    total = left
    for number, mass in enumerate(masses):
        start = math.log(bin_end(number)) - BIN_LOG
        for step in range(1, STEPS + 1):
            instants.append(math.exp(start + BIN_LOG * step / STEPS))
            survival.append((left - mass * step / STEPS) / total)
        left -= mass
    survival[-1] = 0.0
    return instants, best_polls(instants, survival, cost_seconds)


def seconds_to_next_poll(elapsed_seconds: float, masses: Masses, cost_seconds: float) -> float:
    """Return the seconds until the next poll of a try-on that is not ready yet.

    ``masses`` are the shares of the bins in all durations; ``cost_seconds`` is what one poll
    is worth in seconds of delay. The first call for given shares takes milliseconds, others none.
    """
    instants, best = _axis(masses, cost_seconds)
    elapsed = max(0.0, elapsed_seconds)
    here = bisect_right(instants, elapsed) - 1
    if here >= len(instants) - 2:
        return LONGEST_WAIT_SECONDS
    between = (elapsed - instants[here]) / (instants[here + 1] - instants[here])
    at = best[here] + between * (best[here + 1] - best[here])
    return min(max(at - elapsed, SHORTEST_WAIT_SECONDS), LONGEST_WAIT_SECONDS)
