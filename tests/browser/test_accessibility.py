"""Nothing in the widget keeps anybody out: WCAG 2.2 AA in each state, light and dark."""

from __future__ import annotations

import json
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import Page, expect

from example_project.gallery.states import STATES
from example_project.gallery.views import THEMES
from example_project.gallery.walk import show
from example_project.shop.models import Product
from glam_tryon.models import DeletionReceipt, TryOnShare
from tests.shop import product
from tests.storefront.shoppers import finish, order

__all__ = ["product"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
STANDARD = RULES[:-1]


def violations(page: Page, rules: list[str]) -> list[str]:
    """What axe-core finds in both colour schemes, with the places."""
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        results = Axe().run(page, options={"runOnly": rules, "resultTypes": ["violations"]})
        assert len(results.response["passes"]) > 10
        found += [
            f"{scheme}: {violation['id']}: {json.dumps(node['target'])} {node['failureSummary']}"
            for violation in results.response["violations"]
            for node in violation["nodes"]
        ]
    return found


@pytest.mark.parametrize("name", STATES)
def test_the_dialog_has_no_barrier(page: Page, gallery: str, name: str) -> None:
    show(page, gallery, STATES[name])
    assert violations(page, STANDARD) == []


def test_what_a_result_unfolds_has_no_barrier(page: Page, gallery: str) -> None:
    dialog = show(page, gallery, STATES["shared"])
    folds = dialog.locator("details")
    folds.evaluate_all("folds => folds.forEach((fold) => { fold.open = true; })")
    expect(dialog.get_by_role("button", name="Stop sharing")).to_be_visible()
    assert violations(page, STANDARD) == []


@pytest.mark.parametrize("name", ["start/form", "jobs/drawing", "jobs/results", "jobs/failed"])
def test_a_plain_page_has_no_barrier(page: Page, gallery: str, name: str) -> None:
    page.goto(f"{gallery}/gallery/{name}/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert violations(page, RULES) == []


@pytest.mark.parametrize("name", ["mine", "empty", "shared", "policy", "receipt"])
def test_a_page_of_ones_own_has_no_barrier(
    page: Page, live_server: Any, product: Product, client: Client, name: str
) -> None:
    address = f"{live_server.url}/tryon/mine/"
    if name == "policy":
        address = f"{live_server.url}/tryon/policy/"
    elif name != "empty":
        ready, _waiting = order(client, product), order(client, product)
        finish(ready, pictures=2)
        client.post(f"/tryon/jobs/{ready.pk}/share/")
        session = client.cookies["sessionid"].value
        page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    if name == "shared":
        address = f"{live_server.url}/tryon/shared/{TryOnShare.objects.get().token}/"
    if name == "receipt":
        client.post("/tryon/mine/delete/")
        address = f"{live_server.url}/tryon/receipts/{DeletionReceipt.objects.get().pk}/"
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert violations(page, RULES) == []


@pytest.mark.parametrize("theme", THEMES)
def test_a_theme_has_enough_contrast(page: Page, gallery: str, theme: str) -> None:
    show(page, gallery, STATES["photo"], theme)
    assert violations(page, STANDARD) == []


def test_the_gallery_has_no_barrier(page: Page, gallery: str) -> None:
    page.goto(f"{gallery}/gallery/")
    expect(page.get_by_role("slider").first).to_be_visible()
    assert violations(page, STANDARD) == []
