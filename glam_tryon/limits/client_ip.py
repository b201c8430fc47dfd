"""The IP that a request comes from, and as much of it as is counted or kept."""

from __future__ import annotations

import ipaddress
import re

from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from glam_tryon.conf import conf

#: Bits of the hash that are kept, as hexadecimal digits: 65,536 values for all networks there are.
KEPT_DIGITS = 4
#: A home has at least the last byte of IPv4 to itself, and the last 80 bits of IPv6.
_PREFIXES = {4: 24, 6: 48}
_BRACKETED = re.compile(r"\[([^\]]*)\](?::\d+)?")
#: The block of whoever comes from what is no IP, such as a proxy's "unknown".
UNREADABLE = "unreadable"


def client_ip(request: HttpRequest) -> str:
    """Return the asking IP: ``REMOTE_ADDR``, or what the trusted proxies saw.

    ``TRUSTED_PROXIES`` says how many of them there are. Each adds whom it saw at the end of
    ``X-Forwarded-For``; what stands before is anybody's claim.
    """
    nearest: str = request.META.get("REMOTE_ADDR", "")
    proxies = conf.TRUSTED_PROXIES
    header = request.headers.get("X-Forwarded-For", "")
    passed = header.split(",") if header.strip() else []
    if not 0 < proxies <= len(passed):
        return _without_port(nearest)
    return _without_port(passed[-proxies]) or UNREADABLE


def _without_port(entry: str) -> str:
    """Return the IP of an entry as proxies write it: quoted, in brackets, with a port."""
    entry = entry.strip().strip('"').strip()
    if bracketed := _BRACKETED.fullmatch(entry):
        return bracketed[1]
    host, colon, port = entry.partition(":")
    # More than one colon is IPv6, which has no port without brackets.
    return host if colon and port.isdecimal() else entry


def network_of(ip: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """Return the network that an IP is in; None when ``ip`` is none."""
    try:
        found = ipaddress.ip_address(ip.partition("%")[0])
    except ValueError:
        return None
    found = getattr(found, "ipv4_mapped", None) or found
    return ipaddress.ip_network((found, _PREFIXES[found.version]), strict=False)


def ip_block(ip: str) -> str:
    """Return the network that orders from this IP are counted by, like ``9.9.9.0/24``.

    Empty when it tells no shopper from another: a private IP is that of a proxy, or of the
    shop's own network. What cannot be read counts in one common block, for it must be counted.
    """
    network = network_of(ip)
    if network is None:
        return UNREADABLE if ip else ""
    return str(network) if network.is_global else ""


def ip_hash(ip: str) -> str:
    """Return a few digits that the IPs of one network share, and many networks as well.

    The hash is keyed by ``SECRET_KEY``, so that no table of all networks tells what it came from.
    Empty when ``ip`` is none.
    """
    network = network_of(ip)
    if network is None:
        return ""
    keyed = salted_hmac("glam_tryon.consent.network", str(network), algorithm="sha256")
    return keyed.hexdigest()[:KEPT_DIGITS]
