"""Connections that know whether a byte of a request was written, and that end at a deadline.

``requests`` limits the wait for each packet only: a server that drips bytes holds it for ever.
Here each read and each write of the socket gets what is left of the whole exchange. And whether a
request was sent is known from where the exchange stands, not guessed from the type of an error.

Neither ``requests`` nor urllib3 has an interface for this. So this module, and no other, touches
one name that is not documented: ``sock``, in which a connection of ``http.client`` keeps the socket
that it writes to and reads from. ``tests/providers/test_connections.py`` holds the versions for
which that is true.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

# One TLS record, so that a write never blocks for longer than it was given.
_PIECE_BYTES = 16 * 1024

#: A family and an address of it, as ``socket`` has them.
SocketAddress = tuple[int, Any]
#: What finds the addresses to connect to; may raise ``NotConnected``.
Lookup = Callable[[str, int], Sequence[SocketAddress]]


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
    """One request and its answer; each is used once. Times are in seconds.

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


current_exchange: ContextVar[Exchange] = ContextVar("glam_tryon_exchange")


class _Timed:
    """Additions of both kinds of sockets: reads and writes end with the exchange."""

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        exchange = current_exchange.get()
        self.settimeout(exchange.wait_at_most(exchange.read_timeout_seconds))  # type: ignore[attr-defined]
        received: int = super().recv_into(*args, **kwargs)  # type: ignore[misc]
        return received

    def sendall(self, data: Any, flags: int = 0) -> None:
        exchange = current_exchange.get()
        if not exchange.written:
            exchange.begin_writing()
        view = memoryview(data)
        for start in range(0, len(view), _PIECE_BYTES):
            self.settimeout(exchange.wait_at_most(exchange.read_timeout_seconds))  # type: ignore[attr-defined]
            super().sendall(view[start : start + _PIECE_BYTES], flags)  # type: ignore[misc]


class TimedSocket(_Timed, socket.socket):
    """A plain socket; it works within an ``Exchange`` only."""


class TimedSSLSocket(_Timed, ssl.SSLSocket):
    """A socket over TLS; it works within an ``Exchange`` only."""


def look_up(host: str, port: int) -> list[SocketAddress]:
    """Return the addresses of a name in the system's order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, address) for family, _kind, _protocol, _name, address in found]


def open_socket(family: int, address: Any, exchange: Exchange) -> socket.socket:
    """Return a socket that is connected to ``address``."""
    sock = TimedSocket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(exchange.wait_at_most(exchange.connect_timeout_seconds))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock


class TimedConnection(HTTPConnection):
    """A connection that is made and used within an ``Exchange``, over TLS when it has a context."""

    def __init__(
        self, *args: Any, tls: ssl.SSLContext | None = None, lookup: Lookup = look_up, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._tls = tls
        self._lookup = lookup
        # Switched on for the whole process, http.client's debugging prints headers: the key.
        self.set_debuglevel(0)

    def connect(self) -> None:
        exchange = current_exchange.get()
        try:
            self.sock = self._connected_socket(exchange)
        except (OSError, ValueError) as error:
            # An own error, since urllib3 swallows a reset that it meets while it sends.
            raise NotConnected(_connect_code(error, exchange), why(error)) from error
        exchange.connected = True

    def _connected_socket(self, exchange: Exchange) -> socket.socket:
        host = self.host.rstrip(".")
        trouble: OSError = OSError("the name has no address")
        for family, address in self._lookup(host, self.port):
            try:
                sock = open_socket(family, address, exchange)
                break
            except OSError as error:
                trouble = error
        else:
            raise trouble
        if self._tls is None:
            return sock
        try:
            sock.settimeout(exchange.wait_at_most(exchange.connect_timeout_seconds))
            return self._tls.wrap_socket(sock, server_hostname=host)
        except BaseException:
            sock.close()
            raise

    def request(self, *args: Any, **kwargs: Any) -> None:
        exchange = current_exchange.get()
        if exchange.fresh and not exchange.connected:
            self.close()
        super().request(*args, **kwargs)


class _TimedTLSConnection(TimedConnection):
    default_port = 443  # type: ignore[misc]


class TimedPool(HTTPConnectionPool):
    """The connections to one host that are kept."""

    ConnectionCls = TimedConnection


class TimedTLSPool(TimedPool):
    """The same with TLS, which each connection does by itself."""

    ConnectionCls = _TimedTLSConnection


def tls_context(ca_bundle: str) -> ssl.SSLContext:
    """Return a context that checks certificates and names against ``ca_bundle``, a file of CAs.

    Reading one takes some 10 ms, so keep the context.
    """
    context = ssl.create_default_context(cafile=ca_bundle)
    context.sslsocket_class = TimedSSLSocket
    context.set_alpn_protocols(["http/1.1"])
    return context


def _connect_code(error: Exception, exchange: Exchange) -> str:
    if isinstance(error, socket.gaierror):
        return "name_lookup"
    if isinstance(error, TimeoutError):
        return "deadline" if exchange.is_over else "connect_timeout"
    if isinstance(error, ssl.SSLError):
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
    """Return an error's innermost cause in a few words that hold no URL and no header."""
    error = innermost(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{type(error).__name__}: {error.verify_message}"
    if isinstance(error, OSError) and error.strerror:
        return f"{type(error).__name__}: {error.strerror}"
    return type(error).__name__
