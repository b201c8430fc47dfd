"""The main way in WebKitGTK, the engine of Safari."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from glam_tryon.models import TryOnJob

from .conftest import only_job
from .webkit import WebKit, start_webkit

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

FORM = ".glam-tryon-dialog form[data-view=form]"
SUBMIT = f"{FORM} [type=submit]"
PICTURE = ".glam-tryon-dialog [data-view=result] [data-result]"


@pytest.fixture
def webkit(needs: Callable[..., None]) -> Iterator[WebKit]:
    needs("webkit", "screen")
    with start_webkit() as browser:
        yield browser


def open_dialog(webkit: WebKit, shop: str) -> None:
    webkit.visit(f"{shop}/clothes/denim-jacket/")
    webkit.click(".product__actions a.glam-tryon-button")
    webkit.wait_for(f"{FORM} h1", "Denim jacket")


def expect_picture(webkit: WebKit) -> None:
    webkit.wait_for(PICTURE)
    assert webkit.run(f"return document.querySelector('{PICTURE}').naturalWidth") > 0


def test_a_house_model_wears_the_garment_and_it_goes_into_the_basket(
    webkit: WebKit, shop: str
) -> None:
    open_dialog(webkit, shop)
    webkit.click(f"{FORM} label:has([name=house_model])")
    webkit.click(SUBMIT)
    expect_picture(webkit)
    webkit.click(".glam-tryon-dialog [data-basket] button")
    webkit.wait_for("main", "Denim jacket")
    assert webkit.wait("return location.pathname.includes('basket')")


def test_an_own_photo_is_made_small_before_it_leaves_and_is_compared(
    webkit: WebKit, shop: str, photo: Path
) -> None:
    open_dialog(webkit, shop)
    webkit.type(f"{FORM} [name=photo]", str(photo))
    webkit.wait_for(f"{FORM} [data-file-name]", photo.name)
    webkit.click(f"{FORM} [name=consent]")
    webkit.click(SUBMIT)
    expect_picture(webkit)
    webkit.wait_for(".glam-tryon-dialog [data-view=result] input[type=range]")
    stored = only_job().person_photo
    assert stored is not None
    assert max(stored.width, stored.height) <= 1536


def test_ones_own_try_ons_are_shown_over_the_dialog_and_deleted(webkit: WebKit, shop: str) -> None:
    open_dialog(webkit, shop)
    webkit.click(f"{FORM} label:has([name=house_model])")
    webkit.click(SUBMIT)
    expect_picture(webkit)
    webkit.click(".glam-tryon-dialog .glam-tryon-more summary")
    webkit.click(".glam-tryon-dialog [data-view=result] [data-mine]")
    webkit.wait_for(".glam-tryon-dialog [data-tryons]", "1 try-on")
    webkit.click(".glam-tryon-dialog [data-delete] button")
    webkit.wait_for(".glam-tryon-dialog [data-empty]", "There are no try-ons here.")
    assert not TryOnJob.objects.exclude(results=None).exists()
