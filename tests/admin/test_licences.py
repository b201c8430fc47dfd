"""House models: for how long they may be shown, and what the shop says of their bodies."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone

from example_project.shop.models import Product
from glam_tryon import jobs
from glam_tryon.exceptions import PhotoUnavailable
from glam_tryon.models import PersonPhoto, TryOnJob, TryOnResult
from glam_tryon.models.clock import DatabaseNow
from glam_tryon.privacy.retention import results_expire_at
from glam_tryon.views.product import start_url
from tests.shop import picture

pytestmark = pytest.mark.django_db

MODELS = "/admin/glam_tryon/personphoto/"


def licensed(photo: PersonPhoto, days: int) -> PersonPhoto:
    """Let a house model's licence end in so many days."""
    photo.licensed_until = timezone.localdate() + timedelta(days=days)
    photo.save()
    return photo


def read(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


@pytest.mark.parametrize(("days", "offered"), [(-1, False), (0, True), (1, True)])
def test_a_house_model_is_offered_to_the_last_day_of_the_licence(
    client: Client, product: Product, house_model: PersonPhoto, days: int, offered: bool
) -> None:
    licensed(house_model, days)
    assert PersonPhoto.objects.house_models().exists() is offered
    html = client.get(start_url(product)).content.decode()
    assert (f'value="{house_model.pk}"' in html) is offered
    seen = client.get(f"/tryon/house-models/{house_model.pk}.jpg")
    assert seen.status_code == (200 if offered else 404)


def test_nobody_may_order_a_house_model_whose_licence_ended(
    product: Product, house_model: PersonPhoto
) -> None:
    licensed(house_model, -1)
    with pytest.raises(PhotoUnavailable):
        jobs.request_tryon(product, photo=house_model, visitor="ada")


def test_what_waits_when_the_licence_ends_is_not_sent(
    product: Product, house_model: PersonPhoto
) -> None:
    job = jobs.request_batch([product], [house_model]).batch.jobs.get()
    assert job.current_photo() == house_model
    licensed(house_model, -1)
    assert job.current_photo() is None


def test_what_failed_is_not_offered_for_a_retry_when_the_licence_ended(
    product: Product, house_model: PersonPhoto
) -> None:
    job = jobs.request_batch([product], [house_model]).batch.jobs.get()
    job.fail("glam_failed", "no", 1.0)
    assert TryOnJob.objects.retryable().get() == job
    licensed(house_model, -1)
    assert not TryOnJob.objects.retryable().exists()
    licensed(house_model, 0)
    assert TryOnJob.objects.retryable().get() == job


def test_staff_are_warned_of_ended_licences_and_of_what_is_published(
    admin_client: Client, product: Product, house_model: PersonPhoto
) -> None:
    job = jobs.request_batch([product], [house_model]).batch.jobs.get()
    result = TryOnResult(
        job=job, position=0, width=1, height=1, sha256="a" * 64, published_at=DatabaseNow()
    )
    result.image.save("0.jpg", ContentFile(picture()), save=True)
    licensed(house_model, -1)
    html = read(admin_client, MODELS)
    assert "Not offered any more, for their licence ended: Mina." in html
    assert "1 picture of them is published" in html
    assert "is-failed" in html


@pytest.mark.parametrize(("days", "warned"), [(14, True), (15, False)])
def test_staff_are_warned_two_weeks_before_a_licence_ends(
    admin_client: Client, house_model: PersonPhoto, days: int, warned: bool
) -> None:
    licensed(house_model, days)
    assert ("The licence ends soon of: Mina." in read(admin_client, MODELS)) is warned


def test_a_house_model_that_is_not_offered_anyway_warns_nobody(
    admin_client: Client, house_model: PersonPhoto
) -> None:
    house_model.is_active = False
    licensed(house_model, -1)
    assert "licence ended" not in read(admin_client, MODELS)


def test_what_was_agreed_is_written_down(admin_client: Client, house_model: PersonPhoto) -> None:
    fields = {"title": "Mina", "is_active": "on", "position": "1", "licence": "Agency, file 12"}
    answer = admin_client.post(
        f"{MODELS}{house_model.pk}/change/",
        {**fields, "licensed_until": "2030-05-01", "body_type": "petite", "size": "S"},
    )
    assert answer.status_code == 302
    house_model.refresh_from_db()
    assert (house_model.licence, str(house_model.licensed_until)) == (
        "Agency, file 12",
        "2030-05-01",
    )
    assert house_model.labels == "petite, S"


def test_the_words_in_use_are_suggested(admin_client: Client, house_model: PersonPhoto) -> None:
    for size in ("M", "S", "M"):
        PersonPhoto.objects.create(kind=PersonPhoto.Kind.HOUSE_MODEL, size=size)
    html = read(admin_client, f"{MODELS}{house_model.pk}/change/")
    assert 'list="id_size_suggestions"' in html
    assert html.count('<option value="M">') == 1


def test_shoppers_read_the_shops_labels_and_never_the_licence(
    client: Client, product: Product, house_model: PersonPhoto
) -> None:
    PersonPhoto.objects.update(body_type="petite", size="S", licence="Agency, file 12")
    html = client.get(start_url(product)).content.decode()
    assert "<small>petite, S</small>" in html
    assert "Agency" not in html


@pytest.mark.parametrize(
    ("query", "found"),
    [("q=petite", True), ("q=tall", False), ("body_type=petite", True), ("size=L", False)],
)
def test_the_list_is_searched_and_filtered_by_the_labels(
    admin_client: Client, house_model: PersonPhoto, query: str, found: bool
) -> None:
    PersonPhoto.objects.update(body_type="petite", size="S")
    assert ("Mina" in read(admin_client, f"{MODELS}?{query}")) is found


def test_pictures_of_the_catalogue_do_not_end(
    product: Product, house_model: PersonPhoto, settings: Any
) -> None:
    job = jobs.request_batch([product], [house_model]).batch.jobs.get()
    job.finished_at = timezone.now() - timedelta(days=4000)
    assert results_expire_at(job) is None
