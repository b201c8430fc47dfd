"""Every address of the app, fetched as everybody, answers as the table in docs/security.md says."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client
from django.urls import get_resolver
from django.urls.resolvers import URLPattern, URLResolver

from example_project.shop.models import Product
from glam_tryon.models import (
    Account,
    ConsentText,
    DeletionReceipt,
    PersonPhoto,
    TryOnBatch,
    TryOnJob,
    TryOnSubmission,
)
from glam_tryon.models.clock import DatabaseNow
from glam_tryon.models.status import Status
from glam_tryon.signed_urls import PHOTO, link_for_glam
from glam_tryon.views.pictures import near_link
from tests.servers import ROOT
from tests.storefront.shoppers import everything, finish, order

pytestmark = pytest.mark.django_db

PAGE = (ROOT / "docs" / "security.md").read_text()
#: The heads of the table's columns; the owner comes last, for only the owner changes anything.
WHO = ("nobody", "another visitor", "another user", "staff without", "staff with", "owner")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

Row = tuple[str, str, tuple[int, ...]]


def rows() -> list[Row]:
    """Return method, address and expected answers of each line of the table."""
    section = PAGE.partition("## Who may fetch what")[2].partition("\n## ")[0]
    found = re.findall(r"^\| `(\w+)` \| `(\S+)` \| (.+) \|$", section, re.MULTILINE)
    return [
        (method, address, tuple(int(cell) for cell in cells.split(" | ")[: len(WHO)]))
        for method, address, cells in found
    ]


def walk(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from walk(pattern, route)
        else:
            yield route, pattern


def addresses() -> set[str]:
    """Return the routes of all that this app answers to, in the shop and in its admin."""
    found = {"admin/glam_tryon/"}
    for route, pattern in walk(get_resolver()):
        # What is nearly a signed link is not found; tests/core/test_media.py holds that.
        if route.startswith("^") or "(?P" in route or inspect.unwrap(pattern.callback) is near_link:
            continue
        if "glam_tryon/" in route or pattern.callback.__module__.startswith("glam_tryon."):
            found.add(route)
    return found


# What there is to fetch.


@pytest.fixture
def owner(client: Client) -> Client:
    return client


@pytest.fixture
def job(owner: Client, product: Product, house_model: PersonPhoto) -> TryOnJob:
    """A shared result of a photo of the owner's own, of which Glam has a link."""
    # What the admin has pages about must be there, or they would answer alike to everybody.
    Account.load()
    ConsentText.objects.create(language="en", text="A draft")
    TryOnBatch.objects.create(name="Spring")
    DeletionReceipt(why="staff", jobs=1).issue()
    made = order(owner, product)
    TryOnSubmission.objects.create(
        job=made, job_key=made.pk, number=1, slot=0, started_at=DatabaseNow()
    )
    finish(made)
    assert owner.post(f"/tryon/jobs/{made.pk}/share/").status_code == 302
    return made


@pytest.fixture
def fill(job: TryOnJob, product: Product, house_model: PersonPhoto) -> Callable[[str], str]:
    """Put what there is into the address of the table."""

    def fill(route: str) -> str:
        link = link_for_glam(job.submissions.get(), PHOTO)
        if "for-glam" in route:
            # The link is dead once the job is over, as all other addresses want it.
            TryOnJob.objects.filter(pk=job.pk).update(status=Status.IN_QUEUE)
        values: dict[str, Any] = {
            "model": "shop.product",
            "key": product.pk,
            "what": PHOTO,
            "signed": link.rpartition("/")[2].removesuffix(".jpg"),
            "token": job.shares.get().token,
            "position": 0,
            "which": 0,
            "table": "try-ons",
            "pk": job.pk,
        }
        if route.startswith("tryon/photos/"):
            values["pk"] = job.person_photo_id
        if route.startswith("tryon/receipts/"):
            values["pk"] = DeletionReceipt.objects.get().pk
        if route.startswith("tryon/house-models/"):
            values["pk"] = house_model.pk
        if admin := re.match(r"admin/glam_tryon/(\w+)/", route):
            # Any row of the model that the page is about; house models are all that it shows.
            model: type[Model] = apps.get_model("glam_tryon", admin[1])
            kind = {"kind": "house_model"} if model is PersonPhoto else {}
            row = model._default_manager.filter(**kind).first()
            values["pk"] = values["object_id"] = row.pk if row else 1
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda name: str(values[name[1]]), route)

    return fill


@pytest.fixture
def people(owner: Client, product: Product) -> dict[str, Client]:
    clients = {who: Client() for who in WHO[:-1]}
    order(clients["another visitor"], product)
    clients["another user"].force_login(User.objects.create_user("bob"))
    clients["staff without"].force_login(User.objects.create_user("eve", is_staff=True))
    clients["staff with"].force_login(User.objects.create_superuser("kim"))
    return {**clients, "owner": owner}


# The table and the app.


def test_every_address_stands_in_the_table_and_no_other() -> None:
    assert {address for _method, address, _answers in rows()} == addresses()


@pytest.mark.parametrize(("method", "address", "answers"), rows(), ids=lambda each: str(each)[:60])
def test_each_address_answers_as_the_table_says(
    people: dict[str, Client],
    fill: Callable[[str], str],
    media_root: Path,
    method: str,
    address: str,
    answers: tuple[int, ...],
) -> None:
    path = fill(address)
    before = everything(media_root)
    said = []
    for who, expected in zip(WHO, answers, strict=True):
        # Before the owner's turn: nobody else has changed anything of the owner's.
        if who == "owner" and expected != answers[0]:
            assert everything(media_root) == before
        given = {"verdict": "up"} if method == "POST" else {}
        said.append(
            people[who].generic(method, path).status_code
            if method != "POST"
            else people[who].post(path, given).status_code
        )
    assert dict(zip(WHO, said, strict=True)) == dict(zip(WHO, answers, strict=True))


@pytest.mark.parametrize("address", sorted({a for _m, a, _s in rows() if a.startswith("tryon/")}))
def test_no_other_method_does_anything(
    people: dict[str, Client], fill: Callable[[str], str], media_root: Path, address: str
) -> None:
    path = fill(address)
    allowed = {method for method, each, _answers in rows() if each == address}
    allowed |= {"HEAD"} if "GET" in allowed else set()
    before = everything(media_root)
    for method in METHODS:
        if method not in allowed:
            assert people["owner"].generic(method, path).status_code == 405, method
    assert everything(media_root) == before


@pytest.mark.parametrize("address", sorted(a for _m, a, _s in rows() if a.startswith("admin/")))
def test_the_admin_takes_nothing_from_whom_it_shows_nothing(
    people: dict[str, Client], fill: Callable[[str], str], media_root: Path, address: str
) -> None:
    path = fill(address)
    before = everything(media_root)
    for who in ("nobody", "another visitor", "another user", "staff without"):
        given = {"post": "yes", "action": "cancel_jobs", "_selected_action": ["1"]}
        assert people[who].post(path, given).status_code in (302, 403, 404, 405), who
    assert everything(media_root) == before


# The threats.


def test_every_test_that_the_page_names_is_there() -> None:
    section = PAGE.partition("## Threats")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")][2:]
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", section)
    assert len(named) >= len(lines) > 10
    missing = [
        f"{file}::{test}"
        for file, test in named
        if not re.search(rf"^def {test}\(", (ROOT / file).read_text(), re.MULTILINE)
    ]
    assert missing == []
