"""The example shop on a live server, its poller in a thread, and a shopper with a browser."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pillow_heif
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from skimage.data import astronaut

from example_project.shop.loading import load_house_models, load_products
from example_project.shop.models import Product
from glam_tryon.models import TryOnJob
from glam_tryon.sandbox import Sandbox
from glam_tryon.worker.poller import Poller
from tests.shop import asked_at_once, glam

from .firefox import firefox, resisting

__all__ = ["asked_at_once", "firefox", "glam", "resisting"]

# A page that is right appears; only one that is wrong is waited for so long.
expect.set_options(timeout=20_000)

GPS = 0x8825

#: How the text of the consent begins.
CONSENT = re.compile("^(I agree|A new text)")


@pytest.fixture
def shop(
    transactional_db: None, glam: Sandbox, live_server: Any, asked_at_once: None
) -> Iterator[str]:
    """The address of a stocked shop whose poller runs."""
    load_products()
    load_house_models()
    poller = Poller(threads=2)
    thread = threading.Thread(target=poller.run, name="poller")
    thread.start()
    yield live_server.url
    glam.release()
    poller.stop()
    thread.join()


@pytest.fixture
def gallery(transactional_db: None, settings: Any, live_server: Any) -> str:
    """The address of a stocked shop whose gallery is open; nothing of it asks Glam."""
    settings.DEBUG = True
    load_products()
    load_house_models()
    return str(live_server.url)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A photograph of a person, 1800 pixels wide, that says where it was taken."""
    file = tmp_path / "me.jpg"
    exif = Image.Exif()
    exif.get_ifd(GPS)[1] = "N"
    pixels = astronaut()  # type: ignore[no-untyped-call]
    Image.fromarray(pixels).resize((1800, 1800)).save(file, exif=exif)
    return file


@pytest.fixture
def iphone_photo(tmp_path: Path) -> Path:
    """The same photograph as an iPhone keeps it, which most browsers cannot decode."""
    file = tmp_path / "IMG_0001.HEIC"
    pixels = astronaut()  # type: ignore[no-untyped-call]
    pillow_heif.from_pillow(Image.fromarray(pixels)).save(file)
    return file


@pytest.fixture
def shoot(page: Page, tmp_path: Path) -> Callable[[str], None]:
    """Save a screenshot under SCREENSHOTS_DIR, or with the test's own files."""
    directory = Path(os.environ.get("SCREENSHOTS_DIR") or tmp_path / "screenshots")
    directory.mkdir(parents=True, exist_ok=True)

    def shoot(name: str) -> None:
        page.screenshot(path=directory / f"{name}.png", animations="disabled")

    return shoot


@dataclass(frozen=True)
class Shopper:
    """What a shopper does on a product's page."""

    page: Page
    shop: str

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    @property
    def button(self) -> Locator:
        return self.page.locator(".product__actions").get_by_role("link", name="Try it on")

    def visit(self) -> None:
        product = Product.objects.get(slug="denim-jacket")
        self.page.goto(self.shop + product.get_absolute_url())

    def open(self) -> None:
        """Open the dialog and wait for its form."""
        self.visit()
        self.button.click()
        expect(self.dialog.get_by_role("heading", name="Denim jacket")).to_be_focused()

    def choose_model(self, name: str = "Amara") -> None:
        # As a shopper does: the radio itself is unseen, its card is what one presses.
        self.dialog.get_by_role("radio", name=name).check(force=True)

    def choose_photo(self, file: Path) -> None:
        self.dialog.get_by_label("Your photo").set_input_files(file)
        expect(self.dialog.get_by_text(file.name)).to_be_visible()

    def agree(self) -> None:
        self.agree_to(CONSENT)

    def agree_to(self, words: str | re.Pattern[str]) -> None:
        self.dialog.get_by_role("checkbox", name=words).check()

    def press(self, name: str) -> None:
        self.dialog.get_by_role("button", name=name).click()

    def expect_result(self) -> Locator:
        """Wait for the picture and return it, loaded."""
        picture = self.dialog.get_by_alt_text(re.compile("AI-generated preview"))
        expect(picture).to_be_visible(timeout=30_000)
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
        return picture


@pytest.fixture
def shopper(page: Page, shop: str) -> Shopper:
    return Shopper(page, shop)


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until the target has the focus."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"Tab never came to {target}")


def only_job() -> TryOnJob:
    """Return the one job that there is."""
    (job,) = TryOnJob.objects.all()
    return job
