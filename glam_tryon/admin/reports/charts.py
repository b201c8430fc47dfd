"""Pictures of numbers: where bars and lines lie in an SVG, in text that no language changes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

#: Height of every picture, and width of one column of bars, in units of its own.
HEIGHT, COLUMN, GAP = 100.0, 10.0, 2.0


@dataclass(frozen=True, slots=True)
class Series:
    """Values side by side, each None where there is none. ``css_class`` is the class in the CSS."""

    css_class: str
    name: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Box:
    """A bar's part."""

    x: str
    y: str
    width: str
    height: str
    css_class: str
    title: str


@dataclass(frozen=True, slots=True)
class Line:
    """A path, and what it is of."""

    path: str
    css_class: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture without words: the page writes them beside it, so that they never shrink.

    ``label`` tells who cannot see it what it shows; ``top`` is the number at its upper edge, and
    ``marks`` stand below it.
    """

    width: str
    label: str
    top: str
    marks: Sequence[str]
    legend: Sequence[tuple[str, str]]
    boxes: Sequence[Box] = ()
    lines: Sequence[Line] = ()


def number(value: float) -> str:
    """Return a coordinate."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def nice_top(highest: float) -> float:
    """Return the round number at which an axis ends."""
    if highest <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(highest))
    return next(step * power for step in (1, 2, 5, 10) if highest <= step * power * (1 + 1e-9))


def stacked(series: Sequence[Series], top: float, titles: Sequence[str]) -> list[Box]:
    """Return the bars of each column, one series upon the other."""
    boxes = []
    for place, title in enumerate(titles):
        floor = 0.0
        for each in series:
            value = each.values[place] or 0.0
            if value > 0:
                high = value / top * HEIGHT
                boxes.append(
                    Box(
                        number(place * COLUMN + GAP / 2),
                        number(HEIGHT - floor - high),
                        number(COLUMN - GAP),
                        number(high),
                        each.css_class,
                        title,
                    )
                )
                floor += high
    return boxes


def drawn(series: Series, top: float) -> Line:
    """Return a series as a line that breaks off where there is no value."""
    path = []
    for run in _runs(series.values):
        points = [
            f"{number((place + 0.5) * COLUMN)} {number(HEIGHT - value / top * HEIGHT)}"
            for place, value in run
        ]
        # A value between two missing ones is a dot.
        path.append("M" + "L".join(points) + ("h0" if len(points) == 1 else ""))
    return Line("".join(path), series.css_class)


def _runs(values: Sequence[float | None]) -> Iterator[list[tuple[int, float]]]:
    run: list[tuple[int, float]] = []
    for place, value in enumerate(values):
        if value is not None:
            run.append((place, value))
        elif run:
            yield run
            run = []
    if run:
        yield run


def marks(names: Sequence[str]) -> list[str]:
    """Return the names of the first, the middle and the last column; all of up to three."""
    if len(names) <= 3:
        return list(names)
    return [names[0], names[(len(names) - 1) // 2], names[-1]]
