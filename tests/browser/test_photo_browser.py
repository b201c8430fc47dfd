"""Photos that the browser cannot make smaller by itself."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from glam_tryon.images import normalise

from .conftest import Shopper, only_job

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_an_iphones_photo_goes_as_it_is_and_is_converted_in_the_shop(
    shopper: Shopper, iphone_photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived: list[bytes] = []

    def look_and_normalise(content: Any, **options: Any) -> Any:
        arrived.append(content.read())
        content.seek(0)
        return normalise(content, **options)

    monkeypatch.setattr("glam_tryon.orders.uploads.normalise", look_and_normalise)
    shopper.open()
    shopper.choose_photo(iphone_photo)
    shopper.agree()
    shopper.press("Try it on")
    shopper.expect_result()
    person = only_job().person_photo
    assert person is not None
    assert arrived[0] == iphone_photo.read_bytes()
    with person.image.open("rb") as stored:
        assert Image.open(io.BytesIO(stored.read())).format == "JPEG"
    # What was before is shown from the shop's copy: the browser cannot draw its own.
    expect(shopper.dialog.get_by_role("slider")).to_be_visible()
