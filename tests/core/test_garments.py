"""The registry: how a shop says what its products are, and where their facts are looked up."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile, File
from django.db import models
from django.test import Client

from example_project.shop.models import Product
from glam_tryon import garments, jobs
from glam_tryon.exceptions import AlreadyRegistered, GarmentUnavailable, NotRegistered
from glam_tryon.garments import Garment, garment_of
from glam_tryon.models import PersonPhoto, TryOnJob
from glam_tryon.providers.base import MaskType
from glam_tryon.views.product import ProductKey, garment_url, start_url
from tests.shop import picture
from tests.shopapp.models import Brand, Coat, Dress, Item, Pattern, SaleItem, Shot, Sku

Register = Callable[..., Garment]

ODD_KEYS = ["a/b", "../up", "..", ".", " two words ", "größe-ß", "裙子", "a%2Fb", "a?b#c", "a~b"]
PLAIN_KEYS = ["LINEN-0042", "linen_shirt.2"]


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> dict[type[models.Model], Garment]:
    """The registry as the example shop left it; what a test adds is forgotten."""
    copy = dict(garments._registry)
    monkeypatch.setattr(garments, "_registry", copy)
    return copy


@pytest.fixture
def item(db: None) -> Item:
    made = Item(name="Wool scarf", brand=Brand.objects.create(name="Nord"))
    made.photo.save("scarf.jpg", ContentFile(picture()), save=True)
    return made


def registered_as(**sources: Any) -> Garment:
    garments.register(Item, **sources)
    return garment_of(Item)


# Where a fact comes from.


def test_a_mask_type_may_stand_there_literally(item: Item) -> None:
    assert registered_as(mask_type="lower").get_mask_type(item) == "lower"


def test_a_mask_type_may_be_the_word_of_the_enumeration(item: Item) -> None:
    said = registered_as(mask_type=MaskType.OVERALL).get_mask_type(item)
    assert (said, type(said)) == ("overall", str)


def test_a_source_may_be_an_attribute(item: Item) -> None:
    item.material = "upper"  # type: ignore[attr-defined]
    assert registered_as(mask_type="material").get_mask_type(item) == "upper"


def test_a_source_may_be_a_method(item: Item) -> None:
    assert registered_as(mask_type="cut").get_mask_type(item) == "lower"


def test_a_source_may_be_a_path_through_relations(item: Item) -> None:
    garment = registered_as(mask_type="brand.cut", title="brand.name")
    assert garment.get_mask_type(item) == "overall"
    assert garment.get_title(item) == "Nord"


def test_a_path_may_lead_through_the_rows_that_point_at_the_product(item: Item) -> None:
    garment = registered_as(image="shots.first.image")
    shot = Shot(item=item)
    shot.image.save("side.jpg", ContentFile(picture()), save=True)
    assert garment.get_image(item) == shot.image


def test_a_path_ends_where_a_relation_is_empty(item: Item) -> None:
    item.brand = None
    garment = registered_as(image="shots.first.image", title="brand.name")
    assert garment.get_title(item) == "Wool scarf"
    with pytest.raises(GarmentUnavailable, match="has no picture"):
        garment.get_image(item)


def test_a_path_ends_where_a_single_related_row_is_missing(item: Item) -> None:
    garment = registered_as(title="coat.lining")
    assert garment.get_title(item) == "Wool scarf"


def test_a_source_may_be_a_callable_that_takes_the_product(item: Item) -> None:
    garment = registered_as(
        image=lambda product: product.photo,
        mask_type=lambda product: MaskType.LOWER,
        title=lambda product: product.name.upper(),
        url=lambda product: f"/scarves/{product.pk}/",
        add_to_cart_url=lambda product: f"/basket/{product.pk}/",
    )
    assert garment.get_image(item) == item.photo
    assert garment.get_mask_type(item) == "lower"
    assert garment.get_title(item) == "WOOL SCARF"
    assert garment.get_url(item) == f"/scarves/{item.pk}/"
    assert garment.get_add_to_cart_url(item) == f"/basket/{item.pk}/"


def test_the_defaults_are_photo_upper_name_and_no_basket(item: Item) -> None:
    garment = registered_as()
    assert garment.get_image(item) == item.photo
    assert garment.get_mask_type(item) == "upper"
    assert garment.get_title(item) == "Wool scarf"
    assert garment.get_add_to_cart_url(item) == ""


def test_a_model_need_not_have_what_only_the_defaults_name(db: None) -> None:
    garments.register(Dress)
    dress = Dress(title="Summer dress")
    assert garment_of(dress).get_title(dress) == "Summer dress"
    assert garment_of(dress).get_url(dress) == ""


def test_a_name_that_the_shop_wrote_itself_is_logged_when_it_is_not_there(
    item: Item, caplog: pytest.LogCaptureFixture
) -> None:
    garment = registered_as(title="colour", url="address")
    assert (garment.get_title(item), garment.get_url(item)) == ("Wool scarf", "")
    assert "Item has no 'colour'" in caplog.text
    assert "Item has no 'address'" in caplog.text


def test_a_title_is_cut_to_the_width_of_its_column(item: Item) -> None:
    item.name = "x" * 300
    assert registered_as().get_title(item) == "x" * 255


@pytest.mark.parametrize("value", ["sleeves", "UPPER", "", None, 5, ["upper"]])
def test_an_unknown_mask_type_is_refused_with_the_three_right_ones(item: Item, value: Any) -> None:
    garment = registered_as(mask_type=lambda product: value)
    with pytest.raises(GarmentUnavailable, match="'overall', 'upper' or 'lower'") as caught:
        garment.get_mask_type(item)
    assert caught.value.code == "mask_type"
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize("value", [None, "", "shirt.jpg", 5])
def test_a_picture_that_is_no_file_is_refused_with_the_products_name(
    item: Item, value: Any
) -> None:
    garment = registered_as(image=lambda product: value)
    with pytest.raises(GarmentUnavailable, match=r"^Wool scarf has no picture") as caught:
        garment.get_image(item)
    assert caught.value.code == "no_picture"


# Registering.


def test_a_subclass_answers_for_a_shop_with_variants(item: Item) -> None:
    class Variant(Garment):
        def get_image(self, product: models.Model) -> File[bytes]:
            return ContentFile(b"picture of the variant", name="variant.jpg")

        def get_title(self, product: models.Model) -> str:
            return super().get_title(product) + ", green"

    garments.register(Item, Variant, mask_type="lower")
    garment = garment_of(item)
    assert garment.get_image(item).read() == b"picture of the variant"
    assert garment.get_title(item) == "Wool scarf, green"
    assert garment.get_mask_type(item) == "lower"


def test_children_and_proxies_are_tried_on_as_their_parents(db: None) -> None:
    garment = registered_as()
    assert garment_of(Coat) is garment_of(SaleItem) is garment
    assert garment_of(Coat(name="Parka")) is garment


def test_a_child_may_be_registered_differently() -> None:
    garments.register(Item)
    garments.register(Coat, mask_type="overall")
    assert garment_of(Coat).mask_type == "overall"
    assert garment_of(Item).mask_type == "upper"


def test_a_parent_is_not_tried_on_because_its_child_is() -> None:
    garments.register(Coat)
    with pytest.raises(NotRegistered):
        garment_of(Item)


def test_an_unregistered_model_is_refused_with_the_line_that_is_missing() -> None:
    with pytest.raises(NotRegistered) as caught:
        garment_of(Dress(title="Summer dress"))
    assert str(caught.value) == (
        "shopapp.Dress cannot be tried on: call glam_tryon.garments.register(Dress, ...) "
        "in your app's tryon.py"
    )


def test_a_model_is_registered_once() -> None:
    garments.register(Item)
    with pytest.raises(AlreadyRegistered, match=r"shopapp\.Item is registered"):
        garments.register(Item)


def test_a_model_can_be_registered_in_another_way_after_it_was_forgotten() -> None:
    garments.register(Item)
    garments.unregister(Item)
    assert Item not in garments.registered()
    garments.register(Item, mask_type="lower")
    assert garment_of(Item).mask_type == "lower"


def test_only_a_registered_model_can_be_forgotten() -> None:
    with pytest.raises(NotRegistered, match=r"shopapp\.Dress is not registered"):
        garments.unregister(Dress)


@pytest.mark.parametrize("model", [Pattern, Item(name="row"), "shopapp.Item", str])
def test_only_a_concrete_model_can_be_registered(model: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match="is no concrete model"):
        garments.register(model)


def test_the_shops_own_module_was_found_by_itself() -> None:
    assert Product in garments.registered()


# Keys of each kind, the whole way.


def with_key(kind: str) -> models.Model:
    made: dict[str, models.Model] = {
        "integer": Item(name="Scarf"),
        "child": Coat(name="Parka"),
        "proxy": SaleItem(name="Scarf on sale"),
        "uuid": Dress(title="Summer dress"),
        "text": Sku(code="LINEN-0042"),
        "odd text": Sku(code="a/b c?ü~.%2F"),
    }
    product = made[kind]
    product.photo.save("photo.jpg", ContentFile(picture()), save=True)  # type: ignore[attr-defined]
    return product


@pytest.mark.database
@pytest.mark.parametrize("kind", ["integer", "child", "proxy", "uuid", "text", "odd text"])
def test_a_key_of_each_kind_goes_from_the_address_to_the_job_and_back(
    kind: str, client: Client, house_model: PersonPhoto
) -> None:
    for model in (Item, Dress, Sku):
        garments.register(model)
    product = with_key(kind)
    assert client.get(start_url(product)).status_code == 200
    assert client.get(garment_url(product)).content == picture()
    answer = client.post(
        start_url(product), {"house_model": house_model.pk}, headers={"accept": "application/json"}
    )
    assert answer.status_code == 201, answer.content
    job = TryOnJob.objects.get(pk=answer.json()["id"])
    assert job.product_key == str(product.pk)
    assert job.product is not None
    assert job.product.pk == product.pk
    assert answer.json()["title"] == str(product)
    page = client.get(answer.json()["url"], headers={"accept": "application/json"})
    assert page.json()["garment_url"] == garment_url(job.product)


@pytest.mark.database
def test_request_tryon_takes_keys_of_each_kind(house_model: PersonPhoto) -> None:
    for model in (Item, Dress, Sku):
        garments.register(model)
    for kind in ("integer", "uuid", "text", "odd text"):
        product = with_key(kind)
        job = jobs.request_tryon(product, photo=house_model)
        assert TryOnJob.objects.get(pk=job.pk).product == product


@pytest.mark.parametrize("key", ODD_KEYS)
def test_an_odd_key_stands_in_an_address_as_one_harmless_segment(key: str) -> None:
    found = re.fullmatch(r"/tryon/new/shopapp\.sku/([A-Za-z0-9_.~-]+)/", start_url(Sku(code=key)))
    assert found
    assert found[1] not in (".", "..")
    assert ProductKey().to_python(found[1]) == key


@pytest.mark.parametrize("key", [*PLAIN_KEYS, "12", str(uuid.UUID(int=7))])
def test_a_plain_key_stands_in_an_address_as_it_is(key: str) -> None:
    assert start_url(Sku(code=key)) == f"/tryon/new/shopapp.sku/{key}/"


@pytest.mark.database
@pytest.mark.parametrize(
    "address",
    [
        "shop.product/0/",
        "shop.product/x/",
        "shop.product/99999999999999999999999999/",
        "shop.product/~00/",
        "shop.product/%00/",
        "shop.product/~FF/",
        "shop.productimage/1/",
        "shop.nothing/1/",
        "nothing.product/1/",
        "auth.user/1/",
        "product/1/",
        "shopapp.dress/not-a-uuid/",
        "shopapp.sku/missing/",
        "shopapp.sku/~00/",
    ],
)
def test_an_address_of_nothing_that_can_be_tried_on_is_not_found(
    db: None, client: Client, address: str
) -> None:
    for model in (Dress, Sku):
        garments.register(model)
    assert client.get(f"/tryon/new/{address}").status_code == 404
    assert client.get(f"/tryon/new/{address}garment.jpg").status_code == 404


# What was right when the job was ordered, and is not any more.


@pytest.mark.database
def test_a_job_is_shown_after_its_model_was_taken_out_of_the_registry(
    client: Client, house_model: PersonPhoto, item: Item
) -> None:
    garments.register(Item)
    address = client.post(
        start_url(item), {"house_model": house_model.pk}, headers={"accept": "application/json"}
    ).json()["url"]
    garments.unregister(Item)
    shown = client.get(address, headers={"accept": "application/json"}).json()
    assert (shown["title"], shown["garment_url"]) == ("Wool scarf", "")
    assert client.get(address).status_code == 200


@pytest.mark.database
def test_a_job_is_shown_after_its_model_left_the_shop(
    client: Client, house_model: PersonPhoto, item: Item
) -> None:
    garments.register(Item)
    answer = client.post(
        start_url(item), {"house_model": house_model.pk}, headers={"accept": "application/json"}
    ).json()
    job = TryOnJob.objects.get(pk=answer["id"])
    kind = job.content_type
    assert kind is not None
    kind.app_label, kind.model = "gone", "gone"
    kind.save()
    type(kind).objects.clear_cache()
    try:
        shown = client.get(answer["url"], headers={"accept": "application/json"}).json()
        assert shown["title"] == "Wool scarf"
        assert client.get(answer["url"]).status_code == 200
    finally:
        type(kind).objects.clear_cache()
