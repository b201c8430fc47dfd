"""The table itself, without a network."""

from __future__ import annotations

from email.utils import formatdate

import pytest

from glam_tryon.providers.base import Verdict
from glam_tryon.providers.glam.outcomes import (
    judge_poll,
    judge_submit,
    judge_upload,
    retry_after_seconds,
)
from glam_tryon.providers.http import Answer, Silence

NOW = 1_790_000_000.0


def said(status, body=b"", **facts):
    return Answer(status, body, received_at=NOW, **facts)


@pytest.mark.parametrize(
    ("status", "verdict", "code", "flags"),
    [
        (100, Verdict.AMBIGUOUS, "unknown_status", "breaker"),
        (200, Verdict.AMBIGUOUS, "unreadable", "breaker"),
        (204, Verdict.AMBIGUOUS, "unreadable", "breaker"),
        (304, Verdict.REFUSED, "redirected", "pauses"),
        (307, Verdict.REFUSED, "redirected", "pauses"),
        (400, Verdict.FATAL, "rejected", ""),
        (401, Verdict.REFUSED, "bad_key", "pauses"),
        (402, Verdict.REFUSED, "no_credits", "pauses"),
        (403, Verdict.REFUSED, "bad_key", "pauses"),
        (404, Verdict.FATAL, "rejected", ""),
        (405, Verdict.FATAL, "rejected", ""),
        (408, Verdict.AMBIGUOUS, "request_timeout", "breaker"),
        (409, Verdict.FATAL, "rejected", ""),
        (425, Verdict.REFUSED, "too_early", ""),
        (429, Verdict.REFUSED, "throttled", "throttled"),
        (451, Verdict.FATAL, "rejected", ""),
        (500, Verdict.AMBIGUOUS, "server_error", "breaker"),
        (599, Verdict.AMBIGUOUS, "server_error", "breaker"),
        (600, Verdict.AMBIGUOUS, "unknown_status", "breaker"),
        (999, Verdict.AMBIGUOUS, "unknown_status", "breaker"),
    ],
)
def test_each_status_after_a_post(status, verdict, code, flags):
    outcome = judge_submit(said(status)).outcome
    assert (outcome.verdict, outcome.code, outcome.http_status) == (verdict, code, status)
    raised = {name for name in ("pauses", "throttled", "breaker") if getattr(outcome, name)}
    assert raised == set(flags.split())


def test_no_status_is_outside_the_table():
    for status in range(100, 1000):
        assert judge_submit(said(status)).outcome.verdict not in (Verdict.OK, Verdict.AGAIN)
        assert judge_poll(said(status)).outcome.verdict is Verdict.AGAIN
        assert judge_upload(said(status)).outcome.verdict not in (Verdict.OK, Verdict.AMBIGUOUS)


@pytest.mark.parametrize(
    "text",
    ["Insufficient credits", "Quota exceeded", "Your balance is 0", "Payment required"],
)
@pytest.mark.parametrize("status", [429, 403])
def test_a_refusal_that_speaks_of_money_is_about_credits(status, text):
    outcome = judge_submit(said(status, f'{{"detail": "{text}"}}'.encode())).outcome
    assert (outcome.verdict, outcome.code) == (Verdict.REFUSED, "no_credits")
    assert outcome.pauses
    assert not outcome.throttled


@pytest.mark.parametrize(
    "body",
    [
        b'{"detail": "Too many requests at the load balancer"}',
        b"<html>Payment of our proxy</html>",
        b'{"event": "credits"}',
    ],
)
def test_a_429_that_does_not_speak_of_money_is_about_the_rate(body):
    assert judge_submit(said(429, body)).outcome.code == "throttled"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1", 1.0),
        ("0", 0.0),
        (" 2.5 ", 2.5),
        ("999999", 999_999.0),
        (formatdate(NOW + 90, usegmt=True), 90.0),
        (formatdate(NOW - 90, usegmt=True), 0.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1e9", None),
        ("inf", None),
        ("9" * 400, None),
        ("Mon, 99 Foo 2026 00:00:00 GMT", None),
        ("٣", None),
    ],
)
def test_fault_4_retry_after_in_seconds_or_as_a_date_or_garbage(text, seconds):
    assert retry_after_seconds(said(429, retry_after=text)) == seconds


def test_fault_4_a_date_is_compared_with_the_servers_own_clock():
    hour_ahead = NOW + 3600
    answer = said(
        429,
        retry_after=formatdate(hour_ahead + 20, usegmt=True),
        date=formatdate(hour_ahead, usegmt=True),
    )
    assert retry_after_seconds(answer) == 20.0


@pytest.mark.parametrize("code", ["read_timeout", "deadline", "connection_lost", "bad_answer"])
def test_silence_after_writing_is_ambiguous_for_a_post_alone(code):
    silence = Silence(written=True, code=code)
    submitted = judge_submit(silence).outcome
    assert (submitted.verdict, submitted.code) == (Verdict.AMBIGUOUS, code)
    assert submitted.breaker
    assert judge_poll(silence).outcome.verdict is Verdict.AGAIN
    assert judge_upload(silence).outcome.verdict is Verdict.AGAIN


def test_an_unreadable_body_of_a_success_says_why():
    heard = Answer(200, None, problem="too_large")
    assert judge_submit(heard).outcome.code == "too_large"
    assert judge_poll(heard).outcome.code == "too_large"
    assert judge_upload(heard).outcome.code == "too_large"


def test_an_id_of_128_characters_is_the_longest():
    body = b'{"event_id": "%s"}' % (b"a" * 128)
    assert judge_submit(said(200, body)).event_id == "a" * 128
