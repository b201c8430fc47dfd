"""Wrong set-ups, each found by ``manage.py check`` before a shopper meets it (fault 77)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from io import StringIO
from types import ModuleType
from typing import Any

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import models
from django.http import HttpResponse
from django.test.utils import isolate_apps
from django.urls import include, path, re_path

from glam_tryon import garments
from glam_tryon.garments import Garment
from tests.shopapp.models import Coat, Item

pytestmark = pytest.mark.django_db
OURS = path("tryon/", include("glam_tryon.urls"))
SHOP = path("", include("example_project.urls"))

SetUp = Callable[["Shop"], None]


class Shop:
    """A shop that is set up right, to be set up wrong."""

    def __init__(self, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.settings = settings
        self.monkeypatch = monkeypatch
        monkeypatch.setattr(garments, "_registry", dict(garments._registry))
        settings.GLAM_TRYON = {"API_KEY": "key", "PUBLIC_BASE_URL": "https://shop.example.com"}

    def register(self, model: type[models.Model] = Item, *own: Any, **sources: Any) -> None:
        garments.register(model, *own, **sources)

    def set(self, **values: Any) -> None:
        self.settings.GLAM_TRYON = {**self.settings.GLAM_TRYON, **values}

    def urls(self, *patterns: Any) -> None:
        module = ModuleType("tests.wrong_urls")
        module.urlpatterns = list(patterns)  # type: ignore[attr-defined]
        self.monkeypatch.setitem(sys.modules, module.__name__, module)
        self.settings.ROOT_URLCONF = module.__name__

    def without(self, middleware: str) -> None:
        self.settings.MIDDLEWARE = [
            each for each in self.settings.MIDDLEWARE if not each.endswith(middleware)
        ]

    def templates(self, **sources: str) -> None:
        """Put templates before all others; "shop_base" is "shop/base.html"."""
        named = {
            f"{name.replace('tryon_', 'glam_tryon/')}.html": text for name, text in sources.items()
        }
        engine = {**self.settings.TEMPLATES[0], "APP_DIRS": False}
        engine["OPTIONS"] = {
            **engine["OPTIONS"],
            "loaders": [
                ("django.template.loaders.locmem.Loader", named),
                "django.template.loaders.app_directories.Loader",
            ],
        }
        self.settings.TEMPLATES = [engine]

    def csp(self, **directives: Any) -> None:
        policy = {name.replace("_", "-"): values for name, values in directives.items()}
        self.settings.SECURE_CSP = policy
        csp = "django.middleware.csp.ContentSecurityPolicyMiddleware"
        self.settings.MIDDLEWARE = [*{*self.settings.MIDDLEWARE, csp}]


@pytest.fixture
def shop(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(settings, monkeypatch)


def said() -> str:
    """Return what ``manage.py check`` prints."""
    out = StringIO()
    try:
        call_command("check", stdout=out, stderr=out)
    except SystemCheckError as error:
        out.write(str(error))
    return out.getvalue()


def catch_all(request: Any, anything: str = "") -> HttpResponse:
    return HttpResponse("a page of the shop")


class CloudinaryField(models.CharField):  # type: ignore[type-arg]
    """As Cloudinary's: kept as text, read as an object that has an address."""


def register_resource(shop: Shop) -> None:
    with isolate_apps("tests.shopapp"):

        class Poster(models.Model):  # noqa: DJ008
            photo = CloudinaryField(max_length=100)

            class Meta:
                app_label = "shopapp"

        shop.register(Poster)


def register_choices(shop: Shop) -> None:
    with isolate_apps("tests.shopapp"):

        class Sock(models.Model):  # noqa: DJ008
            photo = models.FileField()
            fit = models.CharField(max_length=9, choices=[("upper", "Top"), ("feet", "Feet")])

            class Meta:
                app_label = "shopapp"

        shop.register(Sock, mask_type="fit")


def register_categories(shop: Shop) -> None:
    with isolate_apps("tests.shopapp"):

        class Group(models.Model):  # noqa: DJ008
            class Meta:
                app_label = "shopapp"

        class Bikini(models.Model):  # noqa: DJ008
            photo = models.FileField()
            categories = models.ManyToManyField(Group)

            class Meta:
                app_label = "shopapp"

        shop.register(Bikini)


def register_codes(shop: Shop) -> None:
    with isolate_apps("tests.shopapp"):

        class Trunks(models.Model):  # noqa: DJ008
            photo = models.FileField()
            category = models.CharField(max_length=2, choices=[("SW", "Swimwear")])

            class Meta:
                app_label = "shopapp"

        shop.register(Trunks)


def include_in_languages(shop: Shop) -> None:
    shop.settings.LANGUAGES = [("en", "English"), ("de", "German")]
    shop.settings.LANGUAGE_CODE = "en"
    shop.urls(re_path("^(?P<anything>.*)$", catch_all), *i18n_patterns(OURS), SHOP)


