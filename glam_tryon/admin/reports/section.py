"""A section of the dashboard: a question, its answer in words, a picture and a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from glam_tryon.admin.reports.charts import Chart, number
from glam_tryon.admin.reports.tables import Column, Table


@dataclass(frozen=True, slots=True)
class Section:
    """One question and its answer. Without a chart the table has bars and is the picture.

    ``bars`` are as many numbers from 0 to 100 as the table has rows, ``links`` as many addresses.
    """

    title: str
    words: str
    table: Table
    chart: Chart | None = None
    bars: Sequence[str] = ()
    links: Sequence[str] = ()

    @property
    def lines(self) -> list[tuple[str, str, list[tuple[Column, str]]]]:
        """The table's rows, each with the length of its bar and where its name leads."""
        lines = self.table.lines
        nothing = [""] * len(lines)
        return list(zip(self.bars or nothing, self.links or nothing, lines, strict=True))


def bars_of(values: Sequence[int]) -> list[str]:
    """Return how long the bars of these are; the longest is 100."""
    longest = max(values, default=0) or 1
    return [number(100 * max(value, 0) / longest) for value in values]
