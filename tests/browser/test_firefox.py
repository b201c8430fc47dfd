"""The main way in Firefox: a house model, an own photo, by keyboard, and without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from .conftest import Shopper, only_job, tab_to
from .firefox import AS_IT_IS

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(firefox: Browser) -> Iterator[Page]:
    context = firefox.new_context(**AS_IT_IS)
    yield context.new_page()
    context.close()


def test_a_house_model_wears_the_garment_and_it_goes_into_the_basket(
    shopper: Shopper, page: Page
) -> None:
    shopper.open()
    shopper.choose_model()
    shopper.press("Try it on")
    shopper.expect_result()
    shopper.press("Add to basket")
    expect(page.get_by_text("Denim jacket is in your basket.")).to_be_visible()


def test_an_own_photo_is_made_small_and_compared_with_the_picture(
    shopper: Shopper, photo: Path
) -> None:
    shopper.open()
    shopper.choose_photo(photo)
    shopper.agree()
    shopper.press("Try it on")
    shopper.expect_result()
    expect(shopper.dialog.get_by_role("slider")).to_be_visible()
    stored = only_job().person_photo
    assert stored is not None
    assert max(stored.width, stored.height) <= 1536


def test_the_whole_way_goes_by_keyboard_and_the_focus_comes_back(
    shopper: Shopper, page: Page
) -> None:
    shopper.visit()
    shopper.button.focus()
    page.keyboard.press("Enter")
    expect(shopper.dialog.get_by_role("heading", name="Denim jacket")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(shopper.dialog.get_by_role("radio", name="Jonas")).to_be_checked()
    tab_to(page, shopper.dialog.get_by_role("button", name="Try it on", exact=True))
    page.keyboard.press("Enter")
    shopper.expect_result()
    page.keyboard.press("Escape")
    expect(shopper.dialog).to_be_hidden()
    expect(shopper.button).to_be_focused()


def test_the_whole_way_works_without_javascript(firefox: Browser, shop: str, photo: Path) -> None:
    context = firefox.new_context(java_script_enabled=False, **AS_IT_IS)
    page = context.new_page()
    page.goto(f"{shop}/clothes/denim-jacket/")
    page.locator(".product__actions").get_by_role("link", name="Try it on").click()
    page.get_by_label("Your photo").first.set_input_files(photo)
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Try it on").click()
    expect(page.get_by_alt_text("AI-generated preview: Denim jacket")).to_be_visible(timeout=30_000)
    context.close()
