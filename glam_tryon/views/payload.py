"""Payloads of the storefront: a job for its page and as JSON, and an order that was refused."""

from __future__ import annotations

import math
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import get_script_prefix, get_urlconf, reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from glam_tryon.exceptions import OrderRefused
from glam_tryon.garments import garment_of
from glam_tryon.limits.availability import is_excluded
from glam_tryon.messages import (
    ERROR_MESSAGES,
    RESULTS_DELETED,
    NextAction,
    error_payload,
    moment_text,
    state_message,
)
from glam_tryon.models import PersonPhoto, TryOnJob
from glam_tryon.models.job import NEEDS_PERSON
from glam_tryon.models.status import CLOSED, Status
from glam_tryon.privacy.retention import results_expire_at, results_of
from glam_tryon.views.product import garment_url, product_of, start_url
from glam_tryon.worker.poll_interval.learning import usual_seconds


def describe(request: HttpRequest, job: TryOnJob) -> dict[str, Any]:
    """Return what the page may know of a job."""
    over = job.status in CLOSED
    product = product_of(job)
    photo = _photo(job)
    results = results_of(job)
    error = _error(job, drawn=bool(results))
    another = error is not None and error["next"] == NextAction.PHOTO
    cart = garment_of(product).get_add_to_cart_url(product) if product is not None else ""
    return {
        "id": str(job.pk),
        "status": job.status,
        "words": state_message(job),
        "over": over,
        "title": job.garment_title,
        "product_url": job.product_url,
        "garment_url": garment_url(product) if product is not None else "",
        "add_to_cart_url": cart,
        "again_url": _again_url(product, None if another else photo),
        "url": _url("job", job),
        "cancel_url": "" if over else _url("cancel", job),
        "photo_url": _url("photo", job) if photo else "",
        "person": {"kind": photo.kind, "title": photo.title} if photo else None,
        "usual_seconds": None if over else usual_whole_seconds(job),
        "waited_seconds": max(0, int((timezone.now() - job.created_at).total_seconds())),
        "results": [
            {
                "url": reverse("glam_tryon:result", args=[job.pk, result.position]),
                "width": result.width,
                "height": result.height,
            }
            for result in results
        ],
        **_time("expires", results_expire_at(job) if results else None),
        "feedback": {"verdict": job.feedback, "reason": job.feedback_reason},
        "share": _share(request, job) if results else None,
        "urls": {
            "delete": _url("delete", job),
            "delete_photo": _url("delete_photo", job) if _is_own(photo) else "",
            "share": _url("share", job) if results else "",
            "unshare": _url("unshare", job) if results else "",
            "feedback": _url("feedback", job) if results else "",
        },
        "error": error,
    }


def usual_whole_seconds(job: TryOnJob) -> int | None:
    """Return how long try-ons like this one usually take; None while unknown."""
    usual = usual_seconds(job.mask_type)
    return None if usual is None else max(1, round(usual))


#: Stands for any job where its addresses are made once.
_ANY_JOB = UUID(int=0)


@lru_cache(maxsize=256)
def _address(urlconf: str, prefix: str, language: str | None, name: str) -> str:
    return reverse(f"glam_tryon:{name}", args=[_ANY_JOB], urlconf=urlconf)


def _url(name: str, job: TryOnJob) -> str:
    # A waiting page asks for some of them every second, and ``reverse`` takes longer than the rest.
    urlconf = get_urlconf() or settings.ROOT_URLCONF
    pattern = _address(urlconf, get_script_prefix(), get_language(), name)
    return pattern.replace(str(_ANY_JOB), str(job.pk))


def _photo(job: TryOnJob) -> PersonPhoto | None:
    photo = job.person_photo
    return photo if photo is not None and photo.is_there else None


def _is_own(photo: PersonPhoto | None) -> bool:
    return photo is not None and photo.kind == PersonPhoto.Kind.SHOPPER


def _again_url(product: Model | None, photo: PersonPhoto | None) -> str:
    if product is None or is_excluded(product):
        return ""
    chosen = f"?{urlencode({'photo': photo.pk})}" if photo else ""
    return start_url(product) + chosen


def _time(name: str, moment: datetime | None) -> dict[str, str | None]:
    """Return a moment for machines, and in words in the active language and time zone."""
    if moment is None:
        return {f"{name}_at": None, f"{name}_words": None}
    return {
        f"{name}_at": moment.isoformat(timespec="seconds"),
        f"{name}_words": moment_text(moment),
    }


def _share(request: HttpRequest, job: TryOnJob) -> dict[str, Any] | None:
    # Read with the jobs of a list, one by one otherwise.
    alive = getattr(job, "alive_shares", None)
    share = next(iter(job.shares.alive() if alive is None else alive), None)
    if share is None:
        return None
    url = request.build_absolute_uri(reverse("glam_tryon:shared", args=[share.token]))
    return {"url": url, **_time("expires", share.expires_at)}


def _error(job: TryOnJob, *, drawn: bool) -> dict[str, str | None] | None:
    if job.status == Status.READY and not drawn:
        return error_payload(RESULTS_DELETED)
    if job.status == Status.FAILED or (job.status == Status.CANCELED and job.error_code):
        return error_payload(job.error_code)
    if job.status == Status.UNCONFIRMED and job.error_code == NEEDS_PERSON:
        return error_payload(job.error_code)
    return None


#: How the codes begin of what passes with time or with the shopper's own patience.
_LIMITS = ("limit_", "budget")
#: Those that the form could not change: without a script they have a page of their own.
ANSWERED_BY_A_PAGE = ("login_required", "staff_only")


def status_of(refused: OrderRefused) -> int:
    """Return the HTTP status of a refusal."""
    if refused.code == "paused":
        return 503
    return 429 if refused.code.startswith(_LIMITS) else 403


def refusal_payload(refused: OrderRefused, product: Model) -> dict[str, str | None]:
    """Return what a page may know of it, with the hook's own text, if it has any."""
    known = refused.code if refused.code in ERROR_MESSAGES else "not_allowed"
    payload = {**error_payload(known, refused.ends_at), "code": refused.code}
    if refused.message:
        payload["message"] = refused.message
    if refused.code == "login_required":
        back = garment_of(product).get_url(product) or start_url(product)
        payload["login_url"] = redirect_to_login(back).url
    return payload


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
    payload = {
        "title": garment.get_title(product),
        "words": _("Not available"),
        "error": refusal_payload(refused, product),
        "garment_url": garment_url(product),
        "product_url": garment.get_url(product),
    }
    response = render(
        request, "glam_tryon/refused.html", {"job": payload}, status=status_of(refused)
    )
    response["Cache-Control"] = "private, no-store"
    return response
