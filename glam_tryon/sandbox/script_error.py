"""The error for a fault script that cannot be used: it names rule, key and a right value."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class FaultScriptError(ValueError):
    """A fault script is wrong. ``rule`` counts from 1 (0: the file); ``key`` may be empty."""

    def __init__(self, rule: int, key: str, problem: str) -> None:
        self.rule = rule
        self.key = key
        self.problem = problem
        where = f"rule {rule}" if rule else "fault script"
        super().__init__(f'{where}, key "{key}": {problem}' if key else f"{where}: {problem}")


def unknown(name: str, known: Iterable[str]) -> str:
    """The sentence for a name that nobody knows, with the nearest right one."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f'did you mean "{near[0]}"?' if near else "known: " + ", ".join(names)
    return f"is not known; {hint}"
