"""Fault 64: a database that gives the poller fewer connections than it has threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection, connections

from glam_tryon.models import TryOnJob
from glam_tryon.sandbox import Sandbox
from glam_tryon.worker import db_connections
from glam_tryon.worker.db_connections import SHORTAGE_SECONDS, Shortage, refresh_connections
from glam_tryon.worker.worker_pool import ThreadPool
from tests.worker.invariants import check_invariants

pytestmark = [pytest.mark.database("postgres"), pytest.mark.django_db(transaction=True)]

JOBS, SLOTS = 24, 8


@contextmanager
def a_role_with(limit: int) -> Iterator[dict[str, Any]]:
    """A role of the server that may have so many connections at once, all in all."""
    name = f"few_{connection.settings_dict['NAME']}"
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE ROLE "{name}" LOGIN CONNECTION LIMIT {limit}')
        for kind in ("TABLES", "SEQUENCES"):
            cursor.execute(f'GRANT ALL ON ALL {kind} IN SCHEMA public TO "{name}"')
    try:
        yield {"USER": name}
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f'DROP OWNED BY "{name}"')
            cursor.execute(f'DROP ROLE "{name}"')


@pytest.fixture(params=["a pool of 4", "a role with 12", "a role with 5"])
def few(request: pytest.FixtureRequest, db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    given: dict[str, Any] = connection.settings_dict
    kind, number = request.param.rsplit(" ", 1)
    if "pool" in kind:
        change: Any = {"OPTIONS": {**given["OPTIONS"], "pool": True}}
    with a_role_with(int(number)) as role:
        if "role" in kind:
            change = role
        connections.close_all()
        with monkeypatch.context() as patch:
            for name, value in change.items():
                patch.setitem(given, name, value)
            yield request.param
            connections.close_all()
            if "pool" in kind:
                connection.close_pool()


@pytest.mark.timeout(300)
def test_more_threads_than_connections_send_every_job_once_and_none_is_poison(
    few: str,
    order: Callable[..., TryOnJob],
    drain: Callable[..., None],
    glam: Sandbox,
    media_root: Path,
    settings: Any,
) -> None:
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "MAX_PARALLEL": SLOTS, "POLLER_THREADS": 8}
    glam.max_parallel = SLOTS
    for _ in range(JOBS):
        order()
    drain(200)
    ends = list(TryOnJob.objects.values_list("status", "error_code"))
    assert ends == [("ready", "")] * JOBS
    assert len(glam.accepted) == JOBS
    check_invariants(glam, media_root, limit=SLOTS)


@pytest.mark.parametrize("few", ["a pool of 4"], indirect=True)
def test_the_poller_keeps_out_of_djangos_pool(few: str) -> None:
    assert connection.settings_dict["OPTIONS"]["pool"]
    refresh_connections()
    own = connections["default"]
    own.ensure_connection()
    assert own.pool is None
    refresh_connections()
    assert connections["default"] is own
    db_connections.return_connections()
    assert connections["default"].pool is not None


def test_a_step_without_a_connection_has_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    given = iter([False, False, True, True, True])
    shortage, done = Shortage(), []

    def connect() -> bool:
        if not (gives := next(given, True)):
            shortage._note(OperationalError("too many connections"))
        return gives

    monkeypatch.setattr(shortage, "connect", connect)
    threads: ThreadPool[int, None] = ThreadPool(done.append, 4, "few", shortage)
    futures = [threads.submit(number) for number in range(8)]
    assert not wait(futures, timeout=20).not_done
    assert sorted(done) == list(range(8))
    threads.end(wait=True)


def test_a_shortage_halves_the_threads_and_ends() -> None:
    now = [1000.0]
    shortage = Shortage(clock=lambda: now[0])
    assert (shortage.allowed(8), shortage.is_on) == (8, False)
    for _ in range(3):
        shortage._note(OperationalError("too many connections"))
    assert (shortage.allowed(8), shortage.allowed(1), shortage.is_on) == (4, 1, True)
    now[0] += 2
    shortage._note(OperationalError("too many connections"))
    assert shortage.allowed(8) == 2
    now[0] += SHORTAGE_SECONDS
    assert shortage.allowed(8) == 4
    now[0] += SHORTAGE_SECONDS
    assert (shortage.allowed(8), shortage.is_on) == (8, False)


def test_who_waits_for_a_connection_gets_the_one_that_is_given_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shortage = Shortage()
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    shortage.give_back()
    assert slept == []
    shortage._note(OperationalError("too many connections"))
    connection.ensure_connection()
    shortage._waiting = 1
    shortage.give_back()
    assert slept
    assert connection.connection is None
