"""Categories that are not tried on: how a product tells its own, and what becomes of an order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import Model
from django.template import Context, Template
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from example_project.shop.models import Product
from glam_tryon import garments
from glam_tryon.exceptions import GarmentUnavailable
from glam_tryon.garments import garment_of
from glam_tryon.jobs import request_batch
from glam_tryon.limits.availability import is_excluded
from glam_tryon.models import Account, PersonPhoto, TryOnJob
from glam_tryon.views.product import start_url
from tests.shopapp.models import Brand, Item
from tests.storefront import shoppers
from tests.storefront.shoppers import JSON, ask, everything, finish

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is forgotten."""
    monkeypatch.setattr(garments, "_registry", dict(garments._registry))


@pytest.fixture
def swimsuit(product: Product) -> Product:
    """A product whose own method says what it is."""
    garments.unregister(Product)
    garments.register(Product, mask_type="fit", category=lambda _product: ["Women", "Swimwear"])
    return product


def use(settings: Any, **values: Any) -> None:
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, **values}


def categories(product: Model, **sources: Any) -> list[str]:
    garments.register(type(product), **sources)
    return garment_of(product).get_categories(product)


def test_a_category_is_the_attribute_of_that_name() -> None:
    assert garment_of(Product).get_categories(Product(category="mens")) == ["mens"]


def test_a_model_need_not_have_a_category() -> None:
    assert categories(Item(name="Scarf")) == []


@pytest.mark.parametrize("value", [None, "", [], [""]])
def test_a_product_need_not_be_in_a_category(value: Any) -> None:
    assert categories(Item(name="Scarf"), category=lambda _item: value) == []


def test_a_category_may_be_a_row_a_path_or_many_rows() -> None:
    brand = Brand.objects.create(name="Underwear")
    item = Item.objects.create(name="Scarf", brand=brand)
    assert categories(item, category="brand") == ["Underwear"]
    garments.unregister(Item)
    assert categories(item, category="brand.name") == ["Underwear"]
    garments.unregister(Item)
    shot = item.shots.create(image="a.jpg")
    assert categories(item, category="shots") == [str(shot)]


@pytest.mark.parametrize(
    "name",
    ["swimwear", "Swimwear", "SWIMWEAR & beach", "women/underwear", "Men > Underwear", "lingerie"],
)
def test_a_word_in_the_name_is_enough_whatever_its_case(name: str) -> None:
    assert is_excluded(Product(category=name))


@pytest.mark.parametrize("name", ["", "womens", "Swimwearable art", "thunderwear", "shirts"])
def test_a_part_of_a_word_is_not(name: str) -> None:
    assert not is_excluded(Product(category=name))


def test_a_shop_turns_all_of_them_on_or_names_others(settings: Any) -> None:
    use(settings, TRYON_EXCLUDED=[])
    assert not is_excluded(Product(category="swimwear"))
    use(settings, TRYON_EXCLUDED=["Bademode", "c++ (fan)"])
    assert [
        is_excluded(Product(category=name)) for name in ("bademode", "C++ (fan) shirts", "swimwear")
    ] == [True, True, False]


def test_there_is_no_button_and_no_query(
    swimsuit: Product, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    template = Template("{% load glam_tryon %}<p>{% tryon_button product %}</p>")
    with django_assert_num_queries(0):
        assert template.render(Context({"product": swimsuit})) == "<p></p>"


def test_an_order_is_refused_and_nothing_is_kept(
    client: Client, swimsuit: Product, house_model: PersonPhoto, media_root: Any
) -> None:
    Account.load()
    before = everything(media_root)
    for fields in ({"house_model": house_model.pk}, {}):
        answer = ask(client, swimsuit, **fields)
        assert (answer.status_code, answer.json()["error"]) == (
            409,
            {
                "code": "excluded",
                "message": "The shop does not offer try-ons of this product. "
                "Please choose another one.",
                "next": "garment",
                "ends_at": None,
            },
        )
    assert everything(media_root) == before


def test_a_page_from_before_says_why(client: Client, swimsuit: Product) -> None:
    answer = client.get(start_url(swimsuit))
    assert answer.status_code == 409
    assert "The shop does not offer try-ons of this product." in answer.content.decode()


def test_a_try_on_of_before_offers_no_other(client: Client, product: Product) -> None:
    job = shoppers.order(client, product)
    finish(job)
    garments.unregister(Product)
    garments.register(Product, category=lambda _product: "underwear")
    said = client.get(f"/tryon/jobs/{job.pk}/", headers=JSON).json()
    assert (said["status"], said["again_url"]) == ("ready", "")


def test_staff_cannot_order_it_either(
    swimsuit: Product, order: Callable[..., TryOnJob], house_model: PersonPhoto
) -> None:
    with pytest.raises(GarmentUnavailable, match="TRYON_EXCLUDED") as caught:
        order(visitor="")
    assert caught.value.code == "excluded"
    ordered = request_batch([swimsuit], [house_model])
    assert (ordered.made, [product for product, _why in ordered.left_out]) == (0, [swimsuit])
