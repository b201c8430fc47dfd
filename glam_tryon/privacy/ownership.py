"""Owner keys of a request: the signed-in user's, and that of the session's visitor."""

from __future__ import annotations

import secrets

from django.http import HttpRequest

from glam_tryon.models.owner import SHOP, owner_key

SESSION_KEY = "glam_tryon_visitor"


def visitor_token(request: HttpRequest, *, create: bool = False) -> str:
    """Return the session's random token, empty when there is none and ``create`` is False."""
    token: str = request.session.get(SESSION_KEY, "")
    if not token and create:
        token = secrets.token_urlsafe(32)
        request.session[SESSION_KEY] = token
    return token


def owners(request: HttpRequest) -> list[str]:
    """Return the owner keys of the asking person: the user's, and the session's visitor's."""
    user = getattr(request, "user", None)
    mine = [owner_key(user), owner_key(None, visitor_token(request))]
    return [owner for owner in mine if owner != SHOP]
