"""Every order of two workers, a Glam, a user and a crash, on the real code and a real database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db.models.functions import Coalesce

from glam_tryon.models import TryOnJob, TryOnSubmission
from glam_tryon.models.clock import DatabaseNow
from glam_tryon.models.submission import TryOnSubmissionQuerySet
from tests.worker.interleaving import SUBMISSIONS, Explorer, Machine, State, Violation

# One connection that is put back into earlier states row by row: SQLite allows it at once.
pytestmark = [pytest.mark.database("sqlite"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def explorer(
    order: Callable[..., TryOnJob],
    settings: Any,
    constants: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Explorer]:
    """An explorer that stands at a pending job; time passes only when it says so."""
    settings.GLAM_TRYON = {
        **settings.GLAM_TRYON,
        "API_KEY": "key",
        "PUBLIC_BASE_URL": "https://shop.example",
        "MAX_PARALLEL": 10,
        "LEASE_SECONDS": 3600,
        "UNFETCHED_GRACE_SECONDS": 86_400,
        "JOB_MAX_AGE_SECONDS": 600_000,
    }
    constants("worker.steps", MAX_ATTEMPTS=100)
    constants("worker.steps.reconcile", MAX_SUBMISSIONS=SUBMISSIONS)
    machine = Machine(order())
    with machine.installed(monkeypatch):
        yield Explorer(machine)


@pytest.mark.parametrize(
    ("crashes", "stalls", "cancels"),
    [
        pytest.param(0, 0, 0, id="nobody-dies"),
        pytest.param(1, 0, 0, id="one-crash", marks=pytest.mark.long),
        pytest.param(0, 1, 0, id="one-lost-lease", marks=pytest.mark.long),
        pytest.param(0, 0, 1, id="one-cancel", marks=pytest.mark.long),
    ],
)
@pytest.mark.timeout(600)
def test_no_order_buys_twice_loses_a_generation_or_gets_stuck(
    crashes: int, stalls: int, cancels: int, explorer: Explorer
) -> None:
    explorer.explore(State(explorer.machine.world, crashes, stalls, cancels))
    ends = {explorer.machine.job_field(state.world, "status") for state in explorer.rests()}
    assert {"in_queue", "failed", "unconfirmed"} <= ends
    assert any(len(state.world.drawn) == 1 for state in explorer.after)
    assert ("canceled" in ends) == bool(cancels)


# The same explorer finds what is wrong when one condition is missing.


def give_up_although_fetched(self: TryOnSubmissionQuerySet) -> bool:
    return bool(
        self.unclear().update(
            outcome=TryOnSubmission.Outcome.REVOKED,
            revoked_at=Coalesce("revoked_at", DatabaseNow()),
            slot=None,
            closed_at=DatabaseNow(),
        )
    )


def fetch_a_revoked_photo(self: TryOnSubmissionQuerySet, token: str) -> bool:
    return bool(self.filter(token=token).update(fetched_at=DatabaseNow()))


def close_what_may_be_sent(self: TryOnSubmissionQuerySet, why: str) -> bool:
    return bool(
        self.filter(outcome=TryOnSubmission.Outcome.INTENDED).update(
            outcome=TryOnSubmission.Outcome.NOT_SENT, code=why, slot=None, closed_at=DatabaseNow()
        )
    )


def send_without_mark(self: TryOnSubmissionQuerySet, pk: int) -> bool:
    return self.filter(pk=pk, outcome=TryOnSubmission.Outcome.INTENDED).exists()


@pytest.mark.parametrize(
    ("method", "mistake", "crashes", "found"),
    [
        ("give_up", give_up_although_fetched, 0, "by a revoked link"),
        ("fetch_photo", fetch_a_revoked_photo, 0, "by a revoked link"),
        ("close_unsent", close_what_may_be_sent, 1, "P1|P3"),
        ("mark_sent", send_without_mark, 0, "P2"),
    ],
)
def test_a_missing_condition_is_found(
    method: str,
    mistake: Callable[..., bool],
    crashes: int,
    found: str,
    explorer: Explorer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(TryOnSubmissionQuerySet, method, mistake)
    with pytest.raises(Violation, match=found):
        explorer.explore(State(explorer.machine.world, crashes, 0, 0))
