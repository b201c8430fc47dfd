"""The form with which staff order a try-on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from example_project.shop.models import Product
from glam_tryon.admin.jobs import order_form as forms
from glam_tryon.models import PersonPhoto, TryOnJob
from tests.shop import picture

pytestmark = pytest.mark.django_db

ADD = "/admin/glam_tryon/tryonjob/add/"


def upload(content: bytes | None = None) -> SimpleUploadedFile:
    return SimpleUploadedFile("her.jpg", content or picture(colour="#aa7755"), "image/jpeg")


def send(client: Client, product: Product, /, **fields: Any) -> Any:
    given = {"product": f"shop.product:{product.pk}", "priority": "catalogue", **fields}
    if "photo" in fields:
        given.setdefault("agreed", "she signed on paper")
    return client.post(ADD, given)


def errors(answer: Any) -> list[str]:
    """What the form says, when it is shown again; no job was made."""
    assert answer.status_code == 200
    assert not TryOnJob.objects.exists()
    form = answer.context["adminform"].form
    return [message for messages in form.errors.values() for message in messages]


def test_the_form_offers_products_and_house_models_and_the_catalogues_priority(
    admin_client: Client, product: Product, house_model: PersonPhoto
) -> None:
    html = admin_client.get(ADD).content.decode()
    assert f'<option value="shop.product:{product.pk}">Linen shirt</option>' in html
    assert f'<option value="{house_model.pk}">Mina</option>' in html
    assert '<option value="catalogue" selected>catalogue</option>' in html
    assert 'type="file" name="photo"' in html


def test_a_try_on_is_ordered_with_a_house_model(
    admin_client: Client, product: Product, house_model: PersonPhoto
) -> None:
    answer = send(admin_client, product, house_model=house_model.pk)
    assert answer.status_code == 302
    job = TryOnJob.objects.get()
    assert (job.product, job.person_photo) == (product, house_model)
    assert (job.status, job.priority, job.mask_type, job.owner) == (
        "pending",
        "catalogue",
        "upper",
        "shop",
    )


def test_a_try_on_is_ordered_with_a_photo(admin_client: Client, product: Product) -> None:
    send(admin_client, product, photo=upload(), mask_type="overall", priority="shopper")
    job, photo = TryOnJob.objects.get(), PersonPhoto.objects.get()
    assert job.person_photo == photo
    assert (job.mask_type, job.priority) == ("overall", "shopper")
    assert (photo.kind, photo.owner, photo.title) == ("shopper", "shop", "by staff")
    assert (photo.consent, photo.no_consent_reason) == (None, "she signed on paper")


def test_a_photo_needs_a_word_about_how_its_person_agreed(
    admin_client: Client, product: Product
) -> None:
    (said,) = errors(send(admin_client, product, photo=upload(), agreed=" "))
    assert said == "Say how this person agreed."
    assert not PersonPhoto.objects.exists()


@pytest.mark.parametrize("mode", ["STAFF_ONLY", "LOGIN_REQUIRED"])
def test_what_is_asked_of_shoppers_keeps_no_staff_from_ordering(
    admin_client: Client, product: Product, house_model: PersonPhoto, settings: Any, mode: str
) -> None:
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, mode: True}
    assert send(admin_client, product, house_model=house_model.pk).status_code == 302
    note = TryOnJob.objects.get().transitions.get().note
    assert note.startswith("ordered by staff ")


def test_staff_are_told_that_it_was_ordered_and_it_is_logged(
    admin_client: Client, product: Product, house_model: PersonPhoto
) -> None:
    send(admin_client, product, house_model=house_model.pk)
    job = TryOnJob.objects.get()
    html = admin_client.get("/admin/glam_tryon/tryonjob/").content.decode()
    assert "was added successfully" in html
    history = admin_client.get(f"/admin/glam_tryon/tryonjob/{job.pk}/history/").content.decode()
    assert "Added" in history


def test_a_house_model_and_a_photo_are_one_person_too_many(
    admin_client: Client, product: Product, house_model: PersonPhoto
) -> None:
    answer = send(admin_client, product, house_model=house_model.pk, photo=upload())
    assert errors(answer) == ["Choose a house model or a photo."]
    assert PersonPhoto.objects.count() == 1


def test_nobody_is_one_person_too_few(admin_client: Client, product: Product) -> None:
    assert errors(send(admin_client, product)) == ["Choose a house model or a photo."]


def test_a_file_that_is_no_photo_is_refused_beside_the_form(
    admin_client: Client, product: Product
) -> None:
    (said,) = errors(send(admin_client, product, photo=upload(b"a letter")))
    assert said.startswith("This file is not a picture")
    assert not PersonPhoto.objects.exists()


def test_a_photo_for_a_product_that_cannot_be_tried_on_is_not_kept(
    admin_client: Client, product: Product, media_root: Path
) -> None:
    product.photo.delete()
    (said,) = errors(send(admin_client, product, photo=upload()))
    assert said.startswith("Linen shirt has no picture to try on")
    assert not PersonPhoto.objects.exists()
    assert list((media_root / "glam_tryon" / "photos").glob("*")) == []


@pytest.mark.parametrize(
    "name",
    [
        "shop.product:0",
        "shop.product:x",
        "shop.product",
        "shop.productimage:1",
        "x",
        "shop.product:" + "9" * 30,
    ],
)
def test_an_unknown_product_is_refused(
    admin_client: Client, product: Product, house_model: PersonPhoto, name: str
) -> None:
    answer = send(admin_client, product, house_model=house_model.pk, product=name)
    assert errors(answer) == ["There is no such product."]


@pytest.mark.parametrize("field", ["product", "mask_type", "priority", "house_model"])
def test_a_value_that_the_form_does_not_offer_is_refused(
    admin_client: Client, product: Product, house_model: PersonPhoto, field: str
) -> None:
    fields = {"house_model": house_model.pk, field: "" if field == "product" else "nonsense"}
    assert len(errors(send(admin_client, product, **fields))) == 1


def test_a_long_list_of_products_is_typed_in_instead(
    admin_client: Client,
    product: Product,
    house_model: PersonPhoto,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(forms, "LONGEST_LIST", 1)
    Product.objects.create(name="Wool scarf", slug="wool-scarf", price="9.00")
    html = admin_client.get(ADD).content.decode()
    assert 'type="text" name="product"' in html
    assert "Model and id of the product, such as shop.product:12" in html
    assert "Wool scarf" not in html
    assert send(admin_client, product, house_model=house_model.pk).status_code == 302
    assert TryOnJob.objects.get().product == product


def test_the_longest_list_has_five_hundred_products() -> None:
    assert forms.LONGEST_LIST == 500


def test_ordering_needs_the_permission_to_add_jobs(client: Client, django_user_model: Any) -> None:
    client.force_login(django_user_model.objects.create_user("staff", is_staff=True))
    assert client.get(ADD).status_code == 403
