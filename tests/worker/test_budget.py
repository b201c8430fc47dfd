"""At the budget's edge: exactly so many POSTs as it allows, whoever sends them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from glam_tryon.limits import availability as switch
from glam_tryon.limits import budget
from glam_tryon.models import Account, TryOnJob, TryOnSubmission
from glam_tryon.models.clock import after
from glam_tryon.models.status import Queue, Status
from glam_tryon.sandbox import FaultScript, Sandbox
from glam_tryon.worker.poller import Poller
from glam_tryon.worker.slots import claim_submissions
from tests.worker.invariants import check_invariants
from tests.worker.pollers import Pollers, wait_until
from tests.worker.test_claims import make_jobs

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

Configure = Callable[..., None]
Order = Callable[..., TryOnJob]


@pytest.fixture
def configure(settings: Any) -> Configure:
    def configure(**values: Any) -> None:
        settings.GLAM_TRYON = {**settings.GLAM_TRYON, **values}

    return configure


def waiting(count: int) -> list[TryOnJob]:
    return make_jobs(count, status=Status.PENDING, queue=Queue.SHOPPER)


def test_an_intent_has_the_credits_and_the_price_of_its_moment(configure: Configure) -> None:
    configure(PRICE={"per_credit": "0.07", "credits_per_tryon": 2.0, "currency": "EUR"})
    waiting(1)
    claim_submissions(1)
    row = TryOnSubmission.objects.get()
    assert (row.credits, str(row.price), row.currency) == (2, "0.1400", "EUR")


def test_no_more_is_claimed_than_the_budget_allows_and_the_rest_waits(
    configure: Configure,
) -> None:
    configure(MAX_PARALLEL=10, BUDGET={"day": 3})
    waiting(8)
    assert len(claim_submissions(10)) == 3
    assert claim_submissions(10) == []
    assert TryOnJob.objects.filter(status=Status.PENDING, error_code="").count() == 5


def test_eight_workers_at_once_never_claim_one_more_than_the_budget(configure: Configure) -> None:
    configure(MAX_PARALLEL=100, BUDGET={"month": 13})
    waiting(60)
    claimed: list[int] = []
    errors: list[Exception] = []
    start = threading.Barrier(8)

    def work() -> None:
        try:
            start.wait()
            claimed.extend(len(claim_submissions(2)) for _ in range(4))
        except Exception as error:  # noqa: BLE001  (handed to the test's own thread)
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sum(claimed) == TryOnSubmission.objects.count() == 13


def test_nothing_is_claimed_while_staff_stopped_the_shop() -> None:
    waiting(1)
    switch.stop("ada", "a wrong picture")
    assert claim_submissions(1) == []
    switch.go_on()
    assert len(claim_submissions(1)) == 1


def test_a_budget_that_was_used_up_is_not_counted_in_each_round(configure: Configure) -> None:
    configure(BUDGET={"day": 0})
    waiting(1)
    assert claim_submissions(1) == []
    Account.change_budget("ada", day_generations=1)
    assert claim_submissions(1) == []
    Account.rows().update(budget_rests_until=after(-0.1))
    assert len(claim_submissions(1)) == 1


def test_a_stopped_shop_finishes_what_glam_has_and_sends_nothing_more(
    order: Order, glam: Sandbox
) -> None:
    glam.hold()
    first = order()
    Poller().run(once=True)
    second = order()
    switch.stop("ada")
    glam.release()
    for _ in range(3):
        glam.wait_for(lambda: glam.open_generations == 0, 10)
        TryOnJob.objects.filter(queue=Queue.UNDER_WAY).update(next_step_at=after(-1))
        Poller().run(once=True)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status) == ("ready", "pending")
    assert len(glam.accepted) == 1


def test_a_claim_counts_in_the_period_for_which_its_budget_was_read(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(MAX_PARALLEL=5, BUDGET={"day": 1})
    waiting(2)
    before = datetime(2026, 11, 15, 23, 59, 59, 999000, tzinfo=UTC)
    monkeypatch.setattr("glam_tryon.worker.slots.database_time", lambda _using: before)
    claim_submissions(5)
    assert TryOnSubmission.objects.get().started_at == before


@pytest.mark.slow
def test_four_pollers_send_exactly_what_the_budget_allows_and_go_on_when_it_is_raised(
    order: Order,
    pollers: Pollers,
    glam: Sandbox,
    configure: Configure,
    media_root: Path,
) -> None:
    mine = [order() for _ in range(16)]
    # Ordered before the budget was cut: an order that it will not reach is refused at once.
    configure(MAX_PARALLEL=6, BUDGET={"day": 7})
    glam.max_parallel = 6
    # Two are refused, and what they would have cost is there for others.
    glam.faults = FaultScript.from_rules([{"on": "submit", "nth": [2, 5], "do": {"status": 422}}])
    running = [pollers.start("--max-seconds", "90") for _ in range(4)]
    wait_until(lambda: TryOnJob.objects.filter(status="ready").count() == 7, 60)
    wait_until(lambda: budget.budget_left().code == "limit_shop", 10)
    assert len(glam.accepted) == 7
    assert TryOnJob.objects.filter(status="pending", error_code="").count() == 7
    Account.change_budget("ada", day_generations=100)
    wait_until(lambda: TryOnJob.objects.filter(status="ready").count() == 14, 60)
    for child in running:
        child.send(15)
    assert {child.wait(30) for child in running} == {0}
    assert len(glam.accepted) == len(mine) - 2
    check_invariants(glam, media_root, limit=6)
