"""The first line of the dashboard: what goes on now, and the range in three numbers."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from glam_tryon.admin.operations.alerts import unconfirmed_url
from glam_tryon.admin.operations.live_state import LiveState
from glam_tryon.admin.reports.stats import Figures
from glam_tryon.admin.reports.tables import NOTHING, count_words, percent_words, seconds_words
from glam_tryon.analytics.wait_histogram import percentile


@dataclass(frozen=True, slots=True)
class Tile:
    """A number with its unit, what it is of, and what there is to say about it."""

    name: str
    number: str
    words: str = ""
    link: str = ""
    is_bad: bool = False


def tiles(now: LiveState, figures: Figures) -> list[Tile]:
    """Return them in the order of the page."""
    queue = _("%(count)s waiting") % {"count": count_words(now.waiting)}
    oldest = _("the oldest for %(time)s") % {"time": seconds_words(now.queue_age.total_seconds())}
    waits, rate = figures.waits(), figures.success.value
    half, long = percentile(waits, 0.5), percentile(waits, 0.95)
    return [
        Tile(
            _("Slots in use"),
            _("%(held)d of %(limit)d") % {"held": now.slots, "limit": now.limit},
            _("now"),
        ),
        Tile(_("Queue"), queue, oldest if now.waiting else _("now")),
        Tile(
            _("Unconfirmed"),
            count_words(now.unconfirmed),
            _("wait for a person") if now.unconfirmed else _("now"),
            unconfirmed_url() if now.unconfirmed else "",
            is_bad=now.unconfirmed > 0,
        ),
        Tile(
            _("Success"),
            NOTHING if rate is None else percent_words(rate),
            _("of those that were not canceled"),
        ),
        Tile(
            _("Usual wait"),
            NOTHING if half is None else seconds_words(half),
            NOTHING
            if long is None
            else _("95 of 100 within %(time)s") % {"time": seconds_words(long)},
        ),
    ]
