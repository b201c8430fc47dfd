"""Connections that know whether a byte of a request was written, and that end at a deadline.

``requests`` limits the wait for each packet only: a server that drips bytes holds it for ever.
Here each read and each write of the socket gets what is left of the whole exchange. And whether a
request was sent is known from where the exchange stands, not guessed from the type of an error.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    SSLError,
)

# One TLS record, so that a write never blocks for longer than it was given.
_PIECE_BYTES = 16 * 1024


class NotConnected(Exception):
    """No connection came about; ``code`` is one of ``Silence``'s codes for nothing written."""

    def __init__(self, code: str, detail: str) -> None:
        self.code = code
        self.detail = detail
        super().__init__(f"{code}: {detail}")


class Withheld(Exception):
    """``before_write`` said no, or raised: the connection stands and nothing was written."""


class DeadlinePassed(TimeoutError):
    """The time for the whole exchange is over."""


@dataclass(eq=False, slots=True)
class Exchange:
    """One request and its answer under way; each is used once. Times are in seconds.

    ``fresh`` asks for a new connection: a kept one may have been closed by the server at the very
    moment of writing, and nobody could say whether the request got through. ``before_write`` is
    called once, when the connection stands and before the first byte; False withholds the request.
    ``quiet`` keeps urllib3's log records, which hold paths, out of the log.
    """

    deadline_seconds: float
    connect_timeout_seconds: float
    read_timeout_seconds: float
    fresh: bool = False
    before_write: Callable[[], bool] | None = None
    quiet: bool = False
    connected: bool = False
    written: bool = False
    raised: Exception | None = None
    _ends_at: float = field(init=False)

    def __post_init__(self) -> None:
        self._ends_at = time.monotonic() + self.deadline_seconds

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self._ends_at

    def wait_at_most(self, seconds: float) -> float:
        """Return how long the next step may take.

        Raises:
            DeadlinePassed: not at all.
        """
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise DeadlinePassed
        return min(left, seconds)

    def begin_writing(self) -> None:
        """Note that bytes leave from now on.

        Raises:
            DeadlinePassed: connecting took too long; nothing was written.
            Withheld: ``before_write`` returned False, or raised (``raised`` then has the error).
        """
        self.wait_at_most(0)
        if self.before_write is not None and not self._ask(self.before_write):
            raise Withheld
        self.written = True

    def _ask(self, before_write: Callable[[], bool]) -> bool:
        try:
            return before_write()
        except Exception as error:
            # urllib3 would take an OSError for one of the network's, so it travels apart.
            self.raised = error
            raise Withheld from error


under_way: ContextVar[Exchange] = ContextVar("glam_tryon_exchange")


class _TimedReader(io.RawIOBase):
    """The socket's bytes, each read of them within what is left of the exchange."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, exchange: Exchange) -> None:
        self._raw = raw
        self._sock = sock
        self._exchange = exchange

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        exchange = self._exchange
        self._sock.settimeout(exchange.wait_at_most(exchange.read_timeout_seconds))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        try:
            self._raw.close()
        finally:
            super().close()


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        raw = self.fp.detach()
        self.fp = io.BufferedReader(_TimedReader(raw, sock, under_way.get()))


class _TimedConnection(HTTPConnection):
    """What both kinds of connection add to urllib3's; it works within an ``Exchange`` only."""

    response_class = _TimedResponse
    # Switched on for the whole process, http.client's debugging prints headers: the key.
    debuglevel = 0

    def connect(self) -> None:
        exchange = under_way.get()
        try:
            self.timeout = exchange.wait_at_most(exchange.connect_timeout_seconds)
            super().connect()
        except (OSError, HTTPError, ValueError) as error:
            # An own error, since urllib3 swallows a reset that it meets while it sends.
            raise NotConnected(_connect_code(error, exchange), why(error)) from error
        exchange.connected = True

    def request(self, *args: Any, **kwargs: Any) -> None:
        exchange = under_way.get()
        if exchange.fresh and not exchange.connected:
            self.close()
        if self.sock is None:
            self.connect()
        exchange.begin_writing()
        super().request(*args, **kwargs)

    def send(self, data: Any) -> None:
        exchange = under_way.get()
        view = memoryview(data)
        for start in range(0, len(view), _PIECE_BYTES):
            self.sock.settimeout(exchange.wait_at_most(exchange.read_timeout_seconds))
            super().send(view[start : start + _PIECE_BYTES])


class _TimedHTTPSConnection(_TimedConnection, HTTPSConnection):
    pass


class TimedHTTPPool(HTTPConnectionPool):
    ConnectionCls = _TimedConnection


class TimedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _TimedHTTPSConnection


def _connect_code(error: Exception, exchange: Exchange) -> str:
    if isinstance(error, NameResolutionError):
        return "name_lookup"
    # NewConnectionError is a ConnectTimeoutError by inheritance only.
    if isinstance(error, NewConnectionError):
        return "connect_failed"
    if isinstance(error, (ConnectTimeoutError, TimeoutError)):
        return "deadline" if exchange.is_over else "connect_timeout"
    if isinstance(error, (ssl.SSLError, ssl.CertificateError, SSLError)):
        return "tls"
    return "connect_failed" if isinstance(error, OSError) else "local"


def innermost(error: BaseException) -> BaseException:
    """Return what an error of requests or urllib3 was made from.

    ``__context__`` is no way to it: that may be an error which the caller is handling just now.
    """
    for _ in range(10):
        inner = error.__cause__ or next(
            (part for part in error.args if isinstance(part, BaseException)), None
        )
        if inner is None:
            break
        error = inner
    return error


def why(error: BaseException) -> str:
    """Return an error's innermost cause in a few words that hold no address and no header."""
    error = innermost(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{type(error).__name__}: {error.verify_message}"
    if isinstance(error, OSError) and error.strerror:
        return f"{type(error).__name__}: {error.strerror}"
    return type(error).__name__
