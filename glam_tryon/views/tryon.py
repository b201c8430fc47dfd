"""The shopper's way: choose a person, wait, see the picture; as pages and as JSON."""

from __future__ import annotations

import logging
import uuid
from contextlib import suppress
from uuid import UUID

from django.db.models import Model
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_protect, ensure_csrf_cookie
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from glam_tryon import jobs
from glam_tryon.analytics.event_buffer import buffer_event
from glam_tryon.conf import conf
from glam_tryon.exceptions import (
    ConsentRequired,
    DecodersBusy,
    FileUnavailable,
    GarmentUnavailable,
    HookFailed,
    IllegalTransition,
    InvalidImage,
    OrderRefused,
    PhotoUnavailable,
)
from glam_tryon.forms import TryOnForm
from glam_tryon.garments import garment_of
from glam_tryon.limits.availability import check_caller, check_garment, is_excluded, is_paused
from glam_tryon.messages import error_payload, photo_error_payload
from glam_tryon.models import PersonPhoto
from glam_tryon.models.statistics import Event
from glam_tryon.models.status import OPEN
from glam_tryon.privacy.consent import check_photo_consent
from glam_tryon.privacy.duration_words import duration_words
from glam_tryon.tracked_files import outside_atomic_requests
from glam_tryon.views.access import (
    DIALOG_HEADER,
    for_dialog,
    has_tryons,
    kept_photo,
    own_job,
    wants_json,
)
from glam_tryon.views.basket import basket_of
from glam_tryon.views.payload import (
    ANSWERED_BY_A_PAGE,
    describe,
    refusal_page,
    refusal_payload,
    say_when,
    status_of,
)
from glam_tryon.views.product import (
    garment_url,
    picture_url,
    product_of,
    product_or_404,
    start_url,
)
from glam_tryon.views.status_answer import say_poll_after, status_answer

logger = logging.getLogger("glam_tryon.views")

#: After how many seconds one may try again when too many photos are decoded at once.
BUSY_SECONDS = 5


# The note of a photo is committed before the photo is saved.
@outside_atomic_requests
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
@ensure_csrf_cookie
def start(request: HttpRequest, model: str, key: str) -> HttpResponse:
    """Show the form for one product, or take it in."""
    product = product_or_404(model, key)
    if request.method == "POST":
        return _order(request, product)
    try:
        check_caller(request.user)
    except OrderRefused as refused:
        return refusal_page(request, product, refused)
    form = TryOnForm(own_photo=_kept(request))
    if is_excluded(product):
        return _refuse(request, product, form, 409, error_payload("excluded"))
    try:
        check_garment(product)
    except GarmentUnavailable as error:
        # Said before somebody chooses a photo for nothing.
        return _without_garment(request, product, form, error)
    if request.method == "GET":
        buffer_event(Event.OPENED, product)
    paused = error_payload("paused") if is_paused() else None
    return _form_page(request, product, form, error=paused)


def _kept(request: HttpRequest) -> PersonPhoto | None:
    photo = kept_photo(request)
    if photo is not None:
        try:
            check_photo_consent(photo)
        except ConsentRequired:
            # A consent to another text is none to this one.
            return None
    return photo


def _order(request: HttpRequest, product: Model) -> HttpResponse:
    form = TryOnForm(request.POST, request.FILES, own_photo=_kept(request))
    if not form.is_valid():
        error = next(iter(form.errors.as_data().values()))[0]
        status = 409 if form.consent_stale else 400
        return _refuse(request, product, form, status, error_payload(error.code or "invalid"))
    data = form.cleaned_data
    try:
        job = jobs.place(
            product,
            photo=data["house_model"] or data["kept_photo"],
            upload=data["photo"],
            consent=form.agreement,
            request=request,
            keep=data["keep"],
            request_id=data["request_id"],
        )
    except OrderRefused as error:
        return _turn_away(request, product, form, error)
    except DecodersBusy as error:
        answer = _refuse(request, product, form, 503, photo_error_payload(error))
        answer["Retry-After"] = str(BUSY_SECONDS)
        return answer
    except InvalidImage as error:
        return _refuse(request, product, form, 400, photo_error_payload(error))
    except HookFailed:
        logger.exception("an order was not taken")
        return _refuse(request, product, form, 503, error_payload("hook_failed"))
    except FileUnavailable:
        logger.exception("an order was not taken: the storage refuses")
        return _refuse(request, product, form, 503, error_payload("storage"))
    except ConsentRequired as error:
        # Published between the form's check and the order: the new text is shown.
        form.renew_agreement()
        return _refuse(request, product, form, 409, error_payload(error.code))
    except GarmentUnavailable as error:
        return _without_garment(request, product, form, error)
    except PhotoUnavailable:
        return _refuse(request, product, form, 409, error_payload("photo_unavailable"))
    if wants_json(request):
        answer = JsonResponse(describe(request, job), status=201)
        if job.status in OPEN:
            say_poll_after(answer, job, timezone.now())
        return answer
    return redirect("glam_tryon:job", pk=job.pk)


