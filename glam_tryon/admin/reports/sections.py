"""The dashboard's sections: outcomes, waits, steps, products, reasons, verdicts, the hold-out."""

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
from glam_tryon.admin.reports.ranking import Ranked
from glam_tryon.admin.reports.stats import ENDS, Stats
from glam_tryon.admin.reports.tables import (
    Section,
    Table,
    bars_of,
    count_column,
    count_text,
    day_column,
    day_text,
    percent_column,
    percent_text,
    rounded,
    seconds_column,
    seconds_text,
    text_column,
)
from glam_tryon.analytics.confidence_intervals import (
    LEAST_IN_A_GROUP,
    LEAST_SUCCESSES,
    Rate,
    difference,
    too_few,
    wilson,
)
from glam_tryon.analytics.wait_histogram import percentile
from glam_tryon.models.job import Feedback, FeedbackReason
from glam_tryon.models.statistics import Event


def _period_head(stats: Stats) -> str:
    return _("Week from") if stats.params.by_week else _("Day")


def outcomes(stats: Stats) -> Section:
    """Try-ons that were ready, failed or canceled, in each period."""
    periods = stats.params.periods
    outcomes_shown = [
        ("is-ready", _("ready"), Event.READY),
        ("is-failed", _("failed"), Event.FAILED),
        ("is-canceled", _("canceled"), Event.CANCELED),
    ]
    series = [
        Series(css_class, name, [stats.of(event, period) for period in periods])
        for css_class, name, event in outcomes_shown
    ]
    rows = [
        [period, *(stats.of(event, period) for event in (Event.REQUESTED, *ENDS))]
        for period in periods
    ]
    ends = [[stats.of(event, period) for event in ENDS] for period in periods]
    top = nice_top(max(map(sum, ends)))
    titles = [
        f"{day_text(period)}: {_said(each, series)}"
        for period, each in zip(periods, ends, strict=True)
    ]
    totals = [stats.of(event) for _look, _name, event in outcomes_shown]
    text = _said(totals, series)
    chart = Chart(
        number(len(periods) * COLUMN),
        text,
        count_text(int(top)) if top >= 1 else "1",
        marks([day_text(period) for period in periods]),
        [(each.css_class, each.name) for each in series],
        boxes=stacked(series, top, titles),
    )
    columns = [
        day_column(_period_head(stats)),
        count_column(_("Requested")),
        count_column(_("Ready")),
        count_column(_("Failed")),
        count_column(_("Canceled")),
    ]
    return Section(_("Try-ons and how they ended"), text, Table("try-ons", columns, rows), chart)


def _said(counts: Sequence[int], series: Sequence[Series]) -> str:
    return ", ".join(
        f"{count_text(count)} {each.name}" for count, each in zip(counts, series, strict=True)
    )


def waits(stats: Stats) -> Section:
    """Time that shoppers waited from the order to the picture."""
    rows: list[tuple[date, int, float | None, float | None]] = []
    for period in stats.params.periods:
        bins = stats.waits(period)
        rows.append((period, bins.total(), percentile(bins, 0.5), percentile(bins, 0.95)))
    halves = Series("is-median", _("half of them, at most"), [row[2] for row in rows])
    most = Series("is-most", _("95 of 100, at most"), [row[3] for row in rows])
    top = nice_top(max((row[3] or 0.0 for row in rows), default=0.0))
    every = stats.waits()
    half, long = percentile(every, 0.5), percentile(every, 0.95)
    text = _("No shopper got a picture in these days.")
    if half is not None and long is not None:
        text = _(
            "Half of the shoppers waited %(half)s at most; 95 of 100 waited %(long)s at most."
        ) % {
            "half": seconds_text(half),
            "long": seconds_text(long),
        }
    chart = Chart(
        number(len(rows) * COLUMN),
        text,
        seconds_text(top),
        marks([day_text(row[0]) for row in rows]),
        [(each.css_class, each.name) for each in (halves, most)],
        lines=[drawn(each, top) for each in (most, halves)],
    )
    columns = [
        day_column(_period_head(stats)),
        count_column(_("Pictures")),
        seconds_column(_("Median wait (s)")),
        seconds_column(_("95th percentile (s)")),
    ]
    return Section(
        _("How long shoppers wait"), text, Table("waits", columns, rows), chart if every else None
    )


def funnel(stats: Stats) -> Section:
    """From a button in a page to the basket; the shop's own try-ons are not in it."""
    steps = [
        (_("Button shown"), stats.of(Event.IMPRESSION)),
        (_("Dialog opened"), stats.of(Event.OPENED)),
        (_("Try-on requested"), stats.of_shoppers(Event.REQUESTED)),
        (_("Picture ready"), stats.of_shoppers(Event.READY)),
        (_("Put into the basket"), stats.baskets_of_tried),
    ]
    rows = []
    before: int | None = None
    for name, count in steps:
        rows.append([name, count, count / before if before else None])
        before = count
    text = _("No button was shown in these days.")
    if steps[0][1]:
        text = _("%(opened)s of the buttons were opened.") % {
            "opened": percent_text(steps[1][1] / steps[0][1])
        }
    if steps[3][1]:
        bought = {"bought": percent_text(steps[4][1] / steps[3][1])}
        text += " " + _("%(bought)s of the pictures were followed by a basket.") % bought
    columns = [
        text_column(_("Step")),
        count_column(_("How many")),
        percent_column(_("Of the step before (%)")),
    ]
    table = Table("funnel", columns, rows)
    return Section(
        _("From the button to the basket"), text, table, bars=bars_of([n for _name, n in steps])
    )