FRAME = "{% block head %}{% endblock %}{% block content %}{% endblock %}"

#: What is set up wrong, the check's name, and the sentence.
WRONG: dict[str, tuple[SetUp, str, str]] = {
    "an image that is not there": (
        lambda shop: shop.register(image="picture"),
        "E006",
        "shopapp.Item is registered with image='picture': Item has no 'picture'; it has: brand, ",
    ),
    "an image that is not there further on": (
        lambda shop: shop.register(image="brand.logo"),
        "E006",
        "shopapp.Item is registered with image='brand.logo': Brand has no 'logo'; it has: cut, ",
    ),
    "an image of rows without one": (
        lambda shop: shop.register(image="shots.first.photo"),
        "E006",
        "Shot has no 'photo'; it has: image, item.",
    ),
    "an image that is text": (
        lambda shop: shop.register(image="name"),
        "E007",
        "'name' is text, not a file: name a file field, or give a callable that returns a file.",
    ),
    "an image that is several rows": (
        lambda shop: shop.register(image="shots"),
        "E007",
        "'shots' is several rows: name the file of one, such as 'shots.first.image'.",
    ),
    "an image that is a row": (
        lambda shop: shop.register(image="shots.first"),
        "E007",
        "is a Shot, which cannot be opened: name its file, 'shots.first.image'.",
    ),
    "an image that is another row": (
        lambda shop: shop.register(image="brand"),
        "E007",
        "'brand' is a Brand, which cannot be opened: name its file, a callable that returns a file",
    ),
    "an image of Cloudinary's": (
        register_resource,
        "E007",
        "'photo' is a CloudinaryField, which cannot be opened: give a callable that returns a file",
    ),
    "a mask type that is none": (
        lambda shop: shop.register(mask_type="top"),
        "E008",
        "that is no mask type ('overall', 'upper' or 'lower'), and Item has no 'top'; it has: ",
    ),
    "a mask type that may be none": (
        register_choices,
        "E008",
        "is registered with mask_type='fit': it may be 'feet', which is no mask type.",
    ),
    "a title that is not there": (
        lambda shop: shop.register(title="headline"),
        "E006",
        "shopapp.Item is registered with title='headline': Item has no 'headline'; it has: ",
    ),
    "a URL that is not there": (
        lambda shop: shop.register(url="product.get_absolute_url"),
        "E006",
        "url='product.get_absolute_url': Item has no 'product'; it has: ",
    ),
    "a basket that is not there": (
        lambda shop: shop.register(add_to_cart_url="get_cart_url"),
        "E006",
        "add_to_cart_url='get_cart_url': Item has no 'get_cart_url'; it has: ",
    ),
    "a category that is not there": (
        lambda shop: shop.register(category="kind.name"),
        "E006",
        "category='kind.name': Item has no 'kind'; it has: ",
    ),
    "a switch that is not there": (
        lambda shop: shop.register(enabled="is_wearable"),
        "E006",
        "enabled='is_wearable': Item has no 'is_wearable'; it has: ",
    ),
    "a child registered with what only others have": (
        lambda shop: shop.register(Coat, image="front"),
        "E006",
        "shopapp.Coat is registered with image='front': Coat has no 'front'; it has: brand, ",
    ),
    "several categories": (
        register_categories,
        "W013",
        "TRYON_EXCLUDED does nothing for shopapp.Bikini: it has no 'category', but 'categories'.",
    ),
    "codes of categories": (
        register_codes,
        "W013",
        "TRYON_EXCLUDED does not match shopapp.Trunks: 'category' holds 'SW' for 'Swimwear'.",
    ),
    "nothing registered": (
        lambda shop: garments._registry.clear(),
        "W014",
        "No product is registered, so there is nothing to try on.",
    ),
    "URLs forgotten": (
        lambda shop: shop.urls(path("", catch_all)),
        "E009",
        "The URLs of glam_tryon are not in tests.wrong_urls.",
    ),
    "URLs behind a catch-all": (
        lambda shop: shop.urls(re_path("^(?P<anything>.*)$", catch_all), OURS, SHOP),
        "E010",
        "sample.jpg does not lead to glam_tryon: tests.core.test_wrong_setups.catch_all takes it",
    ),
    "URLs behind a catch-all of some pages": (
        lambda shop: shop.urls(path("tryon/<path:anything>/", catch_all), OURS, SHOP),
        "E010",
        "/tryon/new/shop.product/1/ does not lead to glam_tryon: ",
    ),
    "URLs of languages behind a catch-all": (
        include_in_languages,
        "E010",
        "/en/tryon/for-glam/probe/sample.jpg does not lead to glam_tryon: ",
    ),
    "no sessions": (
        lambda shop: shop.without("SessionMiddleware"),
        "E011",
        "MIDDLEWARE has no SessionMiddleware: nobody knows whose a try-on is.",
    ),
    "no users": (
        lambda shop: shop.without("AuthenticationMiddleware"),
        "E011",
        "MIDDLEWARE has no AuthenticationMiddleware: nobody knows who is signed in.",
    ),
    "a page of the shop's without assets": (
        lambda shop: shop.templates(
            tryon_mine='{% extends "glam_tryon/base.html" %}{% block content %}{% endblock %}',
            tryon_base='{% extends "shop_base.html" %}',
            shop_base=FRAME,
        ),
        "W015",
        "Neither glam_tryon/mine.html nor glam_tryon/base.html nor shop_base.html has {% tryon_pa",
    ),
    "fields of the basket that are not there": (
        lambda shop: shop.register(add_to_cart_fields="cart.fields"),
        "E006",
        "add_to_cart_fields='cart.fields': Item has no 'cart'; it has: ",
    ),
    "a frame without a place": (
        lambda shop: shop.templates(
            tryon_base="{% load glam_tryon %}{% tryon_assets %}{% block main %}{% endblock %}"
        ),
        "E013",
        "glam_tryon/base.html has no block 'content', so the pages of glam_tryon are empty.",
    ),
    "a policy without blob:": (
        lambda shop: shop.csp(default_src=["'self'"]),
        "W016",
        "SECURE_CSP does not allow what the widget needs: img-src blob:.",
    ),
    "a policy of nothing": (
        lambda shop: shop.csp(default_src=["'none'"], form_action=["'none'"]),
        "W016",
        "img-src 'self', img-src blob:, connect-src 'self', form-action 'self'.",
    ),
    "no key": (
        lambda shop: shop.set(API_KEY=""),
        "W002",
        'GLAM_TRYON["API_KEY"] is missing: try-ons wait until it is set.',
    ),
    "no public address": (
        lambda shop: shop.set(PUBLIC_BASE_URL=""),
        "W003",
        'GLAM_TRYON["PUBLIC_BASE_URL"] is missing.',
    ),
    "a public address that is none": (
        lambda shop: shop.set(PUBLIC_BASE_URL="https://shop.local"),
        "W003",
        "which the provider cannot reach.",
    ),
    "a setting's name": (
        lambda shop: shop.set(PUBLIC_BASE_URI="https://shop.example.com"),
        "W001",
        "GLAM_TRYON has no setting 'PUBLIC_BASE_URI'.",
    ),
    "a hook that is not there": (
        lambda shop: shop.set(PHOTO_CHECK="shop.photos.check"),
        "E004",
        'GLAM_TRYON["PHOTO_CHECK"]',
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_set_up_is_found_by_check(shop: Shop, name: str) -> None:
    set_up, number, sentence = WRONG[name]
    set_up(shop)
    printed = said()
    assert sentence in printed
    assert f"(glam_tryon.{number})" in printed


class Variants(Garment):
    def get_image(self, product: models.Model) -> Any:
        return product


RIGHT: dict[str, SetUp] = {
    "as it is": lambda shop: None,
    "the defaults": lambda shop: shop.register(),
    "paths": lambda shop: shop.register(image="shots.first.image", title="brand.name"),
    "methods": lambda shop: shop.register(mask_type="cut", url="__str__"),
    "callables": lambda shop: shop.register(image=lambda product: product.anything),
    "a subclass of its own": lambda shop: shop.register(Item, Variants, image="anything"),
    "a child": lambda shop: shop.register(Coat, title="lining"),
    "URLs above a catch-all": lambda shop: shop.urls(
        OURS, re_path("^(?P<anything>.*)$", catch_all)
    ),
    "URLs in languages": lambda shop: shop.urls(*i18n_patterns(OURS)),
    "a frame that knows nothing of us": lambda shop: shop.templates(tryon_base=FRAME),
    "a frame": lambda shop: shop.templates(
        tryon_base='{% extends "shop_base.html" %}',
        shop_base="{% load glam_tryon %}{% tryon_assets %}" + FRAME,
    ),
    "a frame that includes the assets": lambda shop: shop.templates(
        tryon_base='{% include "shop_head.html" %}' + FRAME,
        shop_head="{% load glam_tryon %}{% tryon_assets %}",
    ),
    "a frame that only a request knows": lambda shop: shop.templates(
        tryon_base="{% extends frame %}"
    ),
    "below a path": lambda shop: setattr(shop.settings, "FORCE_SCRIPT_NAME", "/shop"),
    "no words that exclude": lambda shop: (
        shop.set(TRYON_EXCLUDED=[]),
        register_categories(shop),
    )[0],
    "a policy that is enough": lambda shop: shop.csp(
        default_src=["'self'"], img_src=("'self'", "blob:"), object_src="'none'"
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_set_up_says_nothing(shop: Shop, name: str) -> None:
    RIGHT[name](shop)
    assert "glam_tryon" not in said()
