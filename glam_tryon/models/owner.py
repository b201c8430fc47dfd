"""Owner of a photo or a job: one key for a user or a visitor, safe to store and to compare."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

#: What is offered to everybody (house models) or made for the shop (catalogue pictures).
SHOP = "shop"
#: Whose person was erased: nobody's any more.
ERASED = "erased"


def owner_key(user: Any = None, visitor: str = "") -> str:
    """Return the owner's key: ``user:<pk>``, ``visitor:<sha256 of the token>`` or ``shop``.

    ``user`` is a signed-in user or None; ``visitor`` is the random token of the session. The token
    itself is never stored, so nobody who reads the database can act as the visitor.
    """
    if user is not None and getattr(user, "is_authenticated", False):
        return f"user:{user.pk}"
    if visitor:
        return f"visitor:{hashlib.sha256(visitor.encode()).hexdigest()}"
    return SHOP


def same_owner(one: str, other: str) -> bool:
    """Compare two owner keys in constant time; the shop's own and the erased are nobody's."""
    return one not in (SHOP, ERASED) and hmac.compare_digest(one.encode(), other.encode())
