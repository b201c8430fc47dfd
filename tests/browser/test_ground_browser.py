"""The widget's own ground: a shop's rules for bare elements do not reach into the dialog."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from .conftest import Shopper

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

ROUGH = {
    "loud buttons": """
        button, input, select { text-transform: uppercase; letter-spacing: .2em; margin: 1em;
          border: 4px dotted red; box-shadow: 0 0 9px red; font: italic 700 22px serif }
        html body button:hover, button:focus { transform: rotate(3deg); color: lime }""",
    "links": """
        a { color: red; text-decoration: underline wavy; border-bottom: 3px solid; padding: 9px }
        a:hover, a:focus { background: yellow; letter-spacing: 1em }
        body div p a:any-link { font-weight: 900; text-transform: uppercase }
        a::after { content: " (link)" }""",
    "pictures": """
        img, svg, video { max-width: 50%; height: auto; border: 5px solid; border-radius: 50%;
          filter: grayscale(1); display: block; margin: 2em auto; vertical-align: middle }
        html body div img { float: right; opacity: .4 }""",
    "boxes": """
        *, *::before, *::after { box-sizing: content-box; margin: 3px; padding: 2px; line-height: 2;
          transition: all 2s; text-shadow: 1px 1px red }
        div { background: pink } div > div { border: 1px solid }""",
    "forms": """
        form { border: 3px solid; padding: 20px; max-width: 200px }
        label { display: block; font-weight: 900; text-transform: uppercase; float: left }
        input { width: 50%; background: gold } input[type="checkbox"] { appearance: none }
        input[type="radio"], [type="file"] { display: none }
        fieldset { border: 3px groove; padding: 3em }
        legend { float: left; font-size: 3em } progress { display: none }""",
    "words": """
        h1, h2 { text-transform: uppercase; font: 900 60px cursive; text-align: center; color: red }
        h1::before { content: "# " }
        p { text-indent: 3em; text-align: justify; margin: 2em; color: red }
        ul { list-style: square; padding: 3em } li { display: inline; color: red }
        small, span { font-size: 30px; color: red; background: yellow }
        details, summary { display: inline; border: 1px solid }""",
    "a dialog": """
        dialog { padding: 4em; border: 9px solid red; max-width: 20em; inset: 0 auto auto 0;
          color: red; text-transform: uppercase; font-style: italic; letter-spacing: .3em }
        dialog button { position: static; width: 100% }
        dialog > div { columns: 2; display: flex }""",
}
# What an element looks like, but for the page's own typeface.
LOOKS = """
() => [...document.querySelectorAll("dialog[open], dialog[open] *")]
  .filter((element) => !element.closest("svg *") && element.checkVisibility())
  .map((element) => {
    const of = (pseudo) => {
      const style = getComputedStyle(element, pseudo);
      const names = [...style].filter((name) => !name.startsWith("--"));
      return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(name)]));
    };
    const name = element.tagName + "." + (element.className.baseVal ?? element.className);
    return [name, { ...of(null), before: of("::before").content, after: of("::after").content }];
  })
"""


def looks(page: Page) -> list[Any]:
    """Return the computed style of each element of the dialog in sight."""
    page.mouse.move(0, 0)
    page.evaluate("Promise.all(document.getAnimations().map((each) => each.finished))")
    found: list[Any] = page.evaluate(LOOKS)
    assert len(found) > 15
    return found


def differences(smooth: list[Any], rough: list[Any]) -> list[str]:
    """Return what another style sheet changed, in words."""
    assert [name for name, _ in smooth] == [name for name, _ in rough]
    return [
        f"{name} {key}: {before[key]} became {after[key]}"
        for (name, before), (_, after) in zip(smooth, rough, strict=True)
        for key in before
        if before[key] != after[key]
    ]


@pytest.mark.parametrize("name", ROUGH)
def test_a_shops_rules_for_bare_elements_end_at_the_dialog(
    shopper: Shopper, page: Page, name: str
) -> None:
    page.emulate_media(reduced_motion="reduce")
    shopper.open()
    shopper.choose_model()
    expect(shopper.dialog.locator("[data-person]").first).to_be_visible()
    form = looks(page)
    rules = page.add_style_tag(content=ROUGH[name])
    assert differences(form, looks(page)) == []
    rules.evaluate("style => style.remove()")
    shopper.press("Try it on")
    shopper.expect_result()
    expect(shopper.dialog.get_by_role("button", name="Zoom")).to_be_visible()
    shopper.dialog.get_by_text("More", exact=True).click()
    result = looks(page)
    page.add_style_tag(content=ROUGH[name])
    assert differences(result, looks(page)) == []


def test_properties_and_parts_do_reach(shopper: Shopper, page: Page) -> None:
    shopper.visit()
    page.add_style_tag(
        content=":root { --glam-tryon-accent: rgb(1, 2, 3) }"
        "[part~='primary'] { letter-spacing: 3px }"
    )
    shopper.button.click()
    primary = shopper.dialog.get_by_role("button", name="Try it on")
    expect(primary).to_have_css("background-color", "rgb(1, 2, 3)")
    expect(primary).to_have_css("letter-spacing", "3px")


@pytest.mark.parametrize("colour", ["rgb(240, 230, 220)", "rgb(20, 20, 30)"])
def test_the_button_has_the_colour_of_the_pages_text(
    shopper: Shopper, page: Page, colour: str
) -> None:
    # The example shop gives its product page's button a colour by a rule of its own.
    page.goto(f"{shopper.shop}/")
    button = page.locator(".card glam-tryon a").first
    rules = f".card {{ color: {colour} }} :root {{ --glam-tryon-accent: initial }}"
    page.add_style_tag(content=rules)
    expect(button).to_have_css("color", colour)
    expect(button).to_have_css("border-top-color", colour)
    page.add_style_tag(content=":root { --glam-tryon-accent: rgb(200, 0, 0) }")
    expect(button).to_have_css("color", "rgb(200, 0, 0)")


def test_the_dialog_shows_the_garment_before_anything_is_loaded(
    shopper: Shopper, page: Page
) -> None:
    shopper.visit()
    kept_back: list[Route] = []

    def keep_back(route: Route) -> None:
        kept_back.append(route)

    page.route("**/dialog.js", keep_back)
    shown = page.locator(".tile--large img").evaluate("img => img.currentSrc")
    shopper.button.click()
    garment = shopper.dialog.locator(".glam-tryon-skeleton img")
    expect(garment).to_be_visible()
    expect(garment).to_have_attribute("src", shown)
    expect(shopper.dialog.get_by_text("One moment")).to_be_visible()
    page.keyboard.press("Escape")
    expect(shopper.dialog).to_be_hidden()
    kept_back[0].continue_()
    page.wait_for_load_state("networkidle")
    expect(shopper.dialog).to_be_hidden()


def test_the_garment_is_not_loaded_a_second_time(shopper: Shopper, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    shopper.open()
    page.wait_for_load_state("networkidle")
    assert not [url for url in asked if url.endswith("garment.jpg")]
