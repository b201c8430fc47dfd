"""Pollers that stand still, are asked to stop, or have the wrong time."""

from __future__ import annotations

import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from glam_tryon.models import Account, TryOnJob
from glam_tryon.models.clock import after, database_time
from glam_tryon.sandbox import FaultScript, Sandbox
from glam_tryon.worker.poller import MAINTENANCE_STOP_SECONDS, STOP_SECONDS
from glam_tryon.worker.worker_pool import DROP_SECONDS
from tests.servers import start_manage
from tests.worker.invariants import check_invariants, generations
from tests.worker.pollers import ASK_AT_ONCE, Pollers, leases_run_out, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

Order = Callable[..., TryOnJob]


def posts(glam: Sandbox) -> int:
    return sum(request.method == "POST" for request in glam.requests)


def short_leases(settings: Any) -> None:
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "LEASE_SECONDS": 2}


# With --once nothing else of the poller is at work when it stops: a transaction that is stopped
# half-way keeps its locks, and the database makes everybody wait for it.


@pytest.mark.parametrize(("place", "mode"), [("after_claim", "--drain"), ("before_post", "--once")])
def test_a_poller_that_slept_past_its_lease_sends_no_post_when_another_has_taken_over(
    place: str, mode: str, order: Order, pollers: Pollers, glam: Sandbox, media_root: Path
) -> None:
    job = order()
    sleeper = pollers.start(mode, GLAM_TRYON_PAUSE_AT=place)
    sleeper.wait_stopped()
    leases_run_out()
    pollers.drain()
    assert posts(glam) == 1
    sleeper.send(signal.SIGCONT)
    assert sleeper.wait() == 0, sleeper.said()
    job.refresh_from_db()
    assert job.status == "ready"
    assert posts(glam) == len(glam.accepted) == 1
    assert [row.outcome for row in job.submissions.order_by("number")] == ["not_sent", "accepted"]
    check_invariants(glam, media_root)


def test_a_poller_that_slept_past_its_lease_sends_no_post_even_when_nobody_took_over(
    order: Order, pollers: Pollers, glam: Sandbox, media_root: Path
) -> None:
    job = order()
    sleeper = pollers.start("--once", GLAM_TRYON_PAUSE_AT="before_post")
    sleeper.wait_stopped()
    leases_run_out()
    sleeper.send(signal.SIGCONT)
    assert sleeper.wait() == 0, sleeper.said()
    assert posts(glam) == 0
    pollers.drain()
    first, *later = job.submissions.order_by("number")
    assert (first.outcome, first.sent_at) == ("not_sent", None)
    assert [row.outcome for row in later] == ["accepted"]
    assert posts(glam) == 1
    check_invariants(glam, media_root)


def test_a_post_that_leaves_long_after_it_was_marked_can_draw_nothing(
    order: Order, pollers: Pollers, glam: Sandbox, media_root: Path
) -> None:
    job = order()
    sleeper = pollers.start("--once", GLAM_TRYON_PAUSE_AT="before_write")
    sleeper.wait_stopped()
    leases_run_out()
    pollers.drain()
    first, second = job.submissions.order_by("number")
    assert (first.outcome, second.outcome) == ("revoked", "accepted")
    sleeper.send(signal.SIGCONT)
    glam.wait_for(lambda: len(glam.accepted) == 2, 20)
    glam.wait_for(lambda: not glam.open_generations, 20)
    assert sleeper.wait() == 0, sleeper.said()
    job.refresh_from_db()
    assert job.status == "ready"
    assert job.results.count() == 1
    assert [taken.fetched_photo for taken in glam.accepted] == [True, False]
    assert sum(generations(glam).values()) == 1
    check_invariants(glam, media_root)


@pytest.mark.parametrize("place", ["before_poll", "after_download", "after_save"])
def test_a_poller_that_slept_through_a_poll_or_a_download_changes_nothing_any_more(
    place: str, order: Order, pollers: Pollers, glam: Sandbox, media_root: Path
) -> None:
    job = order()
    assert pollers.start("--once").wait() == 0
    leases_run_out()
    sleeper = pollers.start("--once", GLAM_TRYON_PAUSE_AT=place)
    sleeper.wait_stopped()
    leases_run_out()
    pollers.drain()
    job.refresh_from_db()
    finished_at = job.finished_at
    sleeper.send(signal.SIGCONT)
    assert sleeper.wait() == 0, sleeper.said()
    job.refresh_from_db()
    assert (job.status, job.finished_at) == ("ready", finished_at)
    assert job.results.count() == 1
    check_invariants(glam, media_root)


