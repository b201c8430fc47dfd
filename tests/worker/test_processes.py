"""Pollers as processes: two at once, and killed at every named place."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings

from glam_tryon.models import TryOnJob, TryOnSubmission
from glam_tryon.sandbox import FaultScript, Sandbox
from tests.servers import start_manage
from tests.worker.invariants import check_invariants, generations
from tests.worker.pollers import Pollers, leases_run_out

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.database
def test_two_pollers_buy_twelve_jobs_once_each_and_never_more_than_two_at_a_time(
    order: Callable[..., TryOnJob], glam: Sandbox, media_root: Path
) -> None:
    for _ in range(12):
        order()
    command = ("poll_tryon_jobs", "--drain", "--max-seconds", "60")
    for process in [start_manage(*command, glam_tryon=settings.GLAM_TRYON) for _ in range(2)]:
        said, _nothing = process.communicate(timeout=90)
        assert process.returncode == 0, said
    assert len(glam.accepted) == 12
    assert sum(generations(glam).values()) == 12
    assert TryOnJob.objects.filter(status="ready").count() == 12
    check_invariants(glam, media_root)


@pytest.mark.parametrize(
    "place",
    [
        "after_claim",
        "before_post",
        "before_write",
        "after_post",
        "after_accept",
        "before_poll",
        "after_poll",
        "after_ready",
        "after_download",
        "after_save",
        "after_ready_row",
    ],
)
def test_a_poller_killed_at_any_step_is_followed_by_one_that_ends_the_job_right(
    place: str,
    order: Callable[..., TryOnJob],
    pollers: Pollers,
    glam: Sandbox,
    media_root: Path,
) -> None:
    job = order()
    if place in ("after_post", "before_write"):
        # Glam took it, or nobody knows: its photo is fetched only after the process is dead.
        glam.hold("fetch")
    first = pollers.start("--max-seconds", "60", GLAM_TRYON_CRASH_AT=place)
    assert first.wait() == -signal.SIGKILL, first.said()
    leases_run_out()
    if place == "after_post":
        # The answer is lost and Glam draws: only a person may send it again.
        glam.release()
        glam.wait_for(lambda: glam.accepted[0].fetched_photo, 10)
        pollers.drain()
        job.refresh_from_db()
        assert (job.status, job.error_code) == ("unconfirmed", "needs_person")
        assert len(glam.accepted) == 1
        assert TryOnSubmission.objects.holding_slots().count() == 1
    else:
        glam.release()
        pollers.drain()
        job.refresh_from_db()
        assert (job.status, job.error_code) == ("ready", "")
        assert sum(generations(glam).values()) == 1
    check_invariants(glam, media_root)


def test_a_lost_submission_whose_photo_was_never_fetched_is_sent_once_more_by_itself(
    order: Callable[..., TryOnJob], pollers: Pollers, glam: Sandbox, media_root: Path
) -> None:
    glam.faults = FaultScript.from_rules([{"on": "submit", "nth": 1, "do": {"reset": True}}])
    job = order()
    pollers.drain()
    job.refresh_from_db()
    assert job.status == "ready"
    first, second = job.submissions.order_by("number")
    assert (first.outcome, first.fetched_at) == ("revoked", None)
    assert second.outcome == "accepted"
    assert sum(generations(glam).values()) == 1
    check_invariants(glam, media_root)


def test_a_poller_ends_by_sigterm_with_nothing_unconfirmed(
    order: Callable[..., TryOnJob], pollers: Pollers, glam: Sandbox, media_root: Path
) -> None:
    glam.hold()
    order()
    poller = pollers.start()
    glam.wait_for(lambda: glam.accepted, 20)
    poller.send(signal.SIGTERM)
    assert poller.wait(25) == 0, poller.said()
    assert not TryOnJob.objects.filter(status__in=["submitting", "unconfirmed"]).exists()
    glam.release()
    pollers.drain()
    check_invariants(glam, media_root)
