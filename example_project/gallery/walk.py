"""Brings the real dialog into a state of the gallery; for screenshots and for tests."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from example_project.gallery.states import State
from example_project.shop.catalogue import SHOPPER_PHOTO


def open_dialog(page: Page, shop: str, state: State, theme: str = "shop") -> Locator:
    """Open the state's dialog and return it once its form is there."""
    page.goto(f"{shop}/gallery/?theme={theme}&only={state.name}")
    page.locator(f"#{state.name}").get_by_role("link", name="Open").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("form[data-view=form] h1")).to_be_focused()
    return dialog


def show(page: Page, shop: str, state: State, theme: str = "shop") -> Locator:
    """Bring the dialog into the state as a shopper would, and return it."""
    dialog = open_dialog(page, shop, state, theme)
    if state.chosen == "photo":
        dialog.get_by_label("Your photo").set_input_files(SHOPPER_PHOTO)
        expect(dialog.get_by_alt_text(SHOPPER_PHOTO.name)).to_be_visible()
    elif state.chosen == "model" or state.status:
        # The radio itself is unseen, its card is what one presses.
        dialog.get_by_role("radio").first.check(force=True)
    if state.refusal and state.chosen == "photo":
        dialog.get_by_role("checkbox").first.check()
    if state.refusal or state.status:
        dialog.get_by_role("button", name="Try it on", exact=True).click()
    if state.mine:
        dialog.get_by_role("link", name="My try-ons").click()
        expect(dialog.get_by_role("heading", name="My try-ons")).to_be_focused()
    if state.refusal:
        expect(dialog.get_by_role("alert")).to_have_text(state.refused)
    if state.status:
        expect(dialog.locator(f"[data-view={state.view}]")).to_be_visible()
    if state.view == "result":
        # The photo before is there, and the wipe over it has begun.
        expect(dialog.locator("[style]:has([type=range])")).to_have_attribute(
            "style", "--glam-tryon-before: 0;"
        )
    return dialog