# Stopping on request.

AT_SUBMIT = {"on": "submit", "nth": 1, "do": {"delay_seconds": 0.7}}
AT_POLL = {"on": "status", "nth": 1, "do": {"delay_seconds": 0.7}}
AT_STORE = {"on": "result", "nth": 1, "do": {"delay_seconds": 0.7}}


def kinds(glam: Sandbox) -> set[str]:
    """Which kinds of requests the sandbox has got so far."""
    words = {("POST", True): "submit", ("GET", True): "poll", ("GET", False): "store"}
    return {words[request.method, request.has_key] for request in glam.requests}


@pytest.mark.parametrize(
    ("step", "fault", "expected"),
    [
        ("submit", AT_SUBMIT, ["in_queue"]),
        ("poll", AT_POLL, ["in_queue", "in_progress", "ready"]),
        ("store", AT_STORE, ["ready"]),
    ],
)
def test_sigterm_lets_the_step_in_flight_end_and_leaves_nothing_unconfirmed(
    step: str,
    fault: dict[str, Any],
    expected: list[str],
    order: Order,
    pollers: Pollers,
    glam: Sandbox,
    media_root: Path,
) -> None:
    glam.faults = FaultScript.from_rules([fault])
    job = order()
    poller = pollers.start()
    glam.wait_for(lambda: step in kinds(glam), 20)
    poller.send(signal.SIGTERM)
    assert poller.wait(25) == 0, poller.said()
    job.refresh_from_db()
    assert job.status in expected
    assert job.lease_token == ""
    pollers.drain()
    assert TryOnJob.objects.get().status == "ready"
    assert len(glam.accepted) == 1
    check_invariants(glam, media_root)


def test_a_poller_whose_terminal_is_gone_stops_as_by_sigterm(
    order: Order, pollers: Pollers, glam: Sandbox, media_root: Path
) -> None:
    glam.faults = FaultScript.from_rules([AT_SUBMIT])
    job = order()
    poller = pollers.start()
    glam.wait_for(lambda: "submit" in kinds(glam), 20)
    poller.send(signal.SIGHUP)
    assert poller.wait(25) == 0, poller.said()
    job.refresh_from_db()
    assert (job.status, job.lease_token) == ("in_queue", "")
    check_invariants(glam, media_root)


@pytest.mark.parametrize("step", ["poll", "store"])
def test_sigterm_ends_a_poller_within_25_seconds_although_glam_answers_nothing(
    step: str, order: Order, pollers: Pollers, glam: Sandbox, settings: Any
) -> None:
    where = {"poll": "status", "store": "result"}[step]
    glam.faults = FaultScript.from_rules([{"on": where, "do": {"no_answer": True}}])
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "DEADLINE_SECONDS": 60}
    pollers.constants = {
        **ASK_AT_ONCE,
        "glam_tryon.providers.selection.READ_TIMEOUT_SECONDS": 60,
        "glam_tryon.worker.poller.STOP_SECONDS": 2,
    }
    assert STOP_SECONDS + DROP_SECONDS + MAINTENANCE_STOP_SECONDS < 25
    order()
    poller = pollers.start()
    glam.wait_for(lambda: step in kinds(glam), 20)
    poller.send(signal.SIGTERM)
    assert poller.wait(2 + 25 - STOP_SECONDS) == 0, poller.said()
    assert not TryOnJob.objects.filter(status__in=["submitting", "unconfirmed"]).exists()


def test_a_second_sigterm_ends_a_poller_at_once_with_exit_code_1(
    order: Order, pollers: Pollers, glam: Sandbox
) -> None:
    glam.faults = FaultScript.from_rules([{"on": "status", "do": {"no_answer": True}}])
    order()
    poller = pollers.start()
    glam.wait_for(lambda: "poll" in kinds(glam), 20)
    poller.send(signal.SIGTERM)
    # Two signals of the same kind that come together are one.
    wait_until(lambda: "stopping" in poller.said())
    poller.send(signal.SIGTERM)
    assert poller.wait(5) == 1


def test_max_seconds_ends_a_poller_that_has_nothing_to_do(pollers: Pollers) -> None:
    poller = pollers.start("--max-seconds", "0.5")
    assert poller.wait(20) == 0, poller.said()


