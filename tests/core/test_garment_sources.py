"""What a registration may name for a picture, and what it says when it names the wrong thing."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import models
from django.template import Context, Template
from django.test import Client

from glam_tryon import garments, jobs
from glam_tryon.exceptions import GarmentUnavailable, NotRegistered
from glam_tryon.garments import garment_of
from glam_tryon.models import PersonPhoto, TryOnJob
from glam_tryon.views.product import garment_url, start_url
from tests.shop import picture
from tests.shopapp.models import Brand, Coat, Item, Shot

pytestmark = pytest.mark.django_db
BUTTON = "{% load glam_tryon %}{% tryon_button product %}"


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garments, "_registry", dict(garments._registry))


@pytest.fixture
def item(db: None) -> Item:
    made = Item(name="Wool scarf", brand=Brand.objects.create(name="Nord"))
    made.photo.save("scarf.jpg", ContentFile(picture()), save=True)
    return made


class OpensItself:
    """As the rendition of django-imagekit 6.1, once its file exists."""

    def __init__(self) -> None:
        self.file: Any = None

    def open(self, mode: str = "rb") -> None:
        self.file = BytesIO(picture())

    def read(self) -> bytes:
        assert self.file is not None
        return bytes(self.file.read())

    def close(self) -> None:
        self.file.close()


class OnlyReads:
    """As the result of sorl-thumbnail 13: it has neither ``open`` nor ``close``."""

    def read(self) -> bytes:
        return picture()


class HasFile:
    """As a row of filer's or Wagtail's library, which cannot be opened itself."""

    def __init__(self) -> None:
        self.file = ContentFile(picture(), name="photo.jpg")


class Resource:
    """As Cloudinary's: an address, nothing to read."""

    url = "https://media.example.com/photo.jpg"


GIVEN: dict[str, Callable[[], Any]] = {
    "a rendition that opens itself": OpensItself,
    "a thumbnail that only reads": OnlyReads,
    "a row of a media library": HasFile,
    "bytes in memory": lambda: ContentFile(picture(), name="photo.jpg"),
    "a stream": lambda: BytesIO(picture()),
}


@pytest.mark.parametrize("kind", GIVEN)
def test_a_picture_of_each_kind_is_tried_on_as_often_as_one_likes(
    item: Item, kind: str, client: Client, house_model: PersonPhoto
) -> None:
    garments.register(Item, image=lambda product: GIVEN[kind]())
    for _ in range(3):
        assert client.get(garment_url(item)).content == picture()
        job = jobs.request_tryon(item, photo=house_model)
        assert job.garment_image


OSCAR_WITHOUT = {"original": "image_not_found.jpg", "caption": "", "is_missing": True}


def test_oscars_dict_for_a_product_without_a_picture_counts_as_none(item: Item) -> None:
    item.primary_image = lambda: OSCAR_WITHOUT  # type: ignore[attr-defined]
    garments.register(Item, image="primary_image.original")
    with pytest.raises(GarmentUnavailable, match="Wool scarf has no picture to try on"):
        garment_of(item).get_image(item)


def test_a_path_may_lead_through_a_dict(item: Item) -> None:
    item.pictures = {"front": ContentFile(picture())}  # type: ignore[attr-defined]
    garments.register(Item, image="pictures.front")
    assert garment_of(item).get_image(item).read() == picture()


#: The source, and what staff read in the log.
WRONG_PICTURES: dict[str, tuple[Any, str]] = {
    "a name that is not there": ("photograph", "Item has no 'photograph'; it has: brand, "),
    "a name that is not there further on": ("brand.logo", "Brand has no 'logo'; it has: cut, "),
    "several rows": (
        "shots",
        "'shots' is several rows: name the file of one, such as 'shots.first",
    ),
    "a row with a file": (
        "shots.first",
        "is a Shot, which cannot be opened: name its file, 'shots",
    ),
    "a row without a file": ("brand", "'brand' is a Brand, which cannot be opened"),
    "text": ("name", "'name' is text, not a file: name a file field"),
    "a URL": (lambda product: "https://example.com/a.jpg", "'...' is text, not a file"),
    "a resource": (
        lambda product: Resource(),
        "is a Resource, which cannot be opened: give a call",
    ),
    "a callable that fails": (lambda product: product.colour.photo, "it raised AttributeError"),
    "a callable without arguments": (lambda: None, "it raised TypeError"),
    "a method that wants arguments": ("date_error_message.photo", "it raised TypeError"),
}


