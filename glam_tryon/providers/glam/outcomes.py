"""The one closed table of what Glam's answers, and its silences, mean.

A new fact about Glam changes this file only. Sources are marked as in Glam's quick start [doc],
public client code [seen], or assumed from how such services answer [assumed]. What the table does
not know is never sent again by itself: after a POST it is ambiguous, after a GET it is asked again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from glam_tryon.providers.base import Outcome, Polled, RemoteStatus, Submitted, Uploaded, Verdict
from glam_tryon.providers.http import Answer, Silence
from glam_tryon.providers.redact import failure_text, failure_text_of, parse, scrub

Heard = Answer | Silence


@dataclass(frozen=True, slots=True)
class _Row:
    verdict: Verdict
    code: str
    pauses: bool = False
    throttled: bool = False
    breaker: bool = False


# Keys of three digits are statuses, keys of one digit the rest of their hundred. All [assumed]:
# Glam publishes no errors.
_SUBMIT = {
    3: _Row(Verdict.REFUSED, "redirected", pauses=True),  # never followed: a wrong BASE_URL
    4: _Row(Verdict.FATAL, "rejected"),
    5: _Row(Verdict.AMBIGUOUS, "server_error", breaker=True),
    401: _Row(Verdict.REFUSED, "bad_key", pauses=True),
    402: _Row(Verdict.REFUSED, "no_credits", pauses=True),
    403: _Row(Verdict.REFUSED, "bad_key", pauses=True),
    # A proxy says 408 when it gave up waiting: the request may have gone through it before.
    408: _Row(Verdict.AMBIGUOUS, "request_timeout", breaker=True),
    425: _Row(Verdict.REFUSED, "too_early"),
    429: _Row(Verdict.REFUSED, "throttled", throttled=True),
}
# ``breaker`` is about submissions: a poll that fails does not open the circuit.
_POLL = {
    3: _Row(Verdict.AGAIN, "redirected", pauses=True),
    4: _Row(Verdict.AGAIN, "rejected"),
    5: _Row(Verdict.AGAIN, "server_error"),
    401: _Row(Verdict.AGAIN, "bad_key", pauses=True),
    402: _Row(Verdict.AGAIN, "no_credits", pauses=True),
    403: _Row(Verdict.AGAIN, "bad_key", pauses=True),
    404: _Row(Verdict.AGAIN, "not_found"),
    410: _Row(Verdict.AGAIN, "not_found"),
    429: _Row(Verdict.AGAIN, "throttled", throttled=True),
}
# An upload buys nothing: doing it twice is harmless.
_UPLOAD = {
    **_SUBMIT,
    5: _Row(Verdict.AGAIN, "server_error", breaker=True),
    408: _Row(Verdict.AGAIN, "request_timeout", breaker=True),
}
_NO_CREDITS = _Row(Verdict.REFUSED, "no_credits", pauses=True)

_NOT_SENT = {
    "bad_key": _Row(Verdict.NOT_SENT, "bad_key", pauses=True),
    "fenced": _Row(Verdict.NOT_SENT, "fenced"),
}

_STATUSES = {
    "IN_QUEUE": RemoteStatus.IN_QUEUE,  # [doc]
    "IN_PROGRESS": RemoteStatus.IN_PROGRESS,  # [doc]
    "READY": RemoteStatus.READY,  # [doc]
    "FAILED": RemoteStatus.FAILED,  # [doc]
    "CANCELLED": RemoteStatus.FAILED,  # [assumed], and the two below
    "CANCELED": RemoteStatus.FAILED,
    "TIMED_OUT": RemoteStatus.FAILED,
}

_EVENT_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
# A peer answers 429 for the rate, for the parallel limit and for an empty account alike [assumed].
_ABOUT_CREDITS = re.compile(r"\b(credits?|quota|balance|payment|billing)\b", re.IGNORECASE)
_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")


def is_event_id(value: object) -> bool:
    """Say whether ``value`` can be Glam's name of a generation: opaque, but safe in a path."""
    return (
        isinstance(value, str)
        and _EVENT_ID.fullmatch(value) is not None
        and value not in (".", "..")
    )


def judge_submit(heard: Heard, *, secret: str = "") -> Submitted:
    """Say what a POST for a generation came to.

    ``secret`` is the key, taken out of whatever text is kept.
    """
    if isinstance(heard, Silence):
        return Submitted(_silent(heard, Verdict.AMBIGUOUS, breaker=True))
    if not _is_success(heard):
        row = _row(_SUBMIT, heard, _Row(Verdict.AMBIGUOUS, "unknown_status", breaker=True))
        return Submitted(_refused(row, heard, secret))
    value = parse(heard.body)
    event_id = value.get("event_id") if isinstance(value, dict) else None
    if isinstance(event_id, str) and is_event_id(event_id):
        return Submitted(_accepted(heard), event_id)
    code = heard.problem or ("bad_event_id" if isinstance(value, dict) else "unreadable")
    row = _Row(Verdict.AMBIGUOUS, code, breaker=True)
    return Submitted(_refused(row, heard, secret))


