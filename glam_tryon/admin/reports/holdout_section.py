"""Whether buttons bring baskets: visitors with and without them, compared honestly."""

from __future__ import annotations

from django.utils.translation import gettext as _

from glam_tryon.admin.reports.section import Section
from glam_tryon.admin.reports.stats import Figures
from glam_tryon.admin.reports.tables import (
    Table,
    count_column,
    percent_column,
    rounded,
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


def holdout(figures: Figures) -> Section:
    """Compare the share of visitors who put something into the basket."""
    seeing, without = figures.groups
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
    return Section(_("Do buttons bring baskets?"), _words(seeing, without), table)


def _words(seeing: Rate, without: Rate) -> str:
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
