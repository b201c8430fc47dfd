"""Claims and write-backs: who gets which job, and by which index."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections

from glam_tryon.models import Account, TryOnJob, TryOnSubmission
from glam_tryon.models.clock import after, database_time
from glam_tryon.models.status import Queue, Status
from glam_tryon.worker.bulk_update import PollUpdate, write_poll_updates
from glam_tryon.worker.claim import (
    claim_steps,
    extend_leases,
    lease_due,
    pair_statement,
    release_leases,
)
from glam_tryon.worker.slots import claim_submissions, release_lost_slots

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def make_jobs(count: int, **fields: object) -> list[TryOnJob]:
    """Jobs under way and due, unless ``fields`` say otherwise."""
    past = datetime.now(UTC) - timedelta(minutes=5)
    given = {"status": Status.IN_PROGRESS, "queue": Queue.UNDER_WAY, **fields}
    return TryOnJob.objects.bulk_create(
        [
            TryOnJob(
                mask_type="upper",
                product_key=str(number),
                garment_title="Shirt",
                **{"next_step_at": past + timedelta(seconds=number), **given},
            )
            for number in range(count)
        ]
    )


def plan_of(statement: str) -> str:
    """Return what the database says of how it would do ``statement``."""
    words = "EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN "
    with connection.cursor() as cursor:
        cursor.execute(words + statement)
        return "\n".join(str(row) for row in cursor.fetchall())


def analyse() -> None:
    words = "ANALYZE TABLE" if connection.vendor == "mysql" else "ANALYZE"
    with connection.cursor() as cursor:
        cursor.execute(f"{words} {TryOnJob._meta.db_table}")


def literal(value: int | str) -> str:
    """A parameter as a database reads it; each is a number or one of the package's own words."""
    return str(int(value)) if isinstance(value, int) else f"'{value}'"


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        (TryOnJob.objects.due, "glam_tryon_job_due"),
        (lambda: TryOnJob.objects.waiting_for_slot(Queue.SHOPPER), "glam_tryon_job_turn"),
    ],
)
def test_the_claim_reads_its_jobs_in_the_order_of_an_index(
    rows: Callable[[], object], index: str
) -> None:
    make_jobs(4000, status=Status.READY, queue=None, next_step_at=None)
    make_jobs(200)
    make_jobs(2000, status=Status.PENDING, queue=Queue.SHOPPER)
    analyse()
    query = rows().values("pk")[:5]  # type: ignore[attr-defined]
    statement, parameters = query.query.sql_with_params()
    plan = plan_of(statement % tuple(map(literal, parameters)))
    assert index in plan, plan
    assert "Seq Scan" not in plan, plan


@pytest.mark.database("mysql")
@pytest.mark.parametrize(("due", "later"), [(2000, 0), (5, 2000)])
def test_on_mariadb_the_claim_reads_no_job_that_is_not_due(due: int, later: int) -> None:
    make_jobs(due)
    make_jobs(later, next_step_at=datetime.now(UTC) + timedelta(hours=1))
    analyse()
    plan = plan_of(pair_statement(connection) % 500)
    assert re.search(r"'range', .*'glam_tryon_job_due'", plan), plan
    assert "filesort" not in plan, plan


def test_a_claim_takes_the_longest_overdue_first_and_counts_the_attempt() -> None:
    jobs = make_jobs(5)
    taken = claim_steps(2)
    assert {claimed.job.pk for claimed in taken} == {jobs[0].pk, jobs[1].pk}
    assert [claimed.job.attempts for claimed in taken] == [1, 1]
    assert all(claimed.job.lease_token for claimed in taken)


def test_a_leased_job_is_not_claimed_again_until_its_lease_is_over() -> None:
    (job,) = make_jobs(1)
    (first,) = claim_steps(10)
    assert claim_steps(10) == []
    TryOnJob.objects.update(next_step_at=after(-1))
    (second,) = claim_steps(10)
    assert second.job.pk == job.pk
    assert second.job.attempts == 2
    assert second.job.lease_token != first.job.lease_token


def test_four_workers_at_once_get_each_job_once_and_no_error() -> None:
    make_jobs(200)
    taken: list[uuid.UUID] = []
    errors: list[Exception] = []
    start = threading.Barrier(4)

    def work() -> None:
        try:
            start.wait()
            while claims := claim_steps(7):
                taken.extend(claimed.job.pk for claimed in claims)
                write_poll_updates(
                    [
                        PollUpdate(one.job.pk, one.job.lease_token, 600, "IN_PROGRESS")
                        for one in claims
                    ]
                )
        except Exception as error:  # noqa: BLE001  (handed to the test's own thread)
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(taken) == len(set(taken)) == 200
    assert TryOnJob.objects.filter(polls=1, lease_token="").count() == 200


def test_a_write_back_sets_the_time_of_each_job_by_the_databases_clock() -> None:
    make_jobs(3)
    claims = claim_steps(3)
    told = [
        PollUpdate(one.job.pk, one.job.lease_token, 10.0 * (number + 1), f"WORD_{number}")
        for number, one in enumerate(claims)
    ]
    now = database_time("default")
    assert write_poll_updates(told) == 3
    for row in told:
        job = TryOnJob.objects.get(pk=row.job_id)
        assert job.next_step_at is not None
        assert abs((job.next_step_at - now).total_seconds() - row.seconds) < 2
        assert (job.remote_status, job.lease_token, job.attempts, job.polls) == (
            row.remote_status,
            "",
            0,
            1,
        )


