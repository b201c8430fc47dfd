"""What a shopper is told who orders while the shop takes no try-ons."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from example_project.shop.models import Product
from glam_tryon.models import Account, PersonPhoto, TryOnJob
from glam_tryon.models.clock import after
from glam_tryon.views.product import start_url
from tests.storefront.shoppers import ask, files, order

pytestmark = pytest.mark.django_db

WORDS = "The shop takes no try-ons at the moment. Please come back later."


@pytest.mark.parametrize("code", ["staff", "bad_key", "no_credits"])
def test_an_order_is_refused_kindly_and_nothing_is_taken_in(
    client: Client, product: Product, media_root: Path, code: str
) -> None:
    Account.pause(code)
    answer = ask(client, product)
    assert answer.status_code == 503
    assert answer.json()["error"] == {
        "code": "paused",
        "message": WORDS,
        "next": "later",
        "ends_at": None,
    }
    assert not TryOnJob.objects.exists()
    assert not PersonPhoto.objects.exists()
    assert files(media_root) == set()


def test_without_a_script_the_page_says_so(
    client: Client, product: Product, house_model: PersonPhoto
) -> None:
    Account.pause("staff")
    answer = client.post(start_url(product), {"house_model": house_model.pk})
    assert answer.status_code == 503
    assert WORDS in answer.content.decode()


def test_what_is_wrong_with_the_form_is_said_first(client: Client, product: Product) -> None:
    Account.pause("staff")
    answer = ask(client, product, house_model="")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "no_choice")


def test_a_request_that_is_sent_again_finds_its_job(
    client: Client, product: Product, house_model: PersonPhoto
) -> None:
    first = order(client, product, house_model=house_model.pk, request_id="click")
    Account.pause("staff")
    assert order(client, product, house_model=house_model.pk, request_id="click") == first


@pytest.mark.parametrize("passing", [{"throttled_until": 60.0}, {"breaker_until": 60.0}])
def test_what_passes_by_itself_refuses_nobody(
    client: Client, product: Product, house_model: PersonPhoto, passing: dict[str, float]
) -> None:
    Account.load()
    Account.rows().update(**{name: after(value) for name, value in passing.items()})
    order(client, product, house_model=house_model.pk)


def test_orders_are_taken_again_when_the_pause_is_over(
    client: Client, product: Product, house_model: PersonPhoto
) -> None:
    Account.pause("staff")
    assert ask(client, product, house_model=house_model.pk).status_code == 503
    Account.resume()
    order(client, product, house_model=house_model.pk)


def test_a_new_key_ends_a_pause_about_the_old_one(
    client: Client, product: Product, house_model: PersonPhoto, settings: Any
) -> None:
    Account.pause("bad_key", key=settings.GLAM_TRYON["API_KEY"])
    assert ask(client, product, house_model=house_model.pk).status_code == 503
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "API_KEY": "a new one"}
    order(client, product, house_model=house_model.pk)


def test_a_key_that_is_missing_keeps_the_pause(
    client: Client, product: Product, house_model: PersonPhoto, settings: Any
) -> None:
    Account.pause("bad_key", key="an old one")
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "API_KEY": ""}
    assert ask(client, product, house_model=house_model.pk).status_code == 503
