"""The IP that a request comes from, and as much of it as is counted or kept."""

from __future__ import annotations

import ipaddress

from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from glam_tryon.conf import conf

#: Bits of the hash that are kept, as hexadecimal digits: 65,536 values for all networks there are.
KEPT_DIGITS = 4
#: A home has at least the last byte of IPv4 to itself, and the last 80 bits of IPv6.
_PREFIXES = {4: 24, 6: 48}


def client_ip(request: HttpRequest) -> str:
    """Return the asking IP: ``REMOTE_ADDR``, or what the trusted proxies saw.

    ``TRUSTED_PROXIES`` says how many of them there are. Each adds whom it saw at the end of
    ``X-Forwarded-For``; what stands before is anybody's claim.
    """
    nearest: str = request.META.get("REMOTE_ADDR", "")
    proxies = conf.TRUSTED_PROXIES
    passed = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    return passed[-proxies] if 0 < proxies <= len(passed) else nearest


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
    shop's own network.
    """
    network = network_of(ip)
    return str(network) if network is not None and network.is_global else ""


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
