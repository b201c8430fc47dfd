"""One's own try-ons and a shared one, in a browser without scripts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from example_project.shop.models import Product
from glam_tryon.models import TryOnJob
from glam_tryon.models.status import CLOSED
from glam_tryon.views.product import start_url

SIZES = {
    "phone": ViewportSize(width=390, height=844),
    "desktop": ViewportSize(width=1280, height=900),
}


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """An empty page of a browser that runs no script."""
    context = chromium.new_context(java_script_enabled=False)
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Where the screenshots go."""
    made = Path(os.environ.get("SCREENSHOTS_DIR") or tmp_path / "screenshots")
    made.mkdir(parents=True, exist_ok=True)
    return made


def try_on(page: Page, shop: str, slug: str, photo: Path | None = None) -> str:
    """Order by the plain form and wait for the picture. Returns the address of its page."""
    page.goto(shop + start_url(Product.objects.get(slug=slug)))
    if photo:
        page.locator("input[type=file]").set_input_files(photo)
        page.get_by_role("checkbox", name="I agree").check()
    else:
        page.get_by_role("radio", name="Amara").check(force=True)
    page.get_by_role("button", name="Try it on").click()
    address = page.url
    assert "/tryon/jobs/" in address
    # The page looks again by itself every few seconds.
    expect(page.get_by_alt_text("AI-generated preview").first).to_be_visible(timeout=30_000)
    return address


def look(page: Page, directory: Path, name: str) -> None:
    """Take the page's picture in each size and colour scheme, and see that it fits."""
    for size, viewport in SIZES.items():
        page.set_viewport_size(viewport)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.reload()
            page.screenshot(
                path=directory / f"{name}-{size}-{scheme}.png",
                full_page=True,
                animations="disabled",
            )
            for picture in page.locator(".glam-tryon img:visible").all():
                box = picture.bounding_box()
                assert box is not None
                assert box["x"] >= 0
                assert box["x"] + box["width"] <= viewport["width"]


def test_the_list_and_a_shared_page_work_without_a_script_in_every_size_and_colour(
    page: Page, shop: str, photo: Path, directory: Path
) -> None:
    mine = f"{shop}/tryon/mine/"
    page.goto(mine)
    look(page, directory, "mine-empty")
    slugs = list(Product.objects.order_by("pk").values_list("slug", flat=True)[:4])
    first = try_on(page, shop, slugs[0], photo)
    for slug in slugs[1:]:
        try_on(page, shop, slug)
    page.goto(mine)
    expect(page.get_by_role("listitem").filter(has=page.locator("img"))).to_have_count(4)
    look(page, directory, "mine")

    page.goto(first)
    page.get_by_text("More", exact=True).click()
    page.get_by_role("button", name="Share by a link").or_(
        page.get_by_role("button", name="Make a link to share")
    ).click()
    look(page, directory, "result")
    shared = TryOnJob.objects.get(pk=first.rstrip("/").rpartition("/")[2]).shares.get()
    page.goto(f"{shop}/tryon/shared/{shared.token}/")
    expect(page.get_by_text("AI-generated preview").last).to_be_visible()
    look(page, directory, "shared")

    page.goto(mine)
    page.get_by_role("button", name="Delete", exact=False).first.click()
    expect(page.get_by_text("1 picture was deleted.")).to_be_visible()
    look(page, directory, "mine-deleted")
    page.get_by_role("button", name="Delete all").click()
    expect(page.get_by_text("4 pictures were deleted.")).to_be_visible()
    assert not TryOnJob.objects.exclude(status__in=CLOSED).exists()
    assert page.goto(f"{shop}/tryon/shared/{shared.token}/").status == 404  # type: ignore[union-attr]
