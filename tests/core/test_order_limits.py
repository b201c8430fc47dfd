"""How many try-ons one shopper, one account and one address may ask for, also all at once."""

from __future__ import annotations

import hashlib
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.files.base import ContentFile
from django.db import connection, connections
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from example_project.shop.models import Product
from glam_tryon import jobs
from glam_tryon.exceptions import OrderRefused
from glam_tryon.limits import availability as switch
from glam_tryon.limits.client_ip import client_ip, ip_block
from glam_tryon.limits.period import ends_at
from glam_tryon.limits.quotas import prune_ip_counts, used_today
from glam_tryon.models import IPCount, OrderLock, PersonPhoto, TryOnJob, TryOnSubmission
from glam_tryon.models.clock import database_time
from glam_tryon.models.order_lock import LOCKS
from glam_tryon.models.status import Status
from tests.shop import picture

pytestmark = pytest.mark.database

Order = Callable[..., TryOnJob]
Configure = Callable[..., None]


@pytest.fixture
def configure(settings: Any) -> Configure:
    def configure(**values: Any) -> None:
        settings.GLAM_TRYON = {**settings.GLAM_TRYON, **values}

    return configure


def refusal(order: Order, **options: Any) -> OrderRefused:
    with pytest.raises(OrderRefused) as caught:
        order(**options)
    return caught.value


def end(job: TryOnJob, status: str, *outcomes: str) -> None:
    """Let a job be over, with these lines in the ledger."""
    TryOnJob.objects.filter(pk=job.pk).update(status=status, queue=None)
    for number, outcome in enumerate(outcomes, start=1):
        TryOnSubmission.objects.create(
            job=job, number=number, outcome=outcome, started_at=database_time("default")
        )


def midnight() -> datetime:
    return ends_at("day", database_time("default"))


# One shopper.


@pytest.mark.django_db
def test_a_visitor_has_so_many_a_day_and_is_told_when_the_next_begins(
    order: Order, configure: Configure
) -> None:
    configure(LIMITS={"visitor_day": 2})
    order(visitor="ada")
    order(visitor="ada")
    refused = refusal(order, visitor="ada")
    assert (refused.code, refused.ends_at) == ("limit_owner_day", midnight())
    order(visitor="bob")
    assert TryOnJob.objects.count() == 3


@pytest.mark.django_db
def test_an_account_has_a_number_of_its_own(order: Order, configure: Configure) -> None:
    configure(LIMITS={"visitor_day": 0, "user_day": 1})
    user = get_user_model().objects.create(username="ada")
    order(user=user, visitor="ada")
    assert refusal(order, user=user, visitor="ada").code == "limit_owner_day"


@pytest.mark.django_db
def test_yesterdays_orders_do_not_count(order: Order, configure: Configure) -> None:
    configure(LIMITS={"visitor_day": 1})
    order(visitor="ada")
    TryOnJob.objects.update(created_at=database_time("default") - timedelta(days=1))
    order(visitor="ada")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("status", "outcomes", "counts"),
    [
        (Status.READY, ("accepted",), True),
        (Status.READY, ("refused", "accepted"), True),
        (Status.CANCELED, ("accepted",), True),
        (Status.CANCELED, ("ambiguous",), True),
        (Status.CANCELED, (), False),
        (Status.CANCELED, ("not_sent",), False),
        (Status.FAILED, ("refused",), False),
        (Status.FAILED, ("accepted",), False),
        (Status.READY, (), False),
    ],
)
def test_an_order_gives_itself_back_when_nothing_was_bought_for_it(
    order: Order, status: str, outcomes: tuple[str, ...], counts: bool
) -> None:
    job = order(visitor="ada")
    end(job, status, *outcomes)
    assert used_today(job.owner, database_time("default")) == counts


@pytest.mark.django_db
def test_so_many_may_be_under_way_and_a_finished_one_makes_room(
    order: Order, configure: Configure
) -> None:
    configure(LIMITS={"open": 2})
    first = order(visitor="ada")
    order(visitor="ada")
    refused = refusal(order, visitor="ada")
    assert (refused.code, refused.ends_at) == ("limit_open", None)
    end(first, Status.READY, "accepted")
    order(visitor="ada")


@pytest.mark.django_db
def test_one_that_waits_for_staff_shuts_nobody_out(order: Order, configure: Configure) -> None:
    configure(LIMITS={"open": 1})
    job = order(visitor="ada")
    TryOnJob.objects.filter(pk=job.pk).update(status=Status.UNCONFIRMED, error_code="needs_person")
    order(visitor="ada")


