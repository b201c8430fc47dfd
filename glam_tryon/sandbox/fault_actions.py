"""The closed table of what a fault can do: a field for each key, where it works, how it is read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from . import script_values as checks
from .script_values import FaultScriptError, unknown

SUBMIT, STATUS, UPLOAD, RESULT = "submit", "status", "upload", "result"
PLACES = (SUBMIT, STATUS, UPLOAD, RESULT)

#: In ``event_id``, ``media_urls`` and ``remote_status``: the key is not in the answer at all.
LEFT_OUT = "(missing)"
#: In ``remote_status``: what the sandbox would have said by itself.
REAL = "(real)"
#: In ``event_id``: an identifier of 10 kB; that of the submission before.
LONG, DUPLICATE = "(long)", "(duplicate)"

RESULT_KINDS = (
    "html", "json", "svg", "text", "empty", "garbage", "png", "truncated", "wrong_type",
    "pixel_bomb", "wide", "huge_header", "animated_webp", "icc_bomb", "gzip_bomb", "big", "endless",
)  # fmt: skip


class Unset:
    """Stands for a key that the script does not give, because ``null`` is a value there."""

    def __repr__(self) -> str:
        return "UNSET"


UNSET = Unset()


def key(check: checks.Check, *places: str, default: Any = None) -> Any:
    """One line of the table; without places it works on every request."""
    return field(default=default, metadata={"check": check, "places": places or PLACES})


def result_kind(value: Any) -> tuple[str, int | None]:
    """A kind of body, or ``{"kind": ..., "bytes": N}`` for one that has a size."""
    if isinstance(value, str):
        return checks.one_of(*RESULT_KINDS)(value), None
    read = checks.table(
        {"kind": checks.one_of(*RESULT_KINDS), "bytes": checks.integer(1)}, {"bytes": None}
    )(value)
    return read["kind"], read["bytes"]


def answered(value: Any) -> Do:
    """Fault of the answer to a POST that was taken: a word, or an object of such keys."""
    if isinstance(value, str):
        value = {checks.one_of("reset", "close", "no_answer")(value): True}
    try:
        return read_do(0, SUBMIT, value, only=ANSWER_KEYS)
    except FaultScriptError as error:
        raise ValueError(f'"{error.key}": {error.problem}') from error


fetch = checks.table(
    {
        "never": checks.flag,
        "delay_seconds": checks.seconds,
        "times": checks.integer(1, 100),
        "head": checks.flag,
        "range": checks.flag,
    },
    {"never": False, "delay_seconds": 0.0, "times": 1, "head": False, "range": False},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Do:
    """All that one request, or the generation it starts, shall suffer; ``None`` is nothing."""

    # The answer to this request.
    status: int | None = key(checks.integer(200, 599))
    headers: Mapping[str, str] | None = key(checks.headers)
    body: tuple[str, bytes] | None = key(checks.body)
    retry_after: str | None = key(checks.retry_after)
    redirect: tuple[int, str] | None = key(checks.redirect)
    raw: bytes | None = key(checks.raw)
    delay_seconds: float | None = key(checks.seconds)
    drip: Mapping[str, Any] | None = key(
        checks.table(
            {
                "bytes": checks.integer(1),
                "seconds": checks.seconds,
                "part": checks.one_of("headers", "body"),
            },
            {"bytes": 1, "part": "body"},
        )
    )
    truncate: int | None = key(checks.integer(0))
    length_off_by: int | None = key(checks.integer(-(2**62)))
    no_length: bool | None = key(checks.flag)
    reset: bool | None = key(checks.flag)
    close: bool | None = key(checks.flag)
    close_after: bool | None = key(checks.flag)
    no_answer: bool | None = key(checks.flag)
    # A POST that is taken although its answer goes wrong.
    accept_then: Do | None = key(answered, SUBMIT)  # noqa: RUF009 (key() is dataclasses.field())
    event_id: Any = key(checks.anything, SUBMIT, default=UNSET)  # noqa: RUF009
    # The generation.
    seconds: float | None = key(checks.seconds, SUBMIT)
    fetch: Mapping[str, Any] | None = key(fetch, SUBMIT)
    fail: str | None = key(checks.text, SUBMIT)
    stuck: bool | None = key(checks.flag, SUBMIT)
    not_found: int | None = key(checks.integer(1), SUBMIT)
    lose: bool | None = key(checks.flag, SUBMIT, STATUS)
    remote_status: tuple[Any, ...] | None = key(checks.sequence, SUBMIT, STATUS)
    media_urls: Any = key(checks.anything, SUBMIT, STATUS, default=UNSET)  # noqa: RUF009
    results: int | None = key(checks.integer(1, 100), SUBMIT)
    unchanged: bool | None = key(checks.flag, SUBMIT)
    blank: bool | None = key(checks.flag, SUBMIT)
    result: tuple[str, int | None] | None = key(result_kind, SUBMIT, RESULT)

    def over(self, other: Do) -> Do:
        """Return this one, completed with the other's values."""
        given = {
            each.name: getattr(other, each.name)
            for each in fields(self)
            if getattr(self, each.name) is each.default
        }
        return replace(self, **given)

    @property
    def speaks(self) -> bool:
        """Say whether the fault itself gives the answer, so that the request changes nothing."""
        silent = self.reset and self.truncate is None
        given = (self.status, self.redirect, self.raw, self.body)
        return bool(silent or self.close or self.no_answer or any(x is not None for x in given))


#: What may stand inside ``accept_then``.
ANSWER_KEYS = (
    "status", "headers", "body", "retry_after", "redirect", "raw", "delay_seconds", "drip",
    "truncate", "length_off_by", "no_length", "reset", "close", "close_after", "no_answer",
)  # fmt: skip
NOTHING = Do()


def read_do(rule: int, place: str, value: Any, only: Collection[str] | None = None) -> Do:
    """Read ``"do"`` of one rule; ``FaultScriptError`` names the key that is wrong."""
    if not isinstance(value, Mapping) or not value:
        raise FaultScriptError(rule, "do", "must be an object with at least one action")
    table = {each.name: each for each in fields(Do)}
    known = only or [name for name, each in table.items() if place in each.metadata["places"]]
    read = {}
    for name, content in value.items():
        if name not in table:
            raise FaultScriptError(rule, str(name), unknown(str(name), known))
        if name not in known:
            places = "inside accept_then" if only else f'on "{place}"'
            works = ", ".join(table[name].metadata["places"])
            raise FaultScriptError(rule, name, f"does not work {places}; it works on {works}")
        try:
            read[name] = table[name].metadata["check"](content)
        except ValueError as error:
            raise FaultScriptError(rule, name, str(error)) from error
    return Do(**read)
