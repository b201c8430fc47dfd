"""``load_example_shop`` and the pictures that it loads."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.core.management import call_command
from PIL import Image
from pytest_django import Settings

from example_project.shop.art import rasterise
from example_project.shop.catalogue import (
    ARTICLES,
    GARMENTS,
    MODELS,
    PEOPLE,
    PICTURES,
    SHOPPER_PHOTO,
)
from example_project.shop.models import Product
from glam_tryon import garments
from glam_tryon.models import PersonPhoto

PERSON_PICTURES = [PEOPLE / model.picture for model in MODELS]
GARMENT_PICTURES = [GARMENTS / f"{article.slug}.jpg" for article in ARTICLES]


def load() -> str:
    out = io.StringIO()
    call_command("load_example_shop", stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_loading_twice_is_loading_once(settings: Settings, media_root: Path) -> None:
    settings.DEBUG = True
    assert load().splitlines() == [
        "10 products and 4 house models are new.",
        "2 demo users are new: admin/admin and shopper/shopper.",
    ]
    files = sorted(media_root.rglob("*.jpg"))
    assert load().splitlines()[0] == "0 products and 0 house models are new."
    assert Product.objects.count() == 10
    assert PersonPhoto.objects.house_models().count() == 4
    assert sorted(media_root.rglob("*.jpg")) == files


@pytest.mark.django_db
def test_what_staff_changed_stays_changed() -> None:
    load()
    Product.objects.filter(slug="jeans").update(name="Old jeans")
    load()
    assert Product.objects.get(slug="jeans").name == "Old jeans"


@pytest.mark.django_db
def test_house_models_know_their_size_and_order() -> None:
    load()
    models = list(PersonPhoto.objects.house_models())
    assert [model.title for model in models] == [model.title for model in MODELS]
    assert {(model.width, model.height) for model in models} == {(900, 1200)}
    assert all(len(model.sha256) == 64 for model in models)


@pytest.mark.django_db
def test_demo_users_can_sign_in_with_their_names(settings: Settings) -> None:
    settings.DEBUG = True
    load()
    admin = authenticate(username="admin", password="admin")
    shopper = authenticate(username="shopper", password="shopper")
    assert admin is not None
    assert admin.is_superuser
    assert shopper is not None
    assert not shopper.is_staff


@pytest.mark.django_db
def test_there_are_no_demo_users_without_debug(settings: Settings) -> None:
    settings.DEBUG = False
    assert "No demo users" in load()
    assert not get_user_model()._default_manager.exists()


@pytest.mark.django_db
def test_every_product_can_be_tried_on() -> None:
    load()
    for product in Product.objects.all():
        garment = garments.garment_of(product)
        with garment.get_image(product).open() as file, Image.open(file) as image:
            assert image.size == (900, 1200)
        assert garment.get_mask_type(product) == product.fit
        assert garment.get_title(product) == product.name
        assert garment.get_url(product) == f"/clothes/{product.slug}/"
        assert garment.get_add_to_cart_url(product) == f"/basket/add/{product.slug}/"


def test_the_garments_cover_all_mask_types() -> None:
    assert {article.fit for article in ARTICLES} == {"upper", "lower", "overall"}


@pytest.mark.parametrize(
    "picture", [*GARMENT_PICTURES, *PERSON_PICTURES, SHOPPER_PHOTO], ids=lambda path: path.stem
)
def test_a_picture_is_small_and_portrait(picture: Path) -> None:
    assert picture.stat().st_size <= 120_000
    with Image.open(picture) as image:
        assert image.format == "JPEG"
        assert image.size == (900, 1200)


@pytest.mark.parametrize("picture", GARMENT_PICTURES, ids=lambda path: path.stem)
def test_a_garment_lies_on_pure_white(picture: Path) -> None:
    with Image.open(picture) as image:
        edge = [image.crop(box) for box in ((0, 0, 900, 20), (0, 1180, 900, 1200))]
        sides = [image.crop(box) for box in ((0, 0, 20, 1200), (880, 0, 900, 1200))]
    for strip in edge + sides:
        assert min(strip.convert("L").tobytes()) >= 250


def test_each_drawing_has_its_picture_and_each_picture_its_drawing() -> None:
    drawings = sorted(rasterise.ART.glob("*/*.svg"))
    assert {rasterise.target(drawing) for drawing in drawings} == set(PICTURES.rglob("*.jpg"))
