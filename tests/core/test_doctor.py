"""``manage.py tryon_doctor``: a right set-up is well, and each wrong one gets its sentence."""

from __future__ import annotations

import ast
import re
import socket
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db.migrations.executor import MigrationExecutor
from django.urls import include, path

from example_project.shop.models import Product
from glam_tryon import garments
from glam_tryon.exceptions import FileUnavailable
from glam_tryon.models import Account, PersonPhoto, TryOnJob
from glam_tryon.models.clock import DatabaseNow
from glam_tryon.sandbox import Sandbox
from tests.core.test_wrong_setups import Shop
from tests.shop import glam, picture

__all__ = ["glam"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(
    glam: Sandbox,
    product: Product,
    house_model: PersonPhoto,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Shop:
    """A shop in which everything is right, with a poller that was seen a moment ago."""
    values = settings.GLAM_TRYON
    # The example shop serves /media/ to everybody.
    settings.MEDIA_URL = "/served-by-nobody/"
    made = Shop(settings, monkeypatch)
    settings.GLAM_TRYON = values
    Account.load()
    Account.objects.update(last_round_at=DatabaseNow())
    return made


def said(*arguments: str) -> str:
    """Return what the doctor prints."""
    out = StringIO()
    try:
        call_command("tryon_doctor", *arguments, stdout=out, no_color=True)
    except CommandError as error:
        out.write(str(error))
    return out.getvalue()


def test_a_right_set_up_is_well_and_leaves_nothing_behind(shop: Shop, glam: Sandbox) -> None:
    printed = said()
    assert "WRONG" not in printed
    assert printed.endswith("All is well.\n")
    for step in (
        "Settings: right",
        "URLs: right",
        "Registration: right",
        "Tables: there",
        "Product: Linen shirt (shop.product:",
        "Garment: a picture of 240 x 320 pixels, upper",
        "has a button, styles and script",
        "Form: /tryon/new/shop.product/",
        "Can it delete?: Yes.",
        "Poller: it runs",
        "House model: Mina",
    ):
        assert step in printed
    assert re.search(r"A try-on in the sandbox: \d+ x \d+ pixels in \d+\.\d s", printed)
    assert not TryOnJob.objects.exists()
    # It asked a sandbox of its own; of the shop's provider only whether it takes the key.
    assert glam.accepted == []


def test_a_product_is_named_by_its_model_and_key(shop: Shop) -> None:
    other = Product(name="Rain coat", slug="rain-coat", price="90.00", fit="overall")
    other.photo.save("coat.jpg", ContentFile(picture()), save=True)
    assert f"ok     Product: {other}" in said("--product", f"shop.product:{other.pk}")
    assert "there is no shop.product with the key '999'" in said("--product", "shop.product:999")
    assert "auth.User cannot be tried on" in said("--product", "auth.user:1")
    assert "No installed app with label 'nothing'" in said("--product", "nothing.here:1")
    assert "Name the product as app.model:key" in said("--product", "shop.product")


def test_live_orders_one_and_waits_for_it(shop: Shop, glam: Sandbox) -> None:
    printed = said("--live")
    assert re.search(r"A try-on: job [0-9a-f-]{36} is ready after \d+ s", printed)
    assert [job.status for job in TryOnJob.objects.all()] == ["ready"]
    assert len(glam.accepted) == 1


def without_picture(shop: Shop) -> None:
    Product.objects.update(photo="")


def without_file(shop: Shop) -> None:
    product = Product.objects.get()
    product.photo.storage.delete(product.photo.name)


def broken_file(shop: Shop) -> None:
    Product.objects.get().photo.save("text.jpg", ContentFile(b"no picture"), save=True)


def not_migrated(shop: Shop) -> None:
    shop.monkeypatch.setattr(
        MigrationExecutor,
        "migration_plan",
        lambda self, leaves: [("glam_tryon.0001_initial", False)],
    )


def refuses_to_delete(shop: Shop) -> None:
    def refuse(name: str) -> None:
        raise FileUnavailable("no")

    shop.monkeypatch.setattr("glam_tryon.checks.storage_probe.delete_file", refuse)


def hashed_without_collectstatic(shop: Shop) -> None:
    kept = shop.settings.STORAGES
    backend = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    shop.settings.STORAGES = {**kept, "staticfiles": {"BACKEND": backend}}
    shop.settings.STATIC_ROOT = str(Path(shop.settings.MEDIA_ROOT) / "static")


def page_of(text: str) -> Callable[[Shop], None]:
    return lambda shop: shop.templates(**{"shop/product_detail": text})


def registered_with(**sources: Any) -> Callable[[Shop], None]:
    def change(shop: Shop) -> None:
        del garments._registry[Product]
        garments.register(Product, **{"mask_type": "fit", **sources})

    return change


WRONG: dict[str, tuple[Callable[[Shop], Any], str]] = {
    "no product with a picture": (without_picture, "Product: none of 1 has a button"),
    "no product": (lambda shop: Product.objects.all().delete(), "Product: none of 0 has a button"),
    "the picture's file is gone": (without_file, "FileNotFoundError"),
    "the picture is none": (broken_file, "Garment: This file is not a picture."),
    "a callable that fails": (
        registered_with(image=lambda product: product.pictures[0]),
        "is registered with '<lambda>', which does not fit: it raised AttributeError",
    ),
    "a mask type from a callable": (
        registered_with(mask_type=lambda product: "top"),
        "'top' is no mask type; use 'overall', 'upper' or 'lower'.",
    ),
    "no address": (
        registered_with(url=lambda product: ""),
        "Product page: shop.Product has no address",
    ),
    "a page that is not there": (
        registered_with(url=lambda product: "/nowhere/"),
        "Product page: /nowhere/ answers with 404",
    ),
    "a page without a button": (page_of("{{ product }}"), "has no button"),
    "a page without assets": (
        page_of("{% load glam_tryon %}{% tryon_button product %}"),
        "has a button, but neither styles nor script",
    ),
    "a page that breaks": (
        page_of("{% load glam_tryon %}{% tryon_button request %}"),
        "answers with 500",
    ),
    "static files not collected": (hashed_without_collectstatic, "Run manage.py collectstatic."),
    "not migrated": (not_migrated, "Tables: glam_tryon.0001_initial is not applied"),
    "a storage that does not delete": (refuses_to_delete, "WRONG  Can it delete?: No"),
    "a public address that answers nothing": (
        lambda shop: shop.set(PUBLIC_BASE_URL="http://127.0.0.1:9"),
        "WRONG  Can the shop be reached at its public address?: It did not answer",
    ),
    "a wrong key": (
        lambda shop: shop.set(API_KEY="another"),
        "WRONG  Does Glam take the key?: No.",
    ),
    "no poller": (
        lambda shop: Account.objects.update(last_round_at=None),
        "Poller: no poller has ever run: start manage.py poll_tryon_jobs",
    ),
    "no house model": (
        lambda shop: PersonPhoto.objects.update(is_active=False),
        "House model: there is none",
    ),
    "a setting's value": (
        lambda shop: shop.set(MAX_PARALLEL="2"),
        'Settings: GLAM_TRYON["MAX_PARALLEL"] must be a whole number',
    ),
    "a provider that is not there": (
        lambda shop: shop.set(PROVIDER="shop.providers.Own"),
        'Settings: GLAM_TRYON["PROVIDER"] cannot be imported',
    ),
    "URLs forgotten": (
        lambda shop: shop.urls(path("", include("example_project.shop.urls"))),
        "URLs: The URLs of glam_tryon are not in tests.wrong_urls.",
    ),
    "the shop's tables are not there": (
        lambda shop: shop.monkeypatch.setattr(Product._meta, "db_table", "shop_nothing"),
        "WRONG  Product: no such table: shop_nothing",
    ),
    "what check finds": (
        registered_with(image="picture"),
        "Registration: shop.Product is registered with image='picture': Product has no 'picture'",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_set_up_is_found_by_the_doctor(shop: Shop, name: str) -> None:
    change, sentence = WRONG[name]
    change(shop)
    printed = said()
    assert sentence in printed
    assert re.search(r"\d things? (is|are) wrong\.$", printed)


# The sandbox that a newcomer starts.


def test_the_sandbox_says_what_to_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sandbox, "serve_forever", Sandbox.stop)
    out = StringIO()
    call_command("run_glam_sandbox", port=0, api_key="my-key", max_parallel=3, stdout=out)
    printed = out.getvalue()
    url = re.search(r"Sandbox Glam at (http://127\.0\.0\.1:\d+/api/v1)\n", printed)
    assert url
    written = re.search(r"GLAM_TRYON = (\{.*?\n\})", printed, re.DOTALL)
    assert written
    assert ast.literal_eval(written[1]) == {
        "API_KEY": "my-key",
        "BASE_URL": url[1],
        "PUBLIC_BASE_URL": "http://127.0.0.1:8000",
        "MAX_PARALLEL": 3,
    }
    assert f'curl -i -H "X-API-Key: my-key" {url[1]}/tryon/none' in printed


@pytest.mark.parametrize(("name", "option"), [("port", "--port"), ("result_port", "--result-port")])
def test_a_port_that_is_taken_is_named(name: str, option: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(
            CommandError, match=f"port {port} is taken: choose another one by {option}"
        ):
            call_command("run_glam_sandbox", **{"port": 0, "result_port": 0, name: port})