def products(stats: Stats, ranked: Sequence[Ranked]) -> Section:
    """Products that are tried on most."""
    every = stats.of(Event.REQUESTED)
    rows = [[row.title, row.count, row.count / every if every else None] for row in ranked]
    columns = [
        text_column(_("Product")),
        count_column(_("Try-ons")),
        percent_column(_("Of all (%)")),
    ]
    text = _("Those that were asked for most, by shoppers and by the shop.")
    if not ranked:
        text = _("Nothing was tried on in these days.")
    bars = bars_of([row.count for row in ranked])
    links = [f"?{stats.params.query(product=row.product)}" for row in ranked]
    table = Table("products", columns, rows)
    return Section(_("Top products"), text, table, bars=bars, links=links)


def failures(stats: Stats) -> Section:
    """Reasons for which try-ons failed."""
    reasons: dict[str, int] = {}
    for detail, count in stats.by_detail(Event.FAILED).items():
        code = detail.partition(":")[2] or detail
        reasons[code] = reasons.get(code, 0) + count
    rate = stats.success.value
    text = _("Nothing failed.")
    if reasons and rate is not None:
        text = _("%(rate)s of those that were not canceled became pictures.") % {
            "rate": percent_text(rate)
        }
    return _shares("failures", _("Why try-ons failed"), text, _("Error code"), reasons)


def feedback(stats: Stats) -> Section:
    """Shoppers' feedback about their pictures."""
    names = {
        **{reason.value: str(reason.label) for reason in FeedbackReason},
        Feedback.DOWN.value: _("Not right, without a reason"),
        Feedback.UP.value: _("Good"),
    }
    verdicts = {
        names.get(detail, detail): count
        for detail, count in stats.by_detail(Event.FEEDBACK).items()
        if count > 0
    }
    said, good = sum(verdicts.values()), verdicts.get(_("Good"), 0)
    text = _("Nobody has said yet what the pictures are like.")
    if said:
        text = _("%(good)s of the verdicts are good.") % {"good": percent_text(good / said)}
    return _shares("feedback", _("What shoppers say"), text, _("Verdict"), verdicts)


def _shares(name: str, title: str, text: str, head: str, counts: dict[str, int]) -> Section:
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    every = sum(counts.values())
    rows = [[each, count, count / every] for each, count in ordered]
    columns = [text_column(head), count_column(_("How many")), percent_column(_("Of all (%)"))]
    table = Table(name, columns, rows)
    return Section(title, text, table, bars=bars_of([count for _each, count in ordered]))


def holdout(stats: Stats) -> Section:
    """Compare the share of visitors who put something into the basket."""
    seeing, without = stats.groups
    rows = [
        [
            name,
            rate.total,
            rate.successes,
            rate.value,
            *(wilson(rate) if rate.total else (None,) * 2),
        ]
        for name, rate in ((_("See buttons"), seeing), (_("Held out"), without))
    ]
    columns = [
        text_column(_("Visitors")),
        count_column(_("How many")),
        count_column(_("With a basket")),
        percent_column(_("Rate (%)")),
        percent_column(_("At least (%)")),
        percent_column(_("At most (%)")),
    ]
    table = Table("hold-out", columns, rows)
    return Section(_("Do buttons bring baskets?"), _holdout_text(seeing, without), table)


def _holdout_text(seeing: Rate, without: Rate) -> str:
    if too_few(seeing, without):
        return _(
            "Too few visitors to tell yet: each group needs %(visitors)d of them, and "
            "%(baskets)d with a basket."
        ) % {"visitors": LEAST_IN_A_GROUP, "baskets": LEAST_SUCCESSES}
    found = difference(seeing, without)
    facts = {
        "points": _points(found.value),
        "low": _points(found.low),
        "high": _points(found.high),
    }
    limits = _(
        "The basket rate of those who see buttons differs by %(points)s percentage points; 95 "
        "times in 100 the true difference lies between %(low)s and %(high)s."
    )
    if not found.is_sure:
        doubt = _("That may be chance: no difference can be told from these numbers.")
        return f"{limits % facts} {doubt}"
    verdict = _("Buttons bring baskets.") if found.value > 0 else _("Buttons cost baskets.")
    return f"{verdict} {limits % facts}"


def _points(value: float) -> str:
    sign = "+" if value > 0 else "\N{MINUS SIGN}" if value < 0 else ""
    return sign + rounded(abs(100 * value), 1)
