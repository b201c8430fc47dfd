"""Counters of one process: steps by outcome, for one log line."""

from __future__ import annotations

import threading
from collections import Counter

_lock = threading.Lock()
_counts: Counter[str] = Counter()


def count(step: str, outcome: str) -> None:
    """Count one step with its outcome, such as ``submit`` and ``ok``."""
    with _lock:
        _counts[f"{step}.{outcome}"] += 1


def counted() -> dict[str, int]:
    """Return the counts of this process, by ``step.outcome``."""
    with _lock:
        return dict(_counts)


def line() -> str:
    """Return the counts as one line of ``name=number`` pairs."""
    return " ".join(f"{name}={number}" for name, number in sorted(counted().items()))