def _without_garment(
    request: HttpRequest, product: Model, form: TryOnForm, error: GarmentUnavailable
) -> HttpResponse:
    # For staff; shoppers read that another garment may be tried on.
    logger.warning("no try-on of %s %s: %s", product._meta.label, product.pk, error)
    return _refuse(request, product, form, 409, error_payload(error.code))


def _turn_away(
    request: HttpRequest, product: Model, form: TryOnForm, refused: OrderRefused
) -> HttpResponse:
    if refused.code in ANSWERED_BY_A_PAGE and not wants_json(request):
        return refusal_page(request, product, refused)
    answer = _refuse(request, product, form, status_of(refused), refusal_payload(refused, product))
    return say_when(answer, refused)


def _refuse(
    request: HttpRequest,
    product: Model,
    form: TryOnForm,
    status: int,
    error: dict[str, str | None],
) -> HttpResponse:
    if wants_json(request):
        if form.consent_stale:
            error["consent_text"] = form.agreement.whole
            error["consent_sha256"] = form.agreement.sha256
        return JsonResponse({"error": error}, status=status)
    return _form_page(request, product, form, status=status, error=error)


def _form_page(
    request: HttpRequest,
    product: Model,
    form: TryOnForm,
    *,
    status: int = 200,
    error: dict[str, str | None] | None = None,
) -> HttpResponse:
    garment = garment_of(product)
    inside = for_dialog(request)
    context = {
        "dialog": inside,
        "max_bytes": conf.MAX_UPLOAD_BYTES,
        "long_side": conf.PHOTO_LONG_SIDE,
        "form": form,
        "error": error,
        "product": product,
        "title": garment.get_title(product),
        "product_url": garment.get_url(product),
        "start_url": start_url(product),
        "garment_url": garment_url(product),
        "garment_picture_url": picture_url(product),
        "basket": basket_of(product),
        "house_models": form.fields["house_model"].queryset,  # type: ignore[attr-defined]
        "kept_photo": form.own_photo,
        "kept_photo_chosen": form.own_photo is not None
        and str(form.own_photo.pk) in (form.data.get("kept_photo"), request.GET.get("photo")),
        "photo_chosen": form.data.get("house_model") or request.GET.get("photo", ""),
        "mine_url": reverse("glam_tryon:mine") if has_tryons(request) else "",
        "kept_for": duration_words(conf.KEPT_PHOTO_SECONDS),
        "consent": form.agreement,
        "request_id": form.data.get("request_id") or uuid.uuid4().hex,
    }
    template = "glam_tryon/form.html" if inside else "glam_tryon/start.html"
    response = render(request, template, context, status=status)
    response["Cache-Control"] = "private, no-store"
    response["Vary"] = DIALOG_HEADER
    return response


@require_safe
def job(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One's own job: where it stands, or its pictures."""
    response = status_answer(request, pk) if wants_json(request) else _job_page(request, pk)
    response["Cache-Control"] = "private, no-store"
    return response


@ensure_csrf_cookie
def _job_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = own_job(request, pk)
    facts, product = describe(request, found), product_of(found)
    context = {
        "job": facts,
        "moving": not facts["over"] and not facts["error"],
        "again_url": facts["again_url"],
        "basket": basket_of(product),
        "start_url": start_url(product) if product is not None else "",
    }
    return render(request, "glam_tryon/job.html", context)


@csrf_protect
@require_POST
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Stop one's own job; one that is over stays as it is."""
    found = own_job(request, pk)
    with suppress(IllegalTransition):
        jobs.cancel(found, note="by the shopper")
    found.refresh_from_db()
    if wants_json(request):
        return JsonResponse(describe(request, found))
    return redirect("glam_tryon:job", pk=found.pk)
