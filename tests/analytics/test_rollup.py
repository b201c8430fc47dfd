"""Events become daily counts: once each, whoever adds them and whatever breaks off."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connections
from pytest_django import DjangoAssertNumQueries

from glam_tryon.analytics.rebuild import rebuild_counts
from glam_tryon.analytics.rollup import KEPT_DAYS, roll_up, sums_of
from glam_tryon.limits.period import shop_day
from glam_tryon.models import AnalyticsEvent, DailyCount, TryOnJob, TryOnSubmission
from glam_tryon.models.clock import DatabaseNow
from glam_tryon.models.statistics import Counted, Event
from glam_tryon.worker.maintenance import Maintenance

pytestmark = pytest.mark.database

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def made(event: str = Event.IMPRESSION, **fields: Any) -> AnalyticsEvent:
    return AnalyticsEvent(**{"event": event, "at": NOON, **fields})


def counts(**wanted: Any) -> dict[tuple[str, str, str], int]:
    rows = DailyCount.objects.filter(**wanted)
    return {(row.product_key, row.event, row.detail): row.count for row in rows}


def test_an_event_counts_for_its_product_and_for_all_together() -> None:
    sums = sums_of([made(product_type=3, product_key="7", count=2)])
    assert sums == {
        Counted("", 0, "impression", date(2026, 3, 14), ""): 2,
        Counted("7", 3, "impression", date(2026, 3, 14), ""): 2,
    }


def test_what_is_requested_counts_for_the_products_month_too() -> None:
    sums = sums_of([made(Event.REQUESTED, detail="shopper", product_type=3, product_key="7")])
    assert sums[Counted("7", 3, "month", date(2026, 3, 1), "")] == 1
    assert len(sums) == 3


@pytest.mark.parametrize("event", ["bought", "money", "visitor", "buyer"])
def test_money_and_visitors_count_for_no_product(event: str) -> None:
    assert len(sums_of([made(event, product_type=3, product_key="7")])) == 1


def test_a_wait_is_counted_in_its_bin() -> None:
    began = NOON - timedelta(seconds=16)
    (counted,) = sums_of([made(Event.READY, detail="shopper", began_at=began)])
    assert counted.detail == "shopper:16"


def test_the_day_is_the_shops(settings: Any) -> None:
    settings.TIME_ZONE = "Asia/Tokyo"
    late = datetime(2026, 3, 14, 20, tzinfo=UTC)
    (counted,) = sums_of([made(at=late)])
    assert counted.day == date(2026, 3, 15)


@pytest.mark.django_db
def test_slips_are_added_to_what_the_day_has_and_are_gone() -> None:
    for _ in range(2):
        AnalyticsEvent.objects.bulk_create([made(), made(count=4), made(Event.OPENED)])
        assert roll_up() == 3
    assert counts() == {("", "impression", ""): 10, ("", "opened", ""): 2}
    assert not AnalyticsEvent.objects.exists()
    assert roll_up() == 0


@pytest.mark.django_db
def test_a_thousand_rows_are_added_with_one_statement(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    sums = {Counted(str(n), 1, "impression", NOON.date(), ""): n for n in range(1000)}
    with django_assert_num_queries(1):
        DailyCount.objects.add(sums)
    with django_assert_num_queries(1):
        DailyCount.objects.add(sums)
    assert DailyCount.objects.get(product_key="999").count == 1998


@pytest.mark.django_db(transaction=True)
def test_what_breaks_off_counts_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    AnalyticsEvent.objects.bulk_create([made(), made()])

    def broken(*_args: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr("glam_tryon.models.statistics.DailyCountQuerySet.add", broken)
        with pytest.raises(RuntimeError):
            roll_up()
    assert AnalyticsEvent.objects.count() == 2
    assert roll_up() == 2
    assert counts() == {("", "impression", ""): 2}


def _at_once(work: Callable[[], object], threads: int) -> None:
    barrier = threading.Barrier(threads)

    def each() -> None:
        try:
            barrier.wait()
            work()
        finally:
            connections.close_all()

    running = [threading.Thread(target=each) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()


@pytest.mark.django_db(transaction=True)
def test_four_that_fold_at_once_count_each_slip_once() -> None:
    AnalyticsEvent.objects.bulk_create(
        [made(product_type=1, product_key=str(number % 7)) for number in range(3000)]
    )
    _at_once(roll_up, 4)
    while AnalyticsEvent.objects.exists():
        roll_up()
    assert DailyCount.objects.of_product().get().count == 3000
    assert sum(row.count for row in DailyCount.objects.exclude(product_key="")) == 3000


@pytest.mark.database("postgres", "mysql")
@pytest.mark.django_db(transaction=True)
def test_four_that_add_to_the_same_rows_at_once_lose_nothing() -> None:
    sums = {Counted(str(n), 1, "impression", NOON.date(), ""): 1 for n in range(50)}

    def work() -> None:
        for _ in range(20):
            DailyCount.objects.add(sums)

    _at_once(work, 4)
    assert {row.count for row in DailyCount.objects.all()} == {80}
    assert DailyCount.objects.count() == 50


@pytest.mark.django_db
def test_counts_go_after_twenty_five_months() -> None:
    today = shop_day()
    days = {age: today - timedelta(days=age) for age in (KEPT_DAYS, KEPT_DAYS + 1)}
    DailyCount.objects.add({Counted("", 0, "impression", day, ""): 1 for day in days.values()})
    roll_up()
    assert DailyCount.objects.get().day == days[KEPT_DAYS]
    assert KEPT_DAYS >= 25 * 30


@pytest.mark.usefixtures("with_maintenance")
@pytest.mark.django_db(transaction=True)
def test_the_pollers_maintenance_rolls_up() -> None:
    AnalyticsEvent(event=Event.IMPRESSION, at=DatabaseNow()).save()
    maintenance = Maintenance()
    maintenance.perform()
    maintenance.wait(30)
    assert counts() == {("", "impression", ""): 1}


@pytest.mark.django_db(transaction=True)
def test_a_try_on_is_counted_from_request_to_picture(
    order: Callable[..., TryOnJob], drain: Callable[..., None], settings: Any
) -> None:
    settings.GLAM_TRYON = {
        **settings.GLAM_TRYON,
        "PRICE": {"per_credit": "0.08", "currency": "EUR"},
    }
    job = order()
    drain()
    roll_up()
    key = job.product_key
    events = {
        (event, detail.rpartition(":")[0] or detail): count
        for (product, event, detail), count in counts(product_key=key).items()
        if product == key
    }
    assert events == {("requested", "shopper"): 1, ("ready", "shopper"): 1, ("month", ""): 1}
    assert counts()[("", "bought", "")] == 1
    assert counts()[("", "money", "EUR")] == 800


@pytest.mark.django_db(transaction=True)
def test_what_glam_gave_back_is_taken_off_the_day_it_was_bought_on() -> None:
    for number in range(3):
        TryOnSubmission.objects.create(
            number=number, outcome="accepted", price="0.08", currency="EUR", started_at=NOON
        )
    lines = TryOnSubmission.objects.all()
    lines.update(accepted_at=NOON)
    unclear = TryOnSubmission.objects.create(number=9, outcome="ambiguous", started_at=NOON)
    rebuild_counts()
    assert counts() == {("", "bought", ""): 3, ("", "money", "EUR"): 2400}
    two = [line.pk for line in lines.filter(outcome="accepted")[:2]]
    # What Glam may never have taken was not counted either.
    assert lines.filter(pk__in=[*two, unclear.pk]).refund("ada") == 3
    assert lines.refund("bob") == 1
    roll_up()
    assert counts() == {("", "bought", ""): 0, ("", "money", "EUR"): 0}
    assert lines.filter(pk__in=two).charge() == 2
    assert lines.filter(pk__in=two).charge() == 0
    roll_up()
    assert counts() == {("", "bought", ""): 2, ("", "money", "EUR"): 1600}
    assert set(DailyCount.objects.values_list("day", flat=True)) == {shop_day(NOON)}
    rebuild_counts()
    assert counts() == {("", "bought", ""): 2, ("", "money", "EUR"): 1600}


@pytest.mark.django_db(transaction=True)
def test_a_canceled_and_a_failed_one_are_counted_with_the_reason(
    order: Callable[..., TryOnJob],
) -> None:
    order().cancel()
    failed = order(visitor="")
    failed.fail("glam_failed", "no", 1.0)
    # A second end of the same job changes nothing, so it counts nothing.
    failed.fail("glam_failed", "no", 1.0)
    roll_up()
    found = counts(product_key="")
    assert found[("", "canceled", "shopper")] == 1
    assert found[("", "failed", "shop:glam_failed")] == 1


@pytest.mark.django_db(transaction=True)
def test_an_order_that_is_rolled_back_is_not_counted(
    order: Callable[..., TryOnJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise RuntimeError

    monkeypatch.setattr("glam_tryon.orders.place.wake_pollers", broken)
    with pytest.raises(RuntimeError):
        order()
    assert not AnalyticsEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_those_that_staff_cancel_together_are_counted_one_by_one(
    order: Callable[..., TryOnJob],
) -> None:
    keys = [order().pk, order().pk]
    TryOnJob.objects.all().cancel_all(keys, note="by staff")
    TryOnJob.objects.all().cancel_all(keys, note="by staff")
    roll_up()
    assert counts(product_key="", event="canceled") == {("", "canceled", "shopper"): 2}


@pytest.mark.django_db(transaction=True)
def test_a_picture_that_is_fetched_again_is_not_counted_again(
    order: Callable[..., TryOnJob], drain: Callable[..., None]
) -> None:
    job = order()
    drain()
    TryOnJob.objects.get(pk=job.pk).refetch()
    drain()
    assert TryOnJob.objects.get(pk=job.pk).status == "ready"
    roll_up()
    ready = DailyCount.objects.filter(event="ready", product_type=0)
    assert [row.count for row in ready] == [1]
