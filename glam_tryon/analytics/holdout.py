"""The hold-out: a share of visitors sees no button, so that the shop learns what buttons do."""

from __future__ import annotations

import random
from datetime import date, datetime, time

from django.http import HttpRequest
from django.utils import timezone

from glam_tryon.analytics.event_buffer import buffer_event
from glam_tryon.conf import conf
from glam_tryon.limits.period import shop_day
from glam_tryon.models import AnalyticsEvent
from glam_tryon.models.statistics import Event

#: The two groups. Which one a visitor is in stands in their session and nowhere else.
SEES, WITHOUT = "sees", "without"
SESSION_KEY = "glam_tryon_group"


def sees_buttons(request: HttpRequest | None) -> bool:
    """Say whether this visitor sees buttons; always, where nobody is held out.

    The first page decides by chance, and is when the visitor is counted. Where a page is written
    without a request or a session, buttons are seen and nobody is counted.
    """
    session = getattr(request, "session", None)
    if session is None:
        return True
    group, _day, _bought = session.get(SESSION_KEY) or ("", "", False)
    if not group:
        group = WITHOUT if random.random() < conf.HOLDOUT_SHARE else SEES
        session[SESSION_KEY] = [group, shop_day().isoformat(), False]
        buffer_event(Event.VISITOR, detail=group)
    return bool(group == SEES)


def note_basket(request: HttpRequest) -> None:
    """Count the first basket of a visitor who was counted, on the day when that was.

    So each visitor counts once in either number, and a rate is one of visitors.
    """
    session = getattr(request, "session", None)
    group, day, bought = (session and session.get(SESSION_KEY)) or ("", "", True)
    if session is None or bought:
        return
    noon = datetime.combine(date.fromisoformat(day), time(12), timezone.get_default_timezone())
    using = AnalyticsEvent.objects.write_alias()
    AnalyticsEvent(event=Event.BUYER, detail=group, at=noon).save(using=using)
    session[SESSION_KEY] = [group, day, True]
