"""The way through in Firefox: every kind of person, by keyboard, narrow, and with a bad connection.

Each failure is in ``test_failures_browser.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from glam_tryon.models import TryOnJob
from glam_tryon.sandbox import Sandbox

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


def test_the_camera_is_counted_down_and_its_photo_worn(shopper: Shopper) -> None:
    shopper.open()
    shopper.press("Use the camera")
    shopper.press("Take the photo")
    expect(shopper.dialog.get_by_role("timer")).to_have_text("3")
    shopper.press("Use this photo")
    expect(shopper.dialog.get_by_text("Photo from the camera")).to_be_visible()
    shopper.agree()
    shopper.press("Try it on")
    shopper.expect_result()
    person = only_job().person_photo
    assert person is not None
    assert person.kind == "shopper"


def test_an_iphones_photo_goes_as_it_is_and_is_converted_in_the_shop(
    shopper: Shopper, iphone_photo: Path
) -> None:
    shopper.open()
    shopper.choose_photo(iphone_photo)
    shopper.agree()
    shopper.press("Try it on")
    shopper.expect_result()
    person = only_job().person_photo
    assert person is not None
    with person.image.open("rb") as stored, Image.open(stored) as picture:
        assert picture.format == "JPEG"
    # What was before is shown from the shop's copy: the browser cannot draw its own.
    expect(shopper.dialog.get_by_role("slider")).to_be_visible()


def test_the_way_fits_a_telephone(shopper: Shopper, page: Page, photo: Path) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    shopper.open()
    shopper.choose_photo(photo)
    shopper.agree()
    shopper.press("Try it on")
    shopper.expect_result()
    wider = shopper.dialog.evaluate(
        "dialog => [dialog, ...dialog.querySelectorAll('*')].filter((each) =>"
        " each.scrollWidth > each.clientWidth + 1"
        " && /auto|scroll/.test(getComputedStyle(each).overflowX)).length"
    )
    assert wider == 0


def test_a_connection_that_is_lost_in_the_middle_is_told_and_made_good(
    shopper: Shopper, page: Page, glam: Sandbox
) -> None:
    glam.hold()
    shopper.open()
    shopper.choose_model()
    shopper.press("Try it on")
    expect(shopper.dialog.get_by_role("heading", name="Drawing")).to_be_visible()
    page.context.set_offline(True)
    expect(shopper.dialog.get_by_role("heading", name="The connection was lost.")).to_be_visible()
    page.context.set_offline(False)
    glam.release()
    shopper.expect_result()
    assert TryOnJob.objects.count() == 1


def test_an_answer_that_is_lost_gives_one_job_at_the_second_press(
    shopper: Shopper, page: Page, photo: Path
) -> None:
    # The order arrives; what the shop says to it does not.
    page.add_init_script(
        """
        const send = XMLHttpRequest.prototype.send;
        window.lost = 0;
        XMLHttpRequest.prototype.send = function (body) {
          if (body?.has?.("request_id") && !window.lost) {
            window.lost = 1;
            this.onload = this.onerror;
          }
          send.call(this, body);
        };
        """
    )
    shopper.open()
    shopper.choose_photo(photo)
    shopper.agree()
    shopper.press("Try it on")
    expect(shopper.dialog.get_by_role("alert")).to_contain_text("The connection was lost.")
    assert TryOnJob.objects.count() == 1
    shopper.press("Try again")
    shopper.expect_result()
    assert TryOnJob.objects.count() == 1
