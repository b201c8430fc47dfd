"""The histogram of shoppers' waits, in bins of equal ratio, and its percentiles."""

from __future__ import annotations

import math
from collections.abc import Mapping

#: The first bin ends here; each further one is this much longer than the one before (19 %).
SHORTEST_SECONDS, RATIO = 1.0, 2**0.25
#: The last bin holds whatever is longer than its beginning, about a day.
LAST_BIN = 66


def bin_of(seconds: float) -> int:
    """Return the bin that a wait falls into."""
    if seconds <= SHORTEST_SECONDS:
        return 0
    # Rounded, so that the end of a bin belongs to it whatever the logarithm makes of it.
    return min(LAST_BIN, math.ceil(round(math.log(seconds / SHORTEST_SECONDS, RATIO), 9)))


def bin_end(number: int) -> float:
    """Return where a bin ends, in seconds."""
    return SHORTEST_SECONDS * RATIO**number


def percentile(counts: Mapping[int, int], share: float) -> float | None:
    """Return how many seconds the ``share`` (0 to 1) of the waits took at most; None without any.

    Within a bin the waits are taken to be spread evenly by ratio, so the answer is off by less
    than a bin's width.
    """
    total = sum(counts.values())
    if total <= 0:
        return None
    wanted, below = share * total, 0
    last = 0
    for number in sorted(counts):
        count = counts[number]
        if count <= 0:
            continue
        last = number
        if below + count >= wanted:
            begin = bin_end(number - 1) if number else 0.0
            part = (wanted - below) / count
            return begin + (bin_end(number) - begin) * part if not number else begin * RATIO**part
        below += count
    return bin_end(last)
