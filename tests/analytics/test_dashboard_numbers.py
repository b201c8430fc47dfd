"""The dashboard's numbers: what is read, of which days, and with how many statements."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.contrib.contenttypes.models import ContentType
from django.http import QueryDict
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from example_project.shop.models import Product
from glam_tryon.admin.operations.live_state import read_live_state
from glam_tryon.admin.reports.ranking import ranges, title_of, top_products
from glam_tryon.admin.reports.stats import Params, read_stats
from glam_tryon.analytics.confidence_intervals import Rate
from glam_tryon.limits.period import shop_day
from glam_tryon.models import Account, DailyCount, TryOnJob, TryOnSubmission
from glam_tryon.models.clock import DatabaseNow
from glam_tryon.models.statistics import Counted, Event

pytestmark = [pytest.mark.database, pytest.mark.django_db]

TODAY = shop_day()


def put(event: str, count: int = 1, *, back: int = 0, detail: str = "", product: str = "") -> None:
    day = TODAY - timedelta(days=back)
    DailyCount.objects.add({Counted(product, 9 if product else 0, event, day, detail): count})


# What is asked for.


@pytest.mark.parametrize(
    ("asked", "query"),
    [
        ("", "days=30"),
        ("days=7", "days=7"),
        ("days=8", "days=30"),
        ("days=-7&product=7", "days=30"),
        ("days=365&product=9:a%2Fb:c", "days=365&product=9%3Aa%2Fb%3Ac"),
        ("product=x:7", "days=30"),
        ("product=9:", "days=30"),
        ("product=9:%00", "days=30"),
        ("product=99999999999:7", "days=30"),
        ("product=9:" + "k" * 256, "days=30"),
    ],
)
def test_what_makes_no_sense_is_as_if_it_were_not_there(asked: str, query: str) -> None:
    assert Params.of(QueryDict(asked)).query() == query


def test_a_range_ends_today_and_a_year_goes_by_week() -> None:
    month = Params(30, date(2026, 5, 20))
    assert (month.first, len(month.periods), month.periods[-1]) == (
        date(2026, 4, 21),
        30,
        date(2026, 5, 20),
    )
    year = Params(365, date(2026, 5, 20))
    assert year.first.weekday() == 0
    assert len(year.periods) == 53
    assert year.periods[-1] == date(2026, 5, 18)


# Counts.


def test_all_is_read_with_one_statement(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    put("impression", 7)
    for days in (7, 365):
        with django_assert_num_queries(1):
            assert read_stats(Params(days, TODAY)).of(Event.IMPRESSION) == 7


def test_days_before_the_range_and_other_products_do_not_count() -> None:
    for back in (0, 6, 7):
        put("impression", back=back)
        put("impression", 10, back=back, product="a")
    assert read_stats(Params(7, TODAY)).of(Event.IMPRESSION) == 2
    assert read_stats(Params(7, TODAY, 9, "a")).of(Event.IMPRESSION) == 20
    assert read_stats(Params(7, TODAY, 8, "a")).of(Event.IMPRESSION) == 0


def test_a_year_adds_its_days_up_by_week() -> None:
    year = Params(365, TODAY)
    monday = TODAY - timedelta(days=TODAY.weekday())
    for back in range(14):
        put("opened", back=back)
    stats = read_stats(year)
    assert stats.of(Event.OPENED) == 14
    assert stats.of(Event.OPENED, monday - timedelta(days=7)) == 7
    assert set(stats.counts) <= set(year.periods)


def test_the_success_rate_leaves_out_what_was_canceled() -> None:
    put("ready", 6, detail="shopper:12")
    put("failed", 2, detail="shop:glam_failed")
    put("canceled", 5, detail="shopper")
    assert read_stats(Params(7, TODAY)).success == Rate(6, 8)


def test_the_funnel_and_the_waits_are_shoppers_only() -> None:
    put("requested", 3, detail="shopper")
    put("requested", 100, detail="shop")
    put("ready", 2, detail="shopper:12")
    put("ready", 1, detail="shopper:20", back=1)
    put("ready", 90, detail="shop:30")
    stats = read_stats(Params(7, TODAY))
    assert stats.of_shoppers(Event.REQUESTED) == 3
    assert stats.of_shoppers(Event.READY) == 3
    assert stats.waits() == {12: 2, 20: 1}
    assert stats.waits(TODAY) == {12: 2}


def test_spending_is_known_by_day_and_from_the_months_beginning() -> None:
    month = TODAY.replace(day=1)
    put("money", 800, detail="EUR")
    put("money", 400, detail="EUR", back=(TODAY - month).days)
    put("money", 900, detail="USD")
    put("bought", 2)
    for days in (7, 365):
        stats = read_stats(Params(days, TODAY))
        spent = stats.money("EUR")
        assert sum(spent.values()) == Decimal("0.12")
        assert stats.generations() == {TODAY: 2}


def test_a_group_is_its_visitors_and_their_first_baskets() -> None:
    put("visitor", 50, detail="sees")
    put("visitor", 20, detail="without")
    put("buyer", 5, detail="sees")
    put("buyer", 21, detail="without")
    assert read_stats(Params(7, TODAY)).groups == (Rate(5, 50), Rate(20, 20))


# The products.


@pytest.mark.parametrize(
    ("first", "today", "read"),
    [
        ("2026-01-01", "2026-03-30", ["month 2026-01-01 2026-03-30"]),
        (
            "2026-01-02",
            "2026-03-31",
            ["requested 2026-01-02 2026-01-31", "month 2026-02-01 2026-03-31"],
        ),
        ("2026-01-02", "2026-01-31", ["requested 2026-01-02 2026-01-31"]),
        (
            "2026-01-31",
            "2026-02-01",
            ["requested 2026-01-31 2026-01-31", "month 2026-02-01 2026-02-01"],
        ),
        ("2026-02-01", "2026-02-01", ["month 2026-02-01 2026-02-01"]),
    ],
)
def test_a_range_is_the_days_before_a_month_and_then_months(
    first: str, today: str, read: list[str]
) -> None:
    found = ranges(date.fromisoformat(first), date.fromisoformat(today))
    assert [" ".join(map(str, part)) for part in found] == read


def test_products_are_ranked_by_days_and_by_whole_months_alike(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    # As the events of two products over five months become counts.
    kind = ContentType.objects.get_for_model(Product).pk
    for product, count in (("a", 1), ("b", 2)):
        TryOnJob.objects.create(content_type_id=kind, product_key=product, mask_type="upper")
        TryOnJob.objects.update(garment_title="Shirt")
        for back in range(150):
            day = TODAY - timedelta(days=back)
            requested = Counted(product, kind, "requested", day, "shopper")
            month = Counted(product, kind, "month", day.replace(day=1), "")
            DailyCount.objects.add({requested: count, month: count})
    for days in (7, 30, 90):
        with django_assert_num_queries(1):
            ranked = top_products(Params(days, TODAY))
        assert [(row.product, row.count) for row in ranked] == [
            (f"{kind}:b", 2 * days),
            (f"{kind}:a", days),
        ]


def test_a_product_is_called_what_its_try_on_calls_it(order: Callable[..., TryOnJob]) -> None:
    job = order()
    kind, key = job.content_type_id, job.product_key
    DailyCount.objects.add({Counted(key, kind or 0, "requested", TODAY, "shopper"): 1})
    put("requested", product="gone")
    assert {row.title for row in top_products(Params(7, TODAY))} == {"Linen shirt", "gone"}
    assert title_of(Params(7, TODAY, kind or 0, key)) == "Linen shirt"
    assert title_of(Params(7, TODAY, 9, "gone")) == "gone"


def test_a_product_without_a_try_on_is_asked_itself(product: Product) -> None:
    kind = ContentType.objects.get_for_model(Product).pk
    key = str(product.pk)
    DailyCount.objects.add({Counted(key, kind, "requested", TODAY, "shopper"): 1})
    assert [row.title for row in top_products(Params(7, TODAY))] == ["Linen shirt"]
    assert title_of(Params(7, TODAY, kind, key)) == "Linen shirt"


# Now.


def test_a_shop_in_which_nothing_happened_has_nothing_going_on() -> None:
    now = read_live_state()
    assert (now.slots, now.waiting, now.unconfirmed, now.queue_age) == (0, 0, 0, timedelta(0))


def test_what_goes_on_is_read_with_one_statement(
    order: Callable[..., TryOnJob], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    Account.load()
    waiting, sent, settling, resting = order(), order(), order(), order()
    rows = TryOnJob.objects
    rows.filter(pk=waiting.pk).update(created_at=timezone.now() - timedelta(minutes=5))
    rows.filter(pk=sent.pk).update(status="in_queue", queue=0)
    doubtful = {"status": "unconfirmed", "error_code": "needs_person"}
    rows.filter(pk=settling.pk).update(queue=0, **doubtful)
    rows.filter(pk=resting.pk).update(queue=None, **doubtful)
    TryOnSubmission.objects.create(
        job=sent, job_key=sent.pk, number=1, slot=0, started_at=DatabaseNow()
    )
    with django_assert_num_queries(1):
        now = read_live_state()
    assert (now.slots, now.waiting, now.unconfirmed, now.limit) == (1, 1, 2, 2)
    assert timedelta(minutes=5) <= now.queue_age < timedelta(minutes=6)
