"""The sections whose table is the picture: steps, products, reasons and verdicts, with bars."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from glam_tryon.admin.reports.ranking import Ranked
from glam_tryon.admin.reports.section import Section, bars_of
from glam_tryon.admin.reports.stats import Figures
from glam_tryon.admin.reports.tables import (
    Table,
    count_column,
    percent_column,
    percent_words,
    text_column,
)
from glam_tryon.models.job import Feedback, FeedbackReason
from glam_tryon.models.statistics import Event


def funnel(figures: Figures) -> Section:
    """From a button in a page to the basket; the shop's own try-ons are not in it."""
    steps = [
        (_("Button shown"), figures.of(Event.IMPRESSION)),
        (_("Dialog opened"), figures.of(Event.OPENED)),
        (_("Try-on requested"), figures.of_shoppers(Event.REQUESTED)),
        (_("Picture ready"), figures.of_shoppers(Event.READY)),
        (_("Put into the basket"), figures.baskets_of_tried),
    ]
    rows = []
    before: int | None = None
    for name, count in steps:
        rows.append([name, count, count / before if before else None])
        before = count
    words = _("No button was shown in these days.")
    if steps[0][1]:
        words = _("%(opened)s of the buttons were opened.") % {
            "opened": percent_words(steps[1][1] / steps[0][1])
        }
    if steps[3][1]:
        bought = {"bought": percent_words(steps[4][1] / steps[3][1])}
        words += " " + _("%(bought)s of the pictures were followed by a basket.") % bought
    columns = [
        text_column(_("Step")),
        count_column(_("How many")),
        percent_column(_("Of the step before (%)")),
    ]
    table = Table("funnel", columns, rows)
    return Section(
        _("From the button to the basket"), words, table, bars=bars_of([n for _name, n in steps])
    )


def products(figures: Figures, ranked: Sequence[Ranked]) -> Section:
    """What is tried on most."""
    every = figures.of(Event.REQUESTED)
    rows = [[row.title, row.count, row.count / every if every else None] for row in ranked]
    columns = [
        text_column(_("Product")),
        count_column(_("Try-ons")),
        percent_column(_("Of all (%)")),
    ]
    words = _("Those that were asked for most, by shoppers and by the shop.")
    if not ranked:
        words = _("Nothing was tried on in these days.")
    bars = bars_of([row.count for row in ranked])
    links = [f"?{figures.choice.query(product=row.product)}" for row in ranked]
    table = Table("products", columns, rows)
    return Section(_("Top products"), words, table, bars=bars, links=links)


def failures(figures: Figures) -> Section:
    """Why try-ons failed."""
    reasons: dict[str, int] = {}
    for detail, count in figures.by_detail(Event.FAILED).items():
        code = detail.partition(":")[2] or detail
        reasons[code] = reasons.get(code, 0) + count
    rate = figures.success.value
    words = _("Nothing failed.")
    if reasons and rate is not None:
        words = _("%(rate)s of those that were not canceled became pictures.") % {
            "rate": percent_words(rate)
        }
    return _shares("failures", _("Why try-ons failed"), words, _("Error code"), reasons)


def feedback(figures: Figures) -> Section:
    """What shoppers said of their pictures."""
    names = {
        **{reason.value: str(reason.label) for reason in FeedbackReason},
        Feedback.DOWN.value: _("Not right, without a reason"),
        Feedback.UP.value: _("Good"),
    }
    verdicts = {
        names.get(detail, detail): count
        for detail, count in figures.by_detail(Event.FEEDBACK).items()
        if count > 0
    }
    said, good = sum(verdicts.values()), verdicts.get(_("Good"), 0)
    words = _("Nobody has said yet what the pictures are like.")
    if said:
        words = _("%(good)s of the verdicts are good.") % {"good": percent_words(good / said)}
    return _shares("feedback", _("What shoppers say"), words, _("Verdict"), verdicts)


def _shares(name: str, title: str, words: str, head: str, counts: dict[str, int]) -> Section:
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    every = sum(counts.values())
    rows = [[each, count, count / every] for each, count in ordered]
    columns = [text_column(head), count_column(_("How many")), percent_column(_("Of all (%)"))]
    table = Table(name, columns, rows)
    return Section(title, words, table, bars=bars_of([count for _each, count in ordered]))
