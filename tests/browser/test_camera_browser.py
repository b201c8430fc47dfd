"""A shopper takes the photo with the camera; Chromium's own stand-in for one is what it sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.conftest import CHROMIUM_ARGUMENTS
from tests.servers import PARTS

from .conftest import Shopper, only_job

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

# Keeps what the page was given, to see afterwards that it was given back.
LISTEN = """
const media = navigator.mediaDevices;
const ask = media.getUserMedia.bind(media);
window.tracks = [];
media.getUserMedia = async (wish) => {
  const stream = await ask(wish);
  window.tracks.push(...stream.getTracks());
  return stream;
};
"""


@pytest.fixture(scope="module")
def filming(needs: Callable[..., None], chromium: Browser) -> Iterator[Browser]:
    """A Chromium with a camera."""
    needs("camera")
    browser = chromium.browser_type.launch(
        executable_path=PARTS["camera"].path(),
        args=[*CHROMIUM_ARGUMENTS, "--use-fake-device-for-media-stream"],
    )
    yield browser
    browser.close()


@pytest.fixture
def browser_context(filming: Browser) -> Iterator[BrowserContext]:
    context = filming.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(15_000)
    context.add_init_script(LISTEN)
    yield context
    context.close()


def film(shopper: Shopper) -> None:
    shopper.open()
    shopper.press("Use the camera")
    expect(shopper.dialog.get_by_role("heading", name="Take a photo")).to_be_visible()


def states(page: Page) -> list[str]:
    found: list[str] = page.evaluate("window.tracks.map((track) => track.readyState)")
    return found


def states_at_last(page: Page) -> list[str]:
    """What the tracks are once they end: a dialog is hidden a moment before it says so."""
    page.evaluate(
        """async () => {
          for (let turn = 0; turn < 200; turn += 1) {
            if (window.tracks.every((track) => track.readyState === "ended")) {
              return;
            }
            await new Promise((resolve) => setTimeout(resolve, 25));
          }
        }"""
    )
    return states(page)


def test_a_photo_is_counted_down_taken_again_and_worn(
    shopper: Shopper, page: Page, shoot: Callable[[str], None]
) -> None:
    page.context.grant_permissions(["camera"])
    film(shopper)
    button = shopper.dialog.get_by_role("button", name="Take the photo")
    expect(button).to_be_focused()
    # As in a mirror, so that stepping aside goes the way one expects.
    expect(shopper.dialog.locator("video")).to_have_css("transform", "matrix(-1, 0, 0, 1, 0, 0)")
    shoot("dialog-camera")
    button.click()
    expect(shopper.dialog.get_by_role("timer")).to_have_text("3")
    shoot("dialog-camera-count")
    expect(shopper.dialog.get_by_role("timer")).to_have_text("1")
    expect(shopper.dialog.get_by_role("button", name="Use this photo")).to_be_focused()
    shoot("dialog-camera-taken")
    shopper.press("Take another")
    shopper.press("Take the photo")
    shopper.press("Use this photo")
    expect(shopper.dialog.get_by_text("Photo from the camera")).to_be_visible()
    assert states(page) == ["ended"]

    shopper.agree()
    shopper.press("Try it on")
    shopper.expect_result()
    person = only_job().person_photo
    assert person is not None
    assert person.width is not None
    assert person.width > 400


def test_closing_the_dialog_gives_the_camera_back(shopper: Shopper, page: Page) -> None:
    page.context.grant_permissions(["camera"])
    film(shopper)
    expect(shopper.dialog.get_by_role("button", name="Take the photo")).to_be_visible()
    assert states(page) == ["live"]
    page.keyboard.press("Escape")
    expect(shopper.dialog).to_be_hidden()
    assert states_at_last(page) == ["ended"]
    shopper.button.click()
    expect(shopper.dialog.get_by_role("radio", name="Amara")).to_be_visible()


def test_a_countdown_that_is_left_takes_no_photo(shopper: Shopper, page: Page) -> None:
    page.context.grant_permissions(["camera"])
    film(shopper)
    shopper.press("Take the photo")
    expect(shopper.dialog.get_by_role("timer")).to_have_text("2")
    shopper.press("Back")
    expect(shopper.dialog.get_by_role("radio", name="Amara")).to_be_visible()
    assert states_at_last(page) == ["ended"]
    expect(shopper.dialog.get_by_text("Photo from the camera")).to_have_count(0)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("", "The camera is blocked."),
        ("NotFoundError", "There is no camera."),
        ("NotReadableError", "another program may have it"),
    ],
)
def test_a_camera_that_is_not_given_is_told_in_words_and_a_file_still_goes(
    shopper: Shopper, page: Page, photo: Path, error: str, words: str
) -> None:
    if error:
        page.add_init_script(
            "navigator.mediaDevices.getUserMedia = () => "
            f"Promise.reject(new DOMException('', '{error}'));"
        )
    film(shopper)
    expect(shopper.dialog.get_by_role("alert")).to_contain_text(words)
    expect(shopper.dialog.get_by_role("button", name="Back")).to_be_focused()
    shopper.press("Back")
    shopper.choose_photo(photo)


def test_no_camera_is_offered_where_there_is_none(shopper: Shopper) -> None:
    shopper.page.add_init_script("navigator.mediaDevices.enumerateDevices = async () => []")
    shopper.open()
    expect(shopper.dialog.get_by_text("Choose a photo, drop it here or paste it")).to_be_visible()
    expect(shopper.dialog.get_by_role("button", name="Use the camera")).to_be_hidden()
