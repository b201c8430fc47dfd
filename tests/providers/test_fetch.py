"""Asking for a status: free, so whatever is unclear is asked again (faults 13 to 16, 19 to 21)."""

from __future__ import annotations

import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from glam_tryon.providers.base import RemoteStatus, Verdict
from tests.providers.conftest import KEY
from tests.providers.servers import answer, drip, hang_up, raw, reset, silence

PICTURE = "https://static.getglam.app/outputs/a-u1_0.jpg"


def fetched(serve, connect, reply):
    return connect(serve(reply)).poll("abc")


def test_a_fetch_is_one_get_with_the_key(serve, connect):
    server = serve(answer({"status": "READY", "media_urls": [PICTURE]}))
    result = connect(server).poll("c0a76988-27ea-u1")
    assert (result.outcome.verdict, result.status) == (Verdict.OK, RemoteStatus.READY)
    assert (result.media_urls, result.known, result.raw_status) == ((PICTURE,), True, "READY")
    [seen] = server.requests
    assert (seen.method, seen.path) == ("GET", "/api/v1/tryon/c0a76988-27ea-u1")
    assert seen.headers["x-api-key"] == KEY
    assert seen.headers["accept"] == "application/json"


def test_the_event_id_is_quoted_in_the_path(serve, connect):
    server = serve(answer({"status": "READY"}))
    connect(server).poll("a:b._-c")
    assert server.requests[0].path == "/api/v1/tryon/a%3Ab._-c"


@pytest.mark.parametrize("event_id", ["", ".", "..", "a/b", "a?b", "ä"])
def test_what_cannot_be_an_event_id_is_not_asked(serve, connect, event_id):
    server = serve(answer({"status": "READY"}))
    outcome = connect(server).poll(event_id).outcome
    assert (outcome.verdict, outcome.code) == (Verdict.AGAIN, "bad_event_id")
    assert server.connections == 0


def test_fetches_share_their_connection(serve, connect):
    server = serve(answer({"status": "IN_QUEUE"}))
    client = connect(server)
    for _ in range(5):
        client.poll("abc")
    assert (len(server.requests), server.connections) == (5, 1)


def test_eight_threads_share_one_client(serve, connect):
    server = serve(answer({"status": "IN_QUEUE"}))
    client = connect(server)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(client.poll, ["abc"] * 200))
    assert {result.status for result in results} == {RemoteStatus.IN_QUEUE}
    assert server.connections <= 8


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_process_leaves_its_parents_connections_alone(serve, connect):
    server = serve(answer({"status": "IN_QUEUE"}))
    client = connect(server)
    client.poll("abc")
    child = os.fork()
    if child == 0:
        os._exit(0 if client.poll("abc").status is RemoteStatus.IN_QUEUE else 1)
    assert os.waitpid(child, 0)[1] == 0
    client.poll("abc")
    assert [seen.connection for seen in server.requests] == [1, 2, 1]


@pytest.mark.parametrize(
    ("word", "status", "known"),
    [
        ("in_progress", RemoteStatus.IN_PROGRESS, True),
        (" In_Queue ", RemoteStatus.IN_QUEUE, True),
        ("in-queue", RemoteStatus.IN_QUEUE, True),
        ("Failed", RemoteStatus.FAILED, True),
        ("CANCELLED", RemoteStatus.FAILED, True),
        ("canceled", RemoteStatus.FAILED, True),
        ("TIMED_OUT", RemoteStatus.FAILED, True),
        ("MODERATED", RemoteStatus.IN_PROGRESS, False),
        ("COMPLETED", RemoteStatus.IN_PROGRESS, False),
        ("", RemoteStatus.IN_PROGRESS, False),
        (7, RemoteStatus.IN_PROGRESS, False),
        (None, RemoteStatus.IN_PROGRESS, False),
        ({"a": 1}, RemoteStatus.IN_PROGRESS, False),
    ],
)
def test_fault_16_statuses_compare_without_case_and_unknown_ones_are_under_way(
    serve, connect, word, status, known
):
    result = fetched(serve, connect, answer({"status": word}))
    assert (result.outcome.verdict, result.status, result.known) == (Verdict.OK, status, known)


def test_fault_16_a_status_that_is_missing_is_under_way(serve, connect):
    result = fetched(serve, connect, answer({}))
    assert (result.status, result.known, result.raw_status) == (RemoteStatus.IN_PROGRESS, False, "")


def test_completed_with_pictures_is_ready(serve, connect):
    reply = answer({"status": "completed", "media_urls": [PICTURE]})
    assert fetched(serve, connect, reply).status is RemoteStatus.READY


def test_a_long_status_is_kept_short(serve, connect):
    assert len(fetched(serve, connect, answer({"status": "A" * 9999})).raw_status) == 64


