"""Fault 66: limits and budget at each isolation level, with and without ``ATOMIC_REQUESTS``."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection, connections, transaction
from django.test import Client
from django.urls import reverse

from example_project.shop.models import Product
from glam_tryon import jobs
from glam_tryon.exceptions import OrderRefused
from glam_tryon.models import Account, PersonPhoto, TryOnJob, TryOnSubmission
from glam_tryon.models import transactions as transactions_module
from glam_tryon.views.product import start_url
from glam_tryon.worker.slots import claim_submissions

pytestmark = [pytest.mark.database("postgres", "mysql"), pytest.mark.django_db(transaction=True)]

AT_ONCE = 12
LEVELS = ["read committed", "repeatable read", "serializable"]
if connection.vendor == "mysql":
    LEVELS = [*LEVELS, "read uncommitted", "the server's"]


@pytest.fixture(params=LEVELS)
def level(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Let every connection of the test be at this level."""
    name: Any = request.param if request.param in LEVELS[:4] else None
    if connection.vendor == "postgresql":
        name = psycopg.IsolationLevel[request.param.upper().replace(" ", "_")]
    options = {**connection.settings_dict["OPTIONS"], "isolation_level": name}
    connections.close_all()
    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "OPTIONS", options)
        yield request.param
        connections.close_all()


@pytest.fixture(params=[False, True], ids=["autocommit", "atomic requests"])
def atomic_requests(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    settings: dict[str, Any] = connection.settings_dict
    monkeypatch.setitem(settings, "ATOMIC_REQUESTS", request.param)


def at_once(work: Callable[[int], object], count: int = AT_ONCE) -> Counter[object]:
    """Do ``work`` in so many threads that begin together; count what came of it."""
    came: list[object] = []
    start = threading.Barrier(count)

    def run(number: int) -> None:
        try:
            start.wait()
            came.append(work(number))
        except Exception as error:  # noqa: BLE001  (counted, so that the test sees it)
            came.append(error if isinstance(error, OrderRefused) else repr(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(came)


def client_of(shopper: Client) -> Client:
    same = Client(raise_request_exception=False)
    same.cookies = shopper.cookies
    return same


def several(product: Product) -> list[Product]:
    """Products with the same picture: the same order from a second tab would be the same job."""
    return [
        Product.objects.create(
            name=f"Shirt {number}", slug=f"shirt-{number}", price=1, photo=product.photo.name
        )
        for number in range(AT_ONCE)
    ]


@pytest.fixture
def limited(settings: Any) -> None:
    limits = {"open": 2, "visitor_day": 3, "ip_day": 100}
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "LIMITS": limits}


@pytest.mark.usefixtures("level", "atomic_requests", "limited")
def test_twelve_orders_at_once_are_never_more_than_the_limit_and_never_a_500(
    product: Product, house_model: PersonPhoto
) -> None:
    shopper = Client()
    form = {"house_model": str(house_model.pk)}
    # The first one begins the session.
    first = shopper.post(start_url(product), {**form, "request_id": "0"})
    assert first.status_code == 302, first.content
    TryOnJob.objects.all().delete()
    products = several(product)

    def order(number: int) -> int:
        data = {**form, "request_id": f"r{number}"}
        address = start_url(products[number])
        answer = client_of(shopper).post(address, data, headers={"Accept": "application/json"})
        return answer.status_code

    assert at_once(order) == {201: 2, 429: AT_ONCE - 2}
    assert TryOnJob.objects.count() == 2


@pytest.mark.usefixtures("level", "limited")
def test_a_shops_own_transaction_never_passes_the_limit_either(
    product: Product, house_model: PersonPhoto
) -> None:
    Account.load()
    products = several(product)

    def order(number: int) -> str:
        try:
            with transaction.atomic():
                # A snapshot, where the level has one, that is older than every lock.
                TryOnJob.objects.count()
                jobs.request_tryon(products[number], photo=house_model, visitor="v")
        except OrderRefused as refused:
            return refused.code
        except OperationalError:
            # For the shop to do again: it is its transaction.
            return "conflict"
        return "taken"

    came = at_once(order)
    assert set(came) <= {"taken", "limit_open", "conflict"}
    assert 1 <= came["taken"] <= 2
    assert TryOnJob.objects.count() == came["taken"]


@pytest.mark.usefixtures("level")
def test_pollers_at_once_never_buy_more_than_the_budget(
    order: Callable[..., TryOnJob], settings: Any
) -> None:
    for _ in range(8):
        order()
    budget = {"BUDGET": {"day": 3}, "MAX_PARALLEL": 8}
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, **budget}
    came = at_once(lambda _number: len(claim_submissions(8)), 6)
    assert TryOnSubmission.objects.count() == 3, came
    assert TryOnSubmission.objects.holding_slots().count() == 3


@pytest.mark.usefixtures("level", "atomic_requests")
def test_one_job_canceled_and_deleted_by_many_at_once_is_never_a_500(
    product: Product, house_model: PersonPhoto
) -> None:
    shopper = Client()
    form = {"house_model": str(house_model.pk), "request_id": "0"}
    page = shopper.post(start_url(product), form)["Location"]
    key = page.rstrip("/").rsplit("/", 1)[-1]

    def act(number: int) -> int:
        name = ("cancel", "feedback", "delete")[number % 3]
        address = reverse(f"glam_tryon:{name}", args=[key])
        return client_of(shopper).post(address, {"feedback": "up"}).status_code

    came = at_once(act)
    assert set(came) <= {200, 302, 400, 404, 409}, came


def test_a_conflict_is_tried_again_and_then_answered_in_words(
    product: Product, house_model: PersonPhoto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions_module, "PAUSE_SECONDS", 0)
    code = (1213, "Deadlock found") if connection.vendor == "mysql" else ("deadlock detected",)
    error = OperationalError(*code)
    if connection.vendor == "postgresql":
        error.__cause__ = type("Deadlock", (Exception,), {"sqlstate": "40P01"})()
    broken: list[int] = []

    def breaks(times: int) -> Callable[..., None]:
        def save(*_arguments: object) -> None:
            broken.append(1)
            if len(broken) <= times:
                raise error

        return save

    shopper = Client()
    form = {"house_model": str(house_model.pk), "request_id": "0"}
    for accept, times, status in [
        ("application/json", 100, 503),
        ("text/html", 100, 503),
        ("application/json", 2, 201),
    ]:
        broken.clear()
        monkeypatch.setattr("glam_tryon.orders.place.lock_order", breaks(times))
        answer = shopper.post(start_url(product), form, headers={"Accept": accept})
        assert answer.status_code == status
        if status == 503:
            assert len(broken) == transactions_module.TRIES
            assert int(answer["Retry-After"]) > 0
            assert b"try again" in answer.content
    assert TryOnJob.objects.count() == 1
