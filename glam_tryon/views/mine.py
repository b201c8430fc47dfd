"""A shopper's own try-ons: the list, and their deletion."""

from __future__ import annotations

import logging
from uuid import UUID

from django.contrib import messages
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_protect, ensure_csrf_cookie
from django.views.decorators.http import require_POST, require_safe

from glam_tryon.models import PersonPhoto, TryOnJob, TryOnShare
from glam_tryon.models.job import TryOnJobQuerySet
from glam_tryon.models.status import Status
from glam_tryon.policy.deletion import Receipt, delete_photo, delete_tryon, merge
from glam_tryon.policy.visitor import owners
from glam_tryon.views.facts import describe
from glam_tryon.views.product import fetch_products
from glam_tryon.views.visitor import DIALOG_HEADER, for_dialog, own_job, wants_json

logger = logging.getLogger("glam_tryon.views")

#: So many try-ons stand in the list.
MOST_SHOWN = 100


def _own(request: HttpRequest) -> TryOnJobQuerySet:
    jobs = TryOnJob.objects.owned_by(*owners(request)).select_related("person_photo")
    # Of what was drawn and deleted since nothing is left to look at.
    jobs = jobs.exclude(status=Status.READY, results=None)
    shares = Prefetch("shares", TryOnShare.objects.alive(), to_attr="alive_shares")
    return jobs.prefetch_related("results", shares).order_by("-created_at")


@require_safe
@ensure_csrf_cookie
def mine(request: HttpRequest) -> HttpResponse:
    """Every try-on of the asking person, newest first."""
    found = list(_own(request)[:MOST_SHOWN])
    fetch_products(found)
    context = {
        "tryons": [describe(request, job) for job in found],
        "delete_all_url": reverse("glam_tryon:delete_all"),
    }
    inside = for_dialog(request)
    template = "glam_tryon/parts/mine.html" if inside else "glam_tryon/mine.html"
    response = (
        JsonResponse(context)
        if wants_json(request)
        else render(request, template, {**context, "dialog": inside})
    )
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
    receipts = [delete_tryon(job) for job in _own(request)]
    photos = PersonPhoto.objects.owned_by(*owners(request)).there()
    receipts += [delete_photo(photo) for photo in photos]
    return _deleted(request, merge(receipts))


@csrf_protect
@require_POST
def delete_own_photo(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Delete the photo of one's own job at once; its results stay."""
    photo = own_job(request, pk).person_photo
    if photo is None or photo.kind != PersonPhoto.Kind.SHOPPER:
        raise Http404
    return _deleted(request, delete_photo(photo))


def _deleted(request: HttpRequest, receipt: Receipt) -> HttpResponse:
    count = receipt.photos + receipt.results
    words = ngettext("%(count)d picture was deleted.", "%(count)d pictures were deleted.", count)
    words %= {"count": count}
    if wants_json(request):
        return JsonResponse({"deleted": True, "receipt": receipt.as_dict(), "words": words})
    # A shop without the messages framework sees the shorter list.
    messages.success(request, words, fail_silently=True)
    return redirect("glam_tryon:mine")
