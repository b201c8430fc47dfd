"""Faults 14 to 23: what a question to Glam may meet, and how the job ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from glam_tryon import jobs
from glam_tryon.exceptions import IllegalTransition
from glam_tryon.models import Account, TryOnJob
from glam_tryon.sandbox import Sandbox
from glam_tryon.worker.bulk_update import write_poll_updates
from glam_tryon.worker.claim import claim_steps
from glam_tryon.worker.steps import advance
from tests.faults.outcome import downloads, outcomes, posts, questions, slots_held, state
from tests.faults.secrets import Records
from tests.faults.virtual import Engine

Order = Callable[..., TryOnJob]
Configure = Callable[..., None]
Faults = Callable[..., None]
Hold = Callable[..., None]


def expires_only_at_its_age(job: TryOnJob, engine: Engine) -> None:
    """Nothing but the job's own age ends it."""
    engine.once()
    for _ in range(6):
        engine.later(560)
        engine.once()
        assert state(job)[0] in ("in_queue", "in_progress")
    engine.later(400)
    engine.once()
    assert state(job) == ("failed", "expired")
    assert slots_held() == 0


def test_fault_14_an_event_that_is_not_known_yet_is_asked_for_again(
    order: Order, engine: Engine, faults: Faults, hold_invariants: Hold
) -> None:
    faults({"on": "submit", "nth": 1, "do": {"not_found": 3}})
    job = order()
    engine.pump()
    assert (state(job), outcomes(job)) == (("ready", ""), ["accepted"])
    hold_invariants()


def test_fault_14_an_event_that_glam_lost_ends_the_job_after_the_grace_time(
    order: Order, engine: Engine, faults: Faults, glam: Sandbox, hold_invariants: Hold
) -> None:
    faults({"on": "submit", "nth": 1, "do": {"lose": True}})
    job = order()
    seconds = engine.pump()
    assert state(job) == ("failed", "lost")
    assert "bill" in job.error_message
    assert seconds > 119
    assert (posts(glam), slots_held(), job.submissions.get().outcome) == (1, 0, "accepted")
    hold_invariants()


@pytest.mark.parametrize(
    "do",
    [
        {"status": 429, "retry_after": 2},
        {"status": 500},
        {"status": 503, "retry_after": 999999},
        {"status": 403},
        {"no_answer": True},
        {"reset": True},
        {"body": "{"},
        {"body": "[]"},
        {"body": ""},
        {"raw": "no HTTP at all\r\n\r\n"},
        {"truncate": 10},
        {"drip": {"bytes": 1, "seconds": 0.05}},
    ],
    ids=str,
)
def test_fault_15_a_question_that_goes_wrong_is_asked_again(
    do: dict[str, Any],
    order: Order,
    engine: Engine,
    faults: Faults,
    configure: Configure,
    constants: Configure,
    glam: Sandbox,
    hold_invariants: Hold,
) -> None:
    # The POST has to come through within these on a busy machine, too.
    configure(DEADLINE_SECONDS=1.5)
    constants("providers.selection", READ_TIMEOUT_SECONDS=0.7)
    faults({"on": "status", "nth": [1, 2, 3], "do": do})
    job = order()
    engine.pump()
    assert (state(job), outcomes(job)) == (("ready", ""), ["accepted"])
    assert (job.errors, posts(glam)) == (0, 1)
    # A poll that fails says nothing about submitting; one that is refused, about polls.
    assert (Account.load().polls_cap is not None) == (do.get("status") == 429)
    assert Account.load().effective_cap is None
    assert Account.load().breaker_failures == 0
    hold_invariants()


@pytest.mark.parametrize("do", [{"status": 500}, {"status": 429}, {"body": "{"}, {"reset": True}])
def test_fault_15_questions_that_always_go_wrong_end_the_job_at_its_age_and_not_before(
    do: dict[str, Any],
    order: Order,
    engine: Engine,
    faults: Faults,
    glam: Sandbox,
    hold_invariants: Hold,
) -> None:
    faults({"on": "status", "do": do})
    job = order()
    expires_only_at_its_age(job, engine)
    assert posts(glam) == 1
    hold_invariants()