@pytest.mark.django_db
def test_none_is_no_limit(order: Order, configure: Configure) -> None:
    configure(LIMITS={"visitor_day": None, "open": None, "ip_day": None})
    for _ in range(6):
        order(visitor="ada", ip="9.9.9.7")
    assert not IPCount.objects.exists()


@pytest.mark.django_db
def test_the_shop_itself_has_no_limits(order: Order, configure: Configure) -> None:
    configure(LIMITS={"visitor_day": 0, "open": 0, "ip_day": 0}, BUDGET={"day": 0})
    switch.stop("ada")
    order(visitor="", priority="catalogue", ip="9.9.9.7")


@pytest.mark.django_db
def test_a_request_that_is_sent_again_has_its_job_whatever_the_limits_say(
    order: Order, configure: Configure
) -> None:
    first = order(visitor="ada", request_id="click")
    configure(LIMITS={"visitor_day": 1, "open": 0})
    assert order(visitor="ada", request_id="click") == first


@pytest.mark.django_db
def test_no_photo_is_taken_in_for_an_order_that_is_refused(
    product: Any, configure: Configure
) -> None:
    configure(LIMITS={"visitor_day": 0})
    with pytest.raises(OrderRefused):
        jobs.request_tryon_with_upload(
            product, ContentFile(picture()), visitor="ada", consent=jobs.current_consent()
        )
    assert not PersonPhoto.objects.exists()


# The shop.


@pytest.mark.django_db
def test_an_order_that_the_budget_will_not_reach_is_refused_at_once(
    order: Order, configure: Configure
) -> None:
    configure(BUDGET={"day": 2})
    order()
    order()
    refused = refusal(order)
    assert (refused.code, refused.ends_at) == ("limit_shop", midnight())
    assert TryOnJob.objects.count() == 2


@pytest.mark.django_db
def test_the_switch_refuses_orders_at_once(order: Order) -> None:
    switch.stop("ada", "a wrong picture")
    assert refusal(order).code == "paused"
    switch.go_on()
    order()


# Addresses.


@pytest.mark.django_db
def test_a_block_of_addresses_has_so_many_a_day_whoever_orders(
    order: Order, configure: Configure
) -> None:
    configure(LIMITS={"ip_day": 2})
    for _ in range(2):
        order(ip="9.9.9.7")
    refused = refusal(order, ip="9.9.9.7")
    assert (refused.code, refused.ends_at) == ("limit_address", midnight())
    order(ip="8.8.8.8")


@pytest.mark.django_db
def test_an_address_is_kept_as_a_hash_and_for_a_day(order: Order) -> None:
    order(ip="9.9.9.7")
    row = IPCount.objects.get()
    assert (len(row.key), row.orders) == (64, 1)
    # A plain hash of one of 16 million blocks is found by trying them all.
    assert row.key != hashlib.sha256(b"203.0.113.0/24").hexdigest()
    assert prune_ip_counts() == 0
    IPCount.objects.update(day=row.day - timedelta(days=1))
    assert prune_ip_counts() == 1


@pytest.mark.django_db
def test_the_same_address_has_another_hash_tomorrow(order: Order, monkeypatch: Any) -> None:
    order(ip="9.9.9.7")
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    monkeypatch.setattr("glam_tryon.limits.quotas.database_time", lambda _using: tomorrow)
    order(ip="9.9.9.7")
    one, other = IPCount.objects.order_by("day")
    assert one.key != other.key


@pytest.mark.parametrize(
    ("ip", "block"),
    [
        ("203.0.113.77", ""),
        ("9.9.9.77", "9.9.9.0/24"),
        ("2a00:1450:4001:82b::200e", "2a00:1450:4001::/48"),
        ("::ffff:9.9.9.77", "9.9.9.0/24"),
        ("127.0.0.1", ""),
        ("10.1.2.3", ""),
        ("", ""),
        ("no ip", "unreadable"),
    ],
)
def test_ips_are_taken_by_blocks_and_only_where_they_tell_shoppers_apart(
    ip: str, block: str
) -> None:
    assert ip_block(ip) == block


