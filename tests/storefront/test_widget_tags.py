"""The two template tags, their whole HTML, and what the files behind them weigh."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
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

from benchmarks import button
from example_project.shop.models import Product
from glam_tryon.exceptions import NotRegistered
from glam_tryon.views.product import start_url


def render(source: str, **context: Any) -> str:
    return Template("{% load glam_tryon %}" + source).render(Context(context))


def test_the_button_is_a_link_that_works_by_itself() -> None:
    assert render("{% tryon_button product %}", product=Product(pk=7)) == (
        '<glam-tryon><a class="glam-tryon-button" part="button" rel="nofollow" '
        'href="/tryon/new/shop.product/7/">Try it on</a></glam-tryon>'
    )


def test_the_buttons_text_is_the_shops_and_escaped() -> None:
    assert render("{% tryon_button product text %}", product=Product(pk=7), text="<b>Wear</b>") == (
        '<glam-tryon><a class="glam-tryon-button" part="button" rel="nofollow" '
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


def test_a_button_takes_hardly_longer_than_a_link_and_at_most_15_microseconds() -> None:
    times = button.measure(rounds=60)
    least = {name: figures[0] for name, figures in times.items()}
    assert least[button.BUTTON] <= button.MOST
    assert least[button.IN_A_REQUEST] <= button.MOST
    assert least[button.BUTTON] <= 2 * least[button.PLAIN]


@pytest.mark.parametrize("prefix", ["/", "/shop/"])
@pytest.mark.parametrize("key", ["7", "4f2c-11", "a/b", "any-key", "..", "größe"])
def test_the_buttons_address_is_the_one_that_django_gives(prefix: str, key: str) -> None:
    product = Product()
    product.pk = key
    with override_script_prefix(prefix):
        address = reverse("glam_tryon:start", args=["shop.product", key])
        assert start_url(product) == address
        assert address.startswith(f"{prefix}tryon/")


def test_a_product_whose_model_is_not_registered_is_an_error_that_names_the_remedy() -> None:
    with pytest.raises(NotRegistered, match=r"garments\.register\(User"):
        render("{% tryon_button product %}", product=User(pk=1))


def test_the_assets_are_one_stylesheet_and_one_module() -> None:
    with override("en"):
        assert render("{% tryon_assets %}") == (
            '<link rel="stylesheet" href="/static/glam_tryon/glam_tryon.css">'
            '<script type="module" src="/static/glam_tryon/glam_tryon.js" '
            'data-glam-tryon-dialog="/static/glam_tryon/dialog.js" '
            'data-elsewhere="/static/glam_tryon/elsewhere.js" '
            'data-extras="/static/glam_tryon/extras.css" data-close="Close" '
            'data-loading="One moment…" '
            'data-unreachable="The shop cannot be reached. Please look at your connection." '
            'data-again="Try again"></script>'
        )


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
            "glam_tryon/extras.css",
        ]
        assert all(staticfiles_storage.exists(name) for name in names)
        assert not [
            name for name in names if re.search(r"(tryon|extras|dialog|elsewhere)\.(css|js)$", name)
        ]


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("glam_tryon.js", 2048),
        ("dialog.js", 8192),
        ("glam_tryon.css", 3072),
        ("camera.js", 3072),
        ("elsewhere.js", 3072),
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