def test_fault_15_a_glam_that_is_away_for_long_is_not_asked_every_second(
    order: Order, engine: Engine, faults: Faults, glam: Sandbox, hold_invariants: Hold
) -> None:
    faults({"on": "status", "do": {"status": 500}})
    order()
    engine.work(1800)
    assert 5 < questions(glam) < 40
    faults()
    engine.pump()
    hold_invariants()


@pytest.mark.parametrize(
    "word", ["MODERATED", "", 17, None, "(missing)", ["READY"], {"a": 1}, "x" * 5000, "RÉADY"]
)
def test_fault_16_a_word_that_nobody_knows_means_still_running(
    word: Any,
    order: Order,
    engine: Engine,
    faults: Faults,
    logged: Records,
    hold_invariants: Hold,
) -> None:
    faults({"on": "submit", "do": {"remote_status": [word, word, word, "(real)"]}})
    job = order()
    engine.pump()
    assert state(job) == ("ready", "")
    assert len([line for line in logged.lines if "unknown status" in line]) <= 1
    hold_invariants()


@pytest.mark.parametrize("word", ["ready", "Ready", "COMPLETED"])
def test_fault_16_known_words_are_known_however_they_are_written(
    word: str, order: Order, engine: Engine, faults: Faults, hold_invariants: Hold
) -> None:
    faults({"on": "submit", "do": {"remote_status": ["in_progress", "in-queue", word]}})
    job = order()
    engine.time.settle()
    engine.pump()
    assert state(job) == ("ready", "")
    hold_invariants()


@pytest.mark.parametrize("word", ["CANCELLED", "timed_out", "failed"])
def test_fault_16_words_for_an_end_without_a_picture_end_the_job(
    word: str, order: Order, engine: Engine, faults: Faults, hold_invariants: Hold
) -> None:
    faults({"on": "submit", "do": {"remote_status": [word]}})
    job = order()
    engine.pump()
    assert (state(job), slots_held()) == (("failed", "glam_failed"), 0)
    hold_invariants()


def test_fault_16_an_unknown_word_for_ever_ends_the_job_at_its_age(
    order: Order, engine: Engine, faults: Faults, logged: Records, hold_invariants: Hold
) -> None:
    faults({"on": "submit", "do": {"remote_status": ["MODERATED"]}})
    job = order()
    expires_only_at_its_age(job, engine)
    assert len([line for line in logged.lines if "unknown status 'MODERATED'" in line]) == 1
    hold_invariants()


def test_fault_17_the_first_final_answer_counts(
    order: Order, engine: Engine, faults: Faults, hold_invariants: Hold
) -> None:
    faults(
        {"on": "submit", "do": {"remote_status": ["READY", "IN_QUEUE", "FAILED", "IN_QUEUE"]}},
        {"on": "result", "nth": [1, 2], "do": {"status": 404}},
    )
    job = order()
    engine.once()
    engine.time.settle()
    engine.pump()
    assert state(job) == ("ready", "")
    assert "in_progress" not in job.transitions.values_list("status", flat=True)
    hold_invariants()


@pytest.mark.parametrize("words", [["IN_PROGRESS", "IN_QUEUE"] * 3 + ["(real)"]])
def test_fault_17_running_and_waiting_may_alternate(
    words: list[str], order: Order, engine: Engine, faults: Faults, hold_invariants: Hold
) -> None:
    faults({"on": "submit", "do": {"remote_status": words}})
    job = order()
    engine.pump()
    assert state(job) == ("ready", "")
    hold_invariants()


def test_fault_18_a_job_that_stays_in_the_queue_ends_at_its_age_and_frees_its_slot(
    order: Order, engine: Engine, faults: Faults, glam: Sandbox, hold_invariants: Hold
) -> None:
    faults({"on": "submit", "do": {"stuck": True}})
    job = order()
    expires_only_at_its_age(job, engine)
    assert (outcomes(job), posts(glam)) == (["accepted"], 1)
    hold_invariants()


def test_fault_18_a_picture_that_came_too_late_is_taken_when_staff_ask_again(
    order: Order, engine: Engine, glam: Sandbox, hold_invariants: Hold
) -> None:
    glam.hold()
    job = order()
    expires_only_at_its_age(job, engine)
    jobs.ask_again(job)
    engine.once()
    assert state(job) == ("failed", "expired")
    glam.release()
    jobs.ask_again(job)
    engine.pump()
    assert (state(job), outcomes(job), posts(glam)) == (("ready", ""), ["accepted"], 1)
    hold_invariants()


