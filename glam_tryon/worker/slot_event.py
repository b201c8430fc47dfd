"""Wakes this process's pollers when a slot is free, long before the step that freed it ends."""

from __future__ import annotations

from collections.abc import Callable

_ears: list[Callable[[], None]] = []


def hear(wake: Callable[[], None]) -> None:
    """Call ``wake`` at each ring, from any thread, until ``leave``."""
    _ears.append(wake)


def leave(wake: Callable[[], None]) -> None:
    """Call it no more."""
    if wake in _ears:
        _ears.remove(wake)


def ring() -> None:
    """Say that a slot is free: the pictures of its job are still to be fetched."""
    for wake in tuple(_ears):
        wake()
