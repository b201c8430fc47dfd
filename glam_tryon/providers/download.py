"""The bytes of one result, fetched without trusting whoever named or serves them."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from functools import lru_cache

from requests import Request
from requests_hardened.ip_filter_adapter import IPFilterAdapter  # type: ignore[import-untyped]

from glam_tryon.exceptions import DownloadFailed, ResultRefused, UnsafeResultURL
from glam_tryon.providers.base import CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS
from glam_tryon.providers.connections import Exchange
from glam_tryon.providers.http import TimedAdapter, converse, tls_context
from glam_tryon.providers.response import Silence
from glam_tryon.providers.safe_urls import checked


class _GuardedAdapter(TimedAdapter, IPFilterAdapter):  # type: ignore[misc]
    """Checks the address that a name has, and connects to just that address."""


def fetch_bytes(
    url: object,
    *,
    result_hosts: Sequence[str],
    allow_loopback: bool = False,
    connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
    read_timeout_seconds: float = READ_TIMEOUT_SECONDS,
    deadline_seconds: float = 60.0,
    max_bytes: int = 20 * 1024 * 1024,
    ca_bundle: str | None = None,
) -> bytes:
    """Return the bytes behind a result's address exactly as they are served, marks and all.

    No key is sent, no redirect followed, no encoding undone. A private or loopback address behind
    the name is blocked before connecting. What the bytes are is for ``images.inspect`` to say.

    Args:
        url: as Glam gave it [doc], of any type.
        result_hosts: see ``addresses.checked``.
        allow_loopback: see ``addresses.checked``.
        connect_timeout_seconds: longest wait for a connection.
        read_timeout_seconds: longest silence.
        deadline_seconds: longest whole download, however the bytes drip.
        max_bytes: largest result.
        ca_bundle: a file of CA certificates in place of the bundle of ``requests``.

    Raises:
        UnsafeResultURL: the address must not be asked; nothing was sent.
        DownloadFailed: it did not work this time.
        ResultRefused: ``too_large``, or ``encoding``: the host compressed though asked not to.
    """
    address = checked(url, result_hosts=result_hosts, allow_loopback=allow_loopback)
    is_https = address.url.lower().startswith("https:")
    headers = {
        "Accept": "image/*",
        "Accept-Encoding": "identity",
        "User-Agent": "django-glam-tryon",
    }
    request = Request("GET", address.url, headers=headers).prepare()
    exchange = Exchange(deadline_seconds, connect_timeout_seconds, read_timeout_seconds, quiet=True)
    adapter = _GuardedAdapter(
        is_https, allow_loopback=address.is_loopback, tls=_tls(ca_bundle) if is_https else None
    )
    try:
        heard = converse(adapter, request, exchange, max_body_bytes=max_bytes)
    finally:
        adapter.close()
    if isinstance(heard, Silence):
        if heard.code == "forbidden_address":
            raise UnsafeResultURL("the result's host has an address inside a private network")
        raise DownloadFailed(f"the result's host could not be asked: {heard.code}")
    if heard.status != 200:
        gone = heard.status in (403, 404, 410)
        raise DownloadFailed(f"the result's host answered {heard.status}", gone=gone)
    if heard.problem == "too_large":
        raise ResultRefused("too_large", f"the result has more than {max_bytes} bytes")
    if heard.problem == "encoding":
        raise ResultRefused("encoding", "the result came compressed, though identity was asked for")
    if not heard.body:
        raise DownloadFailed(f"the result broke off: {heard.problem or 'nothing came'}")
    return heard.body


@lru_cache(maxsize=2)
def _tls(ca_bundle: str | None) -> ssl.SSLContext:
    # Apart from the client's: the guard turns the context's own check of names off, since it
    # connects to an address and has urllib3 compare the name.
    return tls_context(ca_bundle)
