"""The gallery shows what the shop shows, to developers only, and leaves no trace."""

from __future__ import annotations

import re
import uuid

import pytest
from django.test import Client, RequestFactory
from django.utils.html import escape
from pytest_django import Settings

from example_project.gallery.states import STATES, State, facts
from example_project.shop.loading import load_house_models, load_products
from example_project.shop.models import Product
from glam_tryon.jobs import request_tryon
from glam_tryon.models import ConsentRecord, PersonPhoto, TryOnJob
from glam_tryon.views.payload import describe

pytestmark = pytest.mark.django_db
JOBS = [state for state in STATES.values() if state.status]


@pytest.fixture
def gallery(settings: Settings) -> str:
    settings.DEBUG = True
    load_products()
    load_house_models()
    return "/gallery/"


def test_only_a_shop_with_debug_has_a_gallery(client: Client, settings: Settings) -> None:
    for page in ("", "start/form/", "jobs/result/", "pictures/person.jpg"):
        assert client.get(f"/gallery/{page}").status_code == 404
    assert "/gallery/" not in client.get("/").content.decode()
    settings.DEBUG = True
    assert "/gallery/" in client.get("/").content.decode()


def test_every_state_is_on_the_page_once(client: Client, gallery: str) -> None:
    page = client.get(gallery).content.decode()
    for state in STATES.values():
        assert page.count(f'<li class="exhibit" id="{state.name}">') == 1
    assert page.count('data-view="result"') == 4 + sum(s.view == "result" for s in JOBS)


@pytest.mark.parametrize("state", JOBS, ids=lambda state: state.name)
def test_a_job_of_the_gallery_is_a_page_and_json(
    client: Client, gallery: str, state: State
) -> None:
    address = f"{gallery}jobs/{state.name}/"
    page = client.get(address).content.decode()
    answer = client.get(address, headers={"accept": "application/json"}).json()
    assert escape(answer["words"]) in page
    for result in answer["results"]:
        assert client.get(result["url"])["Content-Type"] == "image/jpeg"


def test_a_canned_answer_has_the_facts_of_a_real_one(gallery: str, rf: RequestFactory) -> None:
    product = Product.objects.get(slug="denim-jacket")
    photo = PersonPhoto.objects.house_models()[0]
    job = request_tryon(product, photo=photo, visitor="somebody")
    assert describe(rf.get("/"), job).keys() == facts(STATES["drawing"], product).keys()


def test_the_gallerys_form_has_the_fields_of_the_shops(client: Client, gallery: str) -> None:
    def fields(address: str) -> set[str]:
        page = client.get(address).content.decode()
        form = page[page.index('data-view="form"') :]
        return set(re.findall(r'name="(\w+)"', form[: form.index("</form>")]))

    product = Product.objects.get(slug="denim-jacket")
    assert fields(f"{gallery}start/form/") == fields(f"/tryon/new/shop.product/{product.pk}/")


def test_the_gallery_writes_nothing(client: Client, gallery: str) -> None:
    house_models = PersonPhoto.objects.count()
    client.get(gallery)
    for state in STATES:
        client.post(f"{gallery}start/{state}/", {"request_id": uuid.uuid4().hex})
        client.post(f"{gallery}jobs/{state}/")
    assert not TryOnJob.objects.exists()
    assert not ConsentRecord.objects.exists()
    assert PersonPhoto.objects.count() == house_models


def test_an_unknown_state_or_picture_is_not_found(client: Client, gallery: str) -> None:
    for page in ("start/nowhere/", "jobs/nowhere/", "jobs/form/", "pictures/nobody.jpg"):
        assert client.get(gallery + page).status_code == 404
