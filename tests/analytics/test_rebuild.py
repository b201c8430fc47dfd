"""Try-ons are counted anew from the jobs, and only those of the days before today."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db.models import F

from glam_tryon.analytics.rollup import roll_up
from glam_tryon.limits.period import shop_day
from glam_tryon.models import AnalyticsEvent, DailyCount, TryOnJob, TryOnSubmission, TryOnTransition
from glam_tryon.models.clock import DatabaseNow
from glam_tryon.models.statistics import Event

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def counts() -> dict[tuple[object, ...], int]:
    rows = DailyCount.objects.exclude(count=0)
    return {
        (row.product_key, row.event, row.day, row.detail): row.count for row in rows.order_by("pk")
    }


def a_day_ago() -> None:
    """Let all that happened so far have happened yesterday, events as well."""
    back = timedelta(days=1)
    TryOnJob.objects.update(created_at=F("created_at") - back)
    TryOnTransition.objects.update(at=F("at") - back)
    TryOnSubmission.objects.update(accepted_at=F("accepted_at") - back)
    AnalyticsEvent.objects.update(at=F("at") - back)
    AnalyticsEvent.objects.exclude(began_at=None).update(began_at=F("began_at") - back)


def rebuilt() -> str:
    out = StringIO()
    call_command("count_tryons", "--rebuild", stdout=out)
    return out.getvalue()


def test_what_is_counted_anew_is_what_was_counted(
    order: Callable[..., TryOnJob], drain: Callable[..., None]
) -> None:
    order()
    drain()
    order().cancel()
    order().fail("glam_failed", "no", 1.0)
    AnalyticsEvent(event=Event.IMPRESSION, at=DatabaseNow()).save()
    a_day_ago()
    order()
    roll_up()
    before = counts()
    assert len(before) > 8
    assert rebuilt() == "counts added: 0\ntry-ons counted anew: 3\n"
    assert counts() == before


def test_a_loss_is_made_good_and_a_second_time_changes_nothing(
    order: Callable[..., TryOnJob],
) -> None:
    order().cancel()
    a_day_ago()
    roll_up()
    before = counts()
    DailyCount.objects.all().delete()
    rebuilt()
    rebuilt()
    assert counts() == before


def test_without_the_option_only_what_waits_is_added(order: Callable[..., TryOnJob]) -> None:
    order()
    out = StringIO()
    call_command("count_tryons", stdout=out)
    assert out.getvalue() == "counts added: 1\n"
    assert ("", "requested", shop_day(), "shopper") in counts()
