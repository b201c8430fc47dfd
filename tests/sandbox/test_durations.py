"""How long a try-on takes, from numbers, callables and the command line."""

from __future__ import annotations

import random
from statistics import median

import pytest

from glam_tryon.sandbox import LogNormal, parse_seconds
from glam_tryon.sandbox.timing import draw_seconds


def test_a_number_is_itself() -> None:
    assert draw_seconds(3, random.Random(1)) == 3.0


def test_a_log_normal_lies_around_its_median() -> None:
    rng = random.Random(1)

    assert median(LogNormal(8, 0.5)(rng) for _ in range(2000)) == pytest.approx(8, rel=0.05)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3", 3.0),
        ("0.5", 0.5),
        ("lognormal:8", LogNormal(8)),
        ("lognormal:8,0.2", LogNormal(8, 0.2)),
    ],
)
def test_the_command_line_gives_a_number_or_a_distribution(text: str, seconds: object) -> None:
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "fast", "-1", "inf", "normal:1", "lognormal:0", "lognormal:1,2,3"]
)
def test_anything_else_is_refused_with_the_right_forms(text: str) -> None:
    with pytest.raises(ValueError, match=r'give seconds as "3" or "lognormal:8,0\.5"'):
        parse_seconds(text)


def test_a_callable_may_not_give_less_than_nothing() -> None:
    with pytest.raises(ValueError, match="0 seconds or more, not -2"):
        draw_seconds(lambda rng: -2.0, random.Random(1))
