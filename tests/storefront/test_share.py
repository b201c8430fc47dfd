"""Links by which a shopper shows a result to others."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from example_project.shop.models import Product
from glam_tryon.models import PersonPhoto, TryOnJob, TryOnShare
from glam_tryon.models.clock import after
from tests.storefront.shoppers import JSON, finish, order

pytestmark = pytest.mark.django_db

DAY_SECONDS = 86_400


@pytest.fixture
def job(client: Client, product: Product) -> TryOnJob:
    made = order(client, product)
    finish(made, pictures=2)
    return made


def share(client: Client, job: TryOnJob) -> dict[str, Any]:
    answer = client.post(f"/tryon/jobs/{job.pk}/share/", headers=JSON)
    assert answer.status_code == 200
    said: dict[str, Any] = answer.json()["share"]
    return said


def path(said: dict[str, Any]) -> str:
    assert said["url"].startswith("http://testserver/tryon/shared/")
    return str(said["url"]).removeprefix("http://testserver")


def test_whoever_has_the_link_sees_every_picture(client: Client, job: TryOnJob) -> None:
    address = path(share(client, job))
    somebody = Client()
    page = somebody.get(address)
    assert page.status_code == 200
    html = page.content.decode()
    assert "Linen shirt" in html
    assert html.count("AI-generated preview") >= 2
    assert 'href="/clothes/linen-shirt/"' in html
    for position, result in enumerate(job.results.all()):
        assert f"{address}{position}/" in html
        answer = somebody.get(f"{address}{position}/")
        with result.image.open("rb") as stored:
            assert answer.content == stored.read()


def test_the_page_tells_nothing_of_the_owner(client: Client, product: Product) -> None:
    user = User.objects.create_user("ada-lovelace", "ada@example.com", first_name="Ada")
    client.force_login(user)
    job = order(client, product)
    finish(job)
    html = Client().get(path(share(client, job))).content.decode()
    for secret in ("ada", "Ada", str(job.pk), str(job.person_photo_id), "photo.jpg"):
        assert secret not in html


def test_the_page_is_for_no_cache_no_crawler_and_no_referrer(client: Client, job: TryOnJob) -> None:
    address = path(share(client, job))
    for answer in (Client().get(address), Client().get(f"{address}0/")):
        assert answer["Cache-Control"] == "private, no-store"
        assert answer["Referrer-Policy"] == "no-referrer"
        assert answer["X-Robots-Tag"] == "noindex"
        assert not answer.cookies


def test_sharing_twice_is_one_link(client: Client, job: TryOnJob) -> None:
    assert share(client, job)["url"] == share(client, job)["url"]
    assert TryOnShare.objects.count() == 1


def test_a_link_cannot_be_guessed(client: Client, job: TryOnJob) -> None:
    token = path(share(client, job)).removeprefix("/tryon/shared/").strip("/")
    assert re.fullmatch(r"[\w-]{32}", token)
    for other in (token[:-1] + ("A" if token[-1] != "A" else "B"), "x", str(job.pk)):
        assert Client().get(f"/tryon/shared/{other}/").status_code == 404
        assert Client().get(f"/tryon/shared/{other}/0/").status_code == 404
    assert Client().get(f"/tryon/shared/{token}/9/").status_code == 404


def test_a_link_that_was_taken_back_shows_nothing_and_never_will(
    client: Client, job: TryOnJob
) -> None:
    old = path(share(client, job))
    said = client.post(f"/tryon/jobs/{job.pk}/unshare/", headers=JSON).json()
    assert said["share"] is None
    new = path(share(client, job))
    assert new != old
    assert [Client().get(address).status_code for address in (old, f"{old}0/", new)] == [
        404,
        404,
        200,
    ]


def test_a_link_ends_by_itself(client: Client, job: TryOnJob) -> None:
    address = path(share(client, job))
    TryOnShare.objects.update(expires_at=after(-1))
    assert Client().get(address).status_code == 404
    assert Client().get(f"{address}0/").status_code == 404
    said = client.get(f"/tryon/jobs/{job.pk}/", headers=JSON).json()
    assert said["share"] is None


def test_a_link_says_when_it_ends(client: Client, job: TryOnJob, settings: Any) -> None:
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "SHARE_DAYS": 2}
    said = share(client, job)
    left = (datetime.fromisoformat(said["expires_at"]) - timezone.now()).total_seconds()
    assert 2 * DAY_SECONDS - 120 < left <= 2 * DAY_SECONDS
    assert said["expires_words"]


def test_a_link_ends_no_later_than_its_pictures(client: Client, job: TryOnJob) -> None:
    TryOnJob.objects.update(finished_at=after(-6.5 * DAY_SECONDS))
    said = share(client, job)
    job_said = client.get(f"/tryon/jobs/{job.pk}/", headers=JSON).json()
    assert said["expires_at"] == job_said["expires_at"]


def test_a_deleted_try_on_is_shared_no_more(client: Client, job: TryOnJob) -> None:
    address = path(share(client, job))
    client.post(f"/tryon/jobs/{job.pk}/delete/")
    assert Client().get(address).status_code == 404


def test_what_has_no_picture_cannot_be_shared(
    client: Client, product: Product, house_model: PersonPhoto
) -> None:
    waiting = order(client, product, house_model=house_model.pk)
    said = client.get(f"/tryon/jobs/{waiting.pk}/", headers=JSON).json()
    assert (said["share"], said["urls"]["share"], said["urls"]["unshare"]) == (None, "", "")
    assert client.post(f"/tryon/jobs/{waiting.pk}/share/").status_code == 404
    assert not TryOnShare.objects.exists()


def test_a_shared_page_whose_product_is_gone_still_shows_the_pictures(
    client: Client, job: TryOnJob, product: Product
) -> None:
    address = path(share(client, job))
    product.delete()
    assert "Linen shirt" in Client().get(address).content.decode()


def test_without_a_script_the_page_has_the_link_and_takes_it_back(
    client: Client, job: TryOnJob
) -> None:
    page = f"/tryon/jobs/{job.pk}/"
    answer = client.post(f"{page}share/")
    assert (answer.status_code, answer["Location"]) == (302, page)
    token = TryOnShare.objects.get().token
    assert f"http://testserver/tryon/shared/{token}/" in client.get(page).content.decode()
    assert client.post(f"{page}unshare/").status_code == 302
    assert token not in client.get(page).content.decode()
