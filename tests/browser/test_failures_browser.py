"""Each failure is told in words, and the right button is offered; in two browsers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect

from glam_tryon import jobs
from glam_tryon.exceptions import GarmentUnavailable, InvalidImage
from glam_tryon.models import Account, TryOnJob
from glam_tryon.models.status import Status
from glam_tryon.sandbox import FaultScript, Sandbox

from .conftest import Shopper
from .firefox import AS_IT_IS

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture(params=["chromium", "firefox"])
def browser_context(request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    browser: Browser = request.getfixturevalue(request.param)
    options = AS_IT_IS if request.param == "firefox" else {"viewport": AS_IT_IS["viewport"]}
    context = browser.new_context(**options)
    context.set_default_timeout(15_000)
    yield context
    context.close()


#: The sentences come from the server; how they are shown is seen in both browsers by the others.
IN_CHROMIUM = pytest.mark.parametrize("browser_context", ["chromium"], indirect=True)


def send_photo(shopper: Shopper, file: Path) -> None:
    shopper.choose_photo(file)
    shopper.agree()
    shopper.press("Try it on")


def expect_refusal(shopper: Shopper, words: str, button: str) -> None:
    expect(shopper.dialog.get_by_role("alert")).to_contain_text(words)
    expect(shopper.dialog.get_by_role("alert")).to_be_focused()
    expect(shopper.dialog.locator("form[data-view=form] [type=submit]")).to_have_text(button)


def expect_end(shopper: Shopper, words: str, button: str) -> None:
    """Expect the view of a try-on that ended without a picture."""
    message = shopper.dialog.locator("[data-message]")
    expect(message).to_contain_text(words, timeout=30_000)
    expect(message).to_be_visible()
    expect(shopper.dialog.get_by_role("link", name=button)).to_be_visible()


def expect_picker(shopper: Shopper, page: Page, photo: Path) -> None:
    """Press the button that asks for another photo, and choose one."""
    with page.expect_file_chooser() as chooser:
        shopper.press("Choose another photo")
    chooser.value.set_files(photo)
    expect(shopper.dialog.get_by_text(photo.name)).to_be_visible()
    expect(shopper.dialog.get_by_role("alert")).to_be_hidden()
    expect(shopper.dialog.get_by_role("button", name="Try it on", exact=True)).to_be_visible()


@dataclass(frozen=True)
class Refused:
    """What the server raises, and what the shopper reads and can press."""

    code: str
    words: str
    button: str
    error: type[Exception] = InvalidImage


REFUSED = (
    Refused("no_person_shape", "No person can be seen in the photo.", "Choose another photo"),
    Refused("moderated", "The shop cannot use this photo.", "Choose another photo"),
    Refused(
        "excluded",
        "The shop does not offer try-ons of this product.",
        "Try another garment",
        GarmentUnavailable,
    ),
)


@dataclass(frozen=True)
class Limited:
    """A limit of the shop's that is reached, what the shopper reads, and whether it says when."""

    settings: dict[str, int]
    words: str
    ends: bool = True


LIMITED = {
    "limit_owner_day": Limited(
        {"LIMITS": {"visitor_day": 0}},
        "You have had all your try-ons for today. You can go on from ",
    ),
    "limit_address": Limited(
        {"LIMITS": {"ip_day": 0}, "TRUSTED_PROXIES": 1},
        "There were too many try-ons from your connection. It goes on from ",
    ),
    "limit_open": Limited(
        {"LIMITS": {"open": 0}}, "Some of your try-ons are still under way.", ends=False
    ),
    "limit_shop": Limited(
        {"BUDGET": {"day": 0}}, "The shop has had all its try-ons for now. It goes on from "
    ),
    "budget": Limited(
        {"BUDGET": {"month": 0}},
        "The shop has had all its try-ons for this month. It goes on from ",
    ),
}


def test_a_photo_that_is_too_large_asks_for_another(
    shopper: Shopper, page: Page, photo: Path, settings: Any
) -> None:
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "MAX_UPLOAD_BYTES": 2_000}
    shopper.open()
    shopper.dialog.get_by_label("Your photo").set_input_files(photo)
    expect_refusal(shopper, "The photo is too large.", "Choose another photo")
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "MAX_UPLOAD_BYTES": 20_000_000}
    assert not TryOnJob.objects.exists()


def test_a_file_that_is_no_photo_asks_for_another(
    shopper: Shopper, page: Page, photo: Path, tmp_path: Path
) -> None:
    text = tmp_path / "letter.jpg"
    text.write_text("Dear shop")
    shopper.open()
    send_photo(shopper, text)
    expect_refusal(shopper, "This file is not a photo.", "Choose another photo")
    expect_picker(shopper, page, photo)
    shopper.press("Try it on")
    shopper.expect_result()


