"""A shopper's own try-ons: the list, and their deletion."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Max, Prefetch
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_protect, ensure_csrf_cookie
from django.views.decorators.http import require_POST, require_safe

from glam_tryon.messages import moment_text
from glam_tryon.models import (
    ConsentRecord,
    DeletionReceipt,
    PersonPhoto,
    TryOnJob,
    TryOnShare,
)
from glam_tryon.models.job import TryOnJobQuerySet
from glam_tryon.models.status import Status
from glam_tryon.privacy.deletion import delete_photo, delete_tryon
from glam_tryon.privacy.erasure import erase_everything_of, withdraw_consent
from glam_tryon.privacy.ownership import owners
from glam_tryon.views.access import DIALOG_HEADER, for_dialog, own_job, wants_json
from glam_tryon.views.basket import basket_of
from glam_tryon.views.payload import describe
from glam_tryon.views.product import fetch_products, product_of

logger = logging.getLogger("glam_tryon.views")

#: So many try-ons stand in the list.
MOST_SHOWN = 100


def _own(request: HttpRequest) -> TryOnJobQuerySet[TryOnJob]:
    jobs = TryOnJob.objects.owned_by(*owners(request)).select_related("person_photo")
    # Of what was drawn and deleted since nothing is left to look at.
    jobs = jobs.exclude(status=Status.READY, results=None)
    shares = Prefetch("shares", TryOnShare.objects.alive(), to_attr="alive_shares")
    return jobs.prefetch_related("results", shares).order_by("-created_at")


def _agreed_at(request: HttpRequest) -> datetime | None:
    """Return when the asking person last agreed to something that still stands."""
    records = ConsentRecord.objects.owned_by(*owners(request)).standing()
    newest: datetime | None = records.aggregate(newest=Max("created_at"))["newest"]
    return newest


@require_safe
@ensure_csrf_cookie
def mine(request: HttpRequest) -> HttpResponse:
    """Every try-on of the asking person, newest first."""
    found = list(_own(request)[:MOST_SHOWN])
    fetch_products(found)
    agreed = _agreed_at(request)
    context: dict[str, Any] = {
        "tryons": [describe(request, job) for job in found],
        "delete_all_url": reverse("glam_tryon:delete_all"),
        "withdraw_url": reverse("glam_tryon:withdraw") if agreed else "",
        "agreed_words": moment_text(agreed) if agreed else "",
    }
    inside = for_dialog(request)
    response: HttpResponse
    if wants_json(request):
        response = JsonResponse(context)
    else:
        for job, facts in zip(found, context["tryons"], strict=True):
            facts["basket"] = basket_of(product_of(job) if facts["results"] else None)
        template = "glam_tryon/parts/mine.html" if inside else "glam_tryon/mine.html"
        response = render(request, template, {**context, "dialog": inside})
    response["Cache-Control"] = "private, no-store"
    response["Vary"] = DIALOG_HEADER
    return response


@csrf_protect
@require_POST
def delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Delete one's own try-on with its pictures."""
    return _deleted(request, delete_tryon(own_job(request, pk)))


@csrf_protect
@require_POST
def delete_all(request: HttpRequest) -> HttpResponse:
    """Delete all one's own try-ons, and the photos that were given for them."""
    return _deleted(request, erase_everything_of(*owners(request)))


@csrf_protect
@require_POST
def withdraw(request: HttpRequest) -> HttpResponse:
    """Take one's consents back: every photo goes at once; the previews stay until deleted."""
    return _deleted(request, withdraw_consent(*owners(request)))


@csrf_protect
@require_POST
def delete_own_photo(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Delete the photo of one's own job at once; its results stay."""
    photo = own_job(request, pk).person_photo
    if photo is None or photo.kind != PersonPhoto.Kind.SHOPPER:
        raise Http404
    return _deleted(request, delete_photo(photo))


def _deleted(request: HttpRequest, receipt: DeletionReceipt) -> HttpResponse:
    count = receipt.photos + receipt.results
    words = ngettext("%(count)d picture was deleted.", "%(count)d pictures were deleted.", count)
    words %= {"count": count}
    url = reverse("glam_tryon:receipt", args=[receipt.pk]) if receipt.is_kept else ""
    if wants_json(request):
        told = {**receipt.as_dict(), "url": url}
        return JsonResponse({"deleted": True, "receipt": told, "words": words})
    link = format_html(' <a href="{}">{}</a>', url, _("Receipt")) if url else ""
    said = format_html("{}{}", words, link)
    # A shop without the messages framework sees the shorter list.
    messages.success(request, said, fail_silently=True)
    return redirect("glam_tryon:mine")
