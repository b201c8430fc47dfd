"""The two template tags, their whole HTML, and what the files behind them weigh."""

from __future__ import annotations

import gzip
import re
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.http import HttpRequest
from django.template import Context, Template
from django.test import override_settings
from django.test.utils import override_script_prefix
from django.urls import reverse
from django.utils.translation import override
from pytest_django import DjangoAssertNumQueries

from example_project.shop.models import Product
from glam_tryon.exceptions import NotRegistered
from glam_tryon.views.product import start_url


def render(source: str, **context: Any) -> str:
    return Template("{% load glam_tryon %}" + source).render(Context(context))


def test_the_button_is_a_link_that_works_by_itself() -> None:
    assert render("{% tryon_button product %}", product=Product(pk=7)) == (
        '<glam-tryon><a class="glam-tryon-button" part="button" rel="nofollow" '
        'hx-boost="false" data-turbo="false" up-follow="false" '
        'href="/tryon/new/shop.product/7/">Try it on</a></glam-tryon>'
    )


def test_the_buttons_text_is_the_shops_and_escaped() -> None:
    assert render("{% tryon_button product text %}", product=Product(pk=7), text="<b>Wear</b>") == (
        '<glam-tryon><a class="glam-tryon-button" part="button" rel="nofollow" '
        'hx-boost="false" data-turbo="false" up-follow="false" '
        'href="/tryon/new/shop.product/7/">&lt;b&gt;Wear&lt;/b&gt;</a></glam-tryon>'
    )