@pytest.mark.parametrize(
    ("proxies", "passed", "block"),
    [
        (0, "8.8.8.8", "9.9.9.0/24"),
        (1, "1.1.1.1, 8.8.8.8", "8.8.8.0/24"),
        (2, "1.1.1.1, 8.8.8.8", "1.1.1.0/24"),
        (3, "1.1.1.1, 8.8.8.8", "9.9.9.0/24"),
        (1, "", "9.9.9.0/24"),
        # As proxies write it, and what is no IP.
        (1, "8.8.8.8:4711", "8.8.8.0/24"),
        (1, "[2a00:1450:4001:82b::200e]:443", "2a00:1450:4001::/48"),
        (1, "[2a00:1450:4001:82b::200e]", "2a00:1450:4001::/48"),
        (1, "2a00:1450:4001:82b::200e", "2a00:1450:4001::/48"),
        (1, '"[2a00:1450:4001:82b::200e]:443"', "2a00:1450:4001::/48"),
        (1, "[::ffff:8.8.8.8]:80", "8.8.8.0/24"),
        (1, "1.1.1.1, unknown", "unreadable"),
        (1, "unknown:80", "unreadable"),
        (1, "_hidden", "unreadable"),
        (1, "for=8.8.8.8", "unreadable"),
        (1, "8.8.8.8, ", "unreadable"),
        (1, "[", "unreadable"),
        (1, "[]", "unreadable"),
        (1, "8.8.8.8:port", "unreadable"),
        (1, "8.8.8.8%", "8.8.8.0/24"),
        (1, "999.8.8.8", "unreadable"),
        (1, "\ud83d", "unreadable"),
        (1, "10.0.0.1:80", ""),
    ],
)
def test_only_what_trusted_proxies_added_is_believed(
    configure: Configure, proxies: int, passed: str, block: str
) -> None:
    configure(TRUSTED_PROXIES=proxies)
    headers = {"x-forwarded-for": passed}
    request = RequestFactory().get("/", REMOTE_ADDR="9.9.9.9", headers=headers)
    assert ip_block(client_ip(request)) == block


# All at once.


def at_once(count: int, ask: Callable[..., object]) -> Counter[str]:
    """Call ``ask`` in so many threads at once, each with a product of its own from the database.

    Returns what came of it, counted.
    """
    # The migration makes them, and the test before this one emptied all tables.
    OrderLock.make()
    came: list[str] = []
    start = threading.Barrier(count)

    def work(number: int) -> None:
        try:
            own = Product.objects.get()
            start.wait()
            ask(number, own)
        except OrderRefused as refused:
            came.append(refused.code)
        except Exception as error:  # noqa: BLE001  (counted, so that the test sees it)
            came.append(repr(error))
        else:
            came.append("taken")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(came)


@pytest.mark.django_db(transaction=True)
def test_eight_orders_of_one_visitor_at_once_never_pass_the_limit(
    order: Order, configure: Configure
) -> None:
    configure(LIMITS={"visitor_day": 3})
    assert at_once(8, lambda _number, own: order(product=own, visitor="ada")) == {
        "taken": 3,
        "limit_owner_day": 5,
    }
    assert TryOnJob.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_eight_orders_at_once_never_pass_the_number_under_way(
    order: Order, configure: Configure
) -> None:
    configure(LIMITS={"open": 2})
    assert at_once(8, lambda _number, own: order(product=own, visitor="ada")) == {
        "taken": 2,
        "limit_open": 6,
    }


@pytest.mark.django_db(transaction=True)
def test_twelve_visitors_of_two_blocks_at_once_never_pass_either_limit_or_deadlock(
    order: Order, configure: Configure
) -> None:
    configure(LIMITS={"ip_day": 4})
    ips = ["9.9.9.7", "8.8.8.8"]
    came = at_once(12, lambda number, own: order(product=own, ip=ips[number % 2]))
    assert came == {"taken": 8, "limit_address": 4}
    assert sorted(IPCount.objects.values_list("orders", flat=True)) == [4, 4]


@pytest.mark.django_db(transaction=True)
def test_a_double_click_on_the_last_one_of_the_day_is_one_job_and_no_refusal(
    order: Order, configure: Configure
) -> None:
    configure(LIMITS={"visitor_day": 1})
    click = {"visitor": "ada", "request_id": "click"}
    assert at_once(6, lambda _number, own: order(product=own, **click)) == {"taken": 6}
    assert TryOnJob.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_locks_that_are_missing_are_made(order: Order) -> None:
    OrderLock.objects.all().delete()
    order(visitor="ada")
    assert OrderLock.objects.count() == LOCKS


@pytest.mark.django_db
def test_locks_are_taken_in_one_order_whatever_the_order_of_the_keys() -> None:
    OrderLock.make()
    keys = [uuid.uuid4().hex for _ in range(5)]

    def taken(*keys: str) -> list[str]:
        with CaptureQueriesContext(connection) as queries:
            OrderLock.take(*keys)
        return [query["sql"] for query in queries if query["sql"].startswith("UPDATE")]

    assert taken(*keys) == taken(*reversed(keys)) != []
