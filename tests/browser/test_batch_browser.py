"""Staff make catalogue pictures: from the list of products to the picture in the public shop."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from example_project.shop.models import Product, ProductImage
from glam_tryon.models import TryOnJob, TryOnResult
from glam_tryon.sandbox import Sandbox

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; font-src 'self'"
)


@pytest.fixture
def staff(page: Page, shop: str, django_user_model: Any) -> Page:
    """A page of staff who may do everything, signed in, under a policy that forbids inline code."""

    def with_policy(route: Route) -> None:
        response = route.fetch(max_redirects=0)
        headers = {**response.headers, "content-security-policy": POLICY}
        route.fulfill(response=response, headers=headers)

    page.route(re.compile("/admin/[^?]*/([?].*)?$"), with_policy)
    django_user_model.objects.create_superuser("ada", password="ada")
    page.goto(f"{shop}/admin/login/?next=/admin/shop/product/")
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill("ada")
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(f"{shop}/admin/shop/product/")
    return page


def rows(page: Page, *names: str) -> None:
    for name in names:
        page.get_by_role("row", name=re.compile(name)).get_by_role("checkbox").check()


def test_staff_order_approve_and_publish_pictures(
    staff: Page, shop: str, glam: Sandbox, shoot: Callable[[str], None]
) -> None:
    glam.hold()
    broken: list[str] = []
    staff.on("console", lambda said: broken.append(said.text) if said.type == "error" else None)
    rows(staff, "Linen shirt", "Denim jacket")
    staff.get_by_label("Action:").select_option("Try on…")
    staff.get_by_role("button", name="Go").click()
    staff.get_by_role("checkbox", name="Amara").check()
    staff.get_by_role("checkbox", name="Kenji").check()
    shoot("try-on-choose")
    staff.get_by_role("button", name="See what it costs").click()
    expect(staff.get_by_text("This buys 4 pictures from Glam.")).to_be_visible()
    assert not TryOnJob.objects.exists()
    shoot("try-on-cost")
    staff.get_by_role("button", name="Order 4 pictures").click()
    expect(staff.get_by_text("4 try-ons are ordered.")).to_be_visible()
    expect(staff.get_by_role("status")).to_contain_text("0 of 4 ready, 4 to come")
    shoot("batch-begins")
    glam.release()
    # The page moves and renews itself.
    expect(staff.get_by_role("status")).to_contain_text("4 of 4 ready", timeout=60_000)
    expect(staff.get_by_role("checkbox", name="Good")).to_have_count(4)
    shoot("batch-done")
    good = staff.get_by_role("listitem").filter(has_text="Denim jacket").filter(has_text="Kenji")
    good.get_by_role("checkbox", name="Good").check()
    good.get_by_label("Alternative text").fill("Kenji in the denim jacket, from the front")
    staff.get_by_role("button", name="Publish the ticked ones").click()
    expect(staff.get_by_text("1 picture published.")).to_be_visible()
    shoot("batch-published")
    assert broken == []

    product = Product.objects.get(slug="denim-jacket")
    (result,) = TryOnResult.objects.filter(published_at__isnull=False)
    assert result.alt == "Kenji in the denim jacket, from the front"
    staff.goto(shop + product.get_absolute_url())
    picture = staff.get_by_alt_text("Kenji in the denim jacket, from the front")
    picture.scroll_into_view_if_needed()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    expect(staff.locator(".gallery")).to_contain_text("AI-generated")
    with ProductImage.objects.get().image.open("rb") as stored, result.image.open("rb") as drawn:
        assert stored.read() == drawn.read()
    shoot("product-with-picture")
    staff.goto(f"{shop}/admin/shop/product/")
    row = staff.get_by_role("row", name=re.compile("Denim jacket"))
    expect(row).to_contain_text("2 ready")
    expect(row).to_contain_text("1 published")
    shoot("products-with-state")
    staff.goto(f"{shop}/admin/shop/product/{product.pk}/change/")
    staff.get_by_role("link", name="Try on…").scroll_into_view_if_needed()
    shoot("product-section")
    staff.goto(f"{shop}/admin/glam_tryon/tryonbatch/")
    expect(staff.get_by_role("row", name=re.compile("Linen shirt and 1 more"))).to_contain_text(
        "4 of 4 ready"
    )
    shoot("batches")
