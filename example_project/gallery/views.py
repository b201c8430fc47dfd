"""The gallery's page, and a server that answers the real dialog with a state of one's choice.

Nothing is written, and Glam is asked nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.csrf import ensure_csrf_cookie

from example_project.gallery.pictures import SLUG, picture
from example_project.gallery.states import LISTED, STATES, State, facts
from example_project.shop.models import Product
from glam_tryon.conf import conf
from glam_tryon.forms import TryOnForm
from glam_tryon.models import PersonPhoto
from glam_tryon.privacy.duration_words import duration_words
from glam_tryon.views.access import for_dialog, wants_json
from glam_tryon.views.basket import basket_of
from glam_tryon.views.product import garment_url, picture_url, start_url

THEMES = {
    "shop": "The shop's own",
    "boutique": "Dark boutique",
    "street": "Bold street brand",
    "pastel": "Soft pastel",
}


def _with_debug(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let nobody but developers see it."""

    @wraps(view)
    def checked(request: HttpRequest, **named: Any) -> HttpResponse:
        if not settings.DEBUG:
            raise Http404
        return view(request, **named)

    return checked


def _state(name: str) -> State:
    try:
        return STATES[name]
    except KeyError as error:
        raise Http404 from error


def _theme(request: HttpRequest) -> str:
    theme = request.GET.get("theme", "")
    return theme if theme in THEMES else "shop"


@_with_debug
@ensure_csrf_cookie
def index(request: HttpRequest) -> HttpResponse:
    """One dialog in each theme, then each state in the theme ``?theme=``; ``?only=`` keeps one."""
    product = Product.objects.filter(slug=SLUG).first()
    context: dict[str, Any] = {"product": product, "theme": _theme(request), "themes": THEMES}
    if product is not None:
        only = request.GET.get("only", "")
        states = [_state(only)] if only else list(STATES.values())
        themes = {} if only else THEMES
        context["samples"] = [
            (theme, title, _box(request, STATES["result"], product))
            for theme, title in themes.items()
        ]
        context["boxes"] = [(state, _box(request, state, product)) for state in states]
    return render(request, "gallery/index.html", context)


def _box(request: HttpRequest, state: State, product: Product) -> str:
    """Return a state as the widget's own template shows it."""
    if state.view == "form":
        context = _form_context(state, product)
        return render_to_string("glam_tryon/form.html", context, request=request)
    job = facts(state, product)
    return render_to_string(
        f"glam_tryon/parts/{state.view}.html",
        {"job": job, "title": product.name, "again_url": job["again_url"]},
        request=request,
    )


def _form_context(state: State, product: Product) -> dict[str, Any]:
    models = PersonPhoto.objects.house_models()
    form = TryOnForm()
    first = models.first()
    if state.chosen == "model" and first is not None:
        form = TryOnForm(initial={"house_model": str(first.pk)})
    return {
        "form": form,
        "error": state.refusal_facts if state.refusal else None,
        "product": product,
        "title": product.name,
        "product_url": product.get_absolute_url(),
        "start_url": reverse("gallery:start", args=[state.name]),
        "garment_url": garment_url(product),
        "garment_picture_url": picture_url(product),
        "basket": basket_of(product),
        "house_models": models,
        "mine_url": reverse("gallery:mine") if state.mine else "",
        "kept_for": duration_words(conf.KEPT_PHOTO_SECONDS),
        "consent": form.agreement,
        "request_id": uuid.uuid4().hex,
        "max_bytes": conf.MAX_UPLOAD_BYTES,
        "long_side": conf.PHOTO_LONG_SIDE,
    }


@_with_debug
@ensure_csrf_cookie
def start(request: HttpRequest, name: str) -> HttpResponse:
    """The form of a dialog that ends in this state, whatever is chosen in it."""
    state, product = _state(name), get_object_or_404(Product, slug=SLUG)
    if request.method == "POST":
        if state.refusal:
            return JsonResponse({"error": state.refusal_facts}, status=400)
        if state.status:
            return JsonResponse(facts(state, product), status=201)
    inside = for_dialog(request)
    template = "glam_tryon/form.html" if inside else "glam_tryon/start.html"
    context = {**_form_context(state, product), "dialog": inside, "theme": _theme(request)}
    return render(request, template, context)


@_with_debug
@ensure_csrf_cookie
def job(request: HttpRequest, name: str) -> HttpResponse:
    """A job in this state, as JSON or as a page; a POST changes nothing."""
    state, product = _state(name), get_object_or_404(Product, slug=SLUG)
    if not state.status:
        raise Http404
    known = facts(state, product)
    if wants_json(request):
        return JsonResponse(known)
    context = {
        "job": known,
        "moving": state.view == "waiting",
        "again_url": known["again_url"],
        "basket": basket_of(product),
        "start_url": start_url(product),
        "theme": _theme(request),
    }
    return render(request, "glam_tryon/job.html", context)


@_with_debug
@ensure_csrf_cookie
def mine(request: HttpRequest) -> HttpResponse:
    """The list of one's own try-ons, with one in each of its states."""
    product = get_object_or_404(Product, slug=SLUG)
    if request.method == "POST":
        return JsonResponse({"deleted": True, "words": ""})
    inside = for_dialog(request)
    context = {
        "dialog": inside,
        "theme": _theme(request),
        "tryons": [
            {
                **facts(STATES[name], product),
                "basket": basket_of(product if STATES[name].results else None),
            }
            for name in LISTED
        ],
        "delete_all_url": reverse("gallery:mine"),
    }
    template = "glam_tryon/parts/mine.html" if inside else "glam_tryon/mine.html"
    return render(request, template, context)


@_with_debug
def show(request: HttpRequest, name: str) -> HttpResponse:
    """One picture of the gallery's try-ons."""
    try:
        return HttpResponse(picture(name), content_type="image/jpeg")
    except KeyError as error:
        raise Http404 from error
