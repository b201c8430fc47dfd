"""The way to the basket: what the button beside a preview does, by the product's registration."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlencode

from django.db.models import Model

from glam_tryon.garments import garment_of


class Way(StrEnum):
    """Ways to the basket."""

    NONE = ""  #: the product cannot be bought
    POST = "post"  #: a form of ours, with the registration's fields
    GET = "get"  #: a link
    EVENT = "event"  #: the shop's own script hears of it
    PAGE = "page"  #: the form on the product's page, with what is chosen there


@dataclass(frozen=True)
class Basket:
    """``url`` and ``fields`` are for the button; ``product`` is "label:key", for the event."""

    way: Way = Way.NONE
    url: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    product: str = ""


def basket_of(product: Model | None) -> Basket:
    """Return the way by which the product gets into the basket."""
    if product is None:
        return Basket()
    garment = garment_of(product)
    named = f"{product._meta.label_lower}:{product.pk}"
    url, fields = garment.get_add_to_cart_url(product), garment.get_add_to_cart_fields(product)
    if url.startswith("#"):
        return Basket(Way.EVENT, product=named)
    if url and garment.add_to_cart_method == "get":
        query = f"{'&' if '?' in url else '?'}{urlencode(fields)}" if fields else ""
        return Basket(Way.GET, url + query, product=named)
    if url:
        return Basket(Way.POST, url, fields, named)
    page = garment.get_url(product)
    if garment.basket_form and page:
        # A browser scrolls to it by its id.
        anchor = garment.basket_form if garment.basket_form.startswith("#") else ""
        return Basket(Way.PAGE, page + anchor, product=named)
    return Basket(product=named)
