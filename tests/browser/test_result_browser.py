"""What a shopper does with a picture: looks closer, chooses, goes on to the next garment."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from glam_tryon.sandbox import FaultScript, Sandbox

from .conftest import Shopper

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

LISTEN = """
window.seen = [];
for (const name of [
  "impression", "opened", "photo-chosen", "model-chosen", "consent", "requested", "ready", "failed",
  "downloaded", "shared", "added-to-basket", "another-garment", "closed", "canceled",
]) {
  document.addEventListener(`glam-tryon:${name}`, (event) => {
    window.seen.push([name, event.detail.id, event.detail.job]);
  });
}
"""


def draw(shopper: Shopper, model: str = "Amara") -> None:
    shopper.open()
    shopper.choose_model(model)
    shopper.press("Try it on")
    shopper.expect_result()
    # The module of the result has done its part.
    expect(shopper.dialog.get_by_role("button", name="Zoom")).to_be_visible()


def test_the_picture_is_looked_at_closely_with_keys_and_mouse(
    shopper: Shopper, page: Page, shoot: Callable[[str], None]
) -> None:
    draw(shopper)
    zoom = shopper.dialog.get_by_role("button", name="Zoom")
    picture = shopper.dialog.get_by_role("group", name="Picture")
    image = shopper.expect_result()
    small = image.bounding_box()
    zoom.click()
    expect(zoom).to_have_attribute("aria-pressed", "true")
    expect(picture).to_be_focused()
    shoot("dialog-zoom")
    large = image.bounding_box()
    assert small is not None
    assert large is not None
    assert large["width"] == pytest.approx(2 * small["width"], rel=0.05)

    top = picture.evaluate("pan => pan.scrollTop")
    page.keyboard.press("ArrowDown")
    page.wait_for_function(
        "([pan, top]) => pan.scrollTop > top", arg=[picture.element_handle(), top]
    )
    left = picture.evaluate("pan => pan.scrollLeft")
    page.mouse.move(small["x"] + 200, small["y"] + 200)
    page.mouse.down()
    page.mouse.move(small["x"] + 150, small["y"] + 200)
    page.mouse.up()
    assert picture.evaluate("pan => pan.scrollLeft") == left + 50

    zoom.click()
    expect(zoom).to_have_attribute("aria-pressed", "false")
    assert image.bounding_box() == small
    expect(shopper.dialog.get_by_role("slider")).to_be_visible()


def test_one_of_several_pictures_is_chosen_and_it_is_the_one_to_download(
    shopper: Shopper, glam: Sandbox, shoot: Callable[[str], None]
) -> None:
    glam.faults = FaultScript.from_rules([{"on": "submit", "nth": 1, "do": {"results": 3}}])
    draw(shopper)
    first = shopper.dialog.get_by_role("button", name="Picture 1")
    third = shopper.dialog.get_by_role("button", name="Picture 3")
    expect(first).to_have_attribute("aria-current", "true")
    third.click()
    expect(third).to_have_attribute("aria-current", "true")
    expect(first).not_to_have_attribute("aria-current", "true")
    shoot("dialog-several")
    shown = shopper.expect_result().get_attribute("src")
    download = shopper.dialog.get_by_role("link", name="Download")
    assert shown is not None
    assert shown.endswith("/2/")
    expect(download).to_have_attribute("href", shown)


def test_the_next_garment_is_tried_on_by_the_same_model(shopper: Shopper, page: Page) -> None:
    draw(shopper, "Jonas")
    shopper.press("Try another garment")
    expect(shopper.dialog).to_be_hidden()
    page.goto(f"{shopper.shop}/clothes/linen-shirt/")
    shopper.button.click()
    expect(shopper.dialog.get_by_role("radio", name="Jonas")).to_be_checked()
    shopper.press("Try it on")
    shopper.expect_result()


def test_the_next_garment_after_a_try_on_over_two_pages_is_tried_on_by_the_same_model(
    shopper: Shopper, page: Page, glam: Sandbox
) -> None:
    glam.hold()
    shopper.open()
    shopper.choose_model("Jonas")
    shopper.press("Try it on")
    expect(shopper.dialog.get_by_role("heading", name="Drawing")).to_be_visible()
    shopper.visit()
    glam.release()
    shopper.button.click()
    shopper.expect_result()
    shopper.press("Try another garment")
    page.goto(f"{shopper.shop}/clothes/linen-shirt/")
    shopper.button.click()
    expect(shopper.dialog.get_by_role("radio", name="Jonas")).to_be_checked()


def test_the_next_garment_on_the_same_page_is_tried_on_by_the_same_model(
    shopper: Shopper, page: Page
) -> None:
    page.goto(shopper.shop)
    buttons = page.get_by_role("link", name="Try it on")
    dialog = page.locator("dialog[open]")
    buttons.nth(1).click()
    expect(dialog.get_by_role("radio", name="Kenji")).to_be_visible()
    page.keyboard.press("Escape")
    buttons.nth(0).click()
    dialog.get_by_role("radio", name="Kenji").check(force=True)
    dialog.get_by_role("button", name="Try it on").click()
    dialog.get_by_role("button", name="Try another garment").click(timeout=30_000)
    buttons.nth(1).click()
    expect(dialog.get_by_role("radio", name="Kenji")).to_be_checked()


def test_each_step_is_an_event_of_its_own_that_names_its_job(shopper: Shopper, page: Page) -> None:
    page.add_init_script(LISTEN)
    draw(shopper)
    shopper.dialog.get_by_role("link", name="Download").click()
    shopper.press("Try another garment")
    page.wait_for_function("window.seen.some(([name]) => name === 'closed')")
    seen = page.evaluate("window.seen")
    assert [name for name, _, _ in seen] == [
        "impression",
        "opened",
        "model-chosen",
        "requested",
        "ready",
        "downloaded",
        "another-garment",
        "closed",
    ]
    assert len({number for _, number, _ in seen}) == len(seen)
    (job,) = {job for _, _, job in seen if job}
    assert [bool(named) for _, _, named in seen] == [False] * 3 + [True] * 5
    assert len(job) == 36


def test_a_shop_may_put_the_garment_into_its_basket_itself(shopper: Shopper, page: Page) -> None:
    draw(shopper)
    page.evaluate(
        """() => document.addEventListener("glam-tryon:added-to-basket", (event) => {
          event.preventDefault();
          document.title = "in the basket";
        })"""
    )
    address = page.url
    shopper.press("Add to basket")
    page.wait_for_function("document.title === 'in the basket'")
    assert page.url == address


def test_a_second_click_shows_the_dialog_in_the_next_frame(shopper: Shopper, page: Page) -> None:
    shopper.open()
    page.keyboard.press("Escape")
    expect(shopper.dialog).to_be_hidden()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    height = page.evaluate(
        """async () => {
          document.querySelector(".product__actions a.glam-tryon-button").click();
          await new Promise(requestAnimationFrame);
          return document.querySelector("dialog[open] form").getBoundingClientRect().height;
        }"""
    )
    assert height > 100
    assert asked == []