def judge_poll(heard: Heard, *, secret: str = "") -> Polled:
    """Say what a poll came to; ``secret`` as for ``judge_submit``."""
    if isinstance(heard, Silence):
        return Polled(_silent(heard, Verdict.AGAIN, unsent=Verdict.AGAIN))
    if not _is_success(heard):
        row = _row(_POLL, heard, _Row(Verdict.AGAIN, "unknown_status"))
        return Polled(_refused(row, heard, secret))
    value = parse(heard.body)
    if not isinstance(value, dict):
        return Polled(_refused(_Row(Verdict.AGAIN, heard.problem or "unreadable"), heard, secret))
    raw = value.get("status")
    word = raw.strip().upper().replace("-", "_").replace(" ", "_") if isinstance(raw, str) else ""
    media_urls = _media_urls(value.get("media_urls"))
    status = _STATUSES.get(word)
    if word == "COMPLETED" and media_urls:
        status = RemoteStatus.READY
    return Polled(
        _accepted(heard),
        status=status or RemoteStatus.IN_PROGRESS,
        raw_status="" if raw is None else scrub(str(raw)[:1000], secret)[:64],
        known=status is not None,
        media_urls=media_urls,
        reason=failure_text_of(value, secret) if status is RemoteStatus.FAILED else "",
    )


def judge_upload(heard: Heard, *, secret: str = "") -> Uploaded:
    """Say what an upload came to [seen]; arguments as for ``judge_submit``."""
    if isinstance(heard, Silence):
        return Uploaded(_silent(heard, Verdict.AGAIN, breaker=True))
    if not _is_success(heard):
        row = _row(_UPLOAD, heard, _Row(Verdict.AGAIN, "unknown_status", breaker=True))
        return Uploaded(_refused(row, heard, secret))
    value = parse(heard.body)
    file_url = value.get("file_url") if isinstance(value, dict) else None
    if isinstance(file_url, str) and _is_address(file_url):
        return Uploaded(_accepted(heard), file_url)
    row = _Row(Verdict.AGAIN, heard.problem or "unreadable", breaker=True)
    return Uploaded(_refused(row, heard, secret))


def retry_after_seconds(answer: Answer) -> float | None:
    """Return how long the answer asks to wait, 0 or more; None when it does not say so readably.

    A date is compared with the answer's own ``Date``, so a clock that is off does no harm. There
    is no upper limit here: whoever waits has one.
    """
    text = answer.retry_after.strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    until = _instant(text)
    if until is None:
        return None
    now = _instant(answer.date)
    return max(0.0, until - (answer.received_at if now is None else now))


def _instant(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text[:64]).timestamp()
    except (ValueError, OverflowError):
        return None


def _is_success(answer: Answer) -> bool:
    return 200 <= answer.status < 300


def _row(table: dict[int, _Row], answer: Answer, unknown: _Row) -> _Row:
    row = table.get(answer.status) or table.get(answer.status // 100, unknown)
    about_money = answer.status in (403, 429) and row.verdict is Verdict.REFUSED
    if about_money and _ABOUT_CREDITS.search(failure_text(answer.body)):
        return _NO_CREDITS
    return row


def _refused(row: _Row, answer: Answer, secret: str) -> Outcome:
    return Outcome(
        row.verdict,
        row.code,
        detail=failure_text(answer.body, secret),
        http_status=answer.status,
        retry_after_seconds=retry_after_seconds(answer),
        pauses=row.pauses,
        throttled=row.throttled,
        breaker=row.breaker,
    )


def _accepted(answer: Answer) -> Outcome:
    return Outcome(Verdict.OK, "ok", http_status=answer.status)


def _silent(
    silence: Silence,
    written: Verdict,
    *,
    unsent: Verdict = Verdict.NOT_SENT,
    breaker: bool = False,
) -> Outcome:
    row = _Row(written, silence.code, breaker=breaker)
    if not silence.written:
        default = _Row(Verdict.NOT_SENT, silence.code, breaker=breaker)
        row = replace(_NOT_SENT.get(silence.code, default), verdict=unsent)
    return Outcome(row.verdict, row.code, silence.detail, pauses=row.pauses, breaker=row.breaker)


def _media_urls(value: object) -> tuple[object, ...]:
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list):
        return ()
    return tuple(entry for entry in value if entry not in (None, ""))


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and len(text) <= 2048
