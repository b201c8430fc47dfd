"""Draws docs/schedule.svg: questions against delay for every way to ask."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.polling import (
    DISTRIBUTIONS,
    Mixture,
    Result,
    back_off,
    measure,
    optimum,
    ours,
)

FILE = Path(__file__).resolve().parent.parent / "docs" / "schedule.svg"
PRICES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
#: One panel: its size, and the range of both axes (logarithmic).
WIDTH, HEIGHT, LEFT, TOP = 250, 230, 50, 34
POLLS, DELAYS = (1.0, 50.0), (0.1, 20.0)
OPTIMUM, OURS, FIXED, BACK_OFF = "#1b6ca8", "#d1495b", "#7a7a7a", "#b98b00"


def _place(result: Result, panel: int) -> tuple[float, float]:
    def part(value: float, limits: tuple[float, float]) -> float:
        return math.log(value / limits[0]) / math.log(limits[1] / limits[0])

    x = LEFT + panel * (WIDTH + LEFT) + WIDTH * part(result.polls, POLLS)
    return x, TOP + HEIGHT * (1 - part(result.delay, DELAYS))


def _line(results: Sequence[Result], panel: int, colour: str, dashes: str = "") -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in (_place(each, panel) for each in results))
    return (
        f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.8"'
        f' stroke-dasharray="{dashes}"/>'
    )


def _dot(result: Result, panel: int, colour: str, radius: float = 3.6) -> str:
    x, y = _place(result, panel)
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}"/>'


def _text(x: float, y: float, words: str, extra: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {extra}>{words}</text>'


def _frame(name: str, panel: int) -> Iterator[str]:
    left = LEFT + panel * (WIDTH + LEFT)
    yield (
        f'<rect x="{left}" y="{TOP}" width="{WIDTH}" height="{HEIGHT}" fill="none"'
        ' stroke="#bbbbbb"/>'
    )
    yield _text(left + WIDTH / 2, TOP - 10, name, 'text-anchor="middle" font-weight="bold"')
    for polls in (1, 2, 5, 10, 20, 50):
        x, _y = _place(Result(polls, DELAYS[0]), panel)
        yield _text(x, TOP + HEIGHT + 14, str(polls), 'text-anchor="middle"')
    for delay in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20):
        _x, y = _place(Result(POLLS[0], delay), panel)
        yield _text(left - 5, y + 4, f"{delay:g}", 'text-anchor="end"')
    yield _text(
        left + WIDTH / 2, TOP + HEIGHT + 32, "questions for one try-on", 'text-anchor="middle"'
    )


def _panel(name: str, truth: Mixture, panel: int) -> Iterator[str]:
    yield from _frame(name, panel)
    fixed = [
        measure(lambda elapsed, by=interval: elapsed + by, truth)
        for interval in (0.45 * 1.12**step for step in range(32))
    ]
    yield _line([each for each in fixed if _fits(each)], panel, FIXED, "5 3")
    ideal = [measure(optimum(truth, cost), truth) for cost in PRICES]
    yield _line(ideal, panel, OPTIMUM)
    for cost in PRICES:
        yield _dot(ours(truth, jobs=200, runs=3, looks=2, cost=cost), panel, OURS)
    yield _dot(measure(back_off, truth), panel, BACK_OFF, 5)


def _fits(result: Result) -> bool:
    return POLLS[0] <= result.polls <= POLLS[1] and DELAYS[0] <= result.delay <= DELAYS[1]


def main(arguments: list[str]) -> None:
    """Write the picture, or to the file that is named."""
    width = len(DISTRIBUTIONS) * (WIDTH + LEFT) + LEFT // 2
    height = TOP + HEIGHT + 66
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">',
        "<style>text { font: 11px sans-serif; fill: #333333 }</style>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for panel, (name, truth) in enumerate(DISTRIBUTIONS.items()):
        parts += _panel(name, truth, panel)
    y = TOP + HEIGHT / 2
    parts.append(
        _text(14, y, "mean delay, seconds", f'text-anchor="middle" transform="rotate(-90 14 {y})"')
    )
    legend = (
        (OPTIMUM, "exact optimum, knows the truth"),
        (OURS, "ours, learned from 200 try-ons"),
        (FIXED, "fixed interval"),
        (BACK_OFF, "exponential back-off"),
    )
    for number, (colour, words) in enumerate(legend):
        x = LEFT + number * 220
        parts.append(f'<circle cx="{x}" cy="{height - 16}" r="4.5" fill="{colour}"/>')
        parts.append(_text(x + 10, height - 12, words))
    parts.append("</svg>")
    target = Path(arguments[0]) if arguments else FILE
    target.write_text("\n".join(parts) + "\n", encoding="utf-8")
    print(f"wrote {target}")
