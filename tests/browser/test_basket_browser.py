"""The way back to the basket: the five kinds of baskets that shops have, from every page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect

from example_project.shop.models import Product
from glam_tryon import garments

from .conftest import Shopper, only_job

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

# The form of a shop that wants a size: what most templates for shops have.
PAGE_FORM = """
() => {
  document.querySelector(".product__actions").insertAdjacentHTML("beforeend", `
    <form id="add-to-bag" method="get" action="/basket/">
      <label>Size <select name="size" required>
        <option value="">Choose</option><option>S</option><option>M</option></select></label>
      <label>How many <input type="number" name="quantity" value="1" min="1"></label>
      <button type="submit" name="go" value="now">Put it in</button>
    </form>`);
  document.querySelector(".product__actions glam-tryon").dataset.basketForm = "#add-to-bag";
}
"""
LISTEN = """
(mode) => document.addEventListener("glam-tryon:added-to-basket", (event) => {
  window.heard = event.detail;
  if (mode === "mine") event.preventDefault();
})
"""

Register = Callable[..., None]


@pytest.fixture
def register() -> Iterator[Register]:
    """Register the shop's products in another way, for one test."""
    before = garments.garment_of(Product)
    facts: dict[str, Any] = {"image": "photo", "mask_type": "fit"}

    def register(**extra: Any) -> None:
        garments.unregister(Product)
        garments.register(Product, **facts, **extra)

    yield register
    garments._registry[Product] = before


def draw(shopper: Shopper) -> None:
    shopper.choose_model()
    shopper.press("Try it on")
    shopper.expect_result()


def see_a_result(shopper: Shopper) -> None:
    shopper.open()
    draw(shopper)


def key() -> str:
    return str(Product.objects.get(slug="denim-jacket").pk)


def test_the_form_of_the_page_is_sent_with_what_is_chosen_in_it(
    shopper: Shopper, page: Page, register: Register
) -> None:
    register()
    shopper.visit()
    page.evaluate(PAGE_FORM)
    page.get_by_label("Size").select_option("M")
    page.get_by_label("How many").fill("3")
    shopper.button.click()
    draw(shopper)
    shopper.press("Add to basket")
    page.wait_for_url("**/basket/?size=M&quantity=3&go=now")


def test_a_choice_that_is_missing_is_asked_for_in_the_form(
    shopper: Shopper, page: Page, register: Register
) -> None:
    register()
    shopper.visit()
    page.evaluate(PAGE_FORM)
    shopper.button.click()
    draw(shopper)
    shopper.press("Add to basket")
    expect(shopper.dialog).to_be_hidden()
    expect(page.get_by_label("Size")).to_be_focused()
    # The picture is there still.
    shopper.button.click()
    shopper.expect_result()


def test_a_form_that_cannot_be_sent_yet_gets_the_focus(
    shopper: Shopper, page: Page, register: Register
) -> None:
    register()
    shopper.visit()
    page.evaluate(PAGE_FORM)
    page.evaluate(
        "() => { const form = document.querySelector('#add-to-bag');"
        " form.elements.size.required = false; form.elements.go.disabled = true; }"
    )
    shopper.button.click()
    draw(shopper)
    shopper.press("Add to basket")
    expect(page.get_by_label("Size")).to_be_focused()


def test_a_page_without_its_form_offers_no_basket(
    shopper: Shopper, page: Page, register: Register
) -> None:
    register()
    shopper.visit()
    page.evaluate("document.querySelector('glam-tryon').dataset.basketForm = '#sold-out'")
    shopper.button.click()
    draw(shopper)
    expect(shopper.dialog.get_by_role("button", name="Add to basket")).to_be_hidden()
    expect(shopper.dialog.get_by_role("link", name="Download")).to_be_visible()


def posts(page: Page) -> list[Request]:
    """Collect what is posted outside of our own addresses."""
    found: list[Request] = []
    page.on(
        "request",
        lambda request: (
            found.append(request)
            if request.method == "POST" and "/tryon/" not in request.url
            else None
        ),
    )
    return found


