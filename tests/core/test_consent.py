"""What shoppers agree to: the text that is current, and that a published one never changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F
from django.utils.translation import override

from glam_tryon import __version__
from glam_tryon.exceptions import PublishedTextError
from glam_tryon.limits.client_ip import ip_hash
from glam_tryon.models import ConsentRecord, ConsentText
from glam_tryon.models.consent_record import text_sha256
from glam_tryon.privacy.consent import (
    BUILT_IN,
    Consent,
    current_consent,
    current_text,
    is_current,
    record_consent,
)
from glam_tryon.privacy.duration_words import duration_words

pytestmark = pytest.mark.django_db


@pytest.fixture
def configure(settings: Any) -> Callable[..., None]:
    def configure(**values: Any) -> None:
        settings.GLAM_TRYON = {**settings.GLAM_TRYON, **values}

    return configure


def draft(text: str = "Our own words.", language: str = "en") -> ConsentText:
    return ConsentText.objects.create(language=language, text=text)


def published(text: str = "Our own words.", language: str = "en") -> ConsentText:
    made = draft(text, language)
    made.publish()
    return made


# A published text.


def change_one(text: ConsentText) -> None:
    text.text = "Other words."
    text.save()


CHANGES: dict[str, Callable[[ConsentText], object]] = {
    "save": change_one,
    "delete": lambda text: text.delete(),
    "publish": lambda text: text.publish(),
    "update": lambda text: ConsentText.objects.update(text="Other words."),
    "update one": lambda text: ConsentText.objects.filter(pk=text.pk).update(version=F("version")),
    "bulk update": lambda text: ConsentText.objects.bulk_update([text], ["text"]),
    "delete all": lambda text: ConsentText.objects.all().delete(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_published_text_refuses_every_change(change: str) -> None:
    text = published()
    before = ConsentText.objects.values().get()
    refused = pytest.raises(PublishedTextError, match="publish a new version instead")
    with refused, transaction.atomic():
        CHANGES[change](text)
    assert ConsentText.objects.values().get() == before


def test_a_text_that_somebody_else_published_meanwhile_is_not_changed() -> None:
    mine = draft()
    ConsentText.objects.get().publish()
    mine.text = "Other words."
    with pytest.raises(PublishedTextError):
        mine.save()
    with pytest.raises(PublishedTextError):
        mine.delete()
    assert ConsentText.objects.get().text == "Our own words."


def test_a_draft_may_be_changed_and_deleted() -> None:
    text = draft()
    text.text = "Better words."
    text.save()
    assert ConsentText.objects.drafts().get().text == "Better words."
    text.delete()
    assert not ConsentText.objects.exists()


def test_versions_are_counted_from_one_in_each_language() -> None:
    texts = [published(language=language) for language in ("en", "de", "en", "en")]
    assert [text.version for text in texts] == [1, 1, 2, 3]


# The current one.


def test_the_newest_published_text_of_the_language_is_current() -> None:
    published("First words.")
    published("Second words.")
    draft("Third words.")
    published("Worte.", "de")
    assert current_consent() == Consent("Second words.", version="2", language="en")
    with override("de"):
        assert current_consent() == Consent("Worte.", version="1", language="de")
    with override("fr"):
        assert current_consent().version == BUILT_IN


def test_a_dialect_has_its_own_text_or_that_of_its_language() -> None:
    published("Worte.", "de")
    with override("de-at"):
        assert current_text() == "Worte."
        published("Wörter.", "de-at")
        assert current_text() == "Wörter."
    with override("de"):
        assert current_text() == "Worte."


def test_without_one_the_built_in_text_says_what_the_settings_do(
    configure: Callable[..., None],
) -> None:
    text = current_text()
    for words in (
        "I agree that this shop sends my photo",
        "to Glam AI, which draws a preview of me",
        "AI-generated",
        "nobody under 18",
        "the shop's own private storage",
        "deleted when the try-on ends, after 24 hours at the latest",
        "unless I choose to keep it for 24 hours.",
        "after 7 days, or with an account after 30 days",
        "I can delete both and take this back",
        "Glam AI's own policy",
    ):
        assert words in text
    assert "public address" not in text
    configure(
        PHOTO_GRACE_SECONDS=5400,
        PHOTO_SECONDS=172_800,
        KEPT_PHOTO_SECONDS=7 * 86_400,
        VISITOR_RESULT_DAYS=2,
        RESULT_DAYS=365,
        SEND_IMAGES="upload",
    )
    text = current_text()
    assert (
        "deleted 90 minutes after the try-on ended, after 2 days at the latest, unless I choose "
        "to keep it for 7 days."
    ) in text
    assert "after 2 days, or with an account after 1 year" in text
    assert "the photo is put at a public address" in text


def test_the_tick_about_age_is_part_of_what_is_agreed_to(configure: Callable[..., None]) -> None:
    without = current_consent()
    assert without.adult == ""
    configure(CONSENT_ADULT_TICK=True)
    asked = current_consent()
    assert asked.whole == f"{without.text}\nI am 18 or older, and so is whoever the photo shows."
    assert asked.sha256 == text_sha256(asked.whole) != without.sha256
    published()
    assert current_text().startswith("Our own words.\nI am 18 or older")


# The proof.


def test_the_proof_holds_the_exact_text_its_version_and_little_of_the_address() -> None:
    published()
    consent = current_consent()
    record = record_consent(
        Consent(consent.text, version="1", language="en"), visitor="ada", ip="203.0.113.77"
    )
    record.refresh_from_db()
    assert (record.version, record.language, record.text) == ("1", "en", "Our own words.")
    assert record.text_sha256 == text_sha256("Our own words.")
    assert record.widget_version == __version__
    assert record.ip_hash == ip_hash("203.0.113.77")
    assert record.withdrawn_at is None
    assert "203.0.113" not in str(ConsentRecord.objects.values().get())


def test_a_proof_counts_in_its_own_language_until_the_text_changes_or_it_is_taken_back() -> None:
    with override("de"):
        record = record_consent(current_consent(), visitor="ada")
    assert is_current(record)
    published("Worte.", "en")
    assert is_current(record)
    ConsentRecord.objects.all().withdraw()
    record.refresh_from_db()
    assert not is_current(record)
    with override("de"):
        other = record_consent(current_consent(), visitor="ada")
    published("Worte.", "de")
    assert not is_current(other)


def test_taking_back_twice_keeps_the_first_time() -> None:
    record = record_consent(current_consent(), visitor="ada")
    assert ConsentRecord.objects.owned_by(record.owner).withdraw() == 1
    record.refresh_from_db()
    first = record.withdrawn_at
    assert ConsentRecord.objects.withdraw() == 0  # type: ignore[attr-defined]
    record.refresh_from_db()
    assert record.withdrawn_at == first is not None


# The network.


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("203.0.113.1", "203.0.113.254"),
        ("::ffff:203.0.113.9", "203.0.113.1"),
        ("2001:db8:1::1", "2001:db8:1:ffff:2:3:4:5"),
        ("fe80::1%eth0", "fe80::2"),
    ],
)
def test_the_addresses_of_one_network_have_one_hash(one: str, other: str) -> None:
    assert ip_hash(one) == ip_hash(other) != ""


def test_so_few_digits_are_kept_that_hundreds_of_networks_share_them() -> None:
    networks = [f"{first}.{second}.0.1" for first in range(1, 224) for second in range(256)]
    hashes = {ip_hash(address) for address in networks}
    assert {len(each) for each in hashes} == {4}
    # These are 1 in 256 of all networks of IPv4, and they share most values already.
    assert len(hashes) < len(networks) * 0.75


def test_the_hash_depends_on_the_secret_key(settings: Any) -> None:
    before = [ip_hash(f"203.0.{third}.1") for third in range(8)]
    settings.SECRET_KEY = "another key, as long as a key should be at least"
    assert [ip_hash(f"203.0.{third}.1") for third in range(8)] != before


@pytest.mark.parametrize("address", ["", "unix:", "testserver", "1.2.3", "1.2.3.4, 5.6.7.8"])
def test_what_is_no_address_has_no_hash(address: str) -> None:
    assert ip_hash(address) == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (59, "59 seconds"),
        (60, "1 minute"),
        (3600, "1 hour"),
        (5400, "90 minutes"),
        (86_400, "24 hours"),
        (172_800, "2 days"),
        (90_000, "25 hours"),
        (396 * 86_400, "396 days"),
        (365 * 86_400, "1 year"),
        (1095 * 86_400, "3 years"),
    ],
)
def test_a_length_of_time_is_said_exactly(seconds: int, words: str) -> None:
    assert duration_words(seconds) == words
