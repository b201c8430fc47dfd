"""What crosses the border between Glam's HTTP API and the rest."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

#: Longest wait for a connection, TLS included, and longest silence within an answer.
CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS = 5.0, 20.0


class MaskType(str, Enum):
    """What the garment replaces: everything, the top or the bottom. Source: Glam's quick start."""

    OVERALL = "overall"
    UPPER = "upper"
    LOWER = "lower"


class RemoteStatus(str, Enum):
    """Glam's words for a generation, brought to one spelling."""

    IN_QUEUE = "in_queue"
    IN_PROGRESS = "in_progress"
    READY = "ready"
    FAILED = "failed"


class Verdict(str, Enum):
    """What an answer, or its absence, means for the step that asked."""

    OK = "ok"  #: Glam answered as documented.
    NOT_SENT = "not_sent"  #: No byte of the request left: nothing was bought.
    REFUSED = "refused"  #: Glam said no for a passing reason: nothing was bought, try later.
    AMBIGUOUS = "ambiguous"  #: Nobody knows whether Glam took it. Only a POST can be ambiguous.
    AGAIN = "again"  #: A free request failed; ask again later.
    FATAL = "fatal"  #: Glam said no for good to this job.


@dataclass(frozen=True, slots=True)
class Outcome:
    """One request to Glam, judged.

    ``code`` is a stable word for the ledger and the admin. ``detail`` is Glam's own text, cut to
    500 characters and free of addresses and keys; it is for staff, never for shoppers.
    ``pauses`` asks to stop all submitting (wrong key, no credits). ``throttled`` asks for fewer
    of what was refused: parallel submissions, or questions a second. ``breaker`` counts for the
    circuit breaker.
    """

    verdict: Verdict
    code: str
    detail: str = ""
    http_status: int | None = None
    retry_after_seconds: float | None = None
    pauses: bool = False
    throttled: bool = False
    breaker: bool = False


@dataclass(frozen=True, slots=True)
class Submitted:
    """The end of a submit. ``event_id`` is set if and only if the verdict is OK."""

    outcome: Outcome
    event_id: str = ""


@dataclass(frozen=True, slots=True)
class Fetched:
    """The end of a status question. ``status`` is None unless the verdict is OK.

    ``raw_status`` is Glam's own word, cut to 64 characters; ``known`` is False when it is none of
    those that the table knows (then ``status`` is IN_PROGRESS). ``reason`` is Glam's failure text.
    """

    outcome: Outcome
    status: RemoteStatus | None = None
    raw_status: str = ""
    known: bool = True
    media_urls: tuple[object, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Uploaded:
    """The end of an upload. ``file_url`` is set if and only if the verdict is OK."""

    outcome: Outcome
    file_url: str = ""
