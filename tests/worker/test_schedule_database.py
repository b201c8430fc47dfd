"""What the workers learn and count through the database."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from glam_tryon.models import Account, LearnedTimes, TryOnJob, TryOnSubmission
from glam_tryon.models.clock import after, database_time
from glam_tryon.models.status import Queue, Status
from glam_tryon.providers.base import Outcome, Polled, RemoteStatus, Verdict
from glam_tryon.sandbox import Sandbox
from glam_tryon.worker.bulk_update import PollUpdate, write_poll_updates
from glam_tryon.worker.claim import claim_steps
from glam_tryon.worker.poll_interval import learning, next_poll
from glam_tryon.worker.poll_interval.duration_model import LONG_DECAY, Memory, median
from glam_tryon.worker.poll_interval.learning import durations, learn, usual_seconds
from glam_tryon.worker.poll_interval.next_poll import next_poll_seconds

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def nothing_cached() -> Iterator[None]:
    learning.clear_learned()
    next_poll.clear_load()
    yield
    learning.clear_learned()
    next_poll.clear_load()


def job(mask_type: str = "upper") -> TryOnJob:
    return TryOnJob(mask_type=mask_type, garment_title="Shirt", product_key="1")


def at_glam(**fields: Any) -> TryOnJob:
    made = TryOnJob.objects.create(
        mask_type="upper",
        garment_title="Shirt",
        product_key="1",
        **{
            "status": Status.IN_QUEUE,
            "queue": Queue.UNDER_WAY,
            "next_step_at": after(-1.0),
            "submitted_at": after(-12.0),
            **fields,
        },
    )
    made.refresh_from_db()
    return made


def test_what_is_learned_is_what_the_next_process_reads() -> None:
    memory = Memory()
    for _ in range(6):
        memory = memory.learned(8.0, 9.0)
        assert learn(job(), 8.0, 9.0)
    kept = LearnedTimes.objects.get(account="default", mask_type="upper")
    assert kept.samples == 6
    assert Memory.from_json(kept.weights).long == pytest.approx(memory.long, abs=1e-4)
    learning.clear_learned()
    assert median(durations("upper")) == pytest.approx(median(memory.estimate()), rel=1e-3)


def test_mask_types_are_learned_apart() -> None:
    for _ in range(10):
        learn(job("upper"), 8.0, 9.0)
        learn(job("overall"), 38.0, 40.0)
    learning.clear_learned()
    assert usual_seconds("upper") == pytest.approx(8.5, rel=0.15)
    assert usual_seconds("overall") == pytest.approx(39.0, rel=0.15)


def test_the_usual_time_is_unknown_until_a_few_jobs_were_seen() -> None:
    assert usual_seconds("upper") is None
    for _ in range(learning.TOLD_AFTER_JOBS):
        learn(job(), 8.0, 9.0)
    learning.clear_learned()
    assert usual_seconds("upper") is not None


def test_eight_workers_learning_at_once_lose_nothing() -> None:
    done: list[bool] = []

    def work() -> None:
        done.extend([learn(job(), 8.0, 9.0) for _ in range(5)])
        connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert done == [True] * 40
    kept = LearnedTimes.objects.get()
    assert kept.samples == 40
    memory = Memory.from_json(kept.weights)
    assert sum(memory.long) == pytest.approx((1 - LONG_DECAY**40) / (1 - LONG_DECAY), rel=1e-3)


def test_many_questions_cost_no_more_queries_than_one() -> None:
    one = job()
    Account.load()
    with CaptureQueriesContext(connection) as first:
        next_poll_seconds(one)
    with CaptureQueriesContext(connection) as more:
        for elapsed in range(100):
            next_poll_seconds(one, float(elapsed))
    assert len(first) == 5
    assert len(more) == 0


def test_counts_and_times_are_read_again_after_a_few_seconds() -> None:
    now = 100.0
    assert next_poll.current_load(clock=lambda: now).polled == 0
    durations("upper", clock=lambda: now)
    at_glam()
    learn(job(), 8.0, 9.0)
    assert next_poll.current_load(clock=lambda: now).polled == 0
    before = durations("upper", clock=lambda: now)
    now += 10
    assert next_poll.current_load(clock=lambda: now).polled == 1
    assert durations("upper", clock=lambda: now) != before


def test_while_one_thread_counts_the_others_go_on_with_the_old_counts() -> None:
    now = 100.0
    next_poll.current_load(clock=lambda: now)
    at_glam()
    now += 10
    with next_poll._counting:
        assert next_poll.current_load(clock=lambda: now).polled == 0
    assert next_poll.current_load(clock=lambda: now).polled == 1


def test_only_a_job_that_could_be_sent_now_is_a_queue() -> None:
    at_glam(status=Status.PENDING, queue=Queue.CATALOGUE, next_step_at=after(60.0))
    assert next_poll.current_load().waiting == 0
    next_poll.clear_load()
    at_glam(status=Status.PENDING, queue=Queue.CATALOGUE, next_step_at=after(-1.0))
    assert next_poll.current_load().waiting == 1


def test_only_a_job_whose_first_question_is_over_or_near_counts_as_asked_about() -> None:
    at_glam(next_step_at=after(30.0))
    assert next_poll.current_load().polled == 0
    at_glam(next_step_at=after(next_poll.CACHE_SECONDS / 2))
    at_glam(next_step_at=after(30.0), polled_at=after(-3.0))
    next_poll.clear_load()
    assert next_poll.current_load().polled == 2


def test_how_many_questions_a_second_are_allowed_is_the_shops_until_glam_has_too_many(
    settings: Any,
) -> None:
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "MAX_POLLS_PER_SECOND": 40}
    assert next_poll.current_load().polls_per_second == 40
    for _worker in range(3):
        # One piece of news.
        Account.throttle_polls(40)
    next_poll.clear_load()
    assert next_poll.current_load().polls_per_second == 20
    for seconds, allowed in ((29, 20), (31, 24), (61, 28), (149, 36), (3600, 40)):
        Account.rows().update(polls_cap_changed_at=after(-seconds))
        next_poll.clear_load()
        assert next_poll.current_load().polls_per_second == pytest.approx(allowed), seconds
    # What grew back is halved, not what was lowered before.
    Account.rows().update(polls_cap_changed_at=after(-61))
    Account.throttle_polls(40)
    assert Account.load().polls_cap == 14
    for _time in range(10):
        Account.rows().update(polls_cap_changed_at=after(-3))
        Account.throttle_polls(40)
    assert Account.load().polls_cap == 1


def test_a_claim_carries_the_time_of_the_database() -> None:
    at_glam()
    (claimed,) = claim_steps(1)
    assert abs(claimed.database_time() - database_time("default")) < timedelta(seconds=5)
    assert claimed.job.submitted_at is not None
    assert 12 <= (claimed.database_time() - claimed.job.submitted_at).total_seconds() < 20


@pytest.mark.parametrize("batched", [True, False])
def test_the_time_of_the_last_not_ready_is_kept(batched: bool) -> None:
    at_glam(status=Status.IN_PROGRESS)
    (claimed,) = claim_steps(1)
    if batched:
        row = PollUpdate(claimed.job.pk, claimed.job.lease_token, 5.0, "IN_PROGRESS")
        assert write_poll_updates([row]) == 1
    else:
        assert claimed.job.still_running(Status.IN_QUEUE, 5.0, remote_status="IN_QUEUE")
    kept = TryOnJob.objects.get()
    assert kept.polled_at is not None
    assert abs(kept.polled_at - database_time("default")) < timedelta(seconds=5)


def test_a_finished_job_teaches_how_long_it_took(
    order: Callable[..., TryOnJob], drain: Callable[..., None], glam: Sandbox
) -> None:
    order()
    drain()
    kept = LearnedTimes.objects.get()
    assert (kept.mask_type, kept.samples) == ("upper", 1)
    memory = Memory.from_json(kept.weights)
    # The sandbox draws at once, and the first question of a new shop comes within seconds.
    assert sum(memory.long[:40]) == pytest.approx(1.0, abs=1e-3)


def test_what_was_written_after_an_answer_was_true_when_its_question_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = importlib.import_module("glam_tryon.worker.steps.poll")
    learned: list[tuple[float, float]] = []
    monkeypatch.setattr(module, "learn", lambda _job, *times: learned.append(times))
    monkeypatch.setattr(module, "store", lambda _job: None)
    at_glam(submitted_at=after(-10.0), polled_at=after(-4.0))
    (claimed,) = claim_steps(1)
    # Each answer takes a second and a half: this one, and the one that was written four ago.
    slow = SimpleNamespace(
        now=claimed.now, database_time=lambda: claimed.now + timedelta(seconds=1.5)
    )
    submission = TryOnSubmission(job=claimed.job, started_at=claimed.now, event_id="event-1")
    answer = Polled(
        Outcome(Verdict.OK, "ok"), status=RemoteStatus.READY, media_urls=("https://a.test/1.jpg",)
    )
    module._ready(slow, claimed.job, submission, answer)
    ((polled_before, ready_by),) = learned
    assert polled_before == pytest.approx(4.5, abs=0.1)
    taken = (claimed.now - claimed.job.submitted_at).total_seconds()
    assert ready_by == pytest.approx(taken + 1.5)
