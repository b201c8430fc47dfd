"""The shopper's way: choose a person, wait, see the picture; as pages and as JSON."""

from __future__ import annotations

import uuid
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.db.models import Model
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_protect, ensure_csrf_cookie
from django.views.decorators.http import require_POST, require_safe

from glam_tryon import jobs
from glam_tryon.conf import conf
from glam_tryon.exceptions import (
    GarmentUnavailable,
    IllegalTransition,
    InvalidImage,
    PhotoUnavailable,
)
from glam_tryon.forms import TryOnForm
from glam_tryon.garments import garment_of
from glam_tryon.models import TryOnJob
from glam_tryon.models.consent import text_sha256
from glam_tryon.models.status import CLOSED, Status
from glam_tryon.views.product import garment_url, product_of, product_or_404, start_url
from glam_tryon.views.visitor import own_job, visitor_token
from glam_tryon.words import error_words, refusal_words, state_words

#: The module asks for the inside of the dialog with this header.
DIALOG_HEADER = "X-Glam-Tryon"


def wants_json(request: HttpRequest) -> bool:
    """Say whether the module asks, and not a browser that opens a page."""
    return request.headers.get("Accept", "").startswith("application/json")


@csrf_protect
@ensure_csrf_cookie
def start(request: HttpRequest, model: str, key: str) -> HttpResponse:
    """Show the form for one product, or take it in."""
    product = product_or_404(model, key)
    if request.method == "POST":
        return _order(request, product)
    return _form_page(request, product, TryOnForm())


def _order(request: HttpRequest, product: Model) -> HttpResponse:
    form = TryOnForm(request.POST, request.FILES)
    if not form.is_valid():
        error = next(iter(form.errors.as_data().values()))[0]
        code = error.code or "invalid"
        status = 409 if form.consent_stale else 400
        return _refuse(request, product, form, status, code, error.messages[0])
    visitor = visitor_token(request, create=True)
    data = form.cleaned_data
    who = {"user": request.user, "visitor": visitor, "request_id": data["request_id"]}
    try:
        if data["house_model"]:
            job = jobs.request_tryon(product, photo=data["house_model"], **who)
        else:
            job = jobs.request_tryon_with_upload(
                product, data["photo"], consent_text=form.consent_text, **who
            )
    except InvalidImage as error:
        return _refuse(request, product, form, 400, error.code, refusal_words(error.code))
    except (GarmentUnavailable, PhotoUnavailable) as error:
        code = getattr(error, "code", "photo_unavailable")
        return _refuse(request, product, form, 409, code, refusal_words(code))
    if wants_json(request):
        return JsonResponse(describe(job), status=201)
    return redirect("glam_tryon:job", pk=job.pk)


def _refuse(
    request: HttpRequest, product: Model, form: TryOnForm, status: int, code: str, message: str
) -> HttpResponse:
    if wants_json(request):
        error = {"code": code, "message": message}
        if form.consent_stale:
            error["consent_text"] = form.consent_text
            error["consent_sha256"] = text_sha256(form.consent_text)
        return JsonResponse({"error": error}, status=status)
    return _form_page(request, product, form, status=status, message=message)


def _form_page(
    request: HttpRequest, product: Model, form: TryOnForm, *, status: int = 200, message: str = ""
) -> HttpResponse:
    garment = garment_of(product)
    inside = request.headers.get(DIALOG_HEADER) == "dialog"
    context = {
        "dialog": inside,
        "max_bytes": conf.MAX_UPLOAD_BYTES,
        "form": form,
        "message": message,
        "product": product,
        "title": garment.get_title(product),
        "product_url": garment.get_url(product),
        "start_url": start_url(product),
        "garment_url": garment_url(product),
        "house_models": form.fields["house_model"].queryset,  # type: ignore[attr-defined]
        "consent_text": form.consent_text,
        "consent_sha256": text_sha256(form.consent_text),
        "request_id": form.data.get("request_id") or uuid.uuid4().hex,
    }
    template = "glam_tryon/form.html" if inside else "glam_tryon/start.html"
    response = render(request, template, context, status=status)
    response["Cache-Control"] = "private, no-store"
    response["Vary"] = DIALOG_HEADER
    return response


def describe(job: TryOnJob) -> dict[str, Any]:
    """Return what the page may know of a job."""
    over = job.status in CLOSED
    product = product_of(job)
    cart = garment_of(product).get_add_to_cart_url(product) if product is not None else ""
    return {
        "id": str(job.pk),
        "status": job.status,
        "words": state_words(job),
        "over": over,
        "title": job.garment_title,
        "product_url": job.product_url,
        "garment_url": garment_url(product) if product is not None else "",
        "add_to_cart_url": cart,
        "url": reverse("glam_tryon:job", args=[job.pk]),
        "cancel_url": "" if over else reverse("glam_tryon:cancel", args=[job.pk]),
        "photo_url": reverse("glam_tryon:photo", args=[job.pk]) if job.person_photo_id else "",
        "results": [
            {
                "url": reverse("glam_tryon:result", args=[job.pk, result.position]),
                "width": result.width,
                "height": result.height,
            }
            for result in job.results.all()
        ],
        "error": _error(job),
    }


def _error(job: TryOnJob) -> dict[str, str] | None:
    if job.status == Status.FAILED or (job.status == Status.CANCELED and job.error_code):
        return {"code": job.error_code, "message": error_words(job)}
    if job.status == Status.UNCONFIRMED and job.error_code == "needs_person":
        return {"code": job.error_code, "message": error_words(job)}
    return None


@require_safe
@ensure_csrf_cookie
def job(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One's own job: where it stands, or its pictures."""
    found = own_job(request, pk)
    facts = describe(found)
    if wants_json(request):
        response: HttpResponse = JsonResponse(facts)
    else:
        product = product_of(found)
        again = start_url(product) if product is not None else ""
        response = render(
            request,
            "glam_tryon/job.html",
            {
                "job": facts,
                "moving": not facts["over"] and not facts["error"],
                "again_url": again,
            },
        )
    response["Cache-Control"] = "private, no-store"
    return response


@csrf_protect
@require_POST
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Stop one's own job; one that is over stays as it is."""
    found = own_job(request, pk)
    with suppress(IllegalTransition):
        jobs.cancel(found, note="by the shopper")
    found.refresh_from_db()
    if wants_json(request):
        return JsonResponse(describe(found))
    return redirect("glam_tryon:job", pk=found.pk)
