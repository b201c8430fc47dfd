"""The widget in other circumstances: right to left, on paper, narrow, few colours, old browsers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from glam_tryon.sandbox import Sandbox

from .conftest import Shopper

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

RIGHT_TO_LEFT = """
document.addEventListener("DOMContentLoaded", () => {
  document.documentElement.dir = "rtl";
  document.documentElement.lang = "ar";
});
"""
# What such a browser answers; it is asked before the first element is made one of the widget's.
OLD_BROWSER = "CSS.supports = (name) => name !== 'color' && !String(name).startsWith('selector(&')"


def draw(shopper: Shopper) -> None:
    shopper.choose_model()
    shopper.press("Try it on")
    shopper.expect_result()
    expect(shopper.dialog.get_by_role("button", name="Zoom")).to_be_visible()


def overflow(page: Page) -> int:
    """Return by how many pixels the dialog's view is wider than its place."""
    wider: int = page.locator(".glam-tryon-dialog .glam-tryon-view:visible").evaluate(
        "view => Math.max(view.scrollWidth - view.clientWidth,"
        " ...[...view.querySelectorAll('.glam-tryon-panel')]"
        ".map((panel) => panel.scrollWidth - panel.clientWidth))"
    )
    return wider


def test_the_dialog_is_mirrored_where_one_reads_from_right_to_left(
    shopper: Shopper, page: Page, shoot: Callable[[str], None]
) -> None:
    page.add_init_script(RIGHT_TO_LEFT)
    shopper.open()
    shoot("dialog-form-rtl")
    box = shopper.dialog.bounding_box()
    close = shopper.dialog.get_by_role("button", name="Close").bounding_box()
    stage = shopper.dialog.locator(".glam-tryon-stage:visible").bounding_box()
    assert box is not None
    assert close is not None
    assert stage is not None
    assert close["x"] - box["x"] < 20
    assert stage["x"] > box["x"] + 100
    draw(shopper)
    shoot("dialog-result-rtl")
    assert overflow(page) == 0


@pytest.mark.parametrize("width", [320, 390])
def test_nothing_is_wider_than_a_small_screen(shopper: Shopper, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 640})
    shopper.open()
    assert overflow(page) == 0
    draw(shopper)
    shopper.dialog.get_by_text("More", exact=True).click()
    assert overflow(page) == 0


def test_on_paper_there_is_the_picture_with_its_label_and_no_button(
    shopper: Shopper, page: Page, shoot: Callable[[str], None]
) -> None:
    shopper.open()
    draw(shopper)
    page.emulate_media(media="print")
    shoot("dialog-print")
    expect(shopper.dialog.get_by_alt_text("AI-generated preview: Denim jacket")).to_be_visible()
    expect(shopper.dialog.get_by_text("AI-generated preview")).to_be_visible()
    for name in ("Close", "Zoom", "Add to basket", "Try another garment"):
        expect(shopper.dialog.get_by_role("button", name=name)).to_be_hidden()


def test_what_is_chosen_is_seen_with_forced_colours(
    shopper: Shopper, page: Page, shoot: Callable[[str], None]
) -> None:
    page.emulate_media(forced_colors="active")
    shopper.open()
    shopper.choose_model()
    shoot("dialog-forced-colours")
    card = shopper.dialog.get_by_role("radio", name="Amara").locator("xpath=following::img[1]")
    expect(card).to_have_css("outline-style", "solid")
    expect(card).to_have_css("outline-width", "2px")


def test_a_browser_that_cannot_draw_the_dialog_goes_by_the_plain_pages(
    shopper: Shopper, page: Page, glam: Sandbox
) -> None:
    page.add_init_script(OLD_BROWSER)
    glam.hold()
    shopper.visit()
    shopper.button.click()
    page.get_by_role("radio", name="Amara").check(force=True)
    page.get_by_role("button", name="Try it on").click()
    expect(page.get_by_role("heading", name="Drawing")).to_be_visible()
    glam.release()
    # The page looks again by itself.
    expect(page.get_by_alt_text("AI-generated preview: Denim jacket")).to_be_visible(timeout=30_000)


def test_nothing_moves_while_a_try_on_is_told_of_on_its_button(
    shopper: Shopper, page: Page, glam: Sandbox
) -> None:
    page.add_init_script(
        """
        window.shifts = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) window.shifts += entry.value;
        }).observe({ type: "layout-shift", buffered: true });
        """
    )
    glam.hold()
    shopper.open()
    shopper.choose_model()
    shopper.press("Try it on")
    expect(shopper.dialog.get_by_role("heading", name="Drawing")).to_be_visible()
    shopper.visit()
    expect(page.locator("glam-tryon").get_by_role("status").first).to_have_text("Drawing")
    glam.release()
    expect(page.locator("glam-tryon").get_by_role("status").first).to_have_text("Ready")
    assert page.evaluate("window.shifts") == 0
