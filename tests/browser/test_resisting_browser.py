"""A browser whose canvas lies (fault 70): Firefox with privacy.resistFingerprinting."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat
from playwright.sync_api import Browser, Page, expect

from .conftest import Shopper, only_job
from .firefox import AS_IT_IS

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(resisting: Browser) -> Iterator[Page]:
    context = resisting.new_context(**AS_IT_IS)
    yield context.new_page()
    context.close()


def test_the_photo_arrives_as_it_was_chosen(shopper: Shopper, photo: Path) -> None:
    shopper.open()
    shopper.choose_photo(photo)
    # The preview is the file as well: an image is not changed, only what is read from a canvas.
    preview = shopper.dialog.locator("[data-person] img, img[data-person]")
    assert preview.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1800
    shopper.agree()
    shopper.press("Try it on")
    shopper.expect_result()
    person = only_job().person_photo
    assert person is not None
    with person.image.open("rb") as stored, Image.open(stored) as kept, Image.open(photo) as own:
        apart = ImageChops.difference(kept, own.resize(kept.size))
        assert max(kept.size) == 1536
        assert max(ImageStat.Stat(apart).mean) < 3


def test_the_camera_says_that_a_photo_must_be_chosen(shopper: Shopper, photo: Path) -> None:
    shopper.open()
    shopper.press("Use the camera")
    alert = shopper.dialog.get_by_role("alert")
    expect(alert).to_contain_text("Please choose a photo.")
    expect(alert).to_contain_text("changes the pictures that a page takes")
    expect(shopper.dialog.get_by_role("button", name="Take the photo")).to_be_hidden()
    expect(shopper.dialog.get_by_role("button", name="Back")).to_be_focused()
    shopper.press("Back")
    shopper.choose_photo(photo)
