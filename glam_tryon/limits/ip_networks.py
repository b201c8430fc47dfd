"""The network that an address is in, and what a consent keeps of it: too little to find anybody."""

from __future__ import annotations

import ipaddress

from django.utils.crypto import salted_hmac

#: Bits of the hash that are kept, as hexadecimal digits: 65,536 values for all networks there are.
KEPT_DIGITS = 4
#: A home has at least the last byte of IPv4 to itself, and the last 80 bits of IPv6.
_PREFIXES = {4: 24, 6: 48}


def network_of(address: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """Return the network of an address; None when ``address`` is none."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    found = getattr(found, "ipv4_mapped", None) or found
    return ipaddress.ip_network((found, _PREFIXES[found.version]), strict=False)


def network_hash(address: str) -> str:
    """Return a few digits that the addresses of one network share, and many networks as well.

    The hash is keyed by ``SECRET_KEY``, so that no table of all networks tells what it came from.
    Empty when ``address`` is none.
    """
    network = network_of(address)
    if network is None:
        return ""
    keyed = salted_hmac("glam_tryon.consent.network", str(network), algorithm="sha256")
    return keyed.hexdigest()[:KEPT_DIGITS]
