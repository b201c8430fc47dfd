"""The dashboard and the operations page in a real browser: wide and narrow, light and dark."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from example_project.shop.history import load_history
from example_project.shop.loading import load_products
from glam_tryon.limits import availability as switch

pytestmark = pytest.mark.browser


@pytest.fixture
def office(transactional_db: None, live_server: Any, page: Page) -> str:
    """The address of a shop with a past, whose admin the browser is signed in to."""
    load_products()
    load_history()
    User.objects.create_superuser("ada", password="secret")
    page.goto(f"{live_server.url}/admin/login/?next=/admin/")
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill("secret")
    page.get_by_role("button", name="Log in").click()
    return f"{live_server.url}/admin/"


def is_too_wide(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_staff_read_the_dashboard_by_range_by_product_and_as_a_table(
    page: Page, office: str, shoot: Callable[[str], None], width: int, scheme: Any
) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{office}glam_tryon/dailycount/")
    expect(page.get_by_role("img", name="ready")).to_be_visible()
    page.get_by_text("As a table").first.click()
    expect(page.get_by_role("columnheader", name="Canceled")).to_be_visible()
    assert not is_too_wide(page)
    shoot(f"dashboard-{width}-{scheme}")
    page.get_by_role("link", name="7 days", exact=True).click()
    expect(page.get_by_role("link", name="7 days", exact=True)).to_have_attribute(
        "aria-current", "page"
    )
    page.get_by_role("row", name="Denim jacket").get_by_role("link").click()
    expect(page.get_by_text("Only Denim jacket.")).to_be_visible()
    assert "days=7" in page.url
    # The site has no icon.
    assert [text for text in said if "404" not in text] == []


def test_staff_stop_all_try_ons_from_the_banner_and_let_them_go_on(
    page: Page, office: str, shoot: Callable[[str], None]
) -> None:
    page.get_by_role("link", name="See what can be done").click()
    page.get_by_label("Why (for your colleagues):").fill("a wrong picture")
    page.get_by_role("button", name="Stop all try-ons").click()
    expect(page.get_by_text("All try-ons are stopped. What Glam has is finished.")).to_be_visible()
    assert switch.is_stopped()
    shoot("operations-stopped")
    page.get_by_role("button", name="Let try-ons go on").click()
    expect(page.get_by_text("Shoppers may order.")).to_be_visible()
    assert not switch.is_stopped()
    page.get_by_role("button", name="Try the storage").click()
    expect(page.get_by_role("status")).to_contain_text("Can it delete?")
    assert not is_too_wide(page)
