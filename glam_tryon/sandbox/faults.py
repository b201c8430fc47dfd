"""A fault script: which request shall go wrong, by count, chance or event."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import script_values as checks
from .fault_actions import NOTHING, PLACES, RESULT, STATUS, Do, read_do
from .script_values import FaultScriptError, unknown

KEYS = ("on", "do", "nth", "times", "probability", "event", "note")


@dataclass(slots=True)
class Rule:
    """One line of the script with its counters."""

    on: str
    do: Do
    nth: frozenset[int] | None
    times: int | None
    probability: float
    event: int | str | None
    seen: int = 0
    used: int = 0

    def takes(self, number: int | None, event_id: str | None, rng: random.Random) -> bool:
        """Count one request of this kind and say whether the rule applies to it."""
        if self.event is not None and self.event not in (number, event_id):
            return False
        self.seen += 1
        if self.nth is not None and self.seen not in self.nth:
            return False
        if self.times is not None and self.used >= self.times:
            return False
        if self.probability < 1 and rng.random() >= self.probability:
            return False
        self.used += 1
        return True


class FaultScript:
    """Rules in order; where two apply to one request, the first one's keys win.

    Safe for several threads. A script counts for itself: give a fresh one to start again.
    """

    def __init__(self, rules: Iterable[Rule] = (), seed: int | None = None) -> None:
        self._rules = list(rules)
        self._rng = random.Random(seed)
        self._lock = threading.Lock()

    @classmethod
    def from_rules(cls, rules: Iterable[Mapping[str, Any]], seed: int | None = None) -> FaultScript:
        """Read rules as in ``docs/sandbox.md``. Raises ``FaultScriptError``.

        ``seed`` makes rules with a probability repeatable.
        """
        return cls([read_rule(number, rule) for number, rule in enumerate(rules, 1)], seed)

    @classmethod
    def from_file(cls, path: str | Path) -> FaultScript:
        """Read a JSON file: a list of rules, or ``{"seed": 7, "rules": [...]}``.

        Raises ``FaultScriptError`` that names the rule and the key, and ``OSError``.
        """
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
        except ValueError as error:
            raise FaultScriptError(0, "", f"{path} is not JSON: {error}") from error
        seed = None
        if isinstance(content, Mapping):
            for name in content:
                if name not in ("seed", "rules"):
                    raise FaultScriptError(0, str(name), unknown(str(name), ("seed", "rules")))
            seed, content = content.get("seed"), content.get("rules")
        if not isinstance(content, list):
            raise FaultScriptError(0, "rules", "must be a list of rules")
        if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
            raise FaultScriptError(0, "seed", f"must be a whole number, not {seed!r}")
        return cls.from_rules(content, seed)

    def decide(self, on: str, number: int | None = None, event_id: str | None = None) -> Do:
        """Choose the fault of this request. ``number`` counts the submissions taken, from 1."""
        with self._lock:
            chosen = NOTHING
            for rule in self._rules:
                if rule.on == on and rule.takes(number, event_id, self._rng):
                    chosen = chosen.over(rule.do)
            return chosen

    @property
    def used(self) -> tuple[int, ...]:
        """Number of times that each rule has applied, in the order of the rules."""
        with self._lock:
            return tuple(rule.used for rule in self._rules)


def read_rule(number: int, rule: Any) -> Rule:
    """One rule from plain data; ``number`` is its place in the file, from 1."""
    if not isinstance(rule, Mapping):
        raise FaultScriptError(number, "", f"must be an object, not {rule!r}")
    for name in rule:
        if name not in KEYS:
            raise FaultScriptError(number, str(name), unknown(str(name), KEYS))
    if rule.get("on") not in PLACES:
        raise FaultScriptError(number, "on", f"must be one of {', '.join(PLACES)}")
    on = rule["on"]
    if "event" in rule and on not in (STATUS, RESULT):
        raise FaultScriptError(number, "event", "works on status and result; count with nth here")
    return Rule(
        on=on,
        do=read_do(number, on, rule.get("do")),
        nth=_read(number, rule, "nth", _nth, None),
        times=_read(number, rule, "times", checks.integer(1), None),
        probability=_read(number, rule, "probability", checks.probability, 1.0),
        event=_read(number, rule, "event", _event, None),
    )


def _read(
    number: int, rule: Mapping[str, Any], name: str, check: checks.Check, default: Any
) -> Any:
    if name not in rule:
        return default
    try:
        return check(rule[name])
    except ValueError as error:
        raise FaultScriptError(number, name, str(error)) from error


def _nth(value: Any) -> frozenset[int] | None:
    if value == "every":
        return None
    counts = value if isinstance(value, list) and value else [value]
    try:
        return frozenset(checks.integer(1)(count) for count in counts)
    except ValueError:
        raise ValueError(
            f'must be "every", a whole number from 1, or a list of them, not {value!r}'
        ) from None


def _event(value: Any) -> int | str:
    if isinstance(value, str) and value:
        return value
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise ValueError(f"must be an event id, or a submission's number from 1, not {value!r}")