@pytest.mark.parametrize("place", ["dialog", "job", "mine", "panel"])
def test_a_post_carries_the_fields_of_the_registration(
    shopper: Shopper, page: Page, register: Register, place: str
) -> None:
    register(
        add_to_cart_url="get_add_to_cart_url",
        add_to_cart_fields=lambda product: {"sku": product.slug, "quantity": 1},
    )
    see_a_result(shopper)
    posted = posts(page)
    go_to(page, shopper, place)
    page.get_by_role("button", name="Add to basket").last.click()
    expect(page.get_by_text("Denim jacket is in your basket.")).to_be_visible()
    data = posted[0].post_data or ""
    assert "sku=denim-jacket" in data
    assert "quantity=1" in data


@pytest.mark.parametrize("place", ["dialog", "job", "mine", "panel"])
def test_a_basket_that_is_a_link_is_followed(
    shopper: Shopper, page: Page, register: Register, place: str
) -> None:
    register(
        add_to_cart_url=lambda product: "/basket/?from=tryon",
        add_to_cart_fields={"item": "a b"},
        add_to_cart_method="get",
    )
    see_a_result(shopper)
    go_to(page, shopper, place)
    page.get_by_role("link", name="Add to basket").last.click()
    page.wait_for_url("**/basket/?from=tryon&item=a+b")


def go_to(page: Page, shopper: Shopper, place: str) -> None:
    """Go on to where else a picture is shown."""
    if place == "job":
        page.goto(f"{shopper.shop}/tryon/jobs/{only_job().pk}/")
    elif place == "mine":
        page.goto(f"{shopper.shop}/tryon/mine/")
    elif place == "panel":
        shopper.dialog.get_by_text("More", exact=True).click()
        shopper.dialog.get_by_role("link", name="My try-ons").click()
        expect(shopper.dialog.get_by_role("heading", name="My try-ons")).to_be_focused()


@pytest.mark.parametrize("place", ["dialog", "job", "panel"])
def test_a_basket_that_is_a_script_hears_which_product_it_is(
    shopper: Shopper, page: Page, register: Register, place: str
) -> None:
    register(add_to_cart_url=lambda product: "#")
    see_a_result(shopper)
    go_to(page, shopper, place)
    page.evaluate(LISTEN, "theirs")
    url = page.url
    page.get_by_role("button", name="Add to basket").last.click()
    page.wait_for_function("window.heard")
    heard = page.evaluate("window.heard")
    assert (heard["model"], heard["product"]) == ("shop.product", key())
    assert heard["job"] == str(only_job().pk)
    assert page.url == url


def test_a_listener_may_take_the_matter_over(
    shopper: Shopper, page: Page, register: Register
) -> None:
    register(add_to_cart_url="get_add_to_cart_url")
    see_a_result(shopper)
    page.evaluate(LISTEN, "mine")
    url = page.url
    shopper.press("Add to basket")
    page.wait_for_function("window.heard")
    assert page.url == url
    shopper.expect_result()


@pytest.mark.parametrize("place", ["dialog", "job", "mine", "panel"])
def test_what_cannot_be_bought_has_no_way_to_the_basket(
    shopper: Shopper, page: Page, register: Register, place: str
) -> None:
    register(add_to_cart_url=lambda product: "")
    see_a_result(shopper)
    go_to(page, shopper, place)
    expect(page.locator(".glam-tryon [data-basket]:visible")).to_have_count(0)


def test_from_another_page_the_way_leads_to_the_form_on_the_products(
    shopper: Shopper, page: Page, register: Register
) -> None:
    register(basket_form="#add-to-bag")
    see_a_result(shopper)
    go_to(page, shopper, "job")
    page.get_by_role("link", name="To the product").click()
    page.wait_for_url("**/clothes/denim-jacket/#add-to-bag")
