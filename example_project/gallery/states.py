"""The states that the gallery shows, and what the server would say of a job in each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from example_project.gallery.pictures import SIZES
from example_project.shop.models import Product
from glam_tryon.messages import error_message_for, error_payload, state_message
from glam_tryon.models import TryOnJob
from glam_tryon.models.status import CLOSED, Status
from glam_tryon.views.product import garment_url, start_url


@dataclass(frozen=True)
class State:
    """One state; ``name`` stands in addresses and in the names of screenshots.

    A form has ``chosen`` (empty, ``model`` or ``photo``) and perhaps the code of a ``refusal``; a
    job has a ``status``, perhaps an ``error`` code, and the names of its ``results``. With ``mine``
    the list of one's own try-ons lies over the form.
    """

    name: str
    title: str
    chosen: str = ""
    refusal: str = ""
    status: str = ""
    error: str = ""
    results: tuple[str, ...] = ()
    shared: bool = False
    mine: bool = False

    @property
    def view(self) -> str:
        """The part that shows it: ``form``, ``waiting``, ``result`` or ``error``."""
        if not self.status:
            return "form"
        if self.results:
            return "result"
        return "error" if self.error or self.status in CLOSED else "waiting"

    @property
    def refused(self) -> str:
        """Why the server refuses the order, in words; empty when it does not."""
        return error_message_for(self.refusal, _tomorrow()) if self.refusal else ""

    @property
    def refusal_facts(self) -> dict[str, str | None]:
        """What the server says of an order that it refuses."""
        return error_payload(self.refusal, _tomorrow())


_READY = ("front",)
STATES = {
    state.name: state
    for state in (
        State("form", "No choice yet"),
        State("model", "A house model chosen", chosen="model"),
        State("photo", "An own photo, and the consent it needs", chosen="photo"),
        State("refused", "A photo that cannot be used", chosen="photo", refusal="not_a_picture"),
        State("person", "Nobody is seen in the photo", chosen="photo", refusal="no_person_shape"),
        State("excluded", "No try-on of this product", chosen="model", refusal="excluded"),
        State("paused", "Try-ons are paused", chosen="model", refusal="paused"),
        State("limit", "The visitor's limit is reached", chosen="model", refusal="limit_owner_day"),
        State("budget", "The shop's budget is used up", chosen="model", refusal="budget"),
        State("queue", "In the queue", status=Status.IN_QUEUE),
        State("drawing", "Drawing", status=Status.IN_PROGRESS),
        State("saving", "Saving", status=Status.STORING),
        State("result", "The picture", status=Status.READY, results=_READY),
        State("results", "Three pictures", status=Status.READY, results=("front", "near", "side")),
        State("shared", "Shared by a link", status=Status.READY, results=_READY, shared=True),
        State("failed", "Glam failed", status=Status.FAILED, error="glam_failed"),
        State("expired", "It took too long", status=Status.FAILED, error="expired"),
        State("canceled", "Canceled", status=Status.CANCELED),
        State("mine", "My try-ons", mine=True),
        State("unclear", "A person looks into it", status=Status.UNCONFIRMED, error="needs_person"),
    )
}

#: What stands in the list of one's own try-ons.
LISTED = ("drawing", "result", "results", "shared", "failed")


def facts(state: State, product: Product) -> dict[str, Any]:
    """Return what the shop's own address would answer of a job in this state."""
    job = TryOnJob(status=state.status, error_code=state.error)
    over = state.status in CLOSED
    url = reverse("gallery:job", args=[state.name])
    result = reverse("gallery:job", args=["result"])
    expires_at = _tomorrow()
    return {
        "id": str(uuid5(NAMESPACE_URL, url)),
        "status": state.status,
        "words": state_message(job),
        "over": over,
        "title": product.name,
        "product_url": product.get_absolute_url(),
        "garment_url": garment_url(product),
        "add_to_cart_url": product.get_add_to_cart_url(),
        "again_url": start_url(product),
        "url": url,
        "cancel_url": "" if over else reverse("gallery:job", args=["canceled"]),
        "photo_url": reverse("gallery:picture", args=["person"]),
        "results": [
            {
                "url": reverse("gallery:picture", args=[name]),
                "width": SIZES[name][0],
                "height": SIZES[name][1],
            }
            for name in state.results
        ],
        "error": error_payload(state.error) if state.error else None,
        "usual_seconds": 14,
        "waited_seconds": 5,
        "expires_at": expires_at.isoformat() if state.results else None,
        "expires_words": date_format(expires_at, "DATETIME_FORMAT") if state.results else None,
        "feedback": {"verdict": "", "reason": ""},
        "person": {"kind": "shopper", "title": ""},
        "share": {
            "url": "https://shop.example/tryon/shared/3vX0mQ7b2Kc9tLfW/",
            "expires_at": expires_at.isoformat(),
            "expires_words": date_format(expires_at, "DATETIME_FORMAT"),
        }
        if state.shared
        else None,
        "urls": {
            "delete": result,
            "delete_photo": result,
            "share": reverse("gallery:job", args=["shared"]),
            "unshare": result,
            "feedback": url,
        },
    }


def _tomorrow() -> datetime:
    """Return the next midnight: the same for as long as somebody looks."""
    now = timezone.localtime()
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
