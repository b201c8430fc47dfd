"""The kill switch: staff stop the shop's try-ons, and let them go on, without a deploy."""

from __future__ import annotations

from typing import Any

from glam_tryon.models import KillSwitch


def is_stopped() -> bool:
    """Say whether staff stopped the try-ons: no orders, no submits; what Glam has is finished."""
    return KillSwitch.load().stopped_at is not None


def stop(by: Any, why: str = "") -> bool:
    """Stop the try-ons; ``by`` is the user who does. Returns False when they were stopped already.

    Orders are refused from the next request on, and each poller sends nothing from its next round
    on. Jobs that wait go on waiting.
    """
    return KillSwitch.stop(str(by), why)


def go_on() -> bool:
    """Let try-ons go on. Returns False when they were not stopped."""
    return KillSwitch.go_on()


def change_budget(by: Any, **limits: Any) -> None:
    """Set budgets over those of the settings; None takes one back.

    ``limits`` are ``day_generations``, ``month_generations``, ``day_money``, ``month_money``. The
    caller checks the permission ``glam_tryon.change_budget``.
    """
    KillSwitch.change_budget(str(by), **limits)
