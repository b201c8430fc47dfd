"""The seam to a provider, an AI service that draws try-ons: what it is asked, what it returns."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, ClassVar, Protocol

from glam_tryon.plain_text import clean_text

#: The account whose key, cap and prices stand in the settings; the only one so far.
DEFAULT_ACCOUNT = "default"
#: Longest name of a submission that is kept, in characters.
LONGEST_EVENT_ID = 128
#: Longest wait for a connection, TLS included, and longest silence within an answer.
CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS = 5.0, 20.0


class MaskType(str, Enum):
    """The part of the outfit that the garment replaces; each provider maps it to its own words."""

    OVERALL = "overall"
    UPPER = "upper"
    LOWER = "lower"


class RemoteStatus(str, Enum):
    """Status of a submission, whatever the provider calls it."""

    IN_QUEUE = "in_queue"
    IN_PROGRESS = "in_progress"
    READY = "ready"
    FAILED = "failed"


class Verdict(str, Enum):
    """Meaning of an answer, or of its absence, for the step that asked."""

    OK = "ok"  #: The provider answered as documented.
    NOT_SENT = "not_sent"  #: No byte of the request left: nothing was bought.
    REFUSED = "refused"  #: It said no for a passing reason: nothing was bought, try later.
    AMBIGUOUS = "ambiguous"  #: Nobody knows whether it was taken. Only a POST can be ambiguous.
    AGAIN = "again"  #: A free request failed; ask again later.
    FATAL = "fatal"  #: It said no for good to this job.


def _put(judged: Any, **values: object) -> None:
    """Write fields of a frozen object that is just being made."""
    for name, value in values.items():
        object.__setattr__(judged, name, value)


# What a provider says is cleaned in these objects, the one door through which it comes: its verdict
# is written down and acted upon whatever its words are.


@dataclass(frozen=True, slots=True)
class Outcome:
    """One request to a provider, judged.

    ``code`` is a stable word for the ledger and the admin. ``detail`` is the provider's own text,
    cut to 500 characters and free of URLs and keys; it is for staff, never for shoppers.
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

    def __post_init__(self) -> None:
        wait, status = self.retry_after_seconds, self.http_status
        _put(
            self,
            # A word for programs, which every charset holds.
            code=clean_text(self.code, 40).encode("ascii", "replace").decode(),
            detail=clean_text(self.detail, 500),
            http_status=status if status is None or 0 <= status < 1000 else None,
            retry_after_seconds=wait if wait is None or 0 <= wait < math.inf else None,
        )


@dataclass(frozen=True, slots=True)
class Submitted:
    """The end of a submit. ``event_id`` is set if and only if the verdict is OK.

    It has at most ``LONGEST_EVENT_ID`` characters, all of them printable ASCII; with any other the
    submission cannot be polled, so the verdict becomes AMBIGUOUS, code ``bad_event_id``.
    """

    outcome: Outcome
    event_id: str = ""

    def __post_init__(self) -> None:
        if self.outcome.verdict is Verdict.OK and not _is_kept(self.event_id):
            outcome = replace(self.outcome, verdict=Verdict.AMBIGUOUS, code="bad_event_id")
            _put(self, outcome=outcome, event_id="")


def _is_kept(event_id: object) -> bool:
    known = isinstance(event_id, str) and event_id.isascii() and event_id.isprintable()
    return known and 0 < len(str(event_id)) <= LONGEST_EVENT_ID


@dataclass(frozen=True, slots=True)
class Polled:
    """The end of a poll. ``status`` is None unless the verdict is OK.

    ``raw_status`` is the provider's own word, cut to 64 characters; ``known`` is False when it is
    new to us (then ``status`` is IN_PROGRESS). ``media_urls`` are as they came, of any type, but
    texts among them are cleaned. ``reason`` is the provider's text about a failure.
    """

    outcome: Outcome
    status: RemoteStatus | None = None
    raw_status: str = ""
    known: bool = True
    media_urls: tuple[object, ...] = ()
    reason: str = ""

    def __post_init__(self) -> None:
        _put(
            self,
            raw_status=clean_text(self.raw_status, 64),
            media_urls=tuple(
                clean_text(url) if isinstance(url, str) else url for url in self.media_urls
            ),
            reason=clean_text(self.reason, 500),
        )


@dataclass(frozen=True, slots=True)
class Uploaded:
    """The end of an upload. ``file_url`` is set if and only if the verdict is OK."""

    outcome: Outcome
    file_url: str = ""


class Provider(Protocol):
    """An AI service that draws try-ons, reached with the key of one account.

    The setting ``PROVIDER`` names the class by its dotted path. Each process makes one object for
    an account, by keyword arguments: ``api_key`` (a callable that is asked before each request and
    returns an empty text while there is no key), ``base_url``, and the longest wait for a
    connection, the longest silence and the longest whole exchange. Its methods are called by many
    threads at once, also in a process that was forked since. They return an outcome, and raise
    nothing for what the network or the service does. Neither the key nor a URL may stand in what
    they return as text, or in a log.
    """

    #: The service's name as people read it in texts of the admin.
    display_name: ClassVar[str]
    #: It fetches each picture from the URL that ``submit`` names, and cannot draw one whose URL is
    #: dead. Only then may an unclear submit be sent again: after its unused photo link was revoked.
    #: False: pictures go there by ``upload`` before ``submit``.
    fetches_links: ClassVar[bool]

    def __init__(
        self,
        *,
        api_key: Callable[[], str],
        base_url: str,
        connect_timeout_seconds: float,
        read_timeout_seconds: float,
        deadline_seconds: float,
    ) -> None: ...

    def submit(
        self,
        *,
        photo_url: str,
        garment_url: str,
        mask_type: str,
        before_write: Callable[[], bool] | None = None,
    ) -> Submitted:
        """Buy one generation: one POST over a fresh connection, sent at most once.

        The URLs are links of the shop's, or what ``upload`` returned. ``before_write`` is called
        once, when the connection stands and before its first byte leaves; when it returns False
        nothing is sent: NOT_SENT, code ``fenced``. Never called twice for one submission. A garment
        that the service has no word for is FATAL. When bytes left and no answer says what became of
        them, the verdict is AMBIGUOUS: any other would buy the picture again, or lose it.

        Raises:
            Exception: whatever ``before_write`` raised; nothing was sent.
        """

    def poll(self, event_id: str) -> Polled:
        """Ask how far a generation is. It costs nothing and may be repeated at any time.

        ``event_id`` is what ``submit`` returned. Code ``not_found`` says that the service does not
        know it; the job is lost when it still says so minutes after the submit.
        """

    def upload(self, content: bytes, filename: str, content_type: str) -> Uploaded:
        """Put one picture where the service can fetch it. It buys nothing and may be repeated."""

    def probe(self) -> Outcome:
        """Ask, for nothing, whether the service takes the key: OK, or the code that says why not.

        ``bad_key``, ``no_credits``, ``redirected`` and ``throttled`` have texts in the admin.
        """

    def close(self) -> None:
        """Close the connections that are kept; a later request opens new ones."""
