"""Firefox ESR for browser tests; a conftest that wants it imports the fixture by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright

from tests.servers import PARTS

__all__ = ["AS_IT_IS", "firefox", "resisting"]

# Firefox has no switches for these, and Playwright would wait for them.
AS_IT_IS: dict[str, Any] = {
    "color_scheme": "null",
    "reduced_motion": "null",
    "forced_colors": "null",
    "viewport": {"width": 1280, "height": 900},
}


CAMERA = {"media.navigator.streams.fake": True, "media.navigator.permission.disabled": True}


@pytest.fixture(scope="session")
def firefox(needs: Callable[..., None], playwright: Playwright) -> Iterator[Browser]:
    """A running Firefox without a window, whose camera is a picture that moves."""
    needs("firefox")
    yield from _running(playwright)


@pytest.fixture(scope="session")
def resisting(needs: Callable[..., None], playwright: Playwright) -> Iterator[Browser]:
    """The same with the setting of privacy browsers under which a canvas gives random stripes."""
    needs("firefox")
    yield from _running(playwright, **{"privacy.resistFingerprinting": True})


def _running(playwright: Playwright, **preferences: bool) -> Iterator[Browser]:
    browser = playwright.firefox.launch(
        channel="moz-firefox",
        executable_path=PARTS["firefox"].path(),
        firefox_user_prefs={**CAMERA, **preferences},
    )
    yield browser
    browser.close()
