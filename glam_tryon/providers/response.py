"""What came back from one HTTP exchange, before anybody judges it: an answer, or silence."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """The other side answered at least with a status line and headers.

    ``body`` is None when it could not be had whole; ``problem`` then says why: ``read_timeout``,
    ``deadline``, ``connection_lost``, ``too_large`` or ``encoding``. ``retry_after`` and ``date``
    are the headers of these names as they came, ``received_at`` is this machine's clock (seconds
    since the epoch).
    """

    status: int
    body: bytes | None
    problem: str = ""
    retry_after: str = ""
    date: str = ""
    received_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer. ``written`` says whether any byte of the request may have left.

    ``code`` when nothing was written: ``name_lookup``, ``connect_timeout``, ``connect_failed``,
    ``tls``, ``deadline``, ``forbidden_address``, ``local``, ``fenced`` or ``bad_key``; afterwards:
    ``read_timeout``, ``deadline``, ``connection_lost`` or ``bad_answer``.
    """

    written: bool
    code: str
    detail: str = ""