# Health.


def health(pollers: Pollers) -> tuple[int, str]:
    """Ask ``--health``. Returns its exit code and its last line; above it may be warnings."""
    poller = pollers.start("--health")
    return poller.wait(30), poller.said().splitlines()[-1]


def test_health_names_what_is_wrong_and_its_exit_code_is_not_zero(
    order: Order, pollers: Pollers
) -> None:
    code, said = health(pollers)
    assert (code, said) == (
        1,
        "CommandError: no poller has ever run: start manage.py poll_tryon_jobs",
    )
    assert pollers.start("--max-seconds", "0.1").wait() == 0
    assert health(pollers) == (0, "healthy")
    Account.rows().update(last_round_at=after(-200))
    code, said = health(pollers)
    assert (code, said[:48]) == (1, "CommandError: no poller has finished a round for")
    Account.rows().update(last_round_at=after(0))
    Account.pause("bad_key")
    code, said = health(pollers)
    assert (code, said[:46]) == (1, "CommandError: submitting is paused (bad_key) s")
    Account.resume()
    order()
    assert health(pollers) == (0, "healthy")
    TryOnJob.objects.update(created_at=after(-1000))
    code, said = health(pollers)
    assert (code, said[:44]) == (1, "CommandError: the oldest pending job has wai")


def test_health_says_that_the_database_is_away(tmp_path: Path) -> None:
    process = start_manage(
        "poll_tryon_jobs",
        "--health",
        TEST_DATABASE="postgres",
        TEST_POSTGRES_URL="postgres://nobody@127.0.0.1:9/nothing",
        TEST_DATABASE_NAME="nothing",
    )
    said, _nothing = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "the database is away: connection failed" in said


# Clocks.


def test_pollers_whose_clocks_are_an_hour_wrong_take_nothing_from_each_other(
    order: Order, pollers: Pollers, glam: Sandbox, settings: Any, media_root: Path
) -> None:
    short_leases(settings)
    job = order()
    late = pollers.start("--once", clock_seconds=-3600, GLAM_TRYON_PAUSE_AT="before_post")
    late.wait_stopped()
    job.refresh_from_db()
    lease_end = job.next_step_at
    early = pollers.start("--drain", "--max-seconds", "60", clock_seconds=3600)
    assert early.wait() == 0, early.said()
    late.send(signal.SIGCONT)
    late.send(signal.SIGTERM)
    assert late.wait() == 0, late.said()
    job.refresh_from_db()
    assert job.status == "ready"
    taken_over = job.transitions.filter(status="pending").order_by("pk").last()
    assert taken_over is not None
    assert taken_over.at >= lease_end
    assert len(glam.accepted) == 1
    check_invariants(glam, media_root)


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_poller_whose_clock_is_an_hour_wrong_does_every_job(
    hours: int, order: Order, pollers: Pollers, glam: Sandbox, media_root: Path
) -> None:
    begun = database_time("default")
    job = order()
    poller = pollers.start("--drain", "--max-seconds", "60", clock_seconds=3600 * hours)
    assert poller.wait() == 0, poller.said()
    job.refresh_from_db()
    assert job.status == "ready"
    assert begun <= job.submitted_at <= job.finished_at <= database_time("default")
    assert len(glam.accepted) == 1
    check_invariants(glam, media_root)


# Code of the shop's own.


@pytest.mark.slow
def test_a_receiver_that_never_returns_does_not_stop_other_jobs(
    order: Order, pollers: Pollers, glam: Sandbox, settings: Any, media_root: Path
) -> None:
    short_leases(settings)
    stuck = order()
    poller = pollers.start("--threads", "2", HANG_AT_JOB=str(stuck.pk))
    wait_until(lambda: TryOnJob.objects.get(pk=stuck.pk).status == "ready")
    # Longer than it takes until its lease has run out as often as there are threads.
    end = database_time("default") + timedelta(seconds=6.5)
    wait_until(lambda: database_time("default") > end)
    other = order()
    wait_until(lambda: TryOnJob.objects.get(pk=other.pk).queue is None)
    assert TryOnJob.objects.get(pk=other.pk).status == "ready"
    poller.send(signal.SIGTERM)
    assert poller.wait(25) == 0, poller.said()
    check_invariants(glam, media_root)
