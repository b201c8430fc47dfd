"""What wakes an idle poller, and what its log says of what it did."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator

import pytest
from django.db import connection, transaction

from glam_tryon.models import TryOnJob
from glam_tryon.worker import counters
from glam_tryon.worker.db_connections import Shortage
from glam_tryon.worker.wakeup import WAIT_SECONDS, SignalSafeEvent, listen

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

Order = Callable[..., TryOnJob]


@pytest.fixture
def woken() -> Iterator[threading.Event]:
    """Set whenever PostgreSQL tells of a new job."""
    woken, stopping = threading.Event(), SignalSafeEvent()
    listener = listen(woken.set, stopping, Shortage())
    assert listener is not None
    wait_for_listener()
    yield woken
    stopping.set()
    listener.join(WAIT_SECONDS + 5)


def wait_for_listener() -> None:
    for _ in range(500):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE datname = current_database() AND query LIKE 'LISTEN%%'"
            )
            if cursor.fetchone()[0]:
                return
        threading.Event().wait(0.01)
    raise TimeoutError("nobody listens")


@pytest.mark.database("postgres")
def test_an_order_wakes_an_idle_poller_at_its_commit_and_not_before(
    order: Order, woken: threading.Event
) -> None:
    with transaction.atomic():
        order()
        assert not woken.wait(0.5)
    assert woken.wait(5)


@pytest.mark.database("postgres")
def test_an_order_that_is_rolled_back_wakes_nobody(order: Order, woken: threading.Event) -> None:
    with transaction.atomic():
        order()
        transaction.set_rollback(True)
    assert not woken.wait(0.5)


@pytest.mark.database("sqlite", "mysql")
def test_where_nobody_can_tell_a_poller_looks_by_itself() -> None:
    assert listen(lambda: None, SignalSafeEvent(), Shortage()) is None


def test_each_transition_is_one_line_with_its_parts(
    order: Order, drain: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "glam_tryon.orders"):
        job = order()
        drain()
    said = [record.args for record in caplog.records if record.name == "glam_tryon.orders"]
    assert {facts["job"] for facts in said} == {str(job.pk)}
    ways = [(facts["from_status"], facts["to_status"]) for facts in said]
    assert ways[:2] == [("pending", "submitting"), ("submitting", "in_queue")]
    assert ways[-1] == ("storing", "ready")
    assert [to for _from, to in ways] == list(
        job.transitions.values_list("status", flat=True).order_by("pk")
    )[1:]


def test_the_counters_say_what_a_poller_did(order: Order, drain: Callable[..., None]) -> None:
    before = counters.counted()
    order()
    order()
    drain()
    after = counters.counted()
    gained = {name: number - before.get(name, 0) for name, number in after.items()}
    assert (gained["submit.ok"], gained["poll.ready"], gained["store.ok"]) == (2, 2, 2)
    assert f"submit.ok={after['submit.ok']}" in counters.line().split()
