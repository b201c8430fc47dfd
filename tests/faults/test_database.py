"""Faults 35, 36, 40, 41 and 43: a database that goes away, is busy, is newer, is another one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from glam_tryon import jobs
from glam_tryon.exceptions import IllegalTransition
from glam_tryon.models import TryOnJob
from glam_tryon.models.clock import database_time
from glam_tryon.models.status import Queue
from glam_tryon.sandbox import Sandbox
from glam_tryon.worker import claim as claims
from tests.faults.databases import after, away_until, before, in_the_way, interrupted
from tests.faults.outcome import outcomes, posts, state
from tests.faults.secrets import Records
from tests.faults.virtual import Engine

pytestmark = pytest.mark.database

Order = Callable[..., TryOnJob]
Configure = Callable[..., None]
Faults = Callable[..., None]
Hold = Callable[..., None]

#: Every so manieth statement is hit, beginning with each in turn, as far as the way of a job is
#: long: each statement is hit in one of the runs, and each run is hit some three times. Also at the
#: length of a whole idle cycle of the poller, where the same claim is lost three times in a row:
#: nobody died in it, so it is no poison.
EVERY = 29
OTHER_PERIODS = range(11, 41)
SLICES = 4


@pytest.mark.slow
@pytest.mark.parametrize("every", OTHER_PERIODS)
@pytest.mark.parametrize("fault", [before, after])
def test_faults_35_36_a_database_that_breaks_with_any_period_is_no_poison(
    fault: Callable[[Any], Any],
    every: int,
    order: Order,
    engine: Engine,
    glam: Sandbox,
    hold_invariants: Hold,
) -> None:
    job = order()
    with interrupted(fault(lambda number: number % every == every // 2 and number <= 12 * every)):
        engine.run()
    assert state(job) == ("ready", ""), job.error_message
    assert outcomes(job).count("accepted") == 1
    hold_invariants()


@pytest.mark.parametrize("part", range(SLICES))
@pytest.mark.parametrize(("fault", "step"), [(before, 1), (after, 1), (in_the_way, 3)])
def test_faults_35_36_a_database_that_breaks_at_any_statement_costs_no_job_and_no_generation(
    fault: Callable[[Any], Any],
    step: int,
    part: int,
    order: Order,
    engine: Engine,
    glam: Sandbox,
    hold_invariants: Hold,
) -> None:
    met = 0
    for begin in range(part * step, EVERY, SLICES * step):
        job = order()

        def hits(number: int, begin: int = begin) -> bool:
            return number % EVERY == begin and number <= 3 * EVERY

        with interrupted(fault(hits)) as statements:
            engine.run()
        met += min(3, statements.count // EVERY)
        assert state(job) == ("ready", ""), f"every {EVERY}th from {begin}: {job.error_message}"
        assert outcomes(job).count("accepted") == 1, f"every {EVERY}th from {begin}"
        words = list(job.transitions.values_list("status", flat=True))
        assert words.count("storing") == words.count("ready") == 1, f"every {EVERY}th from {begin}"
    assert met >= 2 * EVERY / SLICES / step
    assert sum(taken.fetched_photo for taken in glam.accepted) == TryOnJob.objects.count()
    hold_invariants()


@pytest.mark.parametrize("place", ["after_post", "after_poll", "after_download", "after_save"])
def test_fault_35_a_long_outage_after_an_answer_of_glams_loses_nothing(
    place: str,
    order: Order,
    engine: Engine,
    glam: Sandbox,
    logged: Records,
    hold_invariants: Hold,
) -> None:
    job = order()
    ends: list[float] = []

    def begin() -> None:
        ends.append(engine.time.now() + 120)

    with (
        engine.at(place, begin),
        interrupted(away_until(lambda: not ends or engine.time.now() > ends[0])),
    ):
        engine.run()
    assert (state(job), outcomes(job)) == (("ready", ""), ["accepted"])
    assert posts(glam) == 1
    hold_invariants()


def test_fault_35_an_hour_without_a_database_is_waited_out_quietly(
    order: Order, engine: Engine, glam: Sandbox, logged: Records, hold_invariants: Hold
) -> None:
    job = order()
    back = engine.time.now() + 3600
    with interrupted(away_until(lambda: engine.time.now() > back)) as counted:
        engine.run()
    assert (state(job), posts(glam)) == (("ready", ""), 1)
    # No crash loop: a look every 15 to 30 s, and a line a minute.
    assert counted.count < 600
    said = [line for line in logged.lines if "the database is away" in line]
    assert 30 < len(said) <= 61
    hold_invariants()


def test_fault_35_a_stop_while_the_database_is_away_is_a_stop(
    order: Order, engine: Engine, hold_invariants: Hold
) -> None:
    job = order()
    poller = engine.poller()
    with (
        engine.at("after_poll", poller.stop),
        interrupted(away_until(lambda: not poller.stopping.is_set())),
    ):
        poller.run(max_seconds=600)
    assert state(job)[0] == "in_queue"
    engine.pump()
    assert state(job) == ("ready", "")
    hold_invariants()


class ReadsElsewhere:
    """Sends every read to a replica that is not there, and every write to the one database."""

    def db_for_read(self, model: type, **_hints: Any) -> str:
        return "replica"

    def db_for_write(self, model: type, **_hints: Any) -> str:
        return "default"

    def allow_relation(self, *_objects: Any, **_hints: Any) -> bool:
        return True


@pytest.mark.parametrize(
    ("rules", "end"),
    [
        ([], ("ready", "")),
        ([{"on": "submit", "nth": 1, "do": {"status": 502}}], ("ready", "")),
        ([{"on": "submit", "nth": 1, "do": {"status": 429, "retry_after": 5}}], ("ready", "")),
        ([{"on": "result", "nth": 1, "do": {"status": 404}}], ("ready", "")),
        ([{"on": "submit", "nth": 1, "do": {"accept_then": "reset"}}],
         ("unconfirmed", "needs_person")),
        ([{"on": "submit", "do": {"fail": "no"}}], ("failed", "glam_failed")),
        ([{"on": "submit", "do": {"unchanged": True}}], ("failed", "unchanged_result")),
    ],
    ids=str,
)  # fmt: skip
def test_fault_41_the_engine_and_the_photo_link_never_read_from_a_replica(
    rules: list[dict[str, Any]],
    end: tuple[str, str],
    order: Order,
    engine: Engine,
    faults: Faults,
    settings: Any,
    hold_invariants: Hold,
) -> None:
    faults(*rules)
    job = order()
    routers = settings.DATABASE_ROUTERS
    settings.DATABASE_ROUTERS = [ReadsElsewhere()]
    try:
        engine.run()
    finally:
        settings.DATABASE_ROUTERS = routers
    assert state(job) == end
    hold_invariants()


def test_fault_41_what_is_asked_of_a_job_never_reads_from_a_replica(
    order: Order, engine: Engine, settings: Any, hold_invariants: Hold
) -> None:
    failed, canceled = order(), order()
    TryOnJob.objects.filter(pk=failed.pk).update(status="failed", queue=None)
    failed.refresh_from_db()
    routers = settings.DATABASE_ROUTERS
    settings.DATABASE_ROUTERS = [ReadsElsewhere()]
    try:
        jobs.retry(failed)
        jobs.cancel(canceled)
        with pytest.raises(IllegalTransition):
            jobs.cancel(canceled)
        with pytest.raises(IllegalTransition):
            jobs.retry(failed)
        engine.run()
    finally:
        settings.DATABASE_ROUTERS = routers
    assert (state(failed)[0], state(canceled)[0]) == ("ready", "canceled")
    hold_invariants()


def test_fault_43_a_thousand_idle_rounds_with_debug_on_keep_nothing(
    engine: Engine, settings: Any, glam: Sandbox, hold_invariants: Hold
) -> None:
    settings.DEBUG = True
    poller = engine.poller()
    kept = []
    for _ in range(1000):
        poller._round()
        kept.append(len(connection.queries_log))
    assert max(kept) < 50
    assert kept[-1] <= max(kept[:100])
    hold_invariants()


# Fault 40: pollers of two versions while a shop is upgraded.


@pytest.fixture
def newer_column(db: None) -> Iterator[None]:
    """A column that this version does not know."""
    table = TryOnJob._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} ADD COLUMN newer_word varchar(20) NULL")
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DROP COLUMN newer_word")


@pytest.mark.usefixtures("newer_column")
def test_fault_40_a_poller_works_on_a_database_that_is_a_version_ahead(
    order: Order, engine: Engine, hold_invariants: Hold
) -> None:
    job = order()
    engine.pump()
    assert state(job) == ("ready", "")
    hold_invariants()


@pytest.mark.parametrize("queue", [Queue.UNDER_WAY, Queue.SHOPPER])
def test_fault_40_a_status_of_a_newer_version_is_left_to_that_versions_pollers(
    queue: Queue, order: Order, engine: Engine, glam: Sandbox, hold_invariants: Hold
) -> None:
    theirs = [order() for _ in range(3)]
    due = database_time("default") - timedelta(hours=1)
    newer = {"status": "moderating", "queue": queue, "next_step_at": due, "turn": 0}
    TryOnJob.objects.filter(pk__in=[job.pk for job in theirs]).update(**newer)
    mine = order()
    engine.pump()
    assert state(mine) == ("ready", "")
    for job in theirs:
        job.refresh_from_db()
        assert (job.status, job.lease_token, job.attempts) == ("moderating", "", 0)
    # And nobody runs in circles for them.
    assert claims.seconds_to_next_step() == math.inf
    assert posts(glam) == 1
    TryOnJob.objects.filter(pk__in=[job.pk for job in theirs]).delete()
    hold_invariants()
