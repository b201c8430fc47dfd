"""The sections with a column for each period: how try-ons ended, and how long shoppers waited."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.utils.translation import gettext as _

from glam_tryon.admin.reports.charts import (
    COLUMN,
    Chart,
    Series,
    drawn,
    marks,
    nice_top,
    number,
    stacked,
)
from glam_tryon.admin.reports.section import Section
from glam_tryon.admin.reports.stats import ENDS, Figures
from glam_tryon.admin.reports.tables import (
    Table,
    count_column,
    count_words,
    day_column,
    day_words,
    seconds_column,
    seconds_words,
)
from glam_tryon.analytics.wait_histogram import percentile
from glam_tryon.models.statistics import Event


def _period_head(figures: Figures) -> str:
    return _("Week from") if figures.choice.by_week else _("Day")


def outcomes(figures: Figures) -> Section:
    """How many try-ons were ready, failed or were canceled in each period."""
    periods = figures.choice.periods
    looks = [
        ("is-ready", _("ready"), Event.READY),
        ("is-failed", _("failed"), Event.FAILED),
        ("is-canceled", _("canceled"), Event.CANCELED),
    ]
    series = [
        Series(look, name, [figures.of(event, period) for period in periods])
        for look, name, event in looks
    ]
    rows = [
        [period, *(figures.of(event, period) for event in (Event.REQUESTED, *ENDS))]
        for period in periods
    ]
    ends = [[figures.of(event, period) for event in ENDS] for period in periods]
    top = nice_top(max(map(sum, ends)))
    titles = [
        f"{day_words(period)}: {_said(each, series)}"
        for period, each in zip(periods, ends, strict=True)
    ]
    totals = [figures.of(event) for _look, _name, event in looks]
    words = _said(totals, series)
    chart = Chart(
        number(len(periods) * COLUMN),
        words,
        count_words(int(top)) if top >= 1 else "1",
        marks([day_words(period) for period in periods]),
        [(each.look, each.name) for each in series],
        boxes=stacked(series, top, titles),
    )
    columns = [
        day_column(_period_head(figures)),
        count_column(_("Requested")),
        count_column(_("Ready")),
        count_column(_("Failed")),
        count_column(_("Canceled")),
    ]
    return Section(_("Try-ons and how they ended"), words, Table("try-ons", columns, rows), chart)


def _said(counts: Sequence[int], series: Sequence[Series]) -> str:
    return ", ".join(
        f"{count_words(count)} {each.name}" for count, each in zip(counts, series, strict=True)
    )


def waits(figures: Figures) -> Section:
    """How long shoppers waited from asking to the picture."""
    rows: list[tuple[date, int, float | None, float | None]] = []
    for period in figures.choice.periods:
        bins = figures.waits(period)
        rows.append((period, bins.total(), percentile(bins, 0.5), percentile(bins, 0.95)))
    halves = Series("is-median", _("half of them, at most"), [row[2] for row in rows])
    most = Series("is-most", _("95 of 100, at most"), [row[3] for row in rows])
    top = nice_top(max((row[3] or 0.0 for row in rows), default=0.0))
    every = figures.waits()
    half, long = percentile(every, 0.5), percentile(every, 0.95)
    words = _("No shopper got a picture in these days.")
    if half is not None and long is not None:
        words = _(
            "Half of the shoppers waited %(half)s at most; 95 of 100 waited %(long)s at most."
        ) % {
            "half": seconds_words(half),
            "long": seconds_words(long),
        }
    chart = Chart(
        number(len(rows) * COLUMN),
        words,
        seconds_words(top),
        marks([day_words(row[0]) for row in rows]),
        [(each.look, each.name) for each in (halves, most)],
        lines=[drawn(each, top) for each in (most, halves)],
    )
    columns = [
        day_column(_period_head(figures)),
        count_column(_("Pictures")),
        seconds_column(_("Median wait (s)")),
        seconds_column(_("95th percentile (s)")),
    ]
    return Section(
        _("How long shoppers wait"), words, Table("waits", columns, rows), chart if every else None
    )