@pytest.mark.parametrize("kind", WRONG_PICTURES)
def test_a_wrong_picture_is_told_to_staff_and_not_sold_to_shoppers(
    item: Item,
    kind: str,
    client: Client,
    house_model: PersonPhoto,
    caplog: pytest.LogCaptureFixture,
) -> None:
    source, sentence = WRONG_PICTURES[kind]
    Shot(item=item).image.save("side.jpg", ContentFile(picture()), save=True)
    garments.register(Item, image=source)
    assert client.get(start_url(item)).status_code == 409
    assert sentence in caplog.text
    assert client.get(garment_url(item)).status_code == 404
    answer = client.post(
        start_url(item), {"house_model": house_model.pk}, headers={"accept": "application/json"}
    )
    assert answer.status_code == 409
    assert answer.json()["error"]["next"] == "garment"
    assert not TryOnJob.objects.exists()


def test_a_word_that_is_no_mask_type_is_told_before_a_photo_is_chosen(
    item: Item, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    garments.register(Item, mask_type="top")
    assert client.get(start_url(item)).status_code == 409
    assert "'top' is no mask type ('overall', 'upper' or 'lower')" in caplog.text
    assert "Item has no 'top'; it has: brand," in caplog.text


@pytest.mark.parametrize("name", ["title", "url", "add_to_cart_url", "category"])
def test_what_a_try_on_can_do_without_is_left_out_and_logged(
    item: Item,
    name: str,
    client: Client,
    house_model: PersonPhoto,
    caplog: pytest.LogCaptureFixture,
) -> None:
    garments.register(Item, **{name: "no.such.thing"})
    assert client.get(start_url(item)).status_code == 200
    answer = client.post(
        start_url(item), {"house_model": house_model.pk}, headers={"accept": "application/json"}
    )
    assert answer.status_code == 201
    assert answer.json()["title"] == "Wool scarf"
    assert client.get(answer.json()["url"]).status_code == 200
    assert "Item has no 'no'; it has: brand," in caplog.text
    assert "manage.py check" in caplog.text


def test_a_switch_that_cannot_be_read_is_off(item: Item, client: Client) -> None:
    garments.register(Item, enabled="no_such_switch")
    assert Template(BUTTON).render(Context({"product": item})) == ""
    assert client.get(start_url(item)).status_code == 409


# The button.


@pytest.mark.parametrize("image", ["photo", "brand.photo"])
def test_a_product_without_a_picture_has_no_button_and_costs_no_query(
    item: Item, image: str, django_assert_num_queries: Any
) -> None:
    garments.register(Item, image=image)
    without = Item.objects.create(name="Bare scarf")
    with django_assert_num_queries(0):
        assert Template(BUTTON).render(Context({"product": without})) == ""
        assert "<glam-tryon>" in Template(BUTTON).render(Context({"product": item}))


def test_a_field_that_was_not_read_is_not_read_for_the_button(
    item: Item, django_assert_num_queries: Any
) -> None:
    garments.register(Item)
    (row,) = Item.objects.only("name")
    with django_assert_num_queries(0):
        assert "<glam-tryon>" in Template(BUTTON).render(Context({"product": row}))


def test_a_subclass_that_finds_pictures_itself_keeps_its_button(item: Item) -> None:
    class Own(garments.Garment):
        def get_image(self, product: models.Model) -> Any:
            return ContentFile(picture())

    garments.register(Item, Own)
    without = Item.objects.create(name="Bare scarf")
    assert "<glam-tryon>" in Template(BUTTON).render(Context({"product": without}))


@pytest.mark.parametrize("given", [{}, {"product": None}, {"product": ""}])
def test_a_button_for_nothing_is_nothing(given: dict[str, Any]) -> None:
    assert Template(BUTTON).render(Context(given)) == ""


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("shirt", r"in shop/list\.html: it got a str \('shirt'\) in place of a product"),
        (7, r"in shop/list\.html: it got a int \(7\) in place of a product"),
        (Brand(name="Nord"), r"in shop/list\.html: shopapp\.Brand cannot be tried on: call"),
        (Item(name="Scarf"), r"shopapp\.Item cannot be tried on, but shopapp\.Coat can: give the"),
    ],
)
def test_a_button_for_the_wrong_thing_names_the_template_and_what_it_got(
    given: object, sentence: str
) -> None:
    garments.register(Coat)
    template = Template(BUTTON, name="shop/list.html")
    with pytest.raises(NotRegistered, match=sentence):
        template.render(Context({"product": given}))
