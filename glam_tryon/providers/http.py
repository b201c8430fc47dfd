"""One HTTP exchange from a prepared request to an ``Answer`` or a ``Silence``; it never follows.

It calls the adapter of ``requests`` without a ``Session``: no redirects, no cookies, no ``.netrc``
and no proxies from the environment can come in.
"""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from requests import PreparedRequest, Request, Response
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.exceptions import HTTPError

from glam_tryon.providers.connections import (
    Exchange,
    Lookup,
    NotConnected,
    TimedPool,
    TimedTLSPool,
    Withheld,
    current_exchange,
    innermost,
    look_up,
    tls_context,
    why,
)

# ``requests``' own errors are OSErrors; ValueError is what http.client and urllib3 raise for
# answers that are no HTTP.
_NETWORK_ERRORS = (OSError, HTTPError, HTTPException, ValueError)


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


class HostAdapter(HTTPAdapter):
    """An adapter of ``requests`` for the host of ``url`` alone.

    It keeps up to ``pool_size`` connections for further requests. ``ca_bundle`` is a file of CA
    certificates in place of the bundle of ``requests``; ``lookup`` finds the host's addresses.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 1,
        ca_bundle: str | None = None,
        lookup: Lookup = look_up,
    ) -> None:
        super().__init__()
        parts = urlsplit(url)
        is_https = parts.scheme.lower() == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if is_https else 80)
        self._pool_size = pool_size
        self._tls = _tls(ca_bundle or DEFAULT_CA_BUNDLE_PATH) if is_https else None
        self._lookup = lookup
        self._pool = self._new_pool()

    def get_connection_with_tls_context(
        self, request: Any, verify: Any, proxies: Any = None, cert: Any = None
    ) -> TimedPool:
        return self._pool

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Leave TLS to the connection: the base class looks for its bundle at each request."""

    def close(self) -> None:
        pool, self._pool = self._pool, self._new_pool()
        pool.close()
        super().close()

    def _new_pool(self) -> TimedPool:
        kind = TimedPool if self._tls is None else TimedTLSPool
        return kind(
            self._host, self._port, maxsize=self._pool_size, tls=self._tls, lookup=self._lookup
        )


@lru_cache(maxsize=4)
def _tls(ca_bundle: str) -> ssl.SSLContext:
    return tls_context(ca_bundle)


def get(
    url: str,
    exchange: Exchange,
    *,
    max_body_bytes: int,
    headers: Mapping[str, str] | None = None,
    ca_bundle: str | None = None,
    lookup: Lookup = look_up,
) -> Answer | Silence:
    """Fetch ``url`` over a connection of its own; arguments as for ``HostAdapter``."""
    adapter = HostAdapter(url, ca_bundle=ca_bundle, lookup=lookup)
    try:
        request = Request("GET", url, headers=headers).prepare()
        return converse(adapter, request, exchange, max_body_bytes=max_body_bytes)
    finally:
        adapter.close()


def converse(
    adapter: HostAdapter, request: PreparedRequest, exchange: Exchange, *, max_body_bytes: int
) -> Answer | Silence:
    """Send ``request`` and return what came back, with at most ``max_body_bytes`` of body.

    Raises:
        Exception: whatever ``exchange.before_write`` raised, and nothing else.
    """
    token = current_exchange.set(exchange)
    try:
        response = adapter.send(
            request,
            stream=True,
            timeout=(exchange.connect_timeout_seconds, exchange.read_timeout_seconds),
        )
        with response:
            return _answer(response, exchange, max_body_bytes)
    except Withheld:
        if exchange.raised is not None:
            raise exchange.raised from None
        return Silence(written=False, code="fenced")
    except NotConnected as error:
        return Silence(written=False, code=error.code, detail=error.detail)
    except _NETWORK_ERRORS as error:
        code = _read_code(error, exchange) if exchange.written else _local_code(exchange)
        return Silence(exchange.written, code, why(error))
    finally:
        current_exchange.reset(token)


def _answer(response: Response, exchange: Exchange, max_body_bytes: int) -> Answer:
    body, problem = _body(response, exchange, max_body_bytes)
    return Answer(
        status=response.status_code,
        body=body,
        problem=problem,
        retry_after=response.headers.get("Retry-After") or "",
        date=response.headers.get("Date") or "",
        received_at=time.time(),
    )


def _body(response: Response, exchange: Exchange, most: int) -> tuple[bytes | None, str]:
    encoding = response.headers.get("Content-Encoding") or ""
    if encoding.strip().lower() not in ("", "identity"):
        return None, "encoding"
    announced = response.headers.get("Content-Length") or ""
    if announced.isdecimal() and len(announced) < 20 and int(announced) > most:
        return None, "too_large"
    pieces: list[bytes] = []
    room = most + 1
    try:
        while room and (piece := response.raw.read(room, decode_content=False)):
            pieces.append(piece)
            room -= len(piece)
    except _NETWORK_ERRORS as error:
        return None, _read_code(error, exchange)
    return (b"".join(pieces), "") if room else (None, "too_large")


def _read_code(error: Exception, exchange: Exchange) -> str:
    if exchange.is_over:
        return "deadline"
    if isinstance(innermost(error), TimeoutError):
        return "read_timeout"
    return "connection_lost" if isinstance(error, (OSError, HTTPError)) else "bad_answer"


def _local_code(exchange: Exchange) -> str:
    return "deadline" if exchange.is_over else "local"


class _QuietExchanges(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        exchange = current_exchange.get(None)
        return exchange is None or not exchange.quiet


# The URL of a result lets anybody see a shopper; urllib3 logs each path, and only it can be asked
# not to. Nobody else's records are touched.
for _name in ("urllib3.connectionpool", "urllib3.connection"):
    logging.getLogger(_name).addFilter(_QuietExchanges())
