"""Tables and sections of the dashboard: a question, its answer, a chart, a table and its CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from glam_tryon.admin.reports.charts import Chart, number
from glam_tryon.analytics.csv_cells import safe_cells

NOTHING = "\N{EN DASH}"


def day_text(day: date) -> str:
    """Return a day as short as the language writes it."""
    return date_format(day, "SHORT_DATE_FORMAT")


def rounded(value: float | Decimal, digits: int) -> str:
    """Return a number as the language writes it; Django's own function cuts off."""
    return number_format(round(Decimal(value), digits), digits, force_grouping=True)


def count_text(count: int | Decimal) -> str:
    """Return a number with its thousands apart."""
    return rounded(count, 0)


def percent_text(share: float) -> str:
    """Return a share (0 to 1) in percent, with a digit more where it is small."""
    return _("%(number)s %%") % {"number": rounded(100 * share, 1 if share < 0.1 else 0)}


def seconds_text(seconds: float) -> str:
    """Return a wait in the unit that suits it."""
    if seconds < 120:
        number = rounded(seconds, 1 if seconds < 10 else 0)
        return _("%(number)s s") % {"number": number}
    if seconds < 7200:
        return _("%(number)s min") % {"number": rounded(seconds / 60, 1)}
    return _("%(number)s h") % {"number": rounded(seconds / 3600, 1)}


@dataclass(frozen=True, slots=True)
class Column:
    """A column's head, how the page writes its values, and how the file does."""

    head: str
    shown: Callable[[Any], str] = str
    plain: Callable[[Any], object] = lambda value: value
    number: bool = True


def text_column(head: str) -> Column:
    """Words."""
    return Column(head, number=False)


def day_column(head: str) -> Column:
    """Days; the file has them as 2026-05-20."""
    return Column(head, day_text, lambda day: day.isoformat(), number=False)


def count_column(head: str) -> Column:
    """A column of counts."""
    return Column(head, count_text)


def seconds_column(head: str) -> Column:
    """Waits; the file has them in seconds."""
    return Column(head, seconds_text, lambda seconds: f"{seconds:.1f}")


def percent_column(head: str) -> Column:
    """Shares of one; the file has them in percent."""
    return Column(head, percent_text, lambda share: f"{100 * share:.2f}")


def money_column(head: str, currency: str) -> Column:
    """Amounts in one currency."""

    def shown(amount: Decimal) -> str:
        return f"{rounded(amount, 2)}\N{NO-BREAK SPACE}{currency}"

    return Column(head, shown, lambda amount: f"{amount:.4f}")


@dataclass(frozen=True, slots=True)
class Table:
    """``name`` is the file's. A value that is None is unknown."""

    name: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]

    @property
    def lines(self) -> list[list[tuple[Column, str]]]:
        """The rows as the page shows them."""
        return [
            [
                (column, NOTHING if value is None else column.shown(value))
                for column, value in zip(self.columns, row, strict=True)
            ]
            for row in self.rows
        ]

    def as_csv(self) -> str:
        """Return the file's text; what a spreadsheet would take for a formula is quoted."""
        file = io.StringIO()
        writer = csv.writer(file)
        writer.writerow([column.head for column in self.columns])
        for row in self.rows:
            values = [
                "" if value is None else column.plain(value)
                for column, value in zip(self.columns, row, strict=True)
            ]
            writer.writerow(safe_cells(values))
        return file.getvalue()


@dataclass(frozen=True, slots=True)
class Section:
    """One question and its answer. Without a chart the table has bars and is the picture.

    ``bars`` are as many numbers from 0 to 100 as the table has rows, ``links`` as many addresses.
    """

    title: str
    text: str
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
