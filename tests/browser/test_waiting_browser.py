"""A try-on under way: how long it takes, and who tells of it on the shop's other pages."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from glam_tryon.models import PersonPhoto, TryOnJob
from glam_tryon.sandbox import FaultScript, Sandbox
from glam_tryon.views import payload

from .conftest import Shopper, only_job

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

OTHER_PAGE = "/basket/"


def begin(shopper: Shopper, glam: Sandbox) -> None:
    """Order a try-on that Glam does not finish yet, and close the dialog."""
    glam.hold()
    shopper.open()
    shopper.choose_model()
    shopper.press("Try it on")
    expect(shopper.dialog.get_by_role("heading", name="Drawing")).to_be_visible()
    shopper.page.keyboard.press("Escape")
    expect(shopper.dialog).to_be_hidden()


@pytest.mark.parametrize(
    ("seconds", "language", "words"),
    [
        (18, "en", "usually about 20 seconds"),
        (118, "en", "usually about 2 minutes"),
        (61, "de", "usually about 65 Sekunden"),
        (60, "ar", "usually about ٦٠ ثانية"),
    ],
)
def test_the_usual_time_is_said_in_the_words_and_plurals_of_the_language(
    shopper: Shopper,
    page: Page,
    glam: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    seconds: int,
    language: str,
    words: str,
) -> None:
    monkeypatch.setattr(payload, "usual_seconds", lambda mask_type: float(seconds))
    glam.hold()
    shopper.open()
    page.evaluate("language => { document.documentElement.lang = language }", language)
    shopper.choose_model()
    shopper.press("Try it on")
    usual = shopper.dialog.locator(".glam-tryon-usual")
    if language == "ar":
        # Digits follow the region; the word is the plural that belongs to the number.
        expect(usual).to_have_text(re.compile("^usually about (60|٦٠) ثانية$"))
    else:
        expect(usual).to_have_text(words)


def test_the_bar_goes_towards_the_usual_time_and_never_says_that_it_is_done(
    shopper: Shopper, glam: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payload, "usual_seconds", lambda mask_type: 20.0)
    glam.hold()
    shopper.open()
    shopper.choose_model()
    shopper.press("Try it on")
    expect(shopper.dialog.get_by_role("heading", name="Drawing")).to_be_visible()
    TryOnJob.objects.update(created_at=timezone.now() - timedelta(minutes=10))
    expect(shopper.dialog.get_by_text(re.compile(r"^10:\d\d$"))).to_be_visible()
    part = shopper.dialog.get_by_role("progressbar").evaluate("bar => bar.value")
    assert 0.9 < part < 1


def test_a_closed_dialogs_try_on_is_told_of_on_its_button(
    shopper: Shopper, page: Page, glam: Sandbox
) -> None:
    begin(shopper, glam)
    chip = page.locator("glam-tryon").get_by_role("status").first
    expect(chip).to_have_text("Drawing")
    glam.release()
    expect(chip).to_have_text("Ready")
    shopper.button.click()
    shopper.expect_result()
    shopper.press("Close")
    expect(chip).to_have_text("")


def test_a_try_on_goes_on_over_the_pages_of_the_shop_and_back(
    shopper: Shopper, page: Page, glam: Sandbox
) -> None:
    begin(shopper, glam)
    page.goto(shopper.shop + OTHER_PAGE)
    note = page.get_by_role("status").get_by_role("link", name="Denim jacket: Drawing")
    expect(note).to_be_visible()
    shopper.visit()
    expect(page.locator("glam-tryon").get_by_role("status").first).to_have_text("Drawing")
    shopper.button.click()
    expect(shopper.dialog.get_by_role("heading", name="Drawing")).to_be_visible()
    glam.release()
    shopper.expect_result()
    assert TryOnJob.objects.count() == 1


def test_the_badge_on_another_page_leads_to_the_picture_and_is_gone_once_it_was_seen(
    shopper: Shopper, page: Page, glam: Sandbox
) -> None:
    begin(shopper, glam)
    page.goto(shopper.shop + OTHER_PAGE)
    glam.release()
    page.get_by_role("link", name="Denim jacket: Ready").click()
    expect(page.get_by_alt_text("AI-generated preview: Denim jacket")).to_be_visible()
    expect(page.get_by_role("button", name="Zoom")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(shopper.shop + OTHER_PAGE)
    page.wait_for_load_state("networkidle")
    assert page.locator(".glam-tryon-badge").count() == 0
    assert not [url for url in asked if "dialog" in url or "/tryon/" in url]


def test_a_try_on_that_is_no_longer_there_is_forgotten(
    shopper: Shopper, page: Page, glam: Sandbox
) -> None:
    begin(shopper, glam)
    TryOnJob.objects.all().delete()
    page.goto(shopper.shop + OTHER_PAGE)
    page.wait_for_function("sessionStorage.getItem('glam-tryon') === 'null'")
    expect(page.locator(".glam-tryon-badge")).to_have_count(0)


def test_a_second_tab_and_the_back_button_show_the_one_try_on(
    shopper: Shopper, page: Page, glam: Sandbox
) -> None:
    begin(shopper, glam)
    with page.context.expect_page() as opened:
        # A tab that a page opens begins with a copy of what the page remembers.
        page.evaluate("window.open(location.href)")
    chip = opened.value.locator("glam-tryon").get_by_role("status").first
    expect(chip).to_have_text("Drawing")
    opened.value.close()
    page.goto(shopper.shop + OTHER_PAGE)
    page.go_back()
    expect(page.locator("glam-tryon").get_by_role("status").first).to_have_text("Drawing")
    glam.release()
    expect(page.locator("glam-tryon").get_by_role("status").first).to_have_text("Ready")
    assert TryOnJob.objects.count() == 1


def test_the_same_order_in_a_second_tab_is_the_same_try_on(
    shopper: Shopper, page: Page, glam: Sandbox, photo: Path
) -> None:
    glam.hold()
    second = Shopper(page.context.new_page(), shopper.shop)
    for tab in (shopper, second):
        tab.open()
        tab.choose_photo(photo)
        tab.agree()
    for tab in (shopper, second):
        tab.press("Try it on")
        expect(tab.dialog.get_by_role("heading", name="Drawing")).to_be_visible()
    glam.release()
    shopper.expect_result()
    second.expect_result()
    assert TryOnJob.objects.count() == 1
    assert PersonPhoto.objects.filter(kind="shopper").count() == 1


def test_an_order_canceled_before_its_answer_leaves_nothing_running(
    shopper: Shopper, page: Page, glam: Sandbox
) -> None:
    asked: list[Route] = []

    def keep_back(route: Route) -> None:
        if route.request.method == "POST":
            asked.append(route)
        else:
            route.continue_()

    glam.hold()
    shopper.open()
    shopper.choose_model()
    page.route("**/tryon/new/**", keep_back)
    with page.expect_request("**/tryon/new/**"):
        shopper.press("Try it on")
    shopper.press("Cancel")
    expect(shopper.dialog.get_by_role("radio", name="Amara")).to_be_checked()
    with page.expect_response("**/cancel/"):
        asked[0].continue_()
    assert only_job().status == "canceled"


def test_a_photo_canceled_half_way_is_never_an_order(
    shopper: Shopper, page: Page, photo: Path
) -> None:
    shopper.open()
    shopper.choose_photo(photo)
    shopper.agree()
    page.context.new_cdp_session(page).send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 20_000},
    )
    shopper.press("Try it on")
    bar = shopper.dialog.get_by_role("progressbar")
    expect(bar).to_have_attribute("value", re.compile(r"^0\.\d+$"))
    with page.expect_event("requestfailed") as failed:
        shopper.press("Cancel")
    assert failed.value.method == "POST"
    assert not TryOnJob.objects.exists()


def test_an_order_without_a_connection_is_made_by_a_second_press(
    shopper: Shopper, page: Page, photo: Path
) -> None:
    shopper.open()
    shopper.choose_photo(photo)
    shopper.agree()
    page.context.set_offline(True)
    shopper.press("Try it on")
    expect(shopper.dialog.get_by_role("alert")).to_contain_text("The connection was lost.")
    page.context.set_offline(False)
    shopper.press("Try again")
    shopper.expect_result()
    assert TryOnJob.objects.count() == 1


def test_a_lost_connection_while_waiting_is_said_and_overcome(
    shopper: Shopper, page: Page, glam: Sandbox
) -> None:
    glam.hold()
    shopper.open()
    shopper.choose_model()
    shopper.press("Try it on")
    expect(shopper.dialog.get_by_role("heading", name="Drawing")).to_be_visible()
    page.context.set_offline(True)
    expect(shopper.dialog.get_by_role("heading", name="The connection was lost.")).to_be_visible()
    page.context.set_offline(False)
    glam.release()
    shopper.expect_result()


def test_an_order_whose_session_is_over_goes_on_at_the_second_press(
    shopper: Shopper, page: Page
) -> None:
    shopper.open()
    shopper.choose_model()
    page.context.clear_cookies()
    shopper.press("Try it on")
    expect(shopper.dialog.get_by_role("alert")).to_contain_text("open for too long")
    expect(shopper.dialog.get_by_role("radio", name="Amara")).to_be_checked()
    shopper.press("Try again")
    shopper.expect_result()
    assert TryOnJob.objects.count() == 1


@pytest.mark.parametrize(
    ("status", "words", "button"),
    [
        (413, "The photo is too large.", "Choose another photo"),
        (502, "Something went wrong on our side.", "Try again"),
    ],
)
def test_an_answer_of_a_proxy_is_put_into_words(
    shopper: Shopper, page: Page, status: int, words: str, button: str
) -> None:
    shopper.open()
    shopper.choose_model()
    page.route("**/tryon/new/**", lambda route: route.fulfill(status=status, body="<h1>proxy</h1>"))
    shopper.press("Try it on")
    expect(shopper.dialog.get_by_role("alert")).to_contain_text(words)
    expect(shopper.dialog.get_by_text("proxy")).to_have_count(0)
    page.unroute("**/tryon/new/**")
    expect(shopper.dialog.get_by_role("button", name=button)).to_be_visible()
    # Another choice is another order.
    shopper.choose_model("Jonas")
    shopper.press("Try it on")
    shopper.expect_result()


def test_a_failure_is_told_on_the_button_too(shopper: Shopper, page: Page, glam: Sandbox) -> None:
    glam.faults = FaultScript.from_rules([{"on": "submit", "nth": 1, "do": {"fail": "INTERNAL"}}])
    begin(shopper, glam)
    glam.release()
    chip = page.locator("glam-tryon").get_by_role("status").first
    expect(chip).to_have_text("This did not work")