def test_a_hundred_buttons_ask_the_database_nothing(
    db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    products = [Product(pk=number) for number in range(100)]
    with django_assert_num_queries(0):
        page = render("{% for p in products %}{% tryon_button p %}{% endfor %}", products=products)
    assert page.count("<glam-tryon>") == 100


@pytest.mark.parametrize("context", [{}, {"request": HttpRequest()}])
def test_a_page_in_two_languages_has_buttons_in_both(context: dict[str, Any]) -> None:
    page = render(
        "{% load i18n %}{% tryon_button a %}{% tryon_button a 'Wear' %}"
        "{% language 'de' %}{% tryon_button a %}{% tryon_button b %}{% endlanguage %}"
        "{% tryon_button b %}",
        a=Product(pk=7),
        b=Product(pk=8),
        **context,
    )
    assert re.findall(r'href="/tryon/new/shop.product/(\d)/">([^<]+)</a>', page) == [
        ("7", "Try it on"),
        ("7", "Wear"),
        ("7", "Anprobieren"),
        ("8", "Anprobieren"),
        ("8", "Try it on"),
    ]


def calls_of(source: str, **context: Any) -> float:
    """Return how many functions one more product calls, Python's and C's: it does not vary."""
    template = Template("{% load glam_tryon %}{% for p in products %}" + source + "{% endfor %}")
    counts = []
    for number in (50, 50, 150):
        products = [Product(pk=key) for key in range(number)]
        calls = 0

        def count(_frame: FrameType, event: str, _argument: object) -> None:
            nonlocal calls
            calls += event in ("call", "c_call")

        sys.setprofile(count)
        try:
            template.render(Context({"products": products, **context}))
        finally:
            sys.setprofile(None)
        counts.append(calls)
    # The first one also fills what is kept.
    return (counts[2] - counts[1]) / 100


@pytest.mark.parametrize("context", [{}, {"request": HttpRequest()}])
def test_a_button_calls_fewer_functions_than_the_url_tag_alone(context: dict[str, Any]) -> None:
    """What 15 microseconds hold: ``python -m benchmarks button`` measures them."""
    loop = calls_of("", **context)
    button = calls_of("{% tryon_button p %}", **context) - loop
    link = calls_of("<a href=\"{% url 'glam_tryon:start' 'shop.product' p.pk %}\">x</a>") - loop
    assert 5 < button <= 90
    assert button < link


@pytest.mark.parametrize("prefix", ["/", "/shop/"])
@pytest.mark.parametrize("key", [7, "7", "4f2c-11", "a/b", "any-key", "..", "größe"])
def test_the_buttons_address_is_the_one_that_django_gives(prefix: str, key: object) -> None:
    product = Product()
    product.pk = key
    with override_script_prefix(prefix):
        address = reverse("glam_tryon:start", args=["shop.product", key])
        assert start_url(product) == address
        assert address.startswith(f"{prefix}tryon/")


def test_a_product_whose_model_is_not_registered_is_an_error_that_names_the_remedy() -> None:
    with pytest.raises(NotRegistered, match=r"garments\.register\(User"):
        render("{% tryon_button product %}", product=User(pk=1))


def test_the_assets_are_one_stylesheet_one_module_and_the_empty_dialog() -> None:
    with override("en"):
        assert render("{% tryon_assets %}") == (
            '<link rel="stylesheet" href="/static/glam_tryon/glam_tryon.css">'
            '<script type="module" src="/static/glam_tryon/glam_tryon.js" '
            'data-glam-tryon-dialog="/static/glam_tryon/dialog.js" '
            'data-elsewhere="/static/glam_tryon/elsewhere.js" '
            'data-waiting="/static/glam_tryon/waiting.js" '
            'data-extras="/static/glam_tryon/extras.css" data-loading="One moment…" '
            'data-unreachable="The shop cannot be reached. Please look at your connection." '
            'data-again="Try again"></script>'
            "<template data-glam-tryon-shell>"
            '<dialog class="glam-tryon glam-tryon-dialog" part="dialog" data-turbo-temporary>'
            '<div><div class="glam-tryon-skeleton"><div class="glam-tryon-stage">'
            '<img class="glam-tryon-garment" alt=""></div>'
            '<p class="glam-tryon-loading">One moment…</p></div></div>'
            '<p class="glam-tryon-hidden" role="status"></p>'
            '<button class="glam-tryon-close" part="close" type="button" aria-label="Close">'
            "</button></dialog></template>"
        )


@pytest.mark.parametrize(
    ("arguments", "html"),
    [
        ("class='btn big'", '<a class="btn big" part="button"'),
        ("basket_form='#bag'", '<glam-tryon data-basket-form="#bag">'),
        ("basket_form=bad", '<glam-tryon data-basket-form="&quot;&gt;">'),
        ("icon='*'", '<span class="glam-tryon-icon" aria-hidden="true">*</span>Try it on</a>'),
        ("icon=bad", '<span class="glam-tryon-icon" aria-hidden="true">&quot;&gt;</span>'),
        ("class=bad", '<a class="&quot;&gt;" part="button"'),
        ("icon=True", '<span class="glam-tryon-icon" aria-hidden="true"><svg'),
        ("variant=other", 'href="/tryon/new/shop.product/8/"'),
        ("'Wear' icon='*' class='b'", 'aria-hidden="true">*</span>Wear</a>'),
    ],
)
def test_the_button_fits_into_the_shop(arguments: str, html: str) -> None:
    source = f"{{% tryon_button product {arguments} %}}{{% tryon_button product %}}"
    page = render(source, product=Product(pk=7), other=Product(pk=8), bad='">')
    assert html in page
    # The next button is as it is by itself.
    assert page.endswith(render("{% tryon_button product %}", product=Product(pk=7)))


def test_an_argument_that_the_button_does_not_know_is_an_error() -> None:
    with pytest.raises(TypeError, match="does not know colour"):
        render("{% tryon_button product colour='red' %}", product=Product(pk=7))


def test_the_address_of_a_variant_is_that_of_its_button() -> None:
    assert render("{% tryon_url p %}", p=Product(pk=7)) == "/tryon/new/shop.product/7/"


def test_the_module_of_the_dialog_is_found_under_a_hashed_name(tmp_path: Path) -> None:
    storages = {
        "staticfiles": {
            "BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage",
            "OPTIONS": {"location": str(tmp_path)},
        }
    }
    with override_settings(STORAGES=storages, STATIC_ROOT=str(tmp_path)):
        call_command("collectstatic", interactive=False, verbosity=0)
        names = re.findall(r'"/static/([^"]+)"', render("{% tryon_assets %}"))
        assert [re.sub(r"\.[0-9a-f]{12}\.", ".", name) for name in names] == [
            "glam_tryon/glam_tryon.css",
            "glam_tryon/glam_tryon.js",
            "glam_tryon/dialog.js",
            "glam_tryon/elsewhere.js",
            "glam_tryon/waiting.js",
            "glam_tryon/extras.css",
        ]
        assert all(staticfiles_storage.exists(name) for name in names)
        assert not [
            name
            for name in names
            if re.search(r"(tryon|extras|dialog|elsewhere|waiting)\.(css|js)$", name)
        ]


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("glam_tryon.js", 2048),
        ("dialog.js", 8192),
        ("glam_tryon.css", 3072),
        ("camera.js", 3072),
        ("elsewhere.js", 3072),
        ("waiting.js", 3072),
        ("panel.js", 3072),
        ("photo.js", 3072),
        ("pages.css", 3072),
        ("result.js", 3072),
        ("extras.css", 3072),
    ],
)
def test_the_files_stay_light(name: str, limit: int) -> None:
    file = finders.find(f"glam_tryon/{name}")
    assert file is not None
    assert len(gzip.compress(Path(file).read_bytes(), mtime=0)) <= limit
