"""What a poller says before its first round, and why it does not begin one."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, connections
from django.db.migrations.recorder import MigrationRecorder

from glam_tryon.models import Account, TryOnJob
from glam_tryon.models.clock import DatabaseNow, after
from glam_tryon.models.status import Status
from glam_tryon.orders import queueing
from glam_tryon.sandbox import FaultScript, Sandbox
from glam_tryon.worker.db_connections import Shortage
from glam_tryon.worker.run_with_timeout import run_with_timeout
from glam_tryon.worker.startup import CannotStart, check_start
from glam_tryon.worker.worker_pool import ThreadPool
from tests.servers import start_manage

Order = Callable[..., TryOnJob]

pytestmark = pytest.mark.django_db(transaction=True)


class WritesElsewhere:
    """Sends what is written to a database that is not in ``DATABASES``."""

    def db_for_write(self, model: type, **_hints: Any) -> str:
        return "tryons"


@pytest.fixture
def an_older_version() -> Iterator[None]:
    """The one migration is not there."""
    rows = MigrationRecorder.Migration.objects.filter(app="glam_tryon")
    names = list(rows.values_list("name", flat=True))
    rows.delete()
    yield
    for name in names:
        MigrationRecorder(connection).record_applied("glam_tryon", name)


def refusal(*arguments: str) -> str:
    with pytest.raises(CommandError) as raised:
        call_command("poll_tryon_jobs", "--once", *arguments)
    return str(raised.value)


@pytest.mark.database("sqlite")
def test_a_poller_that_is_started_before_migrate_says_so_and_ends(tmp_path: Path) -> None:
    started = start_manage("poll_tryon_jobs", TEST_DATABASE_NAME=str(tmp_path / "empty.sqlite3"))
    said, _nothing = started.communicate(timeout=60)
    assert started.returncode == 1
    assert "run manage.py migrate" in said
    assert "Traceback" not in said


@pytest.mark.usefixtures("an_older_version")
@pytest.mark.database
def test_tables_of_an_older_version_are_told_of() -> None:
    assert "older version: run manage.py migrate" in refusal()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"PROVIDER": "shop.glam.Provider"}, 'GLAM_TRYON["PROVIDER"] cannot be imported'),
        ({"MODERATE_PHOTO": "shop.hooks.moderate"}, 'GLAM_TRYON["MODERATE_PHOTO"] cannot be'),
        ({"MAX_PARALLEL": "many"}, 'GLAM_TRYON["MAX_PARALLEL"]'),
    ],
)
def test_what_is_not_there_is_named(given: dict[str, Any], said: str, settings: Any) -> None:
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, **given}
    assert said in refusal()


def test_a_database_that_is_not_there_is_named(settings: Any) -> None:
    routers = settings.DATABASE_ROUTERS
    settings.DATABASE_ROUTERS = [WritesElsewhere()]
    try:
        assert "The database 'tryons'" in refusal()
    finally:
        settings.DATABASE_ROUTERS = routers


@pytest.mark.parametrize("status", [Status.IN_QUEUE, Status.UNCONFIRMED, Status.STORING])
def test_another_provider_waits_for_what_is_under_way(order: Order, status: Status) -> None:
    job = order()
    TryOnJob.objects.filter(pk=job.pk).update(status=status)
    Account.load()
    Account.objects.update(provider="shop.other.Provider")
    assert "1 try-ons are under way at 'shop.other.Provider'" in refusal()
    TryOnJob.objects.filter(pk=job.pk).update(status=Status.CANCELED)
    check_start()


def test_a_database_that_is_away_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_given: Any) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr("glam_tryon.worker.startup._check_tables", away)
    check_start()
    assert "the database is away at the start" in caplog.text


def test_a_poller_says_what_it_is_going_to_do(glam: Sandbox) -> None:
    said = StringIO()
    call_command("poll_tryon_jobs", "--drain", "--max-seconds", "1", stdout=said)
    line = said.getvalue().splitlines()[0]
    assert line.startswith(f"poller: Glam at {glam.base_url}, pictures by links to http")
    assert line.endswith("2 slots, 8 threads, database 'default', driver command")


def test_a_job_that_fails_has_one_line_with_its_code(
    order: Order, drain: Callable[..., None], glam: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    glam.faults = FaultScript.from_rules([{"on": "submit", "nth": 1, "do": {"fail": "no face"}}])
    jobs = [order(), order()]
    drain()
    lines = [
        record.getMessage()
        for record in caplog.records
        if record.levelno >= logging.WARNING and "to=failed" in record.getMessage()
    ]
    failed = TryOnJob.objects.get(status="failed")
    assert failed in jobs
    (line,) = lines
    assert line.startswith(f"job={failed.pk} ")
    assert line.endswith(" note=glam_failed")


def test_orders_that_wait_for_a_poller_are_told_of_once(
    order: Order, caplog: pytest.LogCaptureFixture
) -> None:
    def told() -> int:
        return sum("no poller has finished" in each.getMessage() for each in caplog.records)

    queueing._told_of.clear()
    order()
    order()
    assert told() == 1
    Account.rows().update(last_round_at=DatabaseNow())
    order()
    assert told() == 1
    Account.rows().update(last_round_at=after(-200))
    order()
    order()
    assert told() == 2


# Fault 65: what new threads' connections do not have.


@pytest.fixture
def tenants(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A connection that works for a tenant, by a backend like that of django-tenants."""
    connections.close_all()
    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "ENGINE", "tests.worker.tenants")
        before = connections["default"]
        connections["default"] = made = connections.create_connection("default")
        made.set_tenant(SimpleNamespace(schema_name="shop_a"))  # type: ignore[attr-defined]
        yield made
        made.close()
        connections["default"] = before


def search_path(_nothing: object = None) -> str:
    with connections["default"].cursor() as cursor:
        cursor.execute("SHOW search_path")
        return str(cursor.fetchone()[0])


@pytest.mark.database("postgres")
def test_threads_work_for_the_tenant_of_the_one_that_starts_them(tenants: Any) -> None:
    threads: ThreadPool[None, str] = ThreadPool(search_path, 1, "tenant", Shortage())
    assert threads.submit(None).result(20) == "shop_a, public"
    threads.end(wait=True)
    called = run_with_timeout(20, search_path, "tenant")
    assert called is not None
    assert called.result() == "shop_a, public"
    alone: list[str] = []

    def told_nothing() -> None:
        alone.append(search_path())
        connections.close_all()

    other = threading.Thread(target=told_nothing)
    other.start()
    other.join()
    # The counter-proof: a thread that is told nothing works in the public schema.
    assert alone == ["public, public"]


@pytest.mark.database("postgres")
def test_a_search_path_that_threads_would_lose_is_refused() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA IF NOT EXISTS shop_b")
        cursor.execute("SET search_path = shop_b, public")
    try:
        with pytest.raises(CannotStart, match="threads would work in"):
            check_start()
    finally:
        connection.close()
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA shop_b")
    check_start()
