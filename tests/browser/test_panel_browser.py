""" "My try-ons" over the dialog: what is kept, and its deletion, without leaving the product."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from example_project.shop.models import Product
from glam_tryon.models import ConsentRecord, PersonPhoto, TryOnJob

from .conftest import Shopper, tab_to

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def draw(shopper: Shopper, slug: str = "denim-jacket") -> None:
    product = Product.objects.get(slug=slug)
    shopper.page.goto(shopper.shop + product.get_absolute_url())
    shopper.button.click()
    shopper.choose_model()
    shopper.press("Try it on")
    shopper.expect_result()
    expect(shopper.dialog.get_by_role("button", name="Zoom")).to_be_visible()


def open_panel(shopper: Shopper) -> None:
    """Open the panel from the view of a result."""
    shopper.dialog.get_by_text("More", exact=True).click()
    shopper.dialog.get_by_role("link", name="My try-ons").click()
    expect(shopper.dialog.get_by_role("heading", name="My try-ons")).to_be_focused()


def cards(shopper: Shopper) -> Locator:
    return shopper.dialog.get_by_role("listitem")


def test_the_panel_tells_of_each_picture_until_when_it_is_kept_and_of_what(
    shopper: Shopper, page: Page, shoot: Callable[[str], None]
) -> None:
    draw(shopper, "linen-shirt")
    draw(shopper)
    address = page.url
    open_panel(shopper)
    shoot("dialog-mine")
    expect(cards(shopper)).to_have_count(2)
    expect(shopper.dialog.get_by_role("status").filter(has_text="2 try-ons")).to_be_visible()
    first = cards(shopper).first
    expect(first.get_by_alt_text("AI-generated preview: Denim jacket")).to_be_visible()
    expect(first.get_by_text(re.compile("Deleted by itself on"))).to_be_visible()
    expect(first.get_by_role("link", name="Denim jacket", exact=True)).to_have_attribute(
        "href", "/clothes/denim-jacket/"
    )
    shopper.press("Back")
    shopper.expect_result()
    assert page.url == address


def test_one_is_deleted_by_keyboard_and_the_focus_goes_to_its_neighbour(
    shopper: Shopper, page: Page
) -> None:
    draw(shopper, "linen-shirt")
    draw(shopper)
    open_panel(shopper)
    tab_to(page, shopper.dialog.get_by_role("button", name="Delete Linen shirt"))
    page.keyboard.press("Enter")
    expect(cards(shopper)).to_have_count(1)
    expect(shopper.dialog.get_by_role("button", name="Delete Denim jacket")).to_be_focused()
    expect(shopper.dialog.get_by_text("1 picture was deleted.")).to_be_visible()
    assert TryOnJob.objects.exclude(results=None).count() == 1
    # The picture that the dialog showed goes as well, and with it the view of it.
    page.keyboard.press("Enter")
    expect(shopper.dialog.get_by_text("There are no try-ons here.")).to_be_visible()
    tab_to(page, shopper.dialog.get_by_role("button", name="Back"))
    page.keyboard.press("Enter")
    expect(shopper.dialog.get_by_role("heading", name="Denim jacket")).to_be_focused()
    expect(shopper.dialog.get_by_role("radio", name="Amara")).to_be_checked()


def test_all_are_deleted_with_the_photo_and_the_dialog_begins_anew(
    shopper: Shopper, photo: Path
) -> None:
    shopper.open()
    shopper.choose_photo(photo)
    shopper.agree()
    shopper.agree_to("Keep my photo")
    shopper.press("Try it on")
    shopper.expect_result()
    open_panel(shopper)
    shopper.press("Delete all")
    expect(shopper.dialog.get_by_text("2 pictures were deleted.")).to_be_visible()
    assert not PersonPhoto.objects.filter(kind="shopper").there().exists()
    shopper.press("Back")
    expect(shopper.dialog.get_by_text("Choose a photo, drop it here or paste it")).to_be_visible()
    expect(shopper.dialog.get_by_role("radio", name="Your last photo")).to_have_count(0)
    expect(shopper.dialog.get_by_role("link", name="My try-ons")).to_have_count(0)


def test_the_consent_is_taken_back_and_the_receipt_is_a_link_away(
    shopper: Shopper, page: Page, photo: Path, shoot: Callable[[str], None]
) -> None:
    shopper.open()
    shopper.choose_photo(photo)
    shopper.agree()
    shopper.agree_to("Keep my photo")
    shopper.press("Try it on")
    shopper.expect_result()
    open_panel(shopper)
    shopper.press("Take my consent back")
    expect(shopper.dialog.get_by_text("1 picture was deleted.")).to_be_visible()
    shoot("dialog-withdrawn")
    expect(shopper.dialog.get_by_role("button", name="Take my consent back")).to_have_count(0)
    expect(cards(shopper)).to_have_count(1)
    assert not ConsentRecord.objects.standing().exists()
    assert not PersonPhoto.objects.filter(kind="shopper").there().exists()
    with page.expect_popup() as popup:
        shopper.dialog.get_by_role("link", name="Receipt").click()
    expect(popup.value.get_by_role("heading", name="Receipt of a deletion")).to_be_visible()
    expect(popup.value.get_by_text("the shopper took the consent back")).to_be_visible()


def test_the_way_back_leads_to_the_form_as_it_was(shopper: Shopper) -> None:
    draw(shopper, "linen-shirt")
    shopper.open()
    shopper.choose_model("Kenji")
    shopper.dialog.get_by_role("link", name="My try-ons").click()
    shopper.press("Back")
    expect(shopper.dialog.get_by_role("link", name="My try-ons")).to_be_focused()
    expect(shopper.dialog.get_by_role("radio", name="Kenji")).to_be_checked()
    shopper.press("Try it on")
    shopper.expect_result()


def test_closing_the_dialog_closes_the_panel_too(shopper: Shopper, page: Page) -> None:
    draw(shopper)
    open_panel(shopper)
    page.keyboard.press("Escape")
    expect(shopper.dialog).to_be_hidden()
    shopper.button.click()
    shopper.expect_result()
    expect(shopper.dialog.get_by_role("heading", name="My try-ons")).to_have_count(0)


def test_nothing_is_loaded_for_the_panel_before_it_is_wanted_and_nothing_shifts(
    shopper: Shopper, page: Page
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.add_init_script(
        """
        window.shifts = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) window.shifts += entry.value;
        }).observe({ type: "layout-shift", buffered: true });
        """
    )
    draw(shopper)
    assert not [url for url in asked if re.search(r"panel|pages|/mine/", url)]
    shopper.dialog.get_by_text("More", exact=True).click()
    page.evaluate("new Promise(requestAnimationFrame).then(() => { window.shifts = 0; })")
    shopper.dialog.get_by_role("link", name="My try-ons").click()
    picture = cards(shopper).get_by_alt_text("AI-generated preview: Denim jacket")
    picture.evaluate("image => image.decode()")
    assert len([url for url in asked if re.search(r"panel|pages|/mine/", url)]) == 3
    assert page.evaluate("window.shifts") == 0


def test_a_panel_that_cannot_be_loaded_is_the_page(shopper: Shopper, page: Page) -> None:
    page.route("**/panel*.js", lambda route: route.abort())
    draw(shopper)
    shopper.dialog.get_by_text("More", exact=True).click()
    shopper.dialog.get_by_role("link", name="My try-ons").click()
    page.wait_for_url("**/tryon/mine/")
    expect(page.get_by_role("heading", name="My try-ons")).to_be_visible()


def test_a_deletion_without_a_connection_is_told_and_nothing_vanishes(
    shopper: Shopper, page: Page
) -> None:
    draw(shopper)
    open_panel(shopper)
    page.context.set_offline(True)
    shopper.press("Delete Denim jacket")
    expect(shopper.dialog.get_by_text("This did not work. Please try again.")).to_be_visible()
    expect(cards(shopper)).to_have_count(1)
    page.context.set_offline(False)
    shopper.press("Delete Denim jacket")
    expect(cards(shopper)).to_have_count(0)


def test_the_form_leads_to_the_page_where_no_script_runs(
    shopper: Shopper, page: Page, chromium: Browser
) -> None:
    draw(shopper)
    context = chromium.new_context(
        java_script_enabled=False, storage_state=page.context.storage_state()
    )
    plain = context.new_page()
    plain.goto(page.url)
    plain.locator(".product__actions").get_by_role("link", name="Try it on").click()
    plain.get_by_role("link", name="My try-ons").click()
    expect(plain.get_by_alt_text("AI-generated preview: Denim jacket")).to_be_visible()
    context.close()
