"""What the server asks of a shopper before it takes a photo in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from example_project.shop.models import Product
from glam_tryon import __version__
from glam_tryon.limits.client_ip import ip_hash
from glam_tryon.models import ConsentRecord, ConsentText
from glam_tryon.models.consent_record import text_sha256
from glam_tryon.privacy.consent import current_text
from glam_tryon.views.product import start_url
from tests.storefront.shoppers import ask, everything, order

pytestmark = pytest.mark.django_db


def publish(text: str, language: str = "en") -> None:
    ConsentText.objects.create(language=language, text=text).publish()


@pytest.fixture
def with_tick(settings: Any) -> None:
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "CONSENT_ADULT_TICK": True}


@pytest.fixture
def with_own_text(db: None) -> None:
    publish("Our first words.")


def texts_changed(settings: Any) -> dict[str, Callable[[], None]]:
    def configure() -> None:
        settings.GLAM_TRYON = {**settings.GLAM_TRYON, "RESULT_DAYS": 90}

    return {"publish": lambda: publish("Our new words."), "settings": configure}


@pytest.mark.parametrize("how", ["publish", "settings"])
def test_a_text_that_changed_between_page_and_upload_is_answered_with_the_new_one(
    client: Client, product: Product, settings: Any, media_root: Path, how: str
) -> None:
    shown = client.get(start_url(product)).context["consent"]
    texts_changed(settings)[how]()
    before = everything(media_root)
    answer = ask(client, product, consent_sha256=shown.sha256)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (409, "consent_changed")
    assert error["consent_text"] == current_text() != shown.whole
    assert error["consent_sha256"] == text_sha256(current_text())
    assert everything(media_root) == before
    order(client, product, consent_sha256=error["consent_sha256"])
    assert ConsentRecord.objects.get().text == current_text()


def test_the_proof_names_the_published_version_and_the_widget(
    client: Client, product: Product, with_own_text: None
) -> None:
    html = client.get(start_url(product)).content.decode()
    assert "Our first words." in html
    order(client, product)
    record = ConsentRecord.objects.get()
    assert (record.version, record.language, record.text) == ("1", "en", "Our first words.")
    assert (record.widget_version, record.ip_hash) == (__version__, ip_hash("127.0.0.1"))


@pytest.mark.parametrize(("language", "words"), [("de", "Unsere Worte."), ("en", "Our words.")])
def test_each_language_has_its_own_text(
    client: Client, product: Product, language: str, words: str, settings: Any
) -> None:
    publish("Our words.")
    publish("Unsere Worte.", "de")
    settings.LANGUAGE_CODE = language
    client.cookies["django_language"] = language
    assert words in client.get(start_url(product)).content.decode()
    order(client, product, consent_sha256=text_sha256(words))
    assert ConsentRecord.objects.get().language == language


def test_with_the_tick_about_age_no_photo_is_taken_without_it(
    client: Client, product: Product, with_tick: None, media_root: Path
) -> None:
    html = client.get(start_url(product)).content.decode()
    assert 'name="adult"' in html
    assert "I am 18 or older, and so is whoever the photo shows." in html
    before = everything(media_root)
    answer = ask(client, product)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "no_adult")
    assert everything(media_root) == before
    order(client, product, adult="on")
    assert ConsentRecord.objects.get().text.endswith("whoever the photo shows.")


def test_without_the_setting_there_is_no_such_tick(client: Client, product: Product) -> None:
    assert 'name="adult"' not in client.get(start_url(product)).content.decode()
    order(client, product)


def test_a_house_model_needs_no_consent(
    client: Client, product: Product, house_model: Any, with_tick: None
) -> None:
    order(client, product, house_model=house_model.pk)
    assert not ConsentRecord.objects.exists()


def test_a_photo_that_was_kept_needs_a_new_consent_once_the_text_changed(
    client: Client, product: Product
) -> None:
    photo = order(client, product, keep="on").person_photo
    assert photo is not None
    assert client.get(start_url(product)).context["kept_photo"] == photo
    publish("Our new words.")
    assert client.get(start_url(product)).context["kept_photo"] is None
    assert ask(client, product, kept_photo=photo.pk).status_code == 400
