"""Who may do what: every address of the storefront, as its owner and as everybody else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from example_project.shop.models import Product
from glam_tryon.models import TryOnJob
from glam_tryon.urls import urlpatterns
from tests.storefront.shoppers import JSON, everything, finish, order

pytestmark = pytest.mark.django_db

#: What only its owner may look at, and change.
LOOKS = {
    "job": "jobs/{job}/",
    "photo": "jobs/{job}/photo.jpg",
    "result": "jobs/{job}/results/0/",
    "own_photo": "photos/{photo}.jpg",
}
CHANGES = {
    "cancel": "jobs/{job}/cancel/",
    "delete": "jobs/{job}/delete/",
    "delete_photo": "jobs/{job}/delete-photo/",
    "feedback": "jobs/{job}/feedback/",
    "share": "jobs/{job}/share/",
    "unshare": "jobs/{job}/unshare/",
}
#: What is about whoever asks.
OF_WHOEVER_ASKS = {
    "mine": "mine/",
    "delete_all": "mine/delete/",
    "withdraw": "mine/withdraw/",
}
#: What anybody may look at who has the address; each has tests of its own.
FOR_ALL = {
    # What is nearly a signed link: it has no name, for nobody links to it.
    None,
    "for_glam",
    "house_model",
    "house_model_card",
    "start",
    "garment",
    "shared",
    "shared_picture",
    "policy",
    "receipt",
    "receipt_file",
}

Address = Callable[[str], str]


@pytest.fixture(params=["a visitor", "a user"])
def owner(request: pytest.FixtureRequest, client: Client) -> Client:
    if request.param == "a user":
        client.force_login(User.objects.create_user("ada"))
    return client


@pytest.fixture
def job(owner: Client, product: Product) -> TryOnJob:
    """A shared result of a photo of the owner's own."""
    made = order(owner, product)
    finish(made)
    assert owner.post(f"/tryon/jobs/{made.pk}/share/").status_code == 302
    made.refresh_from_db()
    return made


@pytest.fixture
def address(job: TryOnJob) -> Address:
    def address(pattern: str) -> str:
        return "/tryon/" + pattern.format(job=job.pk, photo=job.person_photo_id)

    return address


@pytest.fixture(params=["nobody", "another visitor", "another user", "staff"])
def stranger(request: pytest.FixtureRequest, product: Product) -> Client:
    other = Client()
    if request.param == "another visitor":
        order(other, product)
    if request.param == "another user":
        other.force_login(User.objects.create_user("bob"))
    if request.param == "staff":
        other.force_login(User.objects.create_superuser("eve"))
    return other


def test_every_address_stands_in_one_of_these_tables() -> None:
    known = LOOKS.keys() | CHANGES.keys() | OF_WHOEVER_ASKS.keys() | FOR_ALL
    assert {pattern.name for pattern in urlpatterns} == known


@pytest.mark.parametrize("name", LOOKS)
def test_the_owner_may_look(owner: Client, address: Address, name: str) -> None:
    answer = owner.get(address(LOOKS[name]))
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("name", LOOKS)
def test_nobody_else_may_look(stranger: Client, address: Address, name: str) -> None:
    for headers in ({}, JSON):
        answer = stranger.get(address(LOOKS[name]), headers=headers)
        assert answer.status_code == 404
        assert b"Linen shirt" not in answer.content


@pytest.mark.parametrize("name", CHANGES)
def test_nobody_else_may_change_anything(
    stranger: Client, address: Address, media_root: Path, name: str
) -> None:
    before = everything(media_root)
    for headers in ({}, JSON):
        answer = stranger.post(address(CHANGES[name]), {"verdict": "up"}, headers=headers)
        assert answer.status_code == 404
    assert everything(media_root) == before


@pytest.mark.parametrize("name", CHANGES)
def test_the_owner_may_change_it(
    owner: Client, address: Address, media_root: Path, name: str
) -> None:
    answer = owner.post(address(CHANGES[name]), {"verdict": "up"}, headers=JSON)
    assert answer.status_code == 200


def test_the_list_of_somebody_else_is_empty(stranger: Client, job: TryOnJob) -> None:
    said = stranger.get("/tryon/mine/", headers=JSON).json()
    assert str(job.pk) not in str(said)
    assert str(job.pk) not in stranger.get("/tryon/mine/").content.decode()


def test_deleting_all_deletes_nothing_of_anybody_else(
    stranger: Client, owner: Client, job: TryOnJob, media_root: Path
) -> None:
    assert stranger.post("/tryon/mine/delete/", headers=JSON).status_code == 200
    assert owner.get(f"/tryon/jobs/{job.pk}/results/0/").status_code == 200
    assert owner.get(f"/tryon/jobs/{job.pk}/photo.jpg").status_code == 200


@pytest.mark.parametrize("name", [*CHANGES, "delete_all", "withdraw"])
@pytest.mark.parametrize("method", ["get", "head", "put", "delete"])
def test_only_a_post_changes_anything(
    owner: Client, address: Address, media_root: Path, name: str, method: str
) -> None:
    before = everything(media_root)
    pattern = {**CHANGES, **OF_WHOEVER_ASKS}[name]
    assert getattr(owner, method)(address(pattern)).status_code == 405
    assert everything(media_root) == before


@pytest.mark.parametrize("name", [*LOOKS, "mine"])
def test_looking_changes_nothing_and_is_all_that_one_may_do_there(
    owner: Client, address: Address, media_root: Path, name: str
) -> None:
    pattern = address({**LOOKS, **OF_WHOEVER_ASKS}[name])
    before = everything(media_root)
    for headers in ({}, JSON):
        assert owner.get(pattern, headers=headers).status_code == 200
        assert owner.head(pattern, headers=headers).status_code == 200
    assert owner.post(pattern).status_code == 405
    assert everything(media_root) == before


@pytest.mark.parametrize("name", [*CHANGES, "delete_all", "withdraw"])
@pytest.mark.parametrize(
    "options",
    [{}, {"CSRF_USE_SESSIONS": True}, {"CSRF_COOKIE_HTTPONLY": True}],
    ids=["default", "sessions", "httponly"],
)
def test_nothing_is_changed_without_the_token(
    owner: Client,
    address: Address,
    media_root: Path,
    settings: Any,
    name: str,
    options: dict[str, bool],
) -> None:
    for option, value in options.items():
        setattr(settings, option, value)
    before = everything(media_root)
    careful = Client(enforce_csrf_checks=True)
    careful.cookies = owner.cookies
    pattern = address({**CHANGES, **OF_WHOEVER_ASKS}[name])
    answer = careful.post(pattern, {"verdict": "up"}, headers=JSON)
    assert answer.status_code == 403
    assert everything(media_root) == before


@pytest.mark.parametrize("name", CHANGES)
def test_a_job_that_was_deleted_is_nobodys(
    owner: Client, job: TryOnJob, address: Address, media_root: Path, name: str
) -> None:
    assert owner.post(address(CHANGES["delete"])).status_code == 302
    before = everything(media_root)
    assert owner.post(address(CHANGES[name]), {"verdict": "up"}).status_code == 404
    assert everything(media_root) == before
    assert [owner.get(address(pattern)).status_code for pattern in LOOKS.values()] == [404] * 4
