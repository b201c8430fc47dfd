"""Staff make catalogue pictures: from the list of products to the picture in the public shop."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from example_project.shop.models import Product, ProductImage
from glam_tryon import jobs
from glam_tryon.models import PersonPhoto, TryOnJob, TryOnResult
from glam_tryon.models.clock import DatabaseNow
from glam_tryon.sandbox import Sandbox

from .conftest import tab_to

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; font-src 'self'"
)


#: Waits for pictures that a scroll would bring.
SHOW_ALL = "Promise.all([...document.images].map(i => ((i.loading = 'eager'), i.decode())))"


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


def finish(job: TryOnJob) -> None:
    """Let a job have become ready, with its garment as the picture."""
    TryOnJob.objects.filter(pk=job.pk).update(
        status="ready", queue=None, next_step_at=None, finished_at=DatabaseNow()
    )
    result = TryOnResult(job=job, position=0, width=900, height=1200, sha256=f"{job.pk.hex:0<64}")
    with job.garment_image.open("rb") as opened:
        result.image.save("0-abc.jpg", ContentFile(opened.read()), save=False)
    result.save()


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
    staff.get_by_role("button", name=re.compile("^(Go|Run)$")).click()
    staff.get_by_role("checkbox", name="Amara").check()
    staff.get_by_role("checkbox", name="Kenji").check()
    shoot("try-on-choose")
    staff.get_by_role("button", name="See what it costs").click()
    expect(staff.get_by_text("This buys 4 pictures from the provider.")).to_be_visible()
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


def test_the_way_is_gone_by_keyboard_alone(staff: Page, shop: str, glam: Sandbox) -> None:
    product = Product.objects.get(slug="denim-jacket")
    staff.goto(f"{shop}/admin/shop/product/{product.pk}/change/")
    # The last of the shop's own fields.
    staff.locator("#id_position").focus()
    tab_to(staff, staff.get_by_role("link", name="Try on…"))
    staff.keyboard.press("Enter")
    for name in ("Amara", "Jonas"):
        tab_to(staff, staff.get_by_role("checkbox", name=name))
        staff.keyboard.press("Space")
    tab_to(staff, staff.get_by_role("button", name="See what it costs"))
    staff.keyboard.press("Enter")
    tab_to(staff, staff.get_by_role("button", name="Order 2 pictures"))
    staff.keyboard.press("Enter")
    expect(staff.get_by_role("checkbox", name="Good")).to_have_count(2, timeout=60_000)
    tab_to(staff, staff.get_by_role("checkbox", name="Good").first)
    staff.keyboard.press("Space")
    tab_to(staff, staff.get_by_role("button", name="Publish the ticked ones"))
    staff.keyboard.press("Enter")
    expect(staff.get_by_text("1 picture published.")).to_be_visible()
    assert ProductImage.objects.get().product == product


def test_a_choice_that_was_begun_is_not_undone_by_the_page(
    staff: Page, shop: str, glam: Sandbox
) -> None:
    shirt, jacket = Product.objects.filter(slug__in=["linen-shirt", "denim-jacket"])
    models = PersonPhoto.objects.house_models()[:1]
    glam.hold()
    batch = jobs.request_batch([shirt, jacket], list(models), name="Spring").batch
    first, second = batch.jobs.order_by("garment_title")
    jobs.pause_batch(batch)
    finish(first)
    jobs.resume_batch(batch)
    staff.goto(f"{shop}/admin/glam_tryon/tryonbatch/{batch.pk}/change/")
    staff.get_by_role("checkbox", name="Good").check()
    glam.release()
    expect(staff.get_by_role("link", name="Show the new pictures")).to_be_visible(timeout=60_000)
    expect(staff.get_by_role("status")).to_contain_text("2 of 2 ready")
    expect(staff.get_by_role("checkbox", name="Good")).to_be_checked()
    staff.get_by_role("link", name="Show the new pictures").click()
    expect(staff.get_by_role("checkbox", name="Good")).to_have_count(2)
    assert TryOnJob.objects.get(pk=second.pk).status == "ready"


def test_the_pages_stand_on_a_telephone_and_in_the_dark(
    staff: Page, shop: str, glam: Sandbox, shoot: Callable[[str], None]
) -> None:
    glam.hold()
    PersonPhoto.objects.filter(title="Amara").update(body_type="curvy", size="M")
    PersonPhoto.objects.filter(title="Kenji").update(
        body_type="slim", size="S", licensed_until=timezone.localdate() + timedelta(days=5)
    )
    product = Product.objects.get(slug="denim-jacket")
    product.images.create(image=product.photo.name, alt="From the side")
    models = list(PersonPhoto.objects.house_models())
    batch = jobs.request_batch([product], models, name="Spring").batch
    jobs.pause_batch(batch)
    ready, failed, *_open = batch.jobs.order_by("person_photo__position")
    finish(ready)
    TryOnJob.objects.filter(pk=failed.pk).update(
        status="failed",
        queue=None,
        error_code="glam_failed",
        error_message="No face could be found in the photo.",
    )
    addresses = {
        "models": "/admin/glam_tryon/personphoto/",
        "model": f"/admin/glam_tryon/personphoto/{models[0].pk}/change/",
        "products": "/admin/shop/product/",
        "product": f"/admin/shop/product/{product.pk}/change/",
        "choose": f"/admin/shop/product/try-on/?product={product.pk}",
        "batches": "/admin/glam_tryon/tryonbatch/",
        "batch": f"/admin/glam_tryon/tryonbatch/{batch.pk}/change/",
    }
    for scheme in ("light", "dark"):
        staff.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for width in (390, 1280):
            staff.set_viewport_size({"width": width, "height": 900})
            for name, address in addresses.items():
                staff.goto(shop + address)
                staff.evaluate(SHOW_ALL)
                if name == "product":
                    staff.locator(".field-tryon_pictures").scroll_into_view_if_needed()
                shoot(f"{name}-{scheme}-{width}")
                beyond = staff.evaluate(
                    "document.documentElement.scrollWidth - document.documentElement.clientWidth"
                )
                if name not in ("products", "product"):
                    assert beyond <= 0, f"{name} is {beyond} px too wide at {width} px"
