"""The way through when the network is slow, goes away in the middle, or comes back."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from glam_tryon.models import TryOnJob
from glam_tryon.sandbox import Sandbox

from .conftest import Shopper

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

FAST = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
SLOW = {**FAST, "latency": 150, "uploadThroughput": 120_000}


def test_a_slow_upload_shows_how_far_it_is(shopper: Shopper, page: Page, photo: Path) -> None:
    line = page.context.new_cdp_session(page)
    shopper.open()
    shopper.choose_photo(photo)
    shopper.agree()
    page.evaluate(
        """() => {
          window.parts = [];
          new MutationObserver((records) => {
            for (const { target } of records) {
              if (target.hasAttribute("value")) window.parts.push(target.value);
            }
          }).observe(document.querySelector("dialog"), {
            subtree: true, attributes: true, attributeFilter: ["value"],
          });
        }"""
    )
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", SLOW)
    shopper.press("Try it on")
    expect(shopper.dialog.get_by_role("heading", name="Sending your photo")).to_be_visible()
    page.wait_for_function("window.parts.length >= 3")
    line.send("Network.emulateNetworkConditions", FAST)
    shopper.expect_result()
    parts = page.evaluate("window.parts")
    assert parts == sorted(parts)
    assert 0 < parts[0] < 1
    assert TryOnJob.objects.count() == 1


def test_a_network_that_goes_away_in_the_wait_is_told_and_made_good(
    shopper: Shopper, page: Page, glam: Sandbox
) -> None:
    glam.hold()
    shopper.open()
    shopper.choose_model()
    shopper.press("Try it on")
    expect(shopper.dialog.get_by_role("heading", name="Drawing")).to_be_visible()
    page.context.set_offline(True)
    expect(shopper.dialog.get_by_role("status")).to_have_text(
        "The connection was lost. Looking again…"
    )
    glam.release()
    page.context.set_offline(False)
    shopper.expect_result()
    assert TryOnJob.objects.count() == 1


def test_without_a_network_the_dialog_offers_to_try_again(shopper: Shopper, page: Page) -> None:
    shopper.open()
    shopper.press("Close")
    page.context.set_offline(True)
    # The module is there from the first opening; another button's form is not.
    page.evaluate(
        "document.querySelector('glam-tryon').replaceWith("
        "document.querySelector('glam-tryon').cloneNode(true))"
    )
    shopper.button.click()
    again = shopper.dialog.get_by_role("button", name="Try again")
    expect(again).to_be_focused()
    expect(shopper.dialog).to_contain_text("The shop cannot be reached.")
    page.context.set_offline(False)
    again.click()
    expect(shopper.dialog.get_by_role("heading", name="Denim jacket")).to_be_focused()
