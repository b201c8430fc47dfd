"""The words for what can go wrong: each says what to do next, and the widget offers just that."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils import timezone, translation

from glam_tryon.messages import FAILURES, Next, failure_facts, refusal_words

MOMENT = datetime(2026, 12, 1, 13, 5, tzinfo=UTC)
#: Words by which a sentence says what to do, or that nothing need be done.
SAYS = {
    Next.AGAIN: ("try again", "try once more", "load the page again"),
    Next.PHOTO: ("choose", "Another photo"),
    Next.CHOICE: ("agree", "Choose", "say that you"),
    Next.GARMENT: ("choose another one",),
    Next.LATER: ("come back later", "wait until"),
    Next.NOTHING: ("need not do anything",),
}
LIMITS = ("limit_owner_day", "limit_address", "limit_shop", "budget")


@pytest.mark.parametrize("code", FAILURES)
def test_each_failure_says_what_the_widget_offers_next(code: str) -> None:
    with translation.override("en"):
        words = refusal_words(code)
    assert any(said in words for said in SAYS[FAILURES[code].next])
    assert words.endswith(".")


@pytest.mark.parametrize(
    ("code", "next_step"),
    [
        ("too_large", "photo"),
        ("not_a_picture", "photo"),
        ("no_person_shape", "photo"),
        ("moderated", "photo"),
        ("glam_failed", "photo"),
        ("excluded", "garment"),
        ("limit_owner_day", "later"),
        ("limit_address", "later"),
        ("limit_open", "later"),
        ("budget", "later"),
        ("paused", "later"),
        ("session", "again"),
        ("csrf", "again"),
        ("expired", "again"),
        ("needs_person", "nothing"),
    ],
)
def test_the_next_step_fits_the_failure(code: str, next_step: str) -> None:
    facts = failure_facts(code)
    assert facts["next"] == next_step
    assert facts["message"] != failure_facts("a code that nobody knows")["message"]


def test_a_code_that_nobody_knows_is_said_to_be_the_shops_fault() -> None:
    with translation.override("en"):
        assert failure_facts("poison") == {
            "code": "poison",
            "message": "Something went wrong on our side. Please try again later.",
            "next": "again",
            "ends_at": None,
        }


@pytest.mark.parametrize("code", LIMITS)
def test_a_limit_says_when_it_ends_in_the_shoppers_time(code: str) -> None:
    with timezone.override("Europe/Berlin"), translation.override("en"):
        facts = failure_facts(code, MOMENT)
        assert facts["message"] != refusal_words(code)
    assert "Dec. 1, 2026, 2:05 p.m" in str(facts["message"])
    assert facts["ends_at"] == "2026-12-01T13:05:00+00:00"


def test_what_has_no_end_ignores_one() -> None:
    assert refusal_words("paused", MOMENT) == refusal_words("paused")
