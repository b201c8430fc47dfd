"""One HTTP exchange from a prepared request to an ``Answer`` or a ``Silence``; it never follows.

It calls the adapter of ``requests`` without a ``Session``: no redirects, no cookies, no ``.netrc``
and no proxies from the environment can come in.
"""

from __future__ import annotations

import logging
import ssl
import time
from http.client import HTTPException
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from requests_hardened.ip_filter import InvalidIPAddress  # type: ignore[import-untyped]
from urllib3.exceptions import HTTPError
from urllib3.util.ssl_ import create_urllib3_context

from glam_tryon.providers.connections import (
    Exchange,
    NotConnected,
    TimedHTTPPool,
    TimedHTTPSPool,
    Withheld,
    innermost,
    under_way,
    why,
)
from glam_tryon.providers.response import Answer, Silence

# ``requests``' own errors are OSErrors; ValueError is what http.client and urllib3 raise for
# answers that are no HTTP.
_NETWORK_ERRORS = (OSError, HTTPError, HTTPException, ValueError)


def tls_context(ca_bundle: str | None = None) -> ssl.SSLContext:
    """Return a context that checks certificates against ``ca_bundle``, a file of CAs.

    None stands for the bundle of ``requests``. Reading one takes some 10 ms, so keep the context.
    """
    context = create_urllib3_context()
    context.load_verify_locations(cafile=ca_bundle or DEFAULT_CA_BUNDLE_PATH)
    return context


class TimedAdapter(HTTPAdapter):
    """An adapter of ``requests`` over connections that are used within an ``Exchange``."""

    def __init__(self, *args: Any, tls: ssl.SSLContext | None, **kwargs: Any) -> None:
        self._tls = tls
        super().__init__(*args, **kwargs)

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any
    ) -> None:
        super().init_poolmanager(connections, maxsize, block, ssl_context=self._tls, **pool_kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": TimedHTTPPool, "https": TimedHTTPSPool}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        # The base class would have the CA bundle read again for each new connection.
        conn.cert_reqs = "CERT_REQUIRED"


def converse(
    adapter: HTTPAdapter, request: PreparedRequest, exchange: Exchange, *, max_body_bytes: int
) -> Answer | Silence:
    """Send ``request`` and return what came back, with at most ``max_body_bytes`` of body.

    Raises:
        Exception: whatever ``exchange.before_write`` raised, and nothing else.
    """
    token = under_way.set(exchange)
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
    except InvalidIPAddress:
        return Silence(written=False, code="forbidden_address")
    except _NETWORK_ERRORS as error:
        code = _read_code(error, exchange) if exchange.written else _local_code(exchange)
        return Silence(exchange.written, code, why(error))
    finally:
        under_way.reset(token)


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


class _Discreet(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        exchange = under_way.get(None)
        return exchange is None or not exchange.quiet


# The address of a result lets anybody see a shopper; urllib3 logs each path, and only it can be
# asked not to. Nobody else's records are touched.
for _name in ("urllib3.connectionpool", "urllib3.connection"):
    logging.getLogger(_name).addFilter(_Discreet())
