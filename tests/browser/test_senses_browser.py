"""The widget by keyboard, by ear, by finger, from right to left, at rest and in forced colours."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django import Settings

from example_project.gallery.states import STATES
from example_project.gallery.walk import open_dialog, show
from glam_tryon.sandbox import Sandbox

from .conftest import Shopper, only_job, tab_to

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def phone(chromium: Browser) -> Iterator[Page]:
    """A telephone's page: narrow, and touched instead of clicked."""
    context: BrowserContext = chromium.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    yield context.new_page()
    context.close()


def test_the_whole_way_goes_by_keyboard_and_the_focus_comes_back(
    shopper: Shopper, page: Page
) -> None:
    shopper.visit()
    tab_to(page, shopper.button)
    page.keyboard.press("Enter")
    expect(shopper.dialog.get_by_role("heading", name="Denim jacket")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(shopper.dialog.get_by_role("radio", name="Jonas")).to_be_checked()
    expect(shopper.dialog.get_by_role("radio", name="Jonas")).to_be_focused()
    tab_to(page, shopper.dialog.get_by_role("button", name="Try it on", exact=True))
    page.keyboard.press("Enter")
    shopper.expect_result()
    expect(shopper.dialog.get_by_role("heading", level=1)).to_be_focused()
    page.keyboard.press("Escape")
    expect(shopper.dialog).to_be_hidden()
    expect(shopper.button).to_be_focused()
    photo = only_job().person_photo
    assert photo is not None
    assert photo.title == "Jonas"


def test_the_slider_moves_by_arrows(page: Page, gallery: str) -> None:
    dialog = show(page, gallery, STATES["result"])
    slider = dialog.get_by_role("slider", name="Compare with the photo before")
    tab_to(page, slider)
    page.keyboard.press("ArrowRight")
    expect(slider).to_have_value("1")
    page.keyboard.press("End")
    expect(slider).to_have_value("100")


def test_tab_goes_through_the_form_in_the_order_one_reads_it(page: Page, gallery: str) -> None:
    dialog = open_dialog(page, gallery, STATES["form"])
    stops = [
        dialog.get_by_role("radio", name="Amara"),
        dialog.get_by_label("Your photo"),
        dialog.get_by_role("button", name="Try it on", exact=True),
        dialog.get_by_role("button", name="Close"),
    ]
    passed = []
    for _ in range(12):
        page.keyboard.press("Tab")
        passed += [
            number
            for number, stop in enumerate(stops)
            if stop.evaluate("element => element === document.activeElement")
        ]
        if passed and passed[-1] == len(stops) - 1:
            break
    assert passed == [0, 1, 2, 3]


def test_a_screen_reader_is_told_what_there_is(page: Page, gallery: str) -> None:
    dialog = open_dialog(page, gallery, STATES["form"])
    expect(dialog).to_match_aria_snapshot(
        """
        - dialog "Denim jacket":
          - img "Denim jacket"
          - heading "Denim jacket" [level=1]
          - group "Choose a model":
            - radio /^Amara/
            - radio /^Jonas/
            - radio /^Lucía/
            - radio /^Kenji/
          - group "Or take your own photo":
            - button "Your photo"
            - list
          - button "Try it on"
          - button "Close"
        """
    )


def test_a_screen_reader_is_told_what_a_result_is(page: Page, gallery: str) -> None:
    dialog = show(page, gallery, STATES["results"])
    expect(dialog).to_match_aria_snapshot(
        """
        - dialog "Denim jacket":
          - group "Picture":
            - 'img "AI-generated preview: Denim jacket"'
            - slider "Compare with the photo before": "0"
          - paragraph: AI-generated preview
          - heading "Denim jacket" [level=1]
          - button "Picture 1"
          - button "Picture 2"
          - button "Picture 3"
          - button "Add to basket"
          - button "Close"
        """
    )


def test_each_step_of_the_wait_is_spoken_once(shopper: Shopper, page: Page, glam: Sandbox) -> None:
    glam.hold()
    shopper.open()
    shopper.choose_model()
    page.evaluate(
        """() => {
          const status = document.querySelector("dialog [role=status]");
          window.spoken = [];
          new MutationObserver(() => window.spoken.push(status.textContent)).observe(status, {
            childList: true, characterData: true, subtree: true,
          });
        }"""
    )
    shopper.press("Try it on")
    expect(shopper.dialog.get_by_role("heading", name="Drawing")).to_be_visible()
    glam.release()
    shopper.expect_result()
    spoken = page.evaluate("window.spoken")
    assert spoken[0] == "Getting ready"
    assert spoken[-1] == "Ready"
    assert "Drawing" in spoken
    assert all(one != other for one, other in itertools.pairwise(spoken))


def test_a_refusal_is_an_alert_and_has_the_focus(page: Page, gallery: str) -> None:
    dialog = open_dialog(page, gallery, STATES["form"])
    dialog.get_by_role("button", name="Try it on", exact=True).click()
    expect(dialog.get_by_role("alert")).to_have_text("Choose a model or your own photo.")
    expect(dialog.get_by_role("alert")).to_be_focused()


def test_a_finger_finds_everything_on_a_telephone(phone: Page, shop: str, photo: Path) -> None:
    shopper = Shopper(phone, shop)
    shopper.visit()
    shopper.button.tap()
    expect(shopper.dialog.get_by_role("heading", name="Denim jacket")).to_be_focused()
    shopper.choose_photo(photo)
    shopper.dialog.get_by_role("checkbox").first.tap()
    shopper.dialog.get_by_role("button", name="Try it on", exact=True).tap()
    shopper.expect_result()
    slider = shopper.dialog.get_by_role("slider")
    expect(slider).to_be_visible()
    box = slider.bounding_box()
    assert box is not None
    slider.tap(position={"x": box["width"] * 0.75, "y": box["height"] / 2})
    expect(slider).to_have_value(re.compile("^7[0-9]$"))


@pytest.mark.parametrize("name", ["form", "photo", "drawing", "results", "shared", "failed"])
def test_a_telephone_shows_all_of_its_width_and_targets_are_large(
    phone: Page, gallery: str, name: str
) -> None:
    dialog = show(phone, gallery, STATES[name])
    assert (
        dialog.evaluate(
            """dialog => [dialog, ...dialog.querySelectorAll("*")].filter(
          (each) => each.scrollWidth > each.clientWidth + 1
            && /auto|scroll/.test(getComputedStyle(each).overflowX)
        ).map((each) => each.className)"""
        )
        == []
    )
    small = dialog.evaluate(
        """dialog => [...dialog.querySelectorAll("a, button, summary, input:not([type=hidden])")]
          .filter((each) => each.checkVisibility())
          .map((each) => [each, (each.closest("label") ?? each).getBoundingClientRect()])
          .filter(([, box]) => box.width && (box.width < 44 || box.height < 44))
          .map(([each, box]) => [each.outerHTML.slice(0, 80), box.width, box.height])"""
    )
    assert small == []


def test_in_arabic_the_dialog_is_mirrored_but_not_the_picture(
    page: Page, gallery: str, settings: Settings
) -> None:
    settings.LANGUAGE_CODE = "ar"
    page.goto(f"{gallery}/gallery/?only=result")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    page.locator("#result .glam-tryon-button").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("radio").first.check(force=True)
    dialog.locator("form[data-view=form] [type=submit]").click()
    slider = dialog.get_by_role("slider")
    expect(slider).to_be_visible()
    expect(dialog).to_have_css("direction", "rtl")
    expect(slider).to_have_css("direction", "ltr")
    close = dialog.locator(".glam-tryon-close").bounding_box()
    stage = dialog.locator("[data-view=result] .glam-tryon-stage").bounding_box()
    assert close is not None
    assert stage is not None
    # The panel, and the cross in its corner, are on the left; the picture is on the right.
    assert close["x"] < stage["x"]


@pytest.mark.parametrize(("motion", "moves"), [("no-preference", True), ("reduce", False)])
def test_nothing_moves_for_those_whom_it_makes_ill(
    page: Page, gallery: str, motion: str, moves: bool
) -> None:
    page.emulate_media(reduced_motion=motion)  # type: ignore[arg-type]
    show(page, gallery, STATES["drawing"])
    running = "dialog => dialog.getAnimations({ subtree: true }).length > 0"
    assert page.get_by_role("dialog").evaluate(running) is moves


def test_the_choice_and_the_slider_are_seen_in_forced_colours(page: Page, gallery: str) -> None:
    page.emulate_media(forced_colors="active", reduced_motion="reduce")
    dialog = show(page, gallery, STATES["model"])
    chosen = dialog.locator("label:has(:checked) img")
    expect(chosen).to_have_css("outline-style", "solid")
    expect(dialog.locator("label:not(:has(:checked)) img").first).to_have_css(
        "outline-style", "none"
    )
    assert dialog.evaluate("dialog => getComputedStyle(dialog).borderTopWidth") == "1px"
    dialog = show(page, gallery, STATES["result"])
    handle = dialog.locator(".glam-tryon-handle")
    text = dialog.get_by_role("heading").evaluate("heading => getComputedStyle(heading).color")
    expect(handle).to_have_css("border-left-color", text)


def test_nothing_on_the_page_shifts_from_its_loading_to_the_dialogs_end(
    shopper: Shopper, page: Page
) -> None:
    page.add_init_script(
        """
        window.shifts = [];
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) {
            if (!entry.hadRecentInput) {
              window.shifts.push([
                entry.value, ...entry.sources.map(({ node }) => node?.outerHTML?.slice(0, 90)),
              ]);
            }
          }
        }).observe({ type: "layout-shift", buffered: true });
        """
    )
    shopper.open()
    shopper.choose_model()
    shopper.press("Try it on")
    shopper.expect_result()
    shopper.press("Close")
    expect(shopper.dialog).to_be_hidden()
    assert page.evaluate("window.shifts") == []
