"""Where a request comes from, as far as it can be believed."""

from __future__ import annotations

from django.http import HttpRequest

from glam_tryon.conf import conf
from glam_tryon.limits.ip_networks import network_of


def client_address(request: HttpRequest) -> str:
    """Return the asking address: ``REMOTE_ADDR``, or what the trusted proxies saw.

    ``TRUSTED_PROXIES`` says how many of them there are. Each adds whom it saw at the end of
    ``X-Forwarded-For``; what stands before is anybody's claim.
    """
    nearest: str = request.META.get("REMOTE_ADDR", "")
    proxies = conf.TRUSTED_PROXIES
    passed = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    return passed[-proxies] if 0 < proxies <= len(passed) else nearest


def address_block(request: HttpRequest) -> str:
    """Return the network that the request comes from, like ``9.9.9.0/24``.

    Empty when it tells no shopper from another: a private address is that of a proxy, or of the
    shop's own network.
    """
    network = network_of(client_address(request))
    return str(network) if network is not None and network.is_global else ""
