"""A shopper tries a garment on, in a real browser, from the button to the basket."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Request, Route, expect

from glam_tryon.images import normalise
from glam_tryon.models import ConsentRecord, ConsentText, PersonPhoto, TryOnJob
from glam_tryon.sandbox import FaultScript, Sandbox

from .conftest import Shopper, only_job

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; require-trusted-types-for 'script'"
)


def test_a_house_model_wears_the_garment_and_it_goes_into_the_basket(
    shopper: Shopper, page: Page, glam: Sandbox, shoot: Callable[[str], None]
) -> None:
    glam.hold()
    shopper.open()
    shoot("dialog-form")
    shopper.choose_model()
    shoot("dialog-model")
    shopper.press("Try it on")
    expect(shopper.dialog.get_by_role("heading", name="Drawing")).to_be_visible()
    shoot("dialog-waiting")
    glam.release()
    picture = shopper.expect_result()
    shoot("dialog-result")

    job = only_job()
    assert job.status == "ready"
    (result,) = job.results.all()
    served = page.request.get(picture.evaluate("image => image.src")).body()
    assert hashlib.sha256(served).hexdigest() == result.sha256
    assert ConsentRecord.objects.count() == 0

    shopper.press("Add to basket")
    expect(page.get_by_text("Denim jacket is in your basket.")).to_be_visible()


def test_an_own_photo_needs_consent_and_is_made_small_before_it_leaves(
    shopper: Shopper,
    photo: Path,
    shoot: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arrived: list[Image.Image] = []

    def look_and_normalise(file: Any, **options: Any) -> Any:
        arrived.append(Image.open(io.BytesIO(file.read())))
        file.seek(0)
        return normalise(file, **options)

    # What arrives is looked at before the server makes its own picture of it.
    monkeypatch.setattr("glam_tryon.orders.uploads.normalise", look_and_normalise)
    shopper.open()
    shopper.choose_photo(photo)
    shopper.press("Try it on")
    expect(shopper.dialog.get_by_role("alert")).to_have_text(
        "Please agree to how your photo is used, or choose a model."
    )
    expect(shopper.dialog.get_by_role("checkbox", name="I agree")).to_be_focused()
    shoot("dialog-consent-missing")
    assert not PersonPhoto.objects.filter(kind="shopper").exists()

    shopper.agree()
    shopper.press("Try it on")
    shopper.expect_result()
    stored = only_job().person_photo
    assert stored is not None
    assert arrived[0].size == (1536, 1536)
    assert not arrived[0].getexif()
    assert stored.consent is not None
    expect(shopper.dialog.get_by_role("slider")).to_be_visible()


@pytest.mark.parametrize("way", ["paste", "drop"])
def test_a_photo_can_be_pasted_or_dropped(shopper: Shopper, photo: Path, way: str) -> None:
    shopper.open()
    shopper.dialog.evaluate(
        """(dialog, [way, content]) => {
          const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
          const data = new DataTransfer();
          data.items.add(new File([bytes], "given.jpg", { type: "image/jpeg" }));
          const options = { bubbles: true, cancelable: true };
          dialog.dispatchEvent(
            way === "paste"
              ? new ClipboardEvent(way, { ...options, clipboardData: data })
              : new DragEvent(way, { ...options, dataTransfer: data }),
          );
        }""",
        [way, base64.b64encode(photo.read_bytes()).decode()],
    )
    expect(shopper.dialog.get_by_text("given.jpg")).to_be_visible()
    expect(shopper.dialog.get_by_alt_text("given.jpg")).to_be_visible()


def test_the_slider_shows_the_photo_before_by_keyboard(
    shopper: Shopper, photo: Path, shoot: Callable[[str], None]
) -> None:
    shopper.open()
    shopper.choose_photo(photo)
    shopper.agree()
    shopper.press("Try it on")
    shopper.expect_result()
    slider = shopper.dialog.get_by_role("slider", name="Compare with the photo before")
    slider.focus()
    slider.press("End")
    expect(shopper.dialog.locator(".glam-tryon-stage").last).to_have_css("--glam-tryon-before", "1")
    slider.fill("50")
    shoot("dialog-compare")


def test_the_whole_way_works_without_javascript(
    chromium: Browser, shop: str, photo: Path, tmp_path: Path
) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{shop}/clothes/denim-jacket/")
    page.locator(".product__actions").get_by_role("link", name="Try it on").click()
    page.get_by_role("button", name="Try it on").click()
    expect(page.get_by_role("alert")).to_have_text("Choose a model or your own photo.")
    page.get_by_label("Your photo").first.set_input_files(photo)
    page.get_by_role("checkbox", name="I agree").check()
    page.get_by_role("button", name="Try it on").click()
    # The page looks again by itself.
    expect(page.get_by_alt_text("AI-generated preview: Denim jacket")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Add to basket").click()
    expect(page.get_by_text("Denim jacket is in your basket.")).to_be_visible()
    context.close()


def test_a_file_that_is_no_photo_is_refused_in_words_and_leaves_nothing(
    shopper: Shopper, tmp_path: Path, shoot: Callable[[str], None]
) -> None:
    text = tmp_path / "letter.jpg"
    text.write_text("Dear shop, this is no photo.")
    shopper.open()
    shopper.choose_photo(text)
    shopper.agree()
    shopper.press("Try it on")
    expect(shopper.dialog.get_by_role("alert")).to_have_text(
        "This file is not a photo. Please choose a JPEG, PNG or WebP picture."
    )
    shoot("dialog-not-a-photo")
    assert not TryOnJob.objects.exists()
    assert not ConsentRecord.objects.exists()
    assert not PersonPhoto.objects.filter(kind="shopper").exists()


def test_a_failed_try_on_is_told_in_words_and_can_be_tried_again(
    shopper: Shopper, glam: Sandbox, shoot: Callable[[str], None]
) -> None:
    glam.faults = FaultScript.from_rules(
        [{"on": "submit", "nth": 1, "do": {"fail": "INTERNAL: cuda out of memory"}}]
    )
    shopper.open()
    shopper.choose_model()
    shopper.press("Try it on")
    expect(shopper.dialog.get_by_role("heading", name="This did not work")).to_be_visible()
    expect(shopper.dialog.locator(".glam-tryon-error:visible")).to_have_text(
        "The picture could not be drawn. Another photo may work better."
    )
    expect(shopper.dialog.get_by_role("status")).to_contain_text("could not be drawn")
    expect(shopper.dialog.get_by_text("cuda")).to_have_count(0)
    shoot("dialog-failed")
    shopper.dialog.get_by_role("link", name="Choose another photo").click()
    shopper.press("Try it on")
    shopper.expect_result()
    assert TryOnJob.objects.count() == 2


def test_nothing_of_the_try_on_is_requested_before_the_first_click(
    shopper: Shopper, page: Page
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    shopper.visit()
    page.wait_for_load_state("networkidle")
    assert not [url for url in asked if "dialog" in url or "/tryon/" in url]
    shopper.button.click()
    expect(shopper.dialog).to_be_visible()


def test_the_widget_obeys_a_strict_content_security_policy(shopper: Shopper, page: Page) -> None:
    said: list[str] = []

    def with_policy(route: Route) -> None:
        response = route.fetch()
        headers = {**response.headers, "content-security-policy": POLICY}
        route.fulfill(response=response, headers=headers)

    page.on("console", lambda message: said.append(message.text))
    page.route("**/clothes/**", with_policy)
    shopper.open()
    shopper.choose_model()
    shopper.press("Try it on")
    shopper.expect_result()
    assert not [text for text in said if "Content Security Policy" in text or "Trusted" in text]


def test_a_lost_answer_and_a_second_try_give_one_job(
    shopper: Shopper, page: Page, shoot: Callable[[str], None]
) -> None:
    def lose_the_answer(route: Route) -> None:
        if route.request.method == "POST":
            route.fetch()
            route.abort("connectionreset")
        else:
            route.continue_()

    shopper.open()
    shopper.choose_model()
    page.route("**/tryon/new/**", lose_the_answer)
    shopper.press("Try it on")
    expect(shopper.dialog.get_by_role("alert")).to_contain_text("The connection was lost.")
    shoot("dialog-offline")
    page.unroute("**/tryon/new/**")
    shopper.press("Try again")
    shopper.expect_result()
    assert TryOnJob.objects.count() == 1


def test_a_double_click_gives_one_job(shopper: Shopper, page: Page) -> None:
    posts: list[Request] = []
    page.on("request", lambda request: posts.append(request) if request.method == "POST" else None)
    shopper.open()
    shopper.choose_model()
    shopper.dialog.get_by_role("button", name="Try it on").dblclick()
    shopper.expect_result()
    assert len(posts) == 1
    assert TryOnJob.objects.count() == 1


def test_a_consent_text_that_changed_meanwhile_is_shown_and_ticked_anew(
    shopper: Shopper, photo: Path
) -> None:
    shopper.open()
    shopper.choose_photo(photo)
    shopper.agree()
    ConsentText.objects.create(language="en", text="A new text about photos.").publish()
    shopper.press("Try it on")
    expect(shopper.dialog.get_by_role("alert")).to_contain_text("has changed")
    expect(shopper.dialog.get_by_role("checkbox", name="A new text")).not_to_be_checked()
    assert not TryOnJob.objects.exists()
    shopper.agree()
    shopper.press("Try it on")
    shopper.expect_result()
    assert ConsentRecord.objects.get().text == "A new text about photos."


def test_a_canceled_try_on_leads_back_to_the_choice(shopper: Shopper, glam: Sandbox) -> None:
    glam.hold()
    shopper.open()
    shopper.choose_model()
    shopper.press("Try it on")
    expect(shopper.dialog.get_by_role("heading", name="Drawing")).to_be_visible()
    with shopper.page.expect_response("**/cancel/"):
        shopper.press("Cancel")
    expect(shopper.dialog.get_by_role("radio", name="Amara")).to_be_checked()
    assert only_job().status == "canceled"


def test_closing_keeps_the_try_on_going_and_gives_the_focus_back(
    shopper: Shopper, page: Page, glam: Sandbox
) -> None:
    glam.hold()
    shopper.open()
    shopper.choose_model()
    shopper.press("Try it on")
    expect(shopper.dialog.get_by_role("heading", name="Drawing")).to_be_visible()
    page.keyboard.press("Escape")
    expect(shopper.dialog).to_be_hidden()
    expect(shopper.button).to_be_focused()
    glam.release()
    expect(page.locator("glam-tryon[data-news]")).to_be_visible()
    shopper.button.click()
    shopper.expect_result()


def test_the_states_are_events_in_the_page(shopper: Shopper, page: Page) -> None:
    shopper.visit()
    page.evaluate(
        """() => {
          window.seen = [];
          for (const name of ["opened", "model-chosen", "requested", "ready", "closed"]) {
            document.addEventListener(`glam-tryon:${name}`, (event) => {
              window.seen.push([name, event.target.localName, typeof event.detail.id]);
            });
          }
          // A dialog is hidden a moment before it says that it was closed.
          window.ended = new Promise((resolve) => {
            document.addEventListener("glam-tryon:closed", () => resolve(true));
          });
        }"""
    )
    shopper.button.click()
    shopper.choose_model()
    shopper.press("Try it on")
    shopper.expect_result()
    shopper.press("Close")
    assert page.evaluate("window.ended")
    assert page.evaluate("window.seen") == [
        [name, "glam-tryon", "string"]
        for name in ("opened", "model-chosen", "requested", "ready", "closed")
    ]


def test_a_module_that_cannot_be_loaded_leaves_a_plain_link(shopper: Shopper, page: Page) -> None:
    page.route("**/dialog.js", lambda route: route.abort())
    shopper.visit()
    shopper.button.click()
    expect(page.get_by_role("link", name="Back to Denim jacket")).to_be_visible()


def test_a_jobs_own_page_follows_the_job_and_lets_the_shopper_compare(
    shopper: Shopper, page: Page, glam: Sandbox
) -> None:
    glam.hold()
    shopper.visit()
    page.goto(str(shopper.button.evaluate("link => link.href")))
    page.get_by_role("radio", name="Amara").check(force=True)
    page.get_by_role("button", name="Try it on").click()
    expect(page.get_by_role("heading", name="Drawing")).to_have_attribute("aria-live", "polite")
    glam.release()
    expect(page.get_by_alt_text("AI-generated preview: Denim jacket")).to_be_visible(timeout=30_000)
    expect(page.get_by_role("slider")).to_be_visible()


def test_upgrading_and_opening_shift_nothing_on_the_page(shopper: Shopper, page: Page) -> None:
    page.add_init_script(
        """
        window.shifts = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) window.shifts += entry.value;
        }).observe({ type: "layout-shift", buffered: true });
        """
    )
    shopper.open()
    shopper.press("Close")
    expect(shopper.dialog).to_be_hidden()
    assert page.evaluate("window.shifts") == 0