def test_a_job_that_glam_never_took_cannot_be_asked_about(order: Order) -> None:
    with pytest.raises(IllegalTransition):
        jobs.ask_again(order())


@pytest.mark.parametrize("reason", ["No person found in the photo", ""])
def test_fault_19_what_glam_could_not_draw_has_failed_and_is_not_bought_again(
    reason: str,
    order: Order,
    engine: Engine,
    faults: Faults,
    glam: Sandbox,
    hold_invariants: Hold,
) -> None:
    do = {"fail": reason} if reason else {"remote_status": ["FAILED"]}
    faults({"on": "submit", "nth": 1, "do": do})
    job = order()
    engine.pump()
    assert state(job) == ("failed", "glam_failed")
    assert job.error_message == (reason or "The provider gave no reason.")
    engine.work(120)
    assert (posts(glam), slots_held()) == (1, 0)
    hold_invariants()


def test_fault_19_glams_reason_may_hold_anything_and_is_kept_without_links_and_keys(
    order: Order, engine: Engine, faults: Faults, hold_invariants: Hold
) -> None:
    reason = "Cannot fetch https://shop.example.com/photo/abc.jpg?sig=1 with key sandbox-key\x00\n!"
    faults({"on": "submit", "nth": 1, "do": {"fail": reason + "x" * 2000}})
    job = order()
    engine.pump()
    assert state(job) == ("failed", "glam_failed")
    assert job.error_message.startswith("Cannot fetch [address] with key [")
    assert not {"sandbox-key", "shop.example.com", "\x00", "\n"} & set(job.error_message.split())
    assert "sandbox-key" not in job.error_message
    hold_invariants()


NO_MEDIA: list[Any] = [[], None, "(missing)", "", [""], [None], {}]


@pytest.mark.parametrize("media_urls", NO_MEDIA)
def test_fault_20_ready_without_a_picture_is_asked_about_three_times_over_a_minute(
    media_urls: Any,
    order: Order,
    engine: Engine,
    faults: Faults,
    glam: Sandbox,
    hold_invariants: Hold,
) -> None:
    faults({"on": "status", "do": {"remote_status": ["READY"], "media_urls": media_urls}})
    job = order()
    seconds = engine.pump()
    assert state(job) == ("failed", "no_media")
    assert (questions(glam), posts(glam), slots_held()) == (4, 1, 0)
    assert seconds > 59
    hold_invariants()


@pytest.mark.parametrize("media_urls", NO_MEDIA)
def test_fault_20_a_picture_that_is_named_a_little_later_is_stored(
    media_urls: Any, order: Order, engine: Engine, faults: Faults, hold_invariants: Hold
) -> None:
    empty = {"remote_status": ["READY"], "media_urls": media_urls}
    faults({"on": "status", "nth": [1, 2, 3], "do": empty})
    job = order()
    engine.pump()
    assert state(job) == ("ready", "")
    hold_invariants()


@pytest.mark.parametrize(("sent", "limit", "stored"), [(2, 4, 2), (50, 4, 4), (50, 50, 50)])
def test_fault_21_several_pictures_are_stored_in_order_up_to_the_limit(
    sent: int,
    limit: int,
    stored: int,
    order: Order,
    engine: Engine,
    faults: Faults,
    constants: Configure,
    glam: Sandbox,
    hold_invariants: Hold,
) -> None:
    for step in ("poll", "store"):
        constants(f"worker.steps.{step}", MAX_RESULTS=limit)
    faults({"on": "submit", "do": {"results": sent}})
    job = order()
    engine.pump()
    assert state(job) == ("ready", "")
    results = list(job.results.order_by("position"))
    assert [result.position for result in results] == list(range(stored))
    named = [f"-u1_{position}.jpg" for position in range(stored)]
    assert [result.source_url[result.source_url.index("-u1_") :] for result in results] == named
    assert len({result.sha256 for result in results}) == stored
    assert downloads(glam) == stored
    hold_invariants()


def test_fault_21_an_address_that_is_named_twice_is_stored_once(
    order: Order, engine: Engine, faults: Faults, glam: Sandbox, hold_invariants: Hold
) -> None:
    faults({"on": "submit", "do": {"media_urls": ["{result}", "{result}", "", None, "{result}"]}})
    job = order()
    engine.pump()
    assert state(job) == ("ready", "")
    assert (job.results.count(), downloads(glam)) == (1, 1)
    hold_invariants()


