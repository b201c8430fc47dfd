"""The bytes of one result, fetched without trusting whoever named or serves them."""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from requests.exceptions import RequestException
from requests_hardened.ip_filter import (  # type: ignore[import-untyped]
    InvalidIPAddress,
    filter_host,
)

from glam_tryon.exceptions import DownloadFailed, ResultRefused, UnsafeResultURL
from glam_tryon.providers.base import CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS
from glam_tryon.providers.connections import Exchange, NotConnected, SocketAddress
from glam_tryon.providers.http import Silence, get
from glam_tryon.validators import is_loopback

_HEADERS = {
    "Accept": "image/*",
    "Accept-Encoding": "identity",
    "User-Agent": "django-glam-tryon",
}
_LONGEST = 2048
_PLAIN = re.compile(r"[\x21-\x7e]+")
_HOST_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")


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
        url: as the provider gave it, of any type.
        result_hosts: see ``checked``.
        allow_loopback: see ``checked``.
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
    heard = get(
        address.url,
        Exchange(deadline_seconds, connect_timeout_seconds, read_timeout_seconds, quiet=True),
        max_body_bytes=max_bytes,
        headers=_HEADERS,
        ca_bundle=ca_bundle,
        lookup=partial(_checked_addresses, allow_loopback=address.is_loopback),
    )
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


def _checked_addresses(host: str, port: int, *, allow_loopback: bool) -> list[SocketAddress]:
    """Return the one address of ``host`` that may be connected to; the name is asked once only."""
    try:
        checked_ip = filter_host(host, port, allow_loopback=allow_loopback)
    except InvalidIPAddress:
        raise NotConnected("forbidden_address", "") from None
    except RequestException as error:
        raise NotConnected("name_lookup", type(error).__name__) from error
    if checked_ip.startswith("["):
        return [(socket.AF_INET6, (checked_ip.strip("[]"), port, 0, 0))]
    return [(socket.AF_INET, (checked_ip, port))]


@dataclass(frozen=True, slots=True)
class ResultAddress:
    """An address that may be asked; ``is_loopback`` says that it names this machine itself."""

    url: str
    is_loopback: bool


def checked(url: object, *, result_hosts: Sequence[str], allow_loopback: bool) -> ResultAddress:
    """Return ``url`` as an address that may be asked, seen from its text alone.

    ``result_hosts`` has entries ``"host"``, ``".domain"`` (the domain and all below it) or
    ``"host:port"``. ``allow_loopback`` lets http and any port through for this machine itself,
    listed or not; it is for an API that itself is on this machine (the sandbox).

    Raises:
        UnsafeResultURL: with a reason that does not repeat the address.
    """
    if not isinstance(url, str):
        raise UnsafeResultURL(f"the result's address is {type(url).__name__}, not text")
    if len(url) > _LONGEST:
        raise UnsafeResultURL(f"the result's address has more than {_LONGEST} characters")
    if not _PLAIN.fullmatch(url) or "\\" in url:
        raise UnsafeResultURL("the result's address has characters that no address has")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), 443 if parts.port is None else parts.port
    except ValueError:
        raise UnsafeResultURL("the result's address cannot be read") from None
    if "@" in parts.netloc:
        raise UnsafeResultURL("the result's address has a user name")
    if allow_loopback and parts.scheme in ("http", "https") and is_loopback(host):
        return ResultAddress(url, is_loopback=True)
    if parts.scheme != "https":
        raise UnsafeResultURL("the result's address is not https")
    if not _HOST_NAME.fullmatch(host):
        raise UnsafeResultURL("the result's address has no host name")
    if not any(_fits(entry.lower(), host, port) for entry in result_hosts):
        raise UnsafeResultURL(
            f"the result is on {host[:100]}:{port}, which is not among the result hosts"
        )
    return ResultAddress(url, is_loopback=False)


def _fits(entry: str, host: str, port: int) -> bool:
    name, _, named_port = entry.partition(":")
    if port != int(named_port if named_port.isdecimal() else 443):
        return False
    return host == name.removeprefix(".") or (name.startswith(".") and host.endswith(name))
