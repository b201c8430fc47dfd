"""The example shop's pages."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from example_project.shop.loading import load_products
from example_project.shop.models import Product, ProductImage

pytestmark = pytest.mark.django_db


@pytest.fixture
def products() -> list[Product]:
    load_products()
    return list(Product.objects.all())


@pytest.mark.parametrize(
    "address", ["/", "/?for=womens", "/?for=mens", "/?for=nonsense", "/basket/", "/account/login/"]
)
def test_a_page_answers(client: Client, products: list[Product], address: str) -> None:
    assert client.get(address).status_code == 200


def test_every_product_has_a_page_with_its_picture(client: Client, products: list[Product]) -> None:
    assert len(products) >= 8
    for product in products:
        page = client.get(product.get_absolute_url()).content.decode()
        assert product.photo.url in page
        assert f"€ {product.price}" in page


def test_an_unknown_product_is_not_found(client: Client) -> None:
    assert client.get("/clothes/cloak/").status_code == 404


def test_an_empty_shop_says_how_to_fill_it(client: Client) -> None:
    assert "manage.py load_example_shop" in client.get("/").content.decode()


def test_products_without_a_picture_are_listed_too(client: Client) -> None:
    product = Product.objects.create(name="Cape", slug="cape", price=Decimal(10))
    assert "Cape" in client.get("/").content.decode()
    assert client.get(product.get_absolute_url()).status_code == 200


def test_the_list_asks_the_database_once(
    client: Client,
    products: list[Product],
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(1):
        client.get("/")


def test_each_card_has_a_tryon_button(client: Client, products: list[Product]) -> None:
    page = client.get("/").content.decode()
    assert page.count("glam-tryon-button") == len(products)


@pytest.mark.parametrize(
    ("address", "seen", "unseen"),
    [
        ("/", "Tapered chinos", "Cloak"),
        ("/?for=womens", "Pleated midi skirt", "Tapered chinos"),
        ("/?for=mens", "Tapered chinos", "Pleated midi skirt"),
    ],
)
def test_a_department_shows_its_own_clothes(
    client: Client, products: list[Product], address: str, seen: str, unseen: str
) -> None:
    page = client.get(address).content.decode()
    assert seen in page
    assert unseen not in page


def test_further_pictures_stand_below_the_main_one(client: Client, products: list[Product]) -> None:
    product = products[0]
    ProductImage.objects.create(product=product, image=product.photo.name, alt="Worn by Amara")
    assert 'alt="Worn by Amara"' in client.get(product.get_absolute_url()).content.decode()


@pytest.mark.parametrize("address", ["/", "/clothes/linen-shirt/", "/basket/", "/account/login/"])
def test_pages_hold_no_inline_script_or_style(
    client: Client, products: list[Product], address: str
) -> None:
    page = client.get(address).content.decode()
    assert "<style" not in page
    assert " style=" not in page
    assert " onclick=" not in page
    assert page.count("<script") == page.count('<script type="module" src=')
