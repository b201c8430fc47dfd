"""In a shop whose pages all ask for a sign-in, views that guard themselves still answer."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.shortcuts import resolve_url
from django.test import Client

from example_project.shop.models import Product
from glam_tryon.models import DeletionReceipt, PersonPhoto, TryOnJob, TryOnSubmission
from glam_tryon.models.clock import DatabaseNow
from glam_tryon.models.status import Status
from glam_tryon.signed_urls import GARMENT, PHOTO, link_for_glam, probe_link
from tests.storefront.shoppers import finish, order

pytestmark = pytest.mark.django_db

LOGIN = "django.contrib.auth.middleware.LoginRequiredMiddleware"
SHOP = "https://shop.example.com"


@pytest.fixture(autouse=True)
def trade_shop(settings: Any) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, LOGIN]
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "PUBLIC_BASE_URL": SHOP}


@pytest.fixture
def job(client: Client, product: Product) -> TryOnJob:
    """A finished try-on of a signed-in shopper."""
    client.force_login(User.objects.create_user("ada"))
    made = order(client, product)
    finish(made)
    return made


def test_the_provider_gets_both_pictures_and_the_probe_without_a_sign_in(job: TryOnJob) -> None:
    TryOnJob.objects.update(status=Status.IN_QUEUE)
    submission = TryOnSubmission.objects.create(
        job=job, job_key=job.pk, number=9, started_at=DatabaseNow()
    )
    links = [link_for_glam(submission, what) for what in (PHOTO, GARMENT)]
    for link in [*links, probe_link()[0]]:
        assert Client().get(link.removeprefix(SHOP)).status_code == 200


def test_what_is_nearly_a_signed_link_is_not_sent_to_the_sign_in(client: Client) -> None:
    assert client.get("/tryon/for-glam/photo/abc/").status_code == 404


def test_what_is_public_by_design_answers_without_a_sign_in(
    client: Client, job: TryOnJob, house_model: PersonPhoto
) -> None:
    client.post(f"/tryon/jobs/{job.pk}/share/")
    token = job.shares.get().token
    receipt = DeletionReceipt.objects.create()
    for path in (
        f"house-models/{house_model.pk}.jpg",
        f"house-models/{house_model.pk}/card.webp",
        f"shared/{token}/",
        f"shared/{token}/0/",
        f"receipts/{receipt.pk}/",
        f"receipts/{receipt.pk}.json",
        "policy/",
    ):
        assert Client().get(f"/tryon/{path}").status_code == 200, path


def test_all_else_asks_for_the_sign_in(job: TryOnJob, settings: Any) -> None:
    for path in (f"jobs/{job.pk}/", f"jobs/{job.pk}/photo.jpg", "mine/"):
        answer = Client().get(f"/tryon/{path}")
        assert answer.status_code == 302
        assert answer["Location"].partition("?")[0] == resolve_url(settings.LOGIN_URL)
