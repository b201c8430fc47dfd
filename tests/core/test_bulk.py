"""Many jobs changed at once: as one by one, in few statements, and never against their status."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from glam_tryon import jobs
from glam_tryon.exceptions import IllegalTransition
from glam_tryon.models import TryOnJob, TryOnResult, TryOnSubmission
from glam_tryon.models.status import Queue, Status
from tests.shop import house_model, order, product

__all__ = ["house_model", "order", "product"]

pytestmark = [pytest.mark.database, pytest.mark.django_db]

Order = Callable[..., TryOnJob]
#: What says only when, or who works on it.
PASSING = {"id", "created_at", "next_step_at", "finished_at", "owner", "request_key", "turn"}


def put(job: TryOnJob, **fields: Any) -> TryOnJob:
    TryOnJob.objects.filter(pk=job.pk).update(**fields)
    job.refresh_from_db()
    return job


def sent(job: TryOnJob, event: str | None, number: int = 1) -> TryOnJob:
    TryOnSubmission.objects.create(
        job=job,
        job_key=job.pk,
        number=number,
        event_id=event,
        outcome="accepted",
        started_at=timezone.now(),
    )
    return job


def drawn(job: TryOnJob) -> TryOnJob:
    TryOnResult.objects.create(
        job=job, position=0, image="a.jpg", width=1, height=1, sha256="0", source_url="x"
    )
    return job


def one(job: TryOnJob) -> dict[str, Any]:
    row = TryOnJob.objects.filter(pk=job.pk).values().get()
    return {name: value for name, value in row.items() if name not in PASSING}


#: Each change of one job, and that of many.
PAIRS: dict[str, tuple[Callable[[TryOnJob], Any], Callable[[list[Any]], int]]] = {
    "cancel": (jobs.cancel, lambda keys: jobs.cancel_all(keys, note="")),
    "retry": (jobs.retry, lambda keys: jobs.retry_all(keys, note="by hand")),
    "ask_again": (
        jobs.ask_again,
        lambda keys: jobs.ask_all_again(keys, note="asked again by hand"),
    ),
    "refetch": (jobs.refetch, lambda keys: jobs.refetch_all(keys, note="fetched again by hand")),
}


@pytest.mark.parametrize("change", PAIRS)
@pytest.mark.parametrize("status", Status.values)
def test_many_become_what_one_becomes(order: Order, change: str, status: str) -> None:
    alone, among = PAIRS[change]
    facts = {"status": status, "error_code": "x", "errors": 2, "ready_at": timezone.now()}
    first, second = (drawn(sent(put(order(), **facts), f"event {number}")) for number in range(2))
    try:
        alone(first)
    except IllegalTransition:
        moved = 0
    else:
        moved = 1
    assert among([second.pk]) == moved
    assert one(second) == {**one(first), "product_key": second.product_key}
    assert list(second.transitions.values_list("status", "note")) == list(
        first.transitions.values_list("status", "note")
    ) or (change, status) == ("ask_again", "in_progress")


def test_a_thousand_cost_as_many_statements_as_one(order: Order) -> None:
    template = TryOnJob.objects.filter(pk=order().pk).values().get()

    def make(count: int) -> list[uuid.UUID]:
        made = TryOnJob.objects.bulk_create(
            TryOnJob(**{**template, "id": uuid.uuid4(), "request_key": None, "status": "failed"})
            for _ in range(count)
        )
        return [job.pk for job in made]

    def statements(keys: list[uuid.UUID]) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert jobs.retry_all(keys, note="") == len(keys)
        return len(queries)

    few = statements(make(1))
    many = statements(make(100))
    assert many == few


def test_retried_ones_of_one_owner_wait_in_the_order_of_their_asking(order: Order) -> None:
    made = [put(order(visitor="ada"), status="failed", queue=None) for _ in range(3)]
    waiting = put(order(visitor="ada"), turn=7)
    assert jobs.retry_all([job.pk for job in reversed(made)], note="") == 3
    turns = [TryOnJob.objects.get(pk=job.pk).turn for job in made]
    assert turns == [8, 9, 10]
    assert waiting.turn == 7


def test_a_failed_one_of_a_paused_batch_waits_beside_the_queues(
    product: Any, house_model: Any
) -> None:
    batch = jobs.request_batch([product], [house_model]).batch
    job = put(batch.jobs.get(), status="failed", queue=None)
    jobs.pause_batch(batch)
    assert jobs.retry_all([job.pk], note="") == 1
    job.refresh_from_db()
    assert (job.status, job.queue) == ("pending", Queue.PAUSED)


def test_canceling_kills_the_photo_links_of_those_it_took_only(order: Order) -> None:
    open_one = sent(put(order(), status="in_queue"), "event 1")
    over = sent(put(order(), status="ready"), "event 2")
    assert jobs.cancel_all([open_one.pk, over.pk], note="") == 1
    revoked = TryOnSubmission.objects.order_by("event_id").values_list("revoked_at", flat=True)
    assert [moment is not None for moment in revoked] == [True, False]


def test_what_its_owner_deleted_is_left_alone(order: Order) -> None:
    job = drawn(sent(put(order(), status="failed", ready_at=timezone.now()), "event 1"))
    job.hide()
    for _alone, among in PAIRS.values():
        assert among([job.pk]) == 0
    assert one(job)["status"] == "failed"


def test_a_job_whose_newest_submission_has_no_name_is_not_asked_about(order: Order) -> None:
    job = sent(sent(put(order(), status="failed"), "event 1"), None, number=2)
    assert jobs.ask_all_again([job.pk], note="") == 0


def test_a_ready_job_whose_pictures_were_deleted_is_not_fetched_again(order: Order) -> None:
    job = sent(put(order(), status="ready"), "event 1")
    assert jobs.refetch_all([job.pk], note="") == 0
    with pytest.raises(IllegalTransition):
        jobs.refetch(job)
