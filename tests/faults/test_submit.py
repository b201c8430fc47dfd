"""Faults 1 to 11 and 13: what the POST may meet, and what became of the job in the end."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.db import connection

from glam_tryon import jobs
from glam_tryon.models import Account, TryOnJob, TryOnSubmission
from glam_tryon.models.account import BREAKER_FAILURES
from glam_tryon.sandbox import Sandbox
from tests.faults.outcome import deaf_address, outcomes, posts, slots_held, state
from tests.faults.secrets import Records
from tests.faults.virtual import Engine, Killed
from tests.providers.servers import Server, answer

Order = Callable[..., TryOnJob]
Configure = Callable[..., None]
Faults = Callable[..., None]
Hold = Callable[..., None]

NEVER_FETCHED = {"never": True}


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def _refused(stack: ExitStack, monkeypatch: pytest.MonkeyPatch, glam: Sandbox) -> str:
    return deaf_address() + "/api/v1"


def _unknown_name(stack: ExitStack, monkeypatch: pytest.MonkeyPatch, glam: Sandbox) -> str:
    real = socket.getaddrinfo

    def look_up(host: Any, *rest: Any, **named: Any) -> Any:
        if host == "glam.invalid":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return real(host, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return "http://glam.invalid/api/v1"


def _mute(stack: ExitStack, monkeypatch: pytest.MonkeyPatch, glam: Sandbox) -> str:
    mute = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    return f"https://localhost:{mute.getsockname()[1]}/api/v1"


def _no_tls(stack: ExitStack, monkeypatch: pytest.MonkeyPatch, glam: Sandbox) -> str:
    return glam.base_url.replace("http:", "https:")


@pytest.mark.parametrize(
    ("address", "code"),
    [
        (_refused, "connect_failed"),
        (_unknown_name, "name_lookup"),
        (_mute, "connect_timeout"),
        (_no_tls, "tls"),
    ],
)
def test_fault_01_a_glam_that_cannot_be_reached_costs_nothing_and_is_asked_less_and_less(
    address: Callable[..., str],
    code: str,
    order: Order,
    engine: Engine,
    configure: Configure,
    constants: Configure,
    stack: ExitStack,
    monkeypatch: pytest.MonkeyPatch,
    glam: Sandbox,
    hold_invariants: Hold,
) -> None:
    right = glam.base_url
    configure(BASE_URL=address(stack, monkeypatch, glam))
    constants("providers.selection", CONNECT_TIMEOUT_SECONDS=0.1)
    job = order()
    engine.once()
    assert state(job) == ("pending", code)
    assert (outcomes(job), slots_held(), job.attempts) == (["not_sent"], 0, 0)
    engine.work(600)
    state_of_glam = Account.load()
    assert state_of_glam.breaker_failures > BREAKER_FAILURES
    assert set(outcomes(job)) == {"not_sent"}
    # Five failures, then rests of 15, 30, ... 300 s: not a try a second for ten minutes.
    assert BREAKER_FAILURES < len(outcomes(job)) < 15
    assert (posts(glam), state_of_glam.paused_at) == (0, None)
    configure(BASE_URL=right)
    engine.pump()
    assert state(job) == ("ready", "")
    assert (len(glam.accepted), Account.load().breaker_failures) == (1, 0)
    hold_invariants()


def ends_once_more(
    do: dict[str, Any], code: str, order: Order, engine: Engine, faults: Faults, glam: Sandbox
) -> TryOnJob:
    """A POST that nobody knows the fate of, and that Glam never fetched the photo for."""
    taken = "accept_then" in do or "event_id" in do
    if taken:
        do = {**do, "fetch": NEVER_FETCHED}
    faults({"on": "submit", "nth": 1, "do": do})
    job = order()
    engine.once()
    assert state(job) == ("unconfirmed", code)
    assert (outcomes(job), posts(glam), slots_held()) == (["ambiguous"], 1, 1)
    engine.later(100)
    engine.once()
    assert (state(job), posts(glam)) == (("unconfirmed", code), 1)
    engine.pump(stuck=1 if taken else 0)
    assert state(job) == ("ready", "")
    assert (outcomes(job), posts(glam)) == (["revoked", "accepted"], 2)
    assert sum(each.fetched_photo for each in glam.accepted) == 1
    return job


def ends_with_a_person(
    do: dict[str, Any], code: str, order: Order, engine: Engine, faults: Faults, glam: Sandbox
) -> TryOnJob:
    """A POST that Glam took and drew, whose answer was lost."""
    faults({"on": "submit", "nth": 1, "do": do})
    job = order()
    engine.once()
    assert state(job) == ("unconfirmed", code)
    engine.pump()
    assert state(job) == ("unconfirmed", "needs_person")
    engine.work(1800)
    assert (outcomes(job), posts(glam), slots_held()) == (["ambiguous"], 1, 1)
    assert len(glam.accepted) == 1
    return job


def short_waits(code: str, configure: Configure, constants: Configure) -> None:
    """Wait shortly where the wait is the fault; what answers late on a busy machine is none."""
    if code == "read_timeout":
        constants("providers.selection", READ_TIMEOUT_SECONDS=0.2)
    elif code == "deadline":
        configure(DEADLINE_SECONDS=1.5)


UNCLEAR = [
    pytest.param({"no_answer": True}, "read_timeout", id="02-time-out"),
    pytest.param({"reset": True}, "connection_lost", id="03-reset"),
    pytest.param({"close": True}, "connection_lost", id="03-closed"),
    pytest.param({"status": 500}, "server_error", id="05-500"),
    pytest.param({"status": 502, "body": "<h1>Bad gateway</h1>"}, "server_error", id="05-html"),
    pytest.param({"status": 503, "retry_after": 7}, "server_error", id="05-503"),
    pytest.param({"status": 504}, "server_error", id="05-504"),
    pytest.param({"status": 408}, "request_timeout", id="05-408"),
    pytest.param({"body": "{"}, "unreadable", id="08-invalid-json"),
    pytest.param({"body": ""}, "unreadable", id="08-empty"),
]
UNCLEAR_AND_TAKEN = [
    pytest.param({"accept_then": "no_answer"}, "read_timeout", id="02-time-out"),
    pytest.param({"accept_then": "reset"}, "connection_lost", id="03-reset"),
    pytest.param({"accept_then": "close"}, "connection_lost", id="03-closed"),
    pytest.param({"accept_then": {"status": 502}}, "server_error", id="05-502"),
    pytest.param({"accept_then": {"truncate": 20}}, "connection_lost", id="08-truncated"),
    pytest.param({"event_id": "(missing)"}, "bad_event_id", id="08-missing"),
    pytest.param({"event_id": None}, "bad_event_id", id="08-null"),
    pytest.param({"event_id": "(long)"}, "bad_event_id", id="08-long"),
    pytest.param({"event_id": 17}, "bad_event_id", id="08-number"),
    pytest.param({"event_id": "../../x"}, "bad_event_id", id="08-path"),
    pytest.param(
        {"accept_then": {"drip": {"bytes": 1, "seconds": 0.05}}}, "deadline", id="10-drip"
    ),
]


@pytest.mark.parametrize(("do", "code"), [*UNCLEAR, *UNCLEAR_AND_TAKEN])
def test_faults_02_03_05_08_10_an_unclear_post_is_sent_again_once_its_photo_link_is_dead(
    do: dict[str, Any],
    code: str,
    order: Order,
    engine: Engine,
    configure: Configure,
    constants: Configure,
    faults: Faults,
    glam: Sandbox,
    hold_invariants: Hold,
) -> None:
    short_waits(code, configure, constants)
    ends_once_more(do, code, order, engine, faults, glam)
    hold_invariants()


@pytest.mark.parametrize(("do", "code"), UNCLEAR_AND_TAKEN)
def test_faults_02_03_05_08_10_an_unclear_post_whose_photo_was_fetched_waits_for_a_person(
    do: dict[str, Any],
    code: str,
    order: Order,
    engine: Engine,
    configure: Configure,
    constants: Configure,
    faults: Faults,
    glam: Sandbox,
    hold_invariants: Hold,
) -> None:
    short_waits(code, configure, constants)
    ends_with_a_person(do, code, order, engine, faults, glam)
    hold_invariants()


def test_an_unconfirmed_job_is_sent_again_only_by_a_person_with_the_permission(
    order: Order, engine: Engine, faults: Faults, glam: Sandbox, hold_invariants: Hold
) -> None:
    do = {"accept_then": "reset"}
    job = ends_with_a_person(do, "connection_lost", order, engine, faults, glam)
    staff = get_user_model().objects.create_user("sam", is_staff=True)
    with pytest.raises(PermissionDenied):
        jobs.resubmit(job, by=staff)
    staff.user_permissions.add(Permission.objects.get(codename="resubmit_unconfirmed"))
    jobs.resubmit(job, by=get_user_model().objects.get(pk=staff.pk), why="no picture came")
    engine.pump()
    assert state(job) == ("ready", "")
    assert outcomes(job) == ["ambiguous", "accepted"]
    hold_invariants()


def test_an_unconfirmed_job_gives_its_slot_back_when_glam_cannot_be_drawing_it_any_more(
    order: Order, engine: Engine, faults: Faults, glam: Sandbox, hold_invariants: Hold
) -> None:
    do = {"accept_then": "reset"}
    job = ends_with_a_person(do, "connection_lost", order, engine, faults, glam)
    engine.work(3600)
    assert (state(job), slots_held(), posts(glam)) == (("unconfirmed", "needs_person"), 0, 1)
    hold_invariants()


def test_fault_02_a_photo_that_glam_comes_for_too_late_is_not_given(
    order: Order, engine: Engine, faults: Faults, glam: Sandbox, hold_invariants: Hold
) -> None:
    faults({"on": "submit", "nth": 1, "do": {"accept_then": "reset"}})
    glam.hold("fetch")
    job = order()
    engine.once()
    for _ in range(2):
        engine.later(130)
        engine.once()
    assert (outcomes(job), len(glam.accepted)) == (["revoked", "accepted"], 2)
    glam.release()
    engine.pump()
    assert state(job) == ("ready", "")
    assert [each.fetched_photo for each in glam.accepted] == [False, True]
    hold_invariants()


@pytest.mark.parametrize("do", [{"close_after": True}, {"delay_seconds": 0}], ids=str)
def test_fault_03_a_connection_that_was_used_before_is_never_used_for_a_post(
    do: dict[str, Any],
    order: Order,
    engine: Engine,
    faults: Faults,
    glam: Sandbox,
    hold_invariants: Hold,
) -> None:
    # The server may have closed it a moment ago, and nobody could say whether it got the request.
    faults({"on": "status", "do": do})
    mine = []
    for _ in range(3):
        mine.append(order())
        engine.pump()
    assert [state(job) for job in mine] == [("ready", "")] * 3
    assert [outcomes(job) for job in mine] == [["accepted"]] * 3
    used: set[int] = set()
    for seen in glam.requests:
        assert seen.method != "POST" or seen.connection not in used
        used.add(seen.connection)
    hold_invariants()


@pytest.mark.parametrize(
    ("retry_after", "too_soon", "enough"),
    [
        ("1", 0, 5),
        ("Mon, 23 Nov 2026 10:00:40 GMT", 35, 15),
        ("999999", 290, 30),
        ("soon", 0, 5),
        ("-5", 0, 5),
    ],
)
def test_fault_04_a_429_is_waited_out_and_takes_nothing_from_the_job(
    retry_after: str,
    too_soon: float,
    enough: float,
    order: Order,
    engine: Engine,
    faults: Faults,
    glam: Sandbox,
    hold_invariants: Hold,
) -> None:
    date = {"Date": "Mon, 23 Nov 2026 10:00:00 GMT"}
    do = {"status": 429, "retry_after": retry_after, "headers": date}
    faults({"on": "submit", "nth": 1, "do": do})
    job = order()
    engine.once()
    assert state(job) == ("pending", "throttled")
    assert (outcomes(job), job.attempts, slots_held()) == (["refused"], 0, 0)
    assert Account.load().effective_cap == 1
    engine.work(too_soon)
    assert posts(glam) == 1
    engine.work(enough)
    assert posts(glam) == 2
    engine.pump()
    assert (state(job), len(glam.accepted)) == (("ready", ""), 1)
    hold_invariants()


def test_fault_04_refusals_do_not_use_up_the_sendings_of_an_unclear_post(
    order: Order, engine: Engine, faults: Faults, glam: Sandbox, hold_invariants: Hold
) -> None:
    faults(
        {"on": "submit", "nth": [1, 2, 3, 4, 5, 6], "do": {"status": 429}},
        {"on": "submit", "nth": 7, "do": {"reset": True}},
    )
    job = order()
    engine.pump()
    assert state(job) == ("ready", "")
    assert outcomes(job) == ["refused"] * 6 + ["revoked", "accepted"]
    hold_invariants()


def test_fault_05_a_job_whose_every_sending_stays_unclear_is_given_up_and_stays_on_record(
    order: Order, engine: Engine, faults: Faults, glam: Sandbox, hold_invariants: Hold
) -> None:
    faults({"on": "submit", "do": {"status": 502}})
    job = order()
    engine.pump()
    assert state(job) == ("failed", "gave_up")
    assert (outcomes(job), slots_held()) == (["revoked"] * 5, 0)
    hold_invariants()


def test_fault_05_an_outage_leaves_a_handful_unconfirmed_and_not_a_hundred(
    order: Order, engine: Engine, faults: Faults, glam: Sandbox, hold_invariants: Hold
) -> None:
    faults({"on": "submit", "do": {"accept_then": {"status": 502}, "fetch": NEVER_FETCHED}})
    glam.max_parallel = 100
    for _ in range(20):
        order()
    engine.time.stuck = 100
    engine.work(60)
    assert TryOnJob.objects.filter(status="unconfirmed").count() == 2
    assert TryOnJob.objects.filter(status="pending").count() == 18
    hold_invariants()


@pytest.mark.parametrize(
    ("do", "code"),
    [
        ({"status": 401}, "bad_key"),
        ({"status": 403}, "bad_key"),
        ({"status": 402}, "no_credits"),
        ({"status": 429, "body": {"detail": "Your credit balance is empty"}}, "no_credits"),
    ],
)
def test_faults_06_07_a_refused_key_or_account_pauses_all_submits_until_staff_resume(
    do: dict[str, Any],
    code: str,
    order: Order,
    engine: Engine,
    faults: Faults,
    glam: Sandbox,
    logged: Records,
    hold_invariants: Hold,
) -> None:
    faults({"on": "submit", "do": do})
    mine = [order() for _ in range(6)]
    engine.work(120)
    assert {state(job)[0] for job in mine} == {"pending"}
    state_of_glam = Account.load()
    assert (state_of_glam.pause_code, state_of_glam.paused_at is None) == (code, False)
    # Two slots: at most two found out before everybody knew.
    assert posts(glam) <= 2
    assert len([line for line in logged.lines if "CRITICAL" in line]) == 1
    faults()
    engine.work(120)
    assert posts(glam) <= 2
    assert Account.resume()
    engine.pump()
    assert {state(job) for job in mine} == {("ready", "")}
    assert len(glam.accepted) == 6
    hold_invariants()


def test_fault_06_a_new_key_resumes_by_itself(
    order: Order, engine: Engine, configure: Configure, glam: Sandbox, hold_invariants: Hold
) -> None:
    configure(API_KEY="revoked-key")
    job = order()
    engine.work(120)
    assert (state(job), posts(glam)) == (("pending", "bad_key"), 1)
    configure(API_KEY=lambda: "sandbox-key")
    engine.pump()
    assert (state(job), Account.load().paused_at) == (("ready", ""), None)
    assert glam.open_generations == 0
    hold_invariants()


@pytest.mark.parametrize("key", ["", "a key\r\nwith: a header"])
def test_fault_06_a_key_that_cannot_be_sent_pauses_and_never_travels(
    key: str,
    order: Order,
    engine: Engine,
    configure: Configure,
    glam: Sandbox,
    hold_invariants: Hold,
) -> None:
    configure(API_KEY=key)
    job = order()
    engine.work(120)
    assert (state(job), outcomes(job), posts(glam)) == (("pending", "bad_key"), ["not_sent"], 0)
    configure(API_KEY="sandbox-key")
    engine.pump()
    assert state(job) == ("ready", "")
    hold_invariants()


def test_fault_06_a_key_that_is_refused_while_glam_draws_fails_no_job(
    order: Order, engine: Engine, glam: Sandbox, hold_invariants: Hold
) -> None:
    job = order()
    engine.once()
    engine.time.settle()
    glam.api_keys = ("another-key",)
    engine.work(900)
    assert state(job) == ("in_queue", "bad_key")
    assert Account.load().pause_code == "bad_key"
    glam.api_keys = ("sandbox-key",)
    Account.resume()
    engine.pump()
    assert (state(job), len(glam.accepted)) == (("ready", ""), 1)
    hold_invariants()


@pytest.mark.parametrize("status", [400, 404, 413, 415, 422])
def test_fault_07_a_refusal_of_this_one_job_ends_it_with_glams_words(
    status: int,
    order: Order,
    engine: Engine,
    faults: Faults,
    glam: Sandbox,
    hold_invariants: Hold,
) -> None:
    body = {"detail": [{"loc": ["body", "media_url"], "msg": "no person found", "type": "value"}]}
    faults({"on": "submit", "nth": 1, "do": {"status": status, "body": body}})
    refused, other = order(), order()
    engine.pump()
    assert state(refused) == ("failed", "rejected")
    assert "no person found" in refused.error_message
    assert outcomes(refused) == ["refused"]
    assert (state(other), slots_held()) == (("ready", ""), 0)
    assert Account.load().paused_at is None
    hold_invariants()


def test_fault_09_an_event_id_that_another_job_has_is_never_taken_over(
    order: Order,
    engine: Engine,
    faults: Faults,
    glam: Sandbox,
    logged: Records,
    hold_invariants: Hold,
) -> None:
    faults({"on": "submit", "nth": 2, "do": {"event_id": "(duplicate)"}})
    first, second = order(), order()
    engine.pump()
    assert state(first) == ("ready", "")
    assert state(second) == ("unconfirmed", "needs_person")
    assert second.submissions.get().event_id is None
    assert any("CRITICAL" in line and str(second.pk) in line for line in logged.lines)
    hold_invariants()


def test_fault_11a_killed_before_the_intent_is_committed_nothing_happened(
    order: Order, engine: Engine, glam: Sandbox, hold_invariants: Hold
) -> None:
    job = order()

    def die(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        answer = execute(sql, params, many, context)
        if sql.startswith("INSERT INTO") and "tryonsubmission" in sql:
            raise Killed("before the commit")
        return answer

    with connection.execute_wrapper(die), pytest.raises(Killed):
        engine.pump()
    assert (state(job), outcomes(job), job.attempts) == (("pending", ""), [], 0)
    engine.pump()
    assert (state(job), outcomes(job), posts(glam)) == (("ready", ""), ["accepted"], 1)
    hold_invariants()


@pytest.mark.parametrize("place", ["after_claim", "before_post"])
def test_fault_11b_killed_after_the_intent_and_before_the_post_it_is_sent_once(
    place: str, order: Order, engine: Engine, glam: Sandbox, hold_invariants: Hold
) -> None:
    job = order()
    engine.die_at(place)
    assert (state(job)[0], outcomes(job), slots_held()) == ("submitting", ["intended"], 1)
    assert engine.pump() >= 59
    assert (state(job), outcomes(job)) == (("ready", ""), ["not_sent", "accepted"])
    assert posts(glam) == 1
    hold_invariants()


def test_fault_11b_killed_just_before_the_first_byte_it_is_sent_again_after_the_grace_time(
    order: Order, engine: Engine, glam: Sandbox, hold_invariants: Hold
) -> None:
    job = order()
    engine.die_at("before_write")
    assert engine.pump() >= 60 + 119
    assert (state(job), outcomes(job)) == (("ready", ""), ["revoked", "accepted"])
    assert posts(glam) == 1
    hold_invariants()


def test_fault_11c_killed_after_the_post_it_waits_for_a_person_when_the_photo_was_fetched(
    order: Order, engine: Engine, glam: Sandbox, hold_invariants: Hold
) -> None:
    job = order()
    engine.die_at("after_post")
    engine.time.settle()
    engine.pump()
    assert (state(job), outcomes(job)) == (("unconfirmed", "needs_person"), ["ambiguous"])
    assert posts(glam) == 1
    hold_invariants()


def test_fault_11d_killed_before_the_event_id_is_saved_it_is_sent_again_when_nobody_fetched(
    order: Order, engine: Engine, faults: Faults, glam: Sandbox, hold_invariants: Hold
) -> None:
    faults({"on": "submit", "nth": 1, "do": {"fetch": NEVER_FETCHED}})
    job = order()
    engine.die_at("after_post")
    engine.pump(stuck=1)
    assert (state(job), outcomes(job)) == (("ready", ""), ["revoked", "accepted"])
    hold_invariants()


def test_fault_11e_killed_after_the_event_id_is_saved_it_goes_on_asking(
    order: Order, engine: Engine, glam: Sandbox, hold_invariants: Hold
) -> None:
    job = order()
    engine.die_at("after_accept")
    assert state(job) == ("in_queue", "")
    assert engine.pump() < 60
    assert (state(job), outcomes(job), posts(glam)) == (("ready", ""), ["accepted"], 1)
    hold_invariants()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_fault_13_a_redirect_is_not_followed_and_the_key_stays_here(
    status: int,
    order: Order,
    engine: Engine,
    faults: Faults,
    glam: Sandbox,
    hold_invariants: Hold,
) -> None:
    with Server(answer({"event_id": "stolen"})) as elsewhere:
        to = {"to": f"{elsewhere.url}/api/v1/tryon", "status": status}
        faults({"on": "submit", "nth": 1, "do": {"redirect": to}})
        job = order()
        engine.work(120)
        assert (state(job), outcomes(job)) == (("pending", "redirected"), ["refused"])
        assert Account.load().pause_code == "redirected"
        assert (elsewhere.connections, elsewhere.requests, posts(glam)) == (0, [], 1)
    Account.resume()
    engine.pump()
    assert state(job) == ("ready", "")
    hold_invariants()


@pytest.mark.parametrize("place", ["before_post", "before_write"])
def test_fault_37_a_worker_that_slept_past_its_lease_sends_nothing(
    place: str, order: Order, engine: Engine, glam: Sandbox, hold_invariants: Hold
) -> None:
    job = order()

    def sleep() -> None:
        engine.later(61)
        engine.once()

    with engine.at(place, sleep):
        engine.once()
    if place == "before_post":
        # The other worker took the intent back; this one looked once more and sent nothing.
        assert (outcomes(job), posts(glam)) == (["not_sent"], 0)
    else:
        # Between the last look and the first byte nothing can be known: it is unconfirmed.
        assert TryOnSubmission.objects.get().event_id == glam.accepted[0].event_id
    engine.pump()
    assert (state(job), posts(glam)) == (("ready", ""), 1)
    hold_invariants()
