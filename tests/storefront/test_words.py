"""The words for what can go wrong: each says what to do next, and the widget offers just that."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils import timezone, translation

from glam_tryon.messages import ERROR_MESSAGES, NextAction, error_message_for, error_payload

MOMENT = datetime(2026, 12, 1, 13, 5, tzinfo=UTC)
#: Words by which a sentence says what to do, or that nothing need be done.
SAYS = {
    NextAction.AGAIN: ("try again", "try once more", "load the page again"),
    NextAction.PHOTO: ("choose", "Another photo"),
    NextAction.CHOICE: ("agree", "Choose", "say that you"),
    NextAction.GARMENT: ("choose another one",),
    NextAction.LATER: ("come back later", "wait until"),
    NextAction.NOTHING: ("need not do anything",),
}
LIMITS = ("limit_owner_day", "limit_address", "limit_shop", "budget")


@pytest.mark.parametrize("code", ERROR_MESSAGES)
def test_each_failure_says_what_the_widget_offers_next(code: str) -> None:
    with translation.override("en"):
        words = error_message_for(code)
    assert any(said in words for said in SAYS[ERROR_MESSAGES[code].next])
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
    facts = error_payload(code)
    assert facts["next"] == next_step
    assert facts["message"] != error_payload("a code that nobody knows")["message"]


def test_a_code_that_nobody_knows_is_said_to_be_the_shops_fault() -> None:
    with translation.override("en"):
        assert error_payload("poison") == {
            "code": "poison",
            "message": "Something went wrong on our side. Please try again later.",
            "next": "again",
            "ends_at": None,
        }


@pytest.mark.parametrize("code", LIMITS)
def test_a_limit_says_when_it_ends_in_the_shoppers_time(code: str) -> None:
    with timezone.override("Europe/Berlin"), translation.override("en"):
        facts = error_payload(code, MOMENT)
        assert facts["message"] != error_message_for(code)
    assert "Dec. 1, 2026, 2:05 p.m" in str(facts["message"])
    assert facts["ends_at"] == "2026-12-01T13:05:00+00:00"


def test_what_has_no_end_ignores_one() -> None:
    assert error_message_for("paused", MOMENT) == error_message_for("paused")
