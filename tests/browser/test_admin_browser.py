"""The admin in a browser: each action by hand, by keyboard, on a phone, under a strict policy."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Page, expect

from glam_tryon.models import TryOnJob
from tests.admin.staff import JOBS, taken_by
from tests.browser.conftest import tab_to
from tests.shop import house_model, order, product

__all__ = ["house_model", "order", "product"]

#: Django 6.1 says "Run".
RUN = re.compile("^(Go|Run)$")

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Order = Callable[..., TryOnJob]
#: What each action is called, and what staff are told.
NAMES = {
    "submit_now": ("Submit now", "1 submitted now."),
    "ask_again": ("Ask Glam again", "1 asked about."),
    "retry_failed": ("Retry failed", "1 retried."),
    "cancel_jobs": ("Cancel", "1 canceled."),
    "refetch_results": ("Fetch results again", "1 fetched again."),
    "resubmit_unconfirmed": ("Resubmit unconfirmed", "1 resubmitted."),
    "delete_pictures": ("Delete pictures", "Pictures of 1 deleted."),
}
ASKED = {name for name in NAMES if name not in ("ask_again", "refetch_results")}


@pytest.fixture
def office(page: Page, live_server: Any, settings: Any) -> Iterator[Page]:
    """A browser in which staff are signed in; errors of its console fail the test."""
    # Django reads it from 6.0 on; before, the admin simply has no policy.
    settings.SECURE_CSP = {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
    }
    client = Client()
    client.force_login(User.objects.create_superuser("boss"))
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value}
    page.context.add_cookies([{**cookie, "url": live_server.url}])
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error.stack)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    # The shop has no icon, and a browser asks for one.
    page.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    page.goto(live_server.url + JOBS)
    yield page
    assert errors == []


def agree(page: Page, name: str) -> None:
    if name in ASKED:
        expect(page.get_by_role("heading", level=1)).to_have_text(NAMES[name][0])
        if name == "resubmit_unconfirmed":
            page.get_by_label("Why?").fill("the account shows nothing")
        page.locator("#content").get_by_role("button", name=NAMES[name][0]).click()


@pytest.mark.parametrize("name", NAMES)
def test_staff_choose_a_job_and_an_action(office: Page, order: Order, name: str) -> None:
    taken_by(name, order())
    office.reload()
    office.locator("#result_list input.action-select").check()
    office.locator("select[name=action]").select_option(name)
    office.get_by_role("button", name=RUN).click()
    agree(office, name)
    expect(office.locator(".messagelist")).to_contain_text(NAMES[name][1])


@pytest.mark.parametrize("name", NAMES)
def test_the_same_is_a_button_on_the_jobs_page(
    office: Page, order: Order, live_server: Any, name: str
) -> None:
    job = taken_by(name, order())
    address = f"{live_server.url}{JOBS}{job.pk}/change/"
    office.goto(address)
    office.get_by_role("form", name="What you can do").get_by_role(
        "button", name=NAMES[name][0], exact=True
    ).click()
    agree(office, name)
    expect(office).to_have_url(address)
    expect(office.locator(".messagelist")).to_contain_text(NAMES[name][1])


def test_the_file_is_downloaded(office: Page, order: Order) -> None:
    order()
    office.reload()
    office.locator("#result_list input.action-select").check()
    office.locator("select[name=action]").select_option("export_csv")
    with office.expect_download() as download:
        office.get_by_role("button", name=RUN).click()
    assert re.fullmatch(r"try-ons-[\d-]+\.csv", download.value.suggested_filename)


def test_an_action_needs_no_mouse(office: Page, order: Order, live_server: Any) -> None:
    job = taken_by("cancel_jobs", order())
    office.goto(f"{live_server.url}{JOBS}{job.pk}/change/")
    tab_to(office, office.get_by_role("button", name="Cancel", exact=True))
    office.keyboard.press("Enter")
    tab_to(office, office.locator("#content").get_by_role("button", name="Cancel"))
    office.keyboard.press("Enter")
    expect(office.locator(".messagelist")).to_contain_text("1 canceled.")


def test_before_and_after_are_compared_by_a_slider(
    office: Page, order: Order, live_server: Any
) -> None:
    job = taken_by("refetch_results", order())
    office.goto(f"{live_server.url}{JOBS}{job.pk}/change/")
    slider = office.get_by_role("slider", name="Compare with the photo before")
    slider.focus()
    stage = office.locator("[data-glam-tryon-compare]")
    for key, value in (("Home", "0"), ("End", "100"), ("ArrowLeft", "99")):
        office.keyboard.press(key)
        assert stage.evaluate("e => e.style.getPropertyValue('--glam-tryon-before')") == value


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_every_page_of_jobs_fits_its_window(
    office: Page, order: Order, live_server: Any, width: int, scheme: Any
) -> None:
    office.set_viewport_size({"width": width, "height": 844})
    office.emulate_media(color_scheme=scheme)
    job = taken_by("refetch_results", order())
    for name in ("retry_failed", "resubmit_unconfirmed", "cancel_jobs"):
        taken_by(name, order())
    for address in (JOBS, f"{JOBS}{job.pk}/change/"):
        office.goto(live_server.url + address)
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert office.evaluate(wide) <= 0, address