@pytest.mark.parametrize(
    "reply",
    [
        {"status": "FAILED", "detail": "The photo shows nobody"},
        {"status": "FAILED", "error_message": "The photo shows nobody"},
        {"status": "FAILED", "error": {"message": "The photo shows nobody"}},
        {"status": "FAILED", "message": "The photo shows nobody"},
    ],
)
def test_fault_19_a_failure_keeps_its_reason(serve, connect, reply):
    result = fetched(serve, connect, answer(reply))
    assert (result.status, result.reason) == (RemoteStatus.FAILED, "The photo shows nobody")


def test_fault_19_a_failure_may_have_no_reason(serve, connect):
    assert fetched(serve, connect, answer({"status": "FAILED"})).reason == ""


@pytest.mark.parametrize("media", [{}, {"media_urls": None}, {"media_urls": []}, {"media_urls": 7},
                                   {"media_urls": [None, ""]}])  # fmt: skip
def test_fault_20_ready_without_pictures_says_so(serve, connect, media):
    result = fetched(serve, connect, answer({"status": "READY"} | media))
    assert (result.status, result.media_urls) == (RemoteStatus.READY, ())


def test_fault_21_all_pictures_come_in_order_whatever_they_are(serve, connect):
    urls = [PICTURE, PICTURE, 7, "javascript:alert(1)", *(f"{PICTURE}{n}" for n in range(50))]
    result = fetched(serve, connect, answer({"status": "READY", "media_urls": urls}))
    assert result.media_urls == tuple(urls)


@pytest.mark.parametrize("status", [404, 410])
def test_fault_14_an_event_that_is_not_known_yet(serve, connect, status):
    outcome = fetched(serve, connect, answer({"detail": "Not Found"}, status)).outcome
    assert (outcome.verdict, outcome.code) == (Verdict.AGAIN, "not_found")


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (answer(b"", 429), "throttled"),
        (answer(b"<html>", 500), "server_error"),
        (answer(b"", 503), "server_error"),
        (answer(b"", 400), "rejected"),
        (answer(b"{"), "unreadable"),
        (answer(b"<html>"), "unreadable"),
        (answer([]), "unreadable"),
        (answer(b"x", headers={"Content-Encoding": "br"}), "encoding"),
        (silence, "read_timeout"),
        (reset, "connection_lost"),
        (hang_up, "connection_lost"),
        (drip(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n", b" "), "deadline"),
        (drip(b"HTTP/1.1 200 OK\r\n", b"X"), "deadline"),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}"), "connection_lost"),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 3, 5\r\n\r\n{}"), "connection_lost"),
        (raw(b"HTTP/1.1 999 OK\r\nContent-Length: 0\r\n\r\n"), "unknown_status"),
    ],
)
def test_fault_15_whatever_is_unclear_is_asked_again(serve, connect, reply, code):
    server = serve(reply)
    began = time.monotonic()
    result = connect(server).poll("abc")
    assert time.monotonic() - began < 3.0
    assert (result.outcome.verdict, result.outcome.code) == (Verdict.AGAIN, code)
    assert result.status is None
    assert not result.outcome.breaker
    assert result.outcome.throttled == (code == "throttled")
    assert len(server.requests) == 1, "no retry that the engine does not know of"


@pytest.mark.parametrize(
    ("status", "code"), [(401, "bad_key"), (403, "bad_key"), (402, "no_credits")]
)
def test_a_wrong_key_or_an_empty_account_pauses(serve, connect, status, code):
    outcome = fetched(serve, connect, answer(b"", status)).outcome
    assert (outcome.verdict, outcome.code, outcome.pauses) == (Verdict.AGAIN, code, True)


def test_fault_13_a_redirect_is_not_followed_and_the_key_stays_here(serve, connect):
    elsewhere = serve(answer({"status": "READY"}))
    result = fetched(serve, connect, answer(b"", 302, {"Location": f"{elsewhere.url}/x"}))
    assert (result.outcome.verdict, result.outcome.code) == (Verdict.AGAIN, "redirected")
    assert result.outcome.pauses
    assert elsewhere.connections == 0


def test_retry_after_comes_with_a_poll_too(serve, connect):
    outcome = fetched(serve, connect, answer(b"", 429, {"Retry-After": "30"})).outcome
    assert outcome.retry_after_seconds == 30.0


def test_a_connection_that_the_server_closed_while_idle_does_no_harm(serve, connect):
    body = raw(b'HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n{"status":"READY"}')
    server = serve(body)
    client = connect(server)
    for number in (1, 2, 3):
        assert client.poll("abc").status is RemoteStatus.READY
        server.wait_until_idle()
        assert server.connections == number


def test_no_connection_is_asked_again(connect):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    outcome = connect(f"http://127.0.0.1:{port}").poll("abc").outcome
    assert (outcome.verdict, outcome.code) == (Verdict.AGAIN, "connect_failed")
