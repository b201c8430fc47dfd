"""Reading of one value of a fault script, and the error that says what is wrong with it."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any


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


Check = Callable[[Any], Any]


def flag(value: Any) -> bool:
    """``true`` or ``false``."""
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, not {value!r}")
    return value


def integer(low: int, high: int = 2**63) -> Check:
    """A whole number from ``low`` to ``high``."""

    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            limit = f"from {low} to {high}" if high < 2**63 else f"of {low} or more"
            raise ValueError(f"must be a whole number {limit}, not {value!r}")
        return value

    return check


def seconds(value: Any) -> float:
    """A number of seconds, 0 or more."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        raise ValueError(f"must be a number of seconds, 0 or more, not {value!r}")
    return float(value)


def probability(value: Any) -> float:
    """A number from 0 to 1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError(f"must be a number from 0 to 1, not {value!r}")
    return float(value)


def text(value: Any) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not value:
        raise ValueError(f"must be a text, not {value!r}")
    return value


def anything(value: Any) -> Any:
    """Any JSON value."""
    return value


def headers(value: Any) -> Mapping[str, str]:
    """An object of header names and values."""
    if not isinstance(value, Mapping) or not all(
        isinstance(part, str) for pair in value.items() for part in pair
    ):
        raise ValueError(f"must be an object of header names and texts, not {value!r}")
    return {str(name): str(content) for name, content in value.items()}


def body(value: Any) -> tuple[str, bytes]:
    """A text (HTML when it starts with ``<``) or a JSON value, as content type and bytes."""
    if isinstance(value, str):
        kind = "text/html" if value.lstrip().startswith("<") else "text/plain"
        return f"{kind}; charset=utf-8", value.encode()
    return "application/json", json.dumps(value).encode()


def raw(value: Any) -> bytes:
    """A text of characters up to U+00FF, one byte each."""
    try:
        return text(value).encode("latin-1")
    except UnicodeEncodeError:
        raise ValueError("must hold characters up to U+00FF only, one byte each") from None


def retry_after(value: Any) -> str:
    """Whatever stands in the header: a number of seconds, a date, or nonsense."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(f"must be a number of seconds or a text, not {value!r}")
    return str(value)


def table(checks: Mapping[str, Check], defaults: Mapping[str, Any]) -> Check:
    """An object with exactly these keys, each optional when it has a default."""

    def check(value: Any) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            raise ValueError(f"must be an object with {', '.join(checks)}, not {value!r}")
        found = dict(defaults)
        for name, content in value.items():
            if name not in checks:
                raise ValueError(f'"{name}" {unknown(str(name), checks)}')
            try:
                found[name] = checks[name](content)
            except ValueError as error:
                raise ValueError(f'"{name}" {error}') from error
        lacking = [name for name in checks if name not in found]
        if lacking:
            raise ValueError(f'needs "{lacking[0]}"')
        return found

    return check


def one_of(*choices: str) -> Check:
    """One of a few texts."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}, not {value!r}")
        return value

    return check


def redirect(value: Any) -> tuple[int, str]:
    """An address (302), or ``{"to": address, "status": 301, 302, 303, 307 or 308}``."""
    if isinstance(value, str):
        return 302, text(value)
    read = table({"to": text, "status": integer(301, 308)}, {"status": 302})(value)
    return read["status"], read["to"]


def sequence(value: Any) -> tuple[Any, ...]:
    """One value for every answer, or a list with one for each; the last one stays."""
    if isinstance(value, list | tuple):
        if not value:
            raise ValueError("must not be an empty list")
        return tuple(value)
    return (value,)
