"""The words for what can go wrong: each says what to do next."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils import timezone, translation

from glam_tryon.words import _ERRORS, _REFUSALS, refusal_words

MOMENT = datetime(2026, 12, 1, 13, 5, tzinfo=UTC)
#: Words by which a sentence says what to do, or that nothing need be done.
NEXT = ("Please", "may work better", "need not")


@pytest.mark.parametrize("code", sorted(_ERRORS.keys() | _REFUSALS.keys()))
def test_each_failure_says_what_to_do_next(code: str) -> None:
    words = str(_ERRORS.get(code) or _REFUSALS[code])
    assert any(word in words for word in NEXT)
    assert words.endswith(".")


@pytest.mark.parametrize(
    "code",
    [
        "too_large",
        "not_a_picture",
        "no_person_shape",
        "limit_visitor",
        "limit_shop",
        "budget",
        "paused",
        "excluded",
        "session",
        "csrf",
    ],
)
def test_each_refusal_has_words_of_its_own(code: str) -> None:
    assert refusal_words(code) != refusal_words("a code that nobody knows") or (
        code == "not_a_picture"
    )


@pytest.mark.parametrize("code", ["limit_visitor", "limit_shop", "budget"])
def test_a_limit_says_when_it_ends_in_the_shoppers_time(code: str) -> None:
    with timezone.override("Europe/Berlin"), translation.override("en"):
        words = refusal_words(code, MOMENT)
    assert "Dec. 1, 2026, 2:05 p.m" in words
    assert refusal_words(code) != words


def test_what_has_no_end_ignores_one() -> None:
    assert refusal_words("paused", MOMENT) == refusal_words("paused")
