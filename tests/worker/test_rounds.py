"""What a poller's rounds cost, and what comes first in one."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, connections
from django.db.backends.signals import connection_created

from glam_tryon.models import TryOnJob
from glam_tryon.sandbox import FaultScript, Sandbox
from glam_tryon.worker import poller as loop
from glam_tryon.worker.poller import Poller

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def opened() -> Iterator[list[int]]:
    """One entry for each database connection that this thread opens."""
    made: list[int] = []

    def note(**_facts: object) -> None:
        if threading.current_thread() is threading.main_thread():
            made.append(1)

    connection_created.connect(note, weak=False, dispatch_uid="opened")
    connections.close_all()
    yield made
    connection_created.disconnect(dispatch_uid="opened")


@pytest.mark.usefixtures("glam")
def test_a_poller_opens_one_connection_for_all_its_rounds(opened: list[int]) -> None:
    poller = Poller()
    for _ in range(20):
        poller._round()
    poller._finish()
    assert len(opened) == 1


def test_a_thread_opens_one_connection_for_all_its_steps(
    order: Callable[..., TryOnJob], glam: Sandbox
) -> None:
    made: Counter[str] = Counter()

    def note(**_facts: object) -> None:
        made[threading.current_thread().name] += 1

    jobs = [order() for _ in range(4)]
    connection_created.connect(note, weak=False, dispatch_uid="opened")
    try:
        Poller(threads=1).run(drain=True, max_seconds=60)
    finally:
        connection_created.disconnect(dispatch_uid="opened")
    assert len(glam.accepted) == len(jobs)
    steps = {name: times for name, times in made.items() if name.startswith("glam_tryon_")}
    # On MySQL Django asks for the server's version over a connection that it closes at once.
    most = 2 if connection.vendor == "mysql" else 1
    assert 1 <= steps["glam_tryon_step_0"] <= most
    assert max(steps.values()) <= most


@pytest.mark.database("postgres", "mysql")
@pytest.mark.usefixtures("glam")
def test_a_connection_that_the_server_closed_between_two_rounds_is_replaced_unnoticed(
    opened: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    poller = Poller()
    poller._round()
    end_connection()
    opened.clear()
    with caplog.at_level(logging.WARNING, "glam_tryon"):
        poller._round()
    poller._finish()
    assert not caplog.records
    assert opened == [1]


def end_connection() -> None:
    """Let the server end this thread's connection, as a restart would."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_backend_pid()"
            if connection.vendor == "postgresql"
            else "SELECT CONNECTION_ID()"
        )
        (number,) = cursor.fetchone()
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute(
                f"SELECT pg_terminate_backend({number})"
                if connection.vendor == "postgresql"
                else f"KILL {number}"
            )
    finally:
        other.close()


def test_a_slot_is_filled_while_the_pictures_of_the_job_before_are_still_fetched(
    order: Callable[..., TryOnJob],
    glam: Sandbox,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "MAX_PARALLEL": 1}
    glam.max_parallel = 1
    glam.faults = FaultScript.from_rules([{"on": "result", "nth": 1, "do": {"delay_seconds": 8}}])
    # Nothing but the ring wakes the poller in time.
    monkeypatch.setattr(loop, "IDLE_SECONDS", (0.01, 60.0))
    first, second = order(), order()
    poller = Poller()
    thread = threading.Thread(target=poller.run)
    thread.start()
    try:
        glam.wait_for(lambda: len(glam.accepted) == 2, 7.0)
        first.refresh_from_db()
        second.refresh_from_db()
        assert first.status == "storing"
        assert second.status != "pending"
    finally:
        poller.stop()
        thread.join()
