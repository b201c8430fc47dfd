"""How many at once, in whose turn, and who stops whom: caps, breaker, fairness, poison."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.dispatch import Signal

from glam_tryon import jobs
from glam_tryon.models import Account, TryOnJob, TryOnSubmission
from glam_tryon.models.account import BREAKER_FAILURES
from glam_tryon.providers.base import Polled
from glam_tryon.providers.glam.client import GlamClient
from glam_tryon.sandbox import Sandbox
from glam_tryon.signals import job_canceled, job_failed, job_ready, job_submitted
from glam_tryon.worker.slots import claim_submissions
from tests.faults.outcome import deaf_address, outcomes, posts, slots_held, state
from tests.faults.secrets import Records
from tests.faults.virtual import Engine

Order = Callable[..., TryOnJob]
Configure = Callable[..., None]
Faults = Callable[..., None]
Hold = Callable[..., None]


def effective_cap() -> int | None:
    return Account.load().effective_cap


def test_a_429_halves_the_cap_once_and_it_grows_back_by_one(
    order: Order,
    engine: Engine,
    faults: Faults,
    configure: Configure,
    glam: Sandbox,
    hold_invariants: Hold,
) -> None:
    configure(MAX_PARALLEL=8)
    glam.max_parallel = 8
    faults({"on": "submit", "nth": list(range(1, 9)), "do": {"status": 429}})
    mine = [order() for _ in range(12)]
    engine.once()
    # Eight refusals of one moment are one piece of news.
    assert (posts(glam), effective_cap()) == (8, 4)
    glam.hold()
    engine.later(3)
    engine.once()
    assert (len(glam.accepted), slots_held()) == (4, 4)
    for more in range(5, 8):
        engine.later(31)
        engine.once()
        assert (len(glam.accepted), effective_cap()) == (more, more)
    engine.later(31)
    engine.once()
    assert (len(glam.accepted), effective_cap()) == (8, None)
    glam.release()
    engine.pump()
    assert {state(job) for job in mine} == {("ready", "")}
    hold_invariants(limit=8)


def test_refusals_again_and_again_leave_one_slot(
    order: Order,
    engine: Engine,
    faults: Faults,
    configure: Configure,
    glam: Sandbox,
    hold_invariants: Hold,
) -> None:
    configure(MAX_PARALLEL=8)
    glam.max_parallel = 8
    faults({"on": "submit", "times": 30, "do": {"status": 429}})
    mine = [order() for _ in range(3)]
    caps = []
    for _ in range(6):
        engine.later(5)
        engine.once()
        caps.append(effective_cap() or 8)
    assert caps == sorted(caps, reverse=True)
    assert caps[-1] == 1
    faults()
    engine.pump()
    assert {state(job) for job in mine} == {("ready", "")}
    hold_invariants(limit=8)


def test_a_plan_that_is_smaller_than_the_setting_is_found_out(
    order: Order, engine: Engine, configure: Configure, glam: Sandbox, hold_invariants: Hold
) -> None:
    configure(MAX_PARALLEL=8)
    mine = [order() for _ in range(10)]
    glam.hold()
    engine.once()
    assert (len(glam.accepted), glam.rejected_429, effective_cap()) == (2, 6, 4)
    glam.release()
    engine.pump()
    assert {state(job) for job in mine} == {("ready", "")}
    assert (len(glam.accepted), glam.most_parallel) == (10, 2)
    assert glam.rejected_429 < 30
    hold_invariants(limit=8, refusals=glam.rejected_429)


def test_a_cap_that_is_lowered_stops_nothing_and_adds_nothing(
    order: Order, engine: Engine, configure: Configure, glam: Sandbox, hold_invariants: Hold
) -> None:
    configure(MAX_PARALLEL=4)
    glam.max_parallel = 4
    glam.hold()
    engine.time.stuck = 4
    mine = [order() for _ in range(6)]
    engine.once()
    configure(MAX_PARALLEL=2)
    engine.work(5)
    assert (posts(glam), slots_held()) == (4, 4)
    glam.release()
    engine.pump()
    assert {state(job) for job in mine} == {("ready", "")}
    hold_invariants(limit=4)


def test_after_five_failures_submitting_rests_and_then_one_at_a_time_tries(
    order: Order, engine: Engine, configure: Configure, glam: Sandbox, hold_invariants: Hold
) -> None:
    right = glam.base_url
    configure(BASE_URL=deaf_address(), MAX_PARALLEL=4)
    glam.max_parallel = 4
    mine = [order() for _ in range(8)]
    engine.once()
    engine.once()
    failures = Account.load().breaker_failures
    assert failures >= BREAKER_FAILURES
    for _ in range(5):
        assert engine.once() == 0
    configure(BASE_URL=right)
    engine.later(301)
    # Two workers at once: one probe.
    (probe,) = claim_submissions(10)
    assert claim_submissions(10) == []
    # That worker died; the next probe comes when its time is over.
    engine.later(61)
    engine.pump()
    assert {state(job) for job in mine} == {("ready", "")}
    assert (len(glam.accepted), Account.load().breaker_failures) == (8, 0)
    assert outcomes(probe.job).count("accepted") == 1
    hold_invariants(limit=4)


def test_after_an_outage_a_catalogue_goes_on_by_itself(
    order: Order, engine: Engine, configure: Configure, glam: Sandbox, hold_invariants: Hold
) -> None:
    right = glam.base_url
    configure(BASE_URL=deaf_address(), MAX_PARALLEL=4)
    glam.max_parallel = 4
    mine = [order(priority="catalogue", visitor="") for _ in range(6)]
    for _ in range(2):
        engine.once()
        engine.later(3)
    assert Account.load().breaker_failures >= BREAKER_FAILURES
    configure(BASE_URL=right)
    engine.later(301)
    assert len(claim_submissions(10)) == 1
    engine.later(61)
    engine.pump()
    assert {state(job) for job in mine} == {("ready", "")}
    hold_invariants(limit=4)


def test_a_catalogue_never_takes_the_last_slot(
    order: Order, engine: Engine, glam: Sandbox, hold_invariants: Hold
) -> None:
    glam.hold()
    catalogue = [order(priority="catalogue", visitor="") for _ in range(4)]
    for _ in range(3):
        engine.once()
    assert (posts(glam), slots_held()) == (1, 1)
    shopper = order()
    engine.once()
    assert (state(shopper)[0], posts(glam)) == ("in_queue", 2)
    glam.release()
    engine.pump()
    assert {state(job) for job in [*catalogue, shopper]} == {("ready", "")}
    hold_invariants()


def _order_of_sending() -> list[Any]:
    return list(TryOnSubmission.objects.order_by("pk").values_list("job_id", flat=True))


def test_shoppers_come_before_the_catalogue_although_they_asked_later(
    order: Order, engine: Engine, configure: Configure, glam: Sandbox, hold_invariants: Hold
) -> None:
    configure(MAX_PARALLEL=1)
    catalogue = [order(priority="catalogue", visitor="") for _ in range(2)]
    shoppers = [order() for _ in range(3)]
    engine.pump()
    assert set(_order_of_sending()[:3]) == {job.pk for job in shoppers}
    assert _order_of_sending()[3:] == [job.pk for job in catalogue]
    hold_invariants(limit=1)


def test_owners_of_the_same_turn_go_in_the_order_in_which_they_asked(
    order: Order, engine: Engine, configure: Configure, glam: Sandbox, hold_invariants: Hold
) -> None:
    configure(MAX_PARALLEL=1)
    mine = [order() for _ in range(8)]
    assert len({job.turn for job in mine}) == 1
    engine.pump()
    assert _order_of_sending() == [job.pk for job in mine]
    hold_invariants(limit=1)


def test_owners_take_turns_whoever_asked_for_more(
    order: Order, engine: Engine, configure: Configure, glam: Sandbox, hold_invariants: Hold
) -> None:
    configure(MAX_PARALLEL=1)
    many = [order(visitor="many") for _ in range(5)]
    few = [order(visitor="few") for _ in range(2)]
    engine.pump()
    sent = ["many" if pk in {job.pk for job in many} else "few" for pk in _order_of_sending()]
    assert sent == ["many", "few", "many", "few", "many", "many", "many"]
    assert [pk for pk in _order_of_sending() if pk in {job.pk for job in few}] == [
        job.pk for job in few
    ]
    hold_invariants(limit=1)


@pytest.mark.parametrize(
    ("place", "deaths", "posted"),
    [("before_post", 3, 0), ("before_poll", 3, 1), ("after_download", 4, 1), ("after_save", 4, 1)],
)
def test_fault_45_a_job_that_kills_its_workers_is_stopped_and_others_go_on(
    place: str,
    deaths: int,
    posted: int,
    order: Order,
    engine: Engine,
    glam: Sandbox,
    media_root: Any,
    hold_invariants: Hold,
) -> None:
    job = order()
    for _ in range(deaths):
        engine.die_at(place)
    other = order()
    engine.pump()
    assert state(job) == ("failed", "poison")
    assert state(other) == ("ready", "")
    assert posts(glam) == posted + 1
    # What Glam may still be drawing keeps its slot for as long as it may.
    assert slots_held() == (1 if place == "before_poll" else 0)
    assert list(media_root.glob(f"glam_tryon/{job.pk}/*")) == []
    engine.later(3700)
    engine.once()
    assert slots_held() == 0
    hold_invariants()


def test_fault_45_a_step_that_raises_again_and_again_is_stopped_and_others_go_on(
    order: Order,
    engine: Engine,
    glam: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    hold_invariants: Hold,
) -> None:
    job, other = order(), order()
    engine.once()
    engine.time.settle()
    event_id = job.submissions.get().event_id
    real = GlamClient.poll

    def breaks(client: GlamClient, asked: str) -> Polled:
        if asked == event_id:
            raise ZeroDivisionError
        return real(client, asked)

    monkeypatch.setattr(GlamClient, "poll", breaks)
    engine.pump()
    assert (state(job), state(other)) == (("failed", "poison"), ("ready", ""))
    assert posts(glam) == 2
    hold_invariants()


def _end(job: TryOnJob, word: str, engine: Engine, faults: Faults) -> None:
    if word == "failed":
        faults({"on": "submit", "do": {"fail": "No person found"}})
    engine.once()
    engine.time.settle()
    engine.later(2)
    if word == "canceled":
        jobs.cancel(job)
    engine.pump()


@pytest.mark.parametrize(
    ("signal", "word"),
    [
        (job_submitted, "ready"),
        (job_ready, "ready"),
        (job_failed, "failed"),
        (job_canceled, "canceled"),
    ],
    ids=["submitted", "ready", "failed", "canceled"],
)
def test_fault_44_a_receiver_that_raises_harms_neither_the_job_nor_other_receivers(
    signal: Signal,
    word: str,
    order: Order,
    engine: Engine,
    faults: Faults,
    logged: Records,
    hold_invariants: Hold,
) -> None:
    heard = []

    def raises(**_given: Any) -> None:
        raise RuntimeError("the shop's own mistake")

    def hears(sender: type, job: TryOnJob, **_given: Any) -> None:
        assert sender is TryOnJob
        heard.append(job.pk)

    job = order()
    for receiver in (raises, hears):
        signal.connect(receiver, weak=False)
    try:
        _end(job, word, engine, faults)
    finally:
        for receiver in (raises, hears):
            signal.disconnect(receiver)
    assert state(job)[0] == word
    assert (heard, job.queue) == ([job.pk], None)
    assert any(" ERROR " in line and "the shop's own mistake" in line for line in logged.lines)
    hold_invariants()
