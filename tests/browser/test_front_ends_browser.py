"""Other front ends: links that change in place, pages that are swapped, pages that come back."""

from __future__ import annotations

import re
import subprocess
import tarfile
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from example_project.shop.models import Product
from glam_tryon.models import TryOnJob
from glam_tryon.sandbox import Sandbox
from glam_tryon.views.product import start_url

from .conftest import Shopper, only_job

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

OTHER = "linen-shirt"
# Each library, its file, what switches it on, and the attribute of the page's body.
LIBRARIES = {
    "htmx": ("htmx.org@2.0.4", "dist/htmx.min.js", "", 'hx-boost="true"'),
    "turbo": ("@hotwired/turbo@8.0.13", "dist/turbo.es2017-umd.js", "", ""),
    "unpoly": (
        "unpoly@3.11.0",
        "unpoly.min.js",
        "up.link.config.followSelectors.push('a'); up.fragment.config.mainTargets.unshift('body')",
        "",
    ),
}


@pytest.fixture(scope="session")
def library(
    needs: Callable[..., None], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], str]:
    """Return the text of a library, from npm."""
    needs("npm")
    found: dict[str, str] = {}

    def library(name: str) -> str:
        if name not in found:
            package, file, start, _attribute = LIBRARIES[name]
            directory = tmp_path_factory.mktemp(name)
            command = ["npm", "pack", "--silent", "--ignore-scripts", package]
            subprocess.run(command, cwd=directory, check=True, capture_output=True)
            (archive,) = directory.glob("*.tgz")
            with tarfile.open(archive) as packed:
                content = packed.extractfile(f"package/{file}")
                assert content is not None
                found[name] = f"{content.read().decode()}\n;{start}"
        return found[name]

    return library


def use(page: Page, name: str, source: str) -> None:
    """Let each page of the shop have the library in its head."""
    attribute = LIBRARIES[name][3]

    def with_library(route: Route) -> None:
        if route.request.url.endswith("/library.js"):
            route.fulfill(body=source, content_type="text/javascript")
            return
        answer = route.fetch()
        html = answer.text()
        if "text/html" in answer.headers.get("content-type", "") and "</head>" in html:
            html = html.replace("</head>", '<script src="/library.js"></script></head>', 1)
            html = html.replace("<body", f"<body {attribute}", 1)
            route.fulfill(response=answer, body=html)
        else:
            route.fulfill(response=answer)

    page.route(re.compile(r"/(clothes|basket)/|/library\.js$"), with_library)


def chip(page: Page) -> Locator:
    return page.locator(".product__actions .glam-tryon-chip")


def badge(page: Page) -> Locator:
    return page.locator(".glam-tryon-badge a")


def begin(shopper: Shopper, glam: Sandbox) -> None:
    """Order a try-on that is not drawn yet, and close the dialog."""
    glam.hold()
    shopper.button.click()
    shopper.choose_model()
    shopper.press("Try it on")
    expect(shopper.dialog.get_by_role("heading", name="Drawing")).to_be_visible()
    shopper.page.keyboard.press("Escape")


def lead_to(page: Page, slug: str) -> Product:
    """Change the button's address in place, as a script of the shop does."""
    product = Product.objects.get(slug=slug)
    page.evaluate(
        "href => { document.querySelector('.product__actions glam-tryon a').href = href }",
        start_url(product),
    )
    return product


def test_a_dialog_that_was_opened_before_is_about_the_garment_of_the_link_as_it_is_now(
    shopper: Shopper, page: Page
) -> None:
    shopper.open()
    page.keyboard.press("Escape")
    other = lead_to(page, OTHER)
    shopper.button.click()
    expect(shopper.dialog.get_by_role("heading", name=other.name)).to_be_visible()
    shopper.choose_model()
    shopper.press("Try it on")
    shopper.expect_result()
    assert only_job().product == other
    expect(page.locator("dialog")).to_have_count(1)


def test_a_try_on_under_way_stays_with_its_garment_when_the_link_leads_elsewhere(
    shopper: Shopper, page: Page, glam: Sandbox
) -> None:
    shopper.visit()
    begin(shopper, glam)
    expect(chip(page)).to_have_text("Drawing")
    other = lead_to(page, OTHER)
    # Its button is about another garment now.
    expect(chip(page)).to_have_count(0)
    expect(badge(page)).to_have_text("Denim jacket: Drawing")
    shopper.button.click()
    expect(shopper.dialog.get_by_role("heading", name=other.name)).to_be_visible()
    page.keyboard.press("Escape")
    expect(chip(page)).to_have_text("")
    lead_to(page, "denim-jacket")
    expect(chip(page)).to_have_text("Drawing")
    expect(badge(page)).to_have_count(0)
    glam.release()
    expect(chip(page)).to_have_text("Ready")
    shopper.button.click()
    shopper.expect_result()
    assert TryOnJob.objects.count() == 1


def test_a_link_that_changes_under_an_open_dialog_changes_nothing_in_it(
    shopper: Shopper, page: Page
) -> None:
    shopper.open()
    shopper.choose_model()
    lead_to(page, OTHER)
    shopper.press("Try it on")
    shopper.expect_result()
    assert only_job().garment_title == "Denim jacket"


@pytest.mark.parametrize("name", LIBRARIES)
def test_where_pages_are_swapped_the_dialog_opens_and_a_try_on_goes_on(
    shopper: Shopper, page: Page, glam: Sandbox, library: Callable[[str], str], name: str
) -> None:
    use(page, name, library(name))
    shopper.visit()
    page.evaluate("window.marked = true")
    url = page.url
    begin(shopper, glam)
    assert page.url == url
    expect(page.get_by_role("banner")).to_be_visible()
    page.get_by_role("link", name=re.compile("^Basket")).first.click()
    page.wait_for_url("**/basket/")
    expect(badge(page)).to_have_text("Denim jacket: Drawing")
    assert page.evaluate("window.marked"), "the page was loaded, not swapped"
    page.go_back()
    page.wait_for_url(url)
    expect(chip(page)).to_have_text("Drawing")
    expect(badge(page)).to_have_count(0)
    assert page.evaluate("window.marked"), "the page was loaded, not swapped"
    # No copy of what was there before is left.
    expect(chip(page)).to_have_count(1)
    expect(page.locator("dialog")).to_have_count(1)
    glam.release()
    expect(chip(page)).to_have_text("Ready")
    shopper.button.click()
    shopper.expect_result()
    assert TryOnJob.objects.count() == 1


def test_a_page_that_comes_back_from_the_browsers_cache_knows_what_was_seen_since(
    shopper: Shopper, page: Page, glam: Sandbox
) -> None:
    shopper.visit()
    begin(shopper, glam)
    glam.release()
    expect(chip(page)).to_have_text("Ready")
    # Another page of this tab showed the picture meanwhile.
    page.evaluate("sessionStorage.setItem('glam-tryon', 'null')")
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    expect(chip(page)).to_have_text("")
    shopper.button.click()
    shopper.expect_result()


def test_a_button_that_is_rendered_anew_keeps_its_try_on(
    shopper: Shopper, page: Page, glam: Sandbox
) -> None:
    shopper.visit()
    begin(shopper, glam)
    page.evaluate(
        "() => { const button = document.querySelector('.product__actions glam-tryon');"
        " const copy = button.cloneNode(true); button.replaceWith(copy); }"
    )
    expect(chip(page)).to_have_count(1)
    expect(chip(page)).to_have_text("Drawing")
    glam.release()
    expect(chip(page)).to_have_text("Ready")
