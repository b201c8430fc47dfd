"""What every page of the shop shows."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from example_project.shop.cart import Cart


def shop(request: HttpRequest) -> dict[str, object]:
    """The basket, lazily: a page that does not show it does not load the session."""
    return {
        "shop_name": "Wrenfield",
        "cart": Cart(request.session),
        "has_gallery": settings.DEBUG,
    }
