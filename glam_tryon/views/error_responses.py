"""What an order gets that the shop refuses: a status, words, and when to come back."""

from __future__ import annotations

import math

from django.contrib.auth.views import redirect_to_login
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from glam_tryon.exceptions import OrderRefused
from glam_tryon.garments import garment_of
from glam_tryon.messages import FAILURES, failure_facts
from glam_tryon.views.product import garment_url, start_url

#: How the codes begin of what passes with time or with the shopper's own patience.
_LIMITS = ("limit_", "budget")
#: Those that the form could not change: without a script they have a page of their own.
ANSWERED_BY_A_PAGE = ("login_required", "staff_only")


def status_of(refused: OrderRefused) -> int:
    """Return the HTTP status of a refusal."""
    if refused.code == "paused":
        return 503
    return 429 if refused.code.startswith(_LIMITS) else 403


def facts_of(refused: OrderRefused, product: Model) -> dict[str, str | None]:
    """Return what a page may know of it, with the hook's own text, if it has any."""
    known = refused.code if refused.code in FAILURES else "not_allowed"
    facts = {**failure_facts(known, refused.ends_at), "code": refused.code}
    if refused.message:
        facts["message"] = refused.message
    if refused.code == "login_required":
        back = garment_of(product).get_url(product) or start_url(product)
        facts["login_url"] = redirect_to_login(back).url
    return facts


def say_when(response: HttpResponse, refused: OrderRefused) -> HttpResponse:
    """Tell programs in whole seconds when the limit ends."""
    if refused.ends_at is not None:
        seconds = (refused.ends_at - timezone.now()).total_seconds()
        response["Retry-After"] = str(max(1, math.ceil(seconds)))
    return response


def refusal_page(request: HttpRequest, product: Model, refused: OrderRefused) -> HttpResponse:
    """Show a page that says it, in the place of the form; or send to where one can log in."""
    if refused.code == "login_required":
        return redirect_to_login(request.get_full_path())
    garment = garment_of(product)
    facts = {
        "title": garment.get_title(product),
        "words": _("Not available"),
        "error": facts_of(refused, product),
        "garment_url": garment_url(product),
        "product_url": garment.get_url(product),
    }
    response = render(request, "glam_tryon/refused.html", {"job": facts}, status=status_of(refused))
    response["Cache-Control"] = "private, no-store"
    return response
