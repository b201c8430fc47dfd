"""The texts that shoppers agree to and the proofs, as staff see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from glam_tryon.models import ConsentRecord, ConsentText
from glam_tryon.models.consent_record import text_sha256
from glam_tryon.privacy.consent import built_in_text, current_consent, record_consent
from tests.admin.test_jobs import staff

__all__ = ["staff"]

pytestmark = pytest.mark.django_db

TEXTS = "/admin/glam_tryon/consenttext/"
RECORDS = "/admin/glam_tryon/consentrecord/"
EDIT = ("view_consenttext", "change_consenttext", "add_consenttext", "delete_consenttext")


def draft(text: str = "Our own words.") -> ConsentText:
    return ConsentText.objects.create(language="en", text=text)


def published() -> ConsentText:
    made = draft()
    made.publish()
    return made


def change(client: Client, text: ConsentText, **fields: str) -> Any:
    given = {"language": "en", "text": "Better words.", **fields}
    return client.post(f"{TEXTS}{text.pk}/change/", given)


def test_a_new_draft_begins_with_the_built_in_text(admin_client: Client) -> None:
    form = admin_client.get(f"{TEXTS}add/").context["adminform"].form
    assert form.initial == {"language": "en", "text": built_in_text()}
    text = published()
    form = admin_client.get(f"{TEXTS}add/", {"copy": text.pk}).context["adminform"].form
    assert form.initial == {"language": "en", "text": "Our own words."}


def test_saving_and_publishing_shows_shoppers_what_stands_in_the_form(
    staff: Callable[..., Client],
) -> None:
    client, text = staff(*EDIT, "publish_consenttext"), draft()
    assert 'name="_publish"' in client.get(f"{TEXTS}{text.pk}/change/").content.decode()
    assert change(client, text, _publish="1").status_code == 302
    assert current_consent().text == "Better words."
    assert text_sha256("Better words.") in LogEntry.objects.first().change_message  # type: ignore[union-attr]
    assert "version 1" in client.get(TEXTS).content.decode()


def test_publishing_needs_a_permission_of_its_own(staff: Callable[..., Client]) -> None:
    client, text = staff(*EDIT), draft()
    assert "_publish" not in client.get(f"{TEXTS}{text.pk}/change/").content.decode()
    assert change(client, text, _publish="1").status_code == 403
    assert "publish_texts" not in client.get(TEXTS).content.decode()
    client.post(TEXTS, {"action": "publish_texts", "_selected_action": [text.pk]})
    assert not ConsentText.objects.published().exists()


def test_drafts_are_published_from_the_list_and_others_left_alone(
    staff: Callable[..., Client],
) -> None:
    client, old, new = staff(*EDIT, "publish_consenttext"), published(), draft("New words.")
    chosen = {"action": "publish_texts", "_selected_action": [old.pk, new.pk]}
    client.post(TEXTS, chosen)
    assert current_consent().text == "New words."
    assert list(ConsentText.objects.values_list("version", flat=True)) == [2, 1]
    answer = client.post(TEXTS, chosen, follow=True)
    assert "They are published already." in answer.content.decode()


def test_nothing_is_published_by_following_a_link(admin_client: Client) -> None:
    text = draft()
    admin_client.get(f"{TEXTS}{text.pk}/change/", {"_publish": "1"})
    admin_client.get(TEXTS, {"action": "publish_texts", "_selected_action": text.pk})
    assert not ConsentText.objects.published().exists()


def test_a_published_text_can_be_read_and_neither_changed_nor_deleted(
    admin_client: Client,
) -> None:
    text = published()
    html = admin_client.get(f"{TEXTS}{text.pk}/change/").content.decode()
    assert "Our own words." in html
    assert text_sha256("Our own words.") in html
    assert "shoppers see it" in html
    assert 'name="_save"' not in html
    assert change(admin_client, text).status_code == 403
    assert admin_client.post(f"{TEXTS}{text.pk}/delete/", {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [text.pk], "post": "yes"}
    assert admin_client.post(TEXTS, chosen).status_code == 403
    assert ConsentText.objects.get().text == "Our own words."


def test_a_draft_can_be_deleted(admin_client: Client) -> None:
    text = draft()
    assert admin_client.post(f"{TEXTS}{text.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not ConsentText.objects.exists()


def test_the_preview_is_the_text_as_shoppers_see_it(
    admin_client: Client, staff: Callable[..., Client]
) -> None:
    text = draft("Our <own> words.")
    html = admin_client.get(f"{TEXTS}{text.pk}/preview/").content.decode()
    assert "Our &lt;own&gt; words." in html
    assert "glam-tryon-consent" in html
    assert staff("view_tryonjob").get(f"{TEXTS}{text.pk}/preview/").status_code == 403
    assert admin_client.get(f"{TEXTS}{text.pk + 1}/preview/").status_code == 404


def test_the_list_says_which_text_shoppers_see(admin_client: Client) -> None:
    published()
    published()
    draft()
    html = admin_client.get(TEXTS).content.decode()
    for state in ("shoppers see it", "replaced", "draft"):
        assert html.count(f">{state}<") == 1, state


def test_proofs_are_found_by_the_hash_and_nobody_changes_them(admin_client: Client) -> None:
    old = record_consent(current_consent(), visitor="ada")
    published()
    new = record_consent(current_consent(), visitor="eve")
    found = admin_client.get(RECORDS, {"q": new.text_sha256}).context["cl"].queryset
    assert [each.pk for each in found] == [new.pk]
    page = f"{RECORDS}{old.pk}/change/"
    html = admin_client.get(page).content.decode()
    assert old.text_sha256 in html
    assert old.owner not in html
    assert admin_client.post(page, {"text": "Other words."}).status_code == 403
    assert admin_client.post(f"{RECORDS}{old.pk}/delete/", {"post": "yes"}).status_code == 403
    assert admin_client.get(f"{RECORDS}add/").status_code == 403
    assert ConsentRecord.objects.count() == 2