@IN_CHROMIUM
@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: refused.code)
def test_what_the_shop_refuses_offers_the_right_way_out(
    shopper: Shopper,
    page: Page,
    photo: Path,
    monkeypatch: pytest.MonkeyPatch,
    refused: Refused,
) -> None:
    def refuse(*_order: Any, **_facts: Any) -> None:
        raise refused.error(refused.code, "for staff")  # type: ignore[call-arg]

    monkeypatch.setattr(jobs, "place", refuse)
    shopper.open()
    send_photo(shopper, photo)
    expect_refusal(shopper, refused.words, refused.button)
    expect(shopper.dialog.get_by_text("for staff")).to_have_count(0)
    if refused.button == "Choose another photo":
        expect_picker(shopper, page, photo)
    else:
        shopper.press(refused.button)
        expect(shopper.dialog).to_be_hidden()


@IN_CHROMIUM
@pytest.mark.parametrize("code", LIMITED)
def test_a_limit_says_when_it_ends_and_leads_back_to_the_product(
    shopper: Shopper, page: Page, settings: Any, code: str
) -> None:
    limited = LIMITED[code]
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, **limited.settings}
    # As a proxy of the shop says it; an address of the shop's own network is not counted.
    page.context.set_extra_http_headers({"X-Forwarded-For": "9.9.9.9"})
    shopper.open()
    shopper.choose_model()
    shopper.press("Try it on")
    expect_refusal(shopper, limited.words, "Back to the product")
    year = str(timezone.localdate().year)
    said = shopper.dialog.get_by_role("alert").inner_text()
    assert any(each in said for each in (year, str(int(year) + 1))) is limited.ends
    shopper.press("Back to the product")
    expect(shopper.dialog).to_be_hidden()
    assert not TryOnJob.objects.exists()


def test_a_pause_of_the_shop_leads_back_to_the_product(shopper: Shopper, page: Page) -> None:
    shopper.open()
    Account.pause("staff")
    shopper.choose_model()
    shopper.press("Try it on")
    expect_refusal(shopper, "The shop takes no try-ons at the moment.", "Back to the product")
    shopper.press("Back to the product")
    expect(shopper.dialog).to_be_hidden()
    # Who comes later reads it before choosing somebody for nothing.
    shopper.open()
    expect(shopper.dialog.get_by_role("alert")).to_contain_text("takes no try-ons")
    shopper.press("Back to the product")
    expect(shopper.dialog).to_be_hidden()
    Account.resume()
    shopper.open()
    shopper.choose_model()
    shopper.press("Try it on")
    shopper.expect_result()


def test_a_session_that_is_over_is_renewed_and_the_choice_is_kept(
    shopper: Shopper, page: Page
) -> None:
    shopper.open()
    shopper.choose_model()
    page.context.clear_cookies()
    shopper.press("Try it on")
    expect_refusal(shopper, "This page was open for too long.", "Try again")
    shopper.press("Try again")
    shopper.expect_result()
    assert TryOnJob.objects.count() == 1


def test_a_server_that_is_away_is_asked_again_by_the_same_button(
    shopper: Shopper, page: Page
) -> None:
    shopper.open()
    shopper.choose_model()
    page.route("**/tryon/new/**", lambda route: route.fulfill(status=502, body="<h1>proxy</h1>"))
    shopper.press("Try it on")
    expect_refusal(shopper, "Something went wrong on our side.", "Try again")
    page.unroute("**/tryon/new/**")
    shopper.press("Try again")
    shopper.expect_result()
    assert TryOnJob.objects.count() == 1


def test_a_failure_at_glam_asks_for_another_photo_and_says_nothing_of_glams(
    shopper: Shopper, page: Page, glam: Sandbox
) -> None:
    glam.faults = FaultScript.from_rules(
        [{"on": "submit", "nth": 1, "do": {"fail": "NSFW DETECTED"}}]
    )
    shopper.open()
    shopper.choose_model()
    shopper.press("Try it on")
    expect_end(shopper, "The picture could not be drawn.", "Choose another photo")
    expect(shopper.dialog.get_by_text("NSFW")).to_have_count(0)
    shopper.dialog.get_by_role("link", name="Choose another photo").click()
    expect(shopper.dialog.get_by_label("Your photo")).to_be_focused()
    shopper.choose_model("Jonas")
    shopper.press("Try it on")
    shopper.expect_result()


def test_a_try_on_that_took_too_long_is_begun_again(shopper: Shopper, glam: Sandbox) -> None:
    glam.hold()
    shopper.open()
    shopper.choose_model()
    shopper.press("Try it on")
    expect(shopper.dialog.get_by_role("heading", name="Drawing")).to_be_visible()
    TryOnJob.objects.update(
        status=Status.FAILED, error_code="expired", queue=None, finished_at=timezone.now()
    )
    expect_end(shopper, "This took too long.", "Try again")
    glam.release()
    shopper.dialog.get_by_role("link", name="Try again").click()
    shopper.press("Try it on")
    shopper.expect_result()


def test_a_try_on_that_a_person_looks_into_offers_nothing_but_the_way_back(
    shopper: Shopper, glam: Sandbox
) -> None:
    glam.hold()
    shopper.open()
    shopper.choose_model()
    shopper.press("Try it on")
    expect(shopper.dialog.get_by_role("heading", name="Drawing")).to_be_visible()
    TryOnJob.objects.update(status=Status.UNCONFIRMED, error_code="needs_person", queue=None)
    expect_end(shopper, "You need not do anything.", "Back to the product")
    expect(shopper.dialog.get_by_role("link", name="Try again")).to_be_hidden()
