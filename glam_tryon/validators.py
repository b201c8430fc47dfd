"""Rules for the values in ``GLAM_TRYON``: each returns the value as the package reads it.

A rule raises ``ValueError`` with the end of a sentence that begins with the setting's name; of a
setting that is itself a dict it raises ``WrongKey``, which also names the key. Nothing here needs
Django.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")


class Secret(str):
    """Text that equals what it holds and is sent as it, but shown, formatted and logged as stars.

    So no traceback with the variables of its frames holds an API key, nor does a dict of headers.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Make a secret of ``text``, which may be one already."""
        # A slice is plain text; of a secret itself the base class would take the stars.
        return super().__new__(cls, text[:])

    def __repr__(self) -> str:
        return "'***'"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return "***"


class WrongKey(ValueError):
    """One key of a setting that is a dict is unknown or has a wrong value."""

    def __init__(self, key: str, problem: str) -> None:
        self.key = key
        super().__init__(problem)


def group(make: type[T], **rules: Callable[[Any], Any]) -> Callable[[Any], T]:
    """A dict whose values follow ``rules``; a key that is left out has the default of ``make``.

    ``make`` is a dataclass with a default for each of the keys.
    """

    def rule(value: Any) -> T:
        if not isinstance(value, Mapping):
            raise ValueError(f"must be a dict with keys of {', '.join(map(repr, rules))}")
        read = {}
        for key, given in value.items():
            if key not in rules:
                raise WrongKey(str(key), f"is no key; the keys are {', '.join(map(repr, rules))}")
            try:
                read[key] = rules[key](given)
            except ValueError as error:
                raise WrongKey(key, str(error)) from None
        return make(**read)

    return rule


def whole(minimum: int, maximum: int) -> Callable[[Any], int]:
    """A whole number within its limits."""

    def rule(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value <= maximum:
            raise ValueError(f"must be a whole number from {minimum} to {maximum}, not {value!r}")
        return value

    return rule


def number(minimum: float, maximum: float) -> Callable[[Any], float]:
    """A number within its limits."""

    def rule(value: Any) -> float:
        if (
            isinstance(value, bool)
            or not isinstance(value, (int, float))
            or not minimum <= value <= maximum
        ):
            raise ValueError(f"must be a number from {minimum:g} to {maximum:g}, not {value!r}")
        return float(value)

    return rule


def flag(value: Any) -> bool:
    """True or False, and nothing like them."""
    if not isinstance(value, bool):
        raise ValueError(f"must be True or False, not {value!r}")
    return value


def choice(*literals: str) -> Callable[[Any], str]:
    """One of a few fixed strings."""

    def rule(value: Any) -> str:
        if value not in literals:
            raise ValueError(f"must be one of {', '.join(map(repr, literals))}, not {value!r}")
        return str(value)

    return rule


def limit(maximum: int) -> Callable[[Any], int | None]:
    """A whole number of things, or None for no limit."""

    def rule(value: Any) -> int | None:
        if value is None:
            return None
        try:
            return whole(0, maximum)(value)
        except ValueError:
            raise ValueError(
                f"must be None or a whole number from 0 to {maximum}, not {value!r}"
            ) from None

    return rule


def money(value: Any) -> Decimal | None:
    """An amount, exact when it is given as text or as a ``Decimal``."""
    if value is None:
        return None
    try:
        amount = None if isinstance(value, (bool, bytes)) else Decimal(str(value))
    except InvalidOperation:
        amount = None
    if amount is None or not amount.is_finite() or not 0 <= amount < 10_000_000:
        raise ValueError(f"must be None or an amount like '0.08', not {value!r}")
    return amount


def currency(value: Any) -> str:
    """The three letters of a currency."""
    if not (isinstance(value, str) and len(value) == 3 and value.isascii() and value.isupper()):
        raise ValueError(f"must be the three letters of a currency, like 'EUR', not {value!r}")
    return value


def key(value: Any) -> str | Callable[[], str]:
    """A secret, or a callable that returns it."""
    # The value itself is a secret, so it never stands in the message.
    if isinstance(value, str):
        return Secret(value)
    if callable(value):
        ask: Callable[[], str] = value
        return ask
    raise ValueError(
        f"must be text or a callable that returns text, not of type {type(value).__name__}"
    )


def http_url(value: Any) -> str:
    """An http or https URL without user name, query and fragment, and without its last slash."""
    # The value never stands in the message: it may be a key in the wrong place, or hold a password.
    try:
        parts = urlsplit(value if isinstance(value, str) else "")
        complete = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        complete = False
    if not complete or any(character.isspace() for character in value):
        raise ValueError("must be a URL like 'https://shop.example.com'")
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("must have no user name, query or fragment")
    return str(value).rstrip("/")


def http_url_or_nothing(value: Any) -> str:
    """A URL, or empty text."""
    return "" if value == "" else http_url(value)


def is_loopback(host: str) -> bool:
    """Say whether a host, without its port, names this machine itself (the sandbox, tests)."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_loopback_url(url: str) -> bool:
    """Say whether a URL leads to this machine itself."""
    return is_loopback(urlsplit(url).hostname or "")


def hosts(value: Any) -> Sequence[str]:
    """Host names."""
    entries = tuple(value) if isinstance(value, (list, tuple, set, frozenset)) else ()
    if not entries or not all(
        isinstance(entry, str) and entry and "/" not in entry for entry in entries
    ):
        raise ValueError("must be a list of host names like ['static.getglam.app']")
    return entries


def phrases(value: Any) -> Sequence[str]:
    """A list of words or phrases, which may be empty."""
    entries = tuple(value) if isinstance(value, (list, tuple, set, frozenset)) else None
    if entries is None or not all(isinstance(entry, str) and entry.strip() for entry in entries):
        raise ValueError("must be a list of words like ['swimwear'], or an empty one")
    return entries


_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")


def hook(value: Any) -> str:
    """Take the dotted path of a function of the shop's own, or nothing; the rule of each hook."""
    if value != "" and not (isinstance(value, str) and _DOTTED.fullmatch(value)):
        raise ValueError("must be the dotted path of a function like 'shop.photos.check'")
    return str(value)


def dotted_path(value: Any) -> str:
    """The dotted path of a class."""
    if not (isinstance(value, str) and _DOTTED.fullmatch(value)):
        raise ValueError("must be the dotted path of a class like 'shop.drawing.Provider'")
    return value


def prefix(value: Any) -> str:
    """A folder."""
    if not isinstance(value, str) or not value.strip("/") or ".." in value or len(value) > 60:
        raise ValueError("must be a short storage folder like 'glam_tryon'")
    return value.strip("/")
