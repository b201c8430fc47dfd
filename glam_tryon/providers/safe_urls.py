"""Which addresses of results may be asked at all; Glam's answer is not trusted to choose hosts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from glam_tryon.exceptions import UnsafeResultURL
from glam_tryon.validators import is_loopback

_LONGEST = 2048
_PLAIN = re.compile(r"[\x21-\x7e]+")
_HOST_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")


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
