"""Links for the provider lead to this shop, whichever thread of whichever process makes them."""

from __future__ import annotations

import time
from threading import Thread
from typing import Any

import pytest
from django.test import Client
from django.urls import set_script_prefix
from django.utils.translation import override

from glam_tryon.signed_urls import probe_link

SHOP = "https://shop.example.com"
LOCALE = "django.middleware.locale.LocaleMiddleware"


@pytest.fixture(autouse=True)
def the_database_has_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else is asked of it here."""
    monkeypatch.setattr("glam_tryon.signed_urls._now", time.time)


def answers(link: str, settings: Any) -> bool:
    """Say whether the link shows what it is for, asked as a provider does: with no cookie."""
    path = link.removeprefix(SHOP)
    script_name = settings.FORCE_SCRIPT_NAME or ""
    assert path.startswith(script_name)
    return Client().get(path.removeprefix(script_name)).status_code == 200


def made_elsewhere() -> str:
    """Return a link made by a thread that knows nothing of a request or a command."""
    found: list[str] = []
    thread = Thread(target=lambda: found.append(probe_link()[0]))
    thread.start()
    thread.join()
    return found[0]


@pytest.fixture(autouse=True)
def shop(settings: Any) -> None:
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "PUBLIC_BASE_URL": SHOP}


@pytest.mark.parametrize("code", ["en-us", "en", "de", "de-at", "pt-BR"])
@pytest.mark.parametrize("active", ["fr", "de", None])
def test_a_link_names_a_language_that_the_shop_offers(
    code: str, active: str | None, settings: Any
) -> None:
    settings.ROOT_URLCONF = "tests.deployments.urls.localized"
    settings.MIDDLEWARE = [*settings.MIDDLEWARE[:3], LOCALE, *settings.MIDDLEWARE[3:]]
    settings.LANGUAGE_CODE = code
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("fr", "français"), ("pt-br", "pt")]
    with override(active):
        assert answers(probe_link()[0], settings)
    assert answers(made_elsewhere(), settings)


@pytest.mark.parametrize("base", [SHOP, f"{SHOP}/shop"])
def test_a_link_lies_below_the_sites_path(base: str, settings: Any) -> None:
    settings.FORCE_SCRIPT_NAME = "/shop"
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "PUBLIC_BASE_URL": base}
    for link in (probe_link()[0], made_elsewhere()):
        assert link.startswith(f"{SHOP}/shop/tryon/")
        assert answers(link, settings)


def test_the_request_keeps_its_own_path() -> None:
    set_script_prefix("/elsewhere/")
    try:
        assert probe_link()[0].startswith(f"{SHOP}/tryon/")
    finally:
        set_script_prefix("/")