def test_fault_21_an_address_as_plain_text_is_a_picture_too(
    order: Order, engine: Engine, faults: Faults, hold_invariants: Hold
) -> None:
    faults({"on": "submit", "do": {"media_urls": "{result}"}})
    job = order()
    engine.pump()
    assert (state(job), job.results.count()) == (("ready", ""), 1)
    hold_invariants()


def test_fault_22_a_good_picture_is_not_lost_for_a_bad_address_beside_it(
    order: Order, engine: Engine, faults: Faults, hold_invariants: Hold
) -> None:
    urls = ["{result}", "file:///etc/passwd", "http://{host}/gone.jpg", 17]
    faults({"on": "submit", "do": {"media_urls": urls}})
    job = order()
    engine.pump()
    assert (state(job), job.results.get().position) == (("ready", ""), 0)
    hold_invariants()


UNSAFE: list[Any] = [
    17,
    {"url": "{result}"},
    ["{result}"],
    "/outputs/a.jpg",
    "//static.getglam.app/a.jpg",
    "javascript:alert(1)",
    "data:image/png;base64,AAAA",
    "file:///etc/passwd",
    "ftp://static.getglam.app/a.jpg",
    "http://static.getglam.app/a.jpg",
    "https://static.getglam.app:8443/a.jpg",
    "https://user:password@static.getglam.app/a.jpg",
    "https://localhost@evil.example/a.jpg",
    "https://evil.example/a.jpg",
    "https://static.getglam.app.evil.example/a.jpg",
    "https://getglam.app\\.evil.example/a.jpg",
    "https://gètglam.app/a.jpg",
    "https://169.254.169.254/latest/meta-data",
    "http://169.254.169.254/latest/meta-data",
    "https://2130706433/a.jpg",
    "https://0177.0.0.1/a.jpg",
    "https://[::ffff:169.254.169.254]/a.jpg",
    "https://static.getglam.app/a b\r\nX: y",
    "https://static.getglam.app/" + "a" * 100_000,
    "https://static.getglam.app:99999/a.jpg",
    "https://[::1/a.jpg",
]


@pytest.mark.parametrize("url", UNSAFE, ids=lambda url: repr(url)[:40])
def test_fault_22_an_address_that_must_not_be_asked_ends_the_job_unasked(
    url: Any,
    order: Order,
    engine: Engine,
    faults: Faults,
    configure: Configure,
    glam: Sandbox,
    hold_invariants: Hold,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    configure(RESULT_HOSTS=["static.getglam.app"])
    faults({"on": "submit", "do": {"media_urls": [url]}})
    job = order()
    engine.once()
    engine.time.settle()
    with monkeypatch.context() as patch:
        patch.setattr(
            "glam_tryon.providers.download.get", lambda *_a, **_k: pytest.fail("it was asked")
        )
        engine.pump()
    assert state(job) == ("failed", "unsafe_result_url")
    assert (downloads(glam), posts(glam), slots_held()) == (0, 1, 0)
    hold_invariants()


@pytest.mark.parametrize("word", ["READY", "FAILED", "IN_PROGRESS"])
def test_fault_23_of_two_workers_with_the_same_job_one_counts(
    word: str,
    order: Order,
    engine: Engine,
    faults: Faults,
    glam: Sandbox,
    hold_invariants: Hold,
) -> None:
    job = order()
    engine.once()
    engine.time.settle()
    engine.later(5)
    (slow,) = claim_steps(10)
    assert claim_steps(10) == []
    # The slow one is stopped for longer than its lease.
    engine.later(61)
    (fast,) = claim_steps(10)
    assert fast.job.lease_token != slow.job.lease_token
    assert advance(fast) is None
    assert state(job) == ("ready", "")
    before = (job.finished_at, job.transitions.count(), job.results.get().pk)
    faults({"on": "status", "do": {"remote_status": [word]}})
    if told := advance(slow):
        assert write_poll_updates([told]) == 0
    assert state(job) == ("ready", "")
    assert (job.finished_at, job.transitions.count(), job.results.get().pk) == before
    engine.pump()
    hold_invariants()