def test_a_write_back_of_a_lost_lease_changes_nothing() -> None:
    make_jobs(2)
    mine, lost = claim_steps(2)
    TryOnJob.objects.filter(pk=lost.job.pk).update(lease_token="somebody else")
    told = [PollUpdate(one.job.pk, one.job.lease_token, 5, "IN_PROGRESS") for one in (mine, lost)]
    assert write_poll_updates(told) == 1
    assert TryOnJob.objects.get(pk=lost.job.pk).lease_token == "somebody else"
    assert TryOnJob.objects.get(pk=lost.job.pk).polls == 0


def test_a_job_that_was_canceled_meanwhile_is_not_written_back() -> None:
    make_jobs(1)
    (claimed,) = claim_steps(1)
    TryOnJob.objects.update(status=Status.CANCELED)
    told = [PollUpdate(claimed.job.pk, claimed.job.lease_token, 5, "IN_PROGRESS")]
    assert write_poll_updates(told) == 0


def test_a_lease_given_back_does_not_count_as_an_attempt() -> None:
    make_jobs(1)
    (claimed,) = claim_steps(1)
    release_leases([claimed.job])
    (again,) = claim_steps(1)
    assert again.job.attempts == 1


@pytest.mark.parametrize(("ends_in", "goes_on"), [(5, True), (-5, False)])
def test_a_lease_is_extended_while_it_runs_and_not_when_it_has_run_out(
    ends_in: float, goes_on: bool
) -> None:
    make_jobs(1)
    (claimed,) = claim_steps(1)
    TryOnJob.objects.update(next_step_at=after(ends_in))
    extend_leases([claimed.job])
    assert TryOnJob.objects.filter(next_step_at__gt=after(20)).exists() is goes_on


def test_catalogue_jobs_leave_the_last_slot_to_shoppers() -> None:
    make_jobs(5, status=Status.PENDING, queue=Queue.CATALOGUE, priority="catalogue")
    assert len(claim_submissions(10)) == 1
    make_jobs(1, status=Status.PENDING, queue=Queue.SHOPPER)
    (shopper,) = claim_submissions(10)
    assert shopper.job.queue == Queue.UNDER_WAY
    assert shopper.job.priority == "shopper"
    assert claim_submissions(10) == []


def test_a_plan_with_one_slot_draws_catalogue_jobs_when_no_shopper_waits(settings: Any) -> None:
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "MAX_PARALLEL": 1}
    make_jobs(2, status=Status.PENDING, queue=Queue.CATALOGUE, priority="catalogue")
    assert len(claim_submissions(10)) == 1


def test_slots_are_numbers_that_the_database_gives_out_once() -> None:
    make_jobs(6, status=Status.PENDING, queue=Queue.SHOPPER)
    first = claim_submissions(10)
    assert sorted(one.submission.slot for one in first if one.submission) == [0, 1]
    # A worker that believes it sees free slots is stopped by the unique number.
    duplicate = TryOnSubmission(
        job_key=uuid.uuid4(), number=1, slot=0, started_at=database_time("default")
    )
    with pytest.raises(IntegrityError):
        duplicate.save()


def test_a_submission_with_a_number_above_a_lowered_cap_counts_against_it() -> None:
    make_jobs(4, status=Status.PENDING, queue=Queue.SHOPPER)
    assert len(claim_submissions(10)) == 2
    TryOnSubmission.objects.filter(slot=0).free_slot()
    Account.rows().update(effective_cap=1, cap_changed_at=after(0))
    assert claim_submissions(10) == []
    TryOnSubmission.objects.filter(slot=1).free_slot()
    assert len(claim_submissions(10)) == 1


def test_a_slot_whose_generation_cannot_be_running_any_more_is_freed() -> None:
    make_jobs(1, status=Status.PENDING, queue=Queue.SHOPPER)
    claim_submissions(1)
    TryOnJob.objects.all().delete()
    assert release_lost_slots() == 0
    TryOnSubmission.objects.update(started_at=after(-4000))
    assert release_lost_slots() == 1
    assert not TryOnSubmission.objects.holding_slots().exists()


def test_the_lease_statement_is_one_statement_where_the_database_can_return_rows() -> None:
    make_jobs(3)
    # SQLite looks first, so that an idle poller takes no write lock; MariaDB needs a pair.
    expected = {"postgresql": 1, "sqlite": 2, "mysql": 2}[connection.vendor]
    with connection.execute_wrapper(count := Count()):
        assert len(lease_due("default", 10, uuid.uuid4().hex, 60)) == 3
    assert count.statements == expected


class Count:
    """Counts the statements that are not about transactions."""

    def __init__(self) -> None:
        self.statements = 0

    def __call__(self, execute: Callable[..., object], sql: str, *rest: object) -> object:
        self.statements += not sql.startswith(("SAVEPOINT", "RELEASE", "BEGIN"))
        return execute(sql, *rest)
