"""The example shop's basket."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client

from example_project.shop.cart import MAX_QUANTITY
from example_project.shop.models import Product

pytestmark = pytest.mark.django_db


@pytest.fixture
def shirt() -> Product:
    return Product.objects.create(name="Shirt", slug="shirt", price=Decimal("79.00"))


@pytest.fixture
def skirt() -> Product:
    return Product.objects.create(name="Skirt", slug="skirt", price=Decimal("12.50"))


def summary(client: Client) -> tuple[int, Decimal]:
    response = client.get("/basket/")
    return len(response.context["cart"]), response.context["total"]


def test_a_new_basket_is_empty(client: Client) -> None:
    assert summary(client) == (0, Decimal(0))
    assert "There is nothing in it yet." in client.get("/basket/").content.decode()


def test_adding_counts_items_and_total(client: Client, shirt: Product, skirt: Product) -> None:
    for product in (shirt, skirt, skirt):
        assert client.post(product.get_add_to_cart_url()).status_code == 302
    assert summary(client) == (3, Decimal("104.00"))


def test_the_header_shows_the_count_on_every_page(client: Client, shirt: Product) -> None:
    client.post(shirt.get_add_to_cart_url())
    assert '<span class="basket__count" aria-hidden="true">1</span>' in (
        client.get("/").content.decode()
    )


def test_a_plain_link_adds_nothing(client: Client, shirt: Product) -> None:
    response = client.get(shirt.get_add_to_cart_url())
    assert response.headers["Location"] == shirt.get_absolute_url()
    assert summary(client) == (0, Decimal(0))


@pytest.mark.parametrize(
    ("quantity", "count"), [("4", 4), ("0", 0), ("-3", 0), ("100000", MAX_QUANTITY)]
)
def test_a_quantity_can_be_set(client: Client, shirt: Product, quantity: str, count: int) -> None:
    client.post(shirt.get_add_to_cart_url())
    client.post("/basket/set/shirt/", {"quantity": quantity})
    assert summary(client)[0] == count


def test_a_quantity_that_is_no_number_is_refused(client: Client, shirt: Product) -> None:
    client.post(shirt.get_add_to_cart_url())
    assert client.post("/basket/set/shirt/", {"quantity": "many"}).status_code == 400
    assert summary(client)[0] == 1


def test_a_product_that_is_gone_is_left_out(client: Client, shirt: Product, skirt: Product) -> None:
    for product in (shirt, skirt):
        client.post(product.get_add_to_cart_url())
    shirt.delete()
    assert summary(client)[1] == Decimal("12.50")


def test_adding_what_does_not_exist_is_not_found(client: Client) -> None:
    assert client.post("/basket/add/cloak/").status_code == 404


def test_changing_the_basket_needs_a_csrf_token(shirt: Product) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post(shirt.get_add_to_cart_url()).status_code == 403
