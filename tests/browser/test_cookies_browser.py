"""Where the browser blocks the shop's cookies, the dialog says so, and offers what helps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import FrameLocator, Page, Request, Route, expect

from glam_tryon.models import TryOnJob

from .conftest import Shopper

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

BLOCKED = "Your browser blocks this shop's cookies here."


@pytest.fixture
def framed(shopper: Shopper, page: Page, settings: Any) -> FrameLocator:
    """A page of another site, which shows the shop's product in a frame."""
    # Framing is allowed by a value that browsers do not know.
    settings.X_FRAME_OPTIONS = "ALLOWALL"
    # Another name of this machine is another site; its page comes from a real server as well, for
    # browsers let none of the wide web frame what is local.
    page.goto(shopper.shop.replace("localhost", "127.0.0.1"))
    frame = f'<iframe src="{shopper.shop}/clothes/denim-jacket/" width="1000" height="800">'
    page.evaluate("frame => { document.body.innerHTML = frame; }", frame)
    return page.frame_locator("iframe")


def test_in_a_frame_of_another_site_the_page_is_offered_in_its_own_tab(
    framed: FrameLocator, page: Page
) -> None:
    framed.locator(".product__actions").get_by_role("link", name="Try it on").click()
    dialog = framed.get_by_role("dialog")
    dialog.get_by_role("radio", name="Amara").check(force=True)
    dialog.get_by_role("button", name="Try it on").click()
    expect(dialog.get_by_role("alert")).to_contain_text("open for too long")
    dialog.get_by_role("button", name="Try again").click()
    expect(dialog.get_by_role("alert")).to_contain_text(BLOCKED)
    # What did not help is not offered again.
    expect(dialog.locator("[type=submit]:visible")).to_have_count(0)
    dialog.get_by_role("link", name="Open it in its own tab").click()
    page.wait_for_url("**/tryon/new/**")
    expect(page.locator("iframe")).to_have_count(0)
    page.get_by_role("radio", name="Amara").check(force=True)
    page.get_by_role("button", name="Try it on").click()
    page.wait_for_url("**/tryon/jobs/**")
    assert TryOnJob.objects.count() == 1


def refuse(status: int) -> Callable[[Route], None]:
    """Answer writes, or everything with 404, as the shop does to somebody without its cookies."""

    def answer(route: Route) -> None:
        if route.request.method == "POST" or status == 404:
            route.fulfill(status=status, body="<h1>No</h1>", content_type="text/html")
        else:
            route.continue_()

    return answer


def test_a_page_of_its_own_asks_to_allow_cookies(shopper: Shopper, page: Page) -> None:
    shopper.open()
    shopper.choose_model()
    page.route("**/tryon/new/**", refuse(403))
    shopper.press("Try it on")
    expect(shopper.dialog.get_by_role("alert")).to_contain_text("open for too long")
    shopper.press("Try again")
    expect(shopper.dialog.get_by_role("alert")).to_contain_text(f"{BLOCKED} Allow them")
    expect(shopper.dialog.locator("[type=submit]:visible")).to_have_count(0)
    expect(shopper.dialog.get_by_role("link", name="Open it in its own tab")).to_be_hidden()
    assert TryOnJob.objects.count() == 0


def test_a_session_that_is_never_kept_buys_twice_at_most(shopper: Shopper, page: Page) -> None:
    """The order comes through, but its job belongs to somebody whom the browser forgets."""
    shopper.open()
    shopper.choose_model()
    page.route("**/tryon/jobs/**", refuse(404))
    shopper.press("Try it on")
    expect(shopper.dialog.get_by_role("alert")).to_contain_text("no longer there")
    shopper.press("Try again")
    expect(shopper.dialog.get_by_role("alert")).to_contain_text(BLOCKED)
    expect(shopper.dialog.locator("[type=submit]:visible")).to_have_count(0)


def test_the_dialog_speaks_the_pages_language(shopper: Shopper, page: Page) -> None:
    asked: list[str] = []

    def note(request: Request) -> None:
        if request.headers.get("x-glam-tryon"):
            asked.append(request.all_headers()["accept-language"])

    page.on("request", note)
    shopper.visit()
    page.evaluate("document.documentElement.lang = 'de'")
    shopper.button.click()
    expect(shopper.dialog.get_by_role("heading", name="Denim jacket")).to_be_focused()
    assert set(asked) == {"de"}
