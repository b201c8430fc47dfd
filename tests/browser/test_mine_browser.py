"""What a shopper keeps, shares, judges and deletes, from the dialog."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from glam_tryon.models import PersonPhoto, TryOnJob

from .conftest import Shopper, only_job

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def draw(shopper: Shopper, photo: Path | None = None) -> None:
    shopper.open()
    if photo is None:
        shopper.choose_model()
    else:
        shopper.choose_photo(photo)
        shopper.agree()
        # Otherwise it goes when the try-on ends.
        shopper.agree_to("Keep my photo")
    shopper.press("Try it on")
    shopper.expect_result()
    expect(shopper.dialog.get_by_role("button", name="Zoom")).to_be_visible()


def more(shopper: Shopper) -> None:
    shopper.dialog.get_by_text("More", exact=True).click()


def test_a_picture_is_shared_by_a_link_that_the_shopper_takes_back(
    shopper: Shopper, page: Page, chromium: Browser, shoot: Callable[[str], None]
) -> None:
    draw(shopper)
    more(shopper)
    shopper.press("Share by a link")
    field = shopper.dialog.get_by_role("textbox", name="Whoever has this link")
    expect(field).to_be_focused()
    expect(field).not_to_be_editable()
    shoot("dialog-shared")

    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    shopper.press("Copy")
    expect(shopper.dialog.get_by_text("The link was copied.")).to_be_visible()
    address = page.evaluate("navigator.clipboard.readText()")
    assert address == field.input_value()

    stranger = chromium.new_context().new_page()
    stranger.goto(address)
    expect(stranger.get_by_alt_text("AI-generated preview: Denim jacket")).to_be_visible()
    shopper.press("Stop sharing")
    expect(field).to_be_hidden()
    expect(shopper.dialog.get_by_role("button", name="Share by a link")).to_be_focused()
    answer = stranger.goto(address)
    assert answer is not None
    assert answer.status == 404
    stranger.context.close()


def test_a_verdict_with_a_reason_is_taken_and_thanked_for(
    shopper: Shopper, shoot: Callable[[str], None]
) -> None:
    draw(shopper)
    shopper.dialog.get_by_text("Not right?").click()
    shopper.press("The garment")
    expect(shopper.dialog.get_by_text("Thank you.")).to_be_visible()
    chosen = shopper.dialog.get_by_role("button", name="The garment")
    expect(chosen).to_have_attribute("aria-pressed", "true")
    shoot("dialog-feedback")
    assert only_job().feedback_reason == "garment"

    shopper.press("Looks right")
    expect(chosen).to_have_attribute("aria-pressed", "false")
    job = only_job()
    assert (job.feedback, job.feedback_reason) == ("up", "")


def test_the_photo_is_deleted_at_once_and_the_picture_stays(shopper: Shopper, photo: Path) -> None:
    draw(shopper, photo)
    expect(shopper.dialog.get_by_role("slider")).to_be_visible()
    more(shopper)
    shopper.press("Delete my photo now")
    expect(shopper.dialog.get_by_text("Your photo was deleted.")).to_be_visible()
    expect(shopper.dialog.get_by_role("slider")).to_have_count(0)
    expect(shopper.dialog.get_by_role("button", name="Delete my photo now")).to_be_hidden()
    shopper.expect_result()
    assert not PersonPhoto.objects.filter(kind="shopper").exclude(image="").exists()


def test_a_deleted_try_on_leads_back_to_the_choice(shopper: Shopper) -> None:
    draw(shopper)
    more(shopper)
    expect(shopper.dialog.get_by_text(re.compile("Deleted by itself on"))).to_be_visible()
    shopper.press("Delete this try-on")
    expect(shopper.dialog.get_by_role("radio", name="Amara")).to_be_checked()
    assert not TryOnJob.objects.exclude(results=None).exists()


def test_the_photo_of_last_time_is_worn_by_the_next_garment(
    shopper: Shopper, page: Page, photo: Path, shoot: Callable[[str], None]
) -> None:
    draw(shopper, photo)
    shopper.press("Try another garment")
    page.goto(f"{shopper.shop}/clothes/linen-shirt/")
    shopper.button.click()
    kept = shopper.dialog.get_by_role("radio", name="Your last photo")
    expect(kept).to_be_checked()
    shoot("dialog-kept")
    shopper.press("Try it on")
    shopper.expect_result()
    first, second = TryOnJob.objects.order_by("created_at")
    assert first.person_photo == second.person_photo


def test_a_photo_is_kept_for_a_day_when_the_shopper_ticks_that(
    shopper: Shopper, photo: Path
) -> None:
    shopper.open()
    shopper.choose_photo(photo)
    shopper.agree()
    shopper.agree_to("Keep my photo for 24 hours")
    shopper.press("Try it on")
    shopper.expect_result()
    stored = only_job().person_photo
    assert stored is not None
    assert stored.kept_until is not None


def test_a_jobs_own_page_shares_and_judges_without_javascript(
    shopper: Shopper, page: Page, chromium: Browser
) -> None:
    draw(shopper)
    context = chromium.new_context(
        java_script_enabled=False, storage_state=page.context.storage_state()
    )
    plain = context.new_page()
    plain.goto(f"{shopper.shop}/tryon/jobs/{only_job().pk}/")
    plain.get_by_role("button", name="Looks right").click()
    expect(plain.get_by_role("button", name="Looks right")).to_have_attribute(
        "aria-pressed", "true"
    )
    plain.get_by_text("More", exact=True).click()
    plain.get_by_role("button", name="Share by a link").click()
    expect(plain.get_by_role("textbox", name="Whoever has this link")).to_have_value(
        re.compile("/shared/")
    )
    assert only_job().feedback == "up"
    context.close()
