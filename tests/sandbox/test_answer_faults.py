"""Faults of the answer itself: faults 2 to 5, 8, 10, 13 and 15 of the project's list."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from .conftest import KEY, Shop

REFUSING: list[dict[str, Any]] = [{"reset": True}, {"close": True}, {"raw": "nonsense\r\n\r\n"}]


@pytest.mark.parametrize("do", REFUSING)
def test_a_broken_connection_alone_takes_nothing(shop: Shop, do: dict[str, Any]) -> None:
    shop.faults({"on": "submit", "nth": 1, "do": do})

    with pytest.raises(requests.ConnectionError):
        shop.post()
    assert shop.glam.accepted == []
    assert shop.glam.requests[-1].status is None
    assert shop.post().status_code == 200


@pytest.mark.parametrize("then", ["reset", "close"])
def test_a_post_can_be_taken_although_its_answer_is_lost(shop: Shop, then: str) -> None:
    shop.faults({"on": "submit", "nth": 1, "do": {"accept_then": then}})

    with pytest.raises(requests.ConnectionError):
        shop.post()
    assert shop.finish(shop.glam.accepted[0].event_id)["status"] == "READY"


def test_a_post_can_be_taken_and_never_answered(shop: Shop) -> None:
    shop.faults({"on": "submit", "do": {"accept_then": "no_answer"}})

    with pytest.raises(requests.ReadTimeout):
        shop.post(timeout=0.1)
    # The client gave up after a tenth of a second, in which a busy machine may not get that far.
    shop.glam.wait_for(lambda: shop.glam.accepted, 20)
    assert len(shop.glam.accepted) == 1


def test_a_post_can_be_taken_and_answered_by_a_broken_proxy(shop: Shop) -> None:
    proxy = {"status": 502, "body": "<h1>Bad gateway</h1>"}
    shop.faults({"on": "submit", "do": {"accept_then": proxy}})
    answer = shop.post()

    assert (answer.status_code, answer.text) == (502, "<h1>Bad gateway</h1>")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert len(shop.glam.accepted) == 1


def test_what_the_plan_refuses_is_not_taken_by_accept_then(shop: Shop) -> None:
    shop.glam.hold()
    shop.submit()
    shop.submit()
    shop.faults({"on": "submit", "do": {"accept_then": "reset"}})

    assert shop.post().status_code == 429


@pytest.mark.parametrize("on", ["submit", "status", "upload", "result"])
def test_a_status_alone_is_an_error_in_fastapis_words(shop: Shop, on: str) -> None:
    url = shop.result_url()
    shop.faults({"on": on, "do": {"status": 503, "retry_after": 7}})
    ways: dict[str, Callable[[], requests.Response]] = {
        "submit": shop.post,
        "status": lambda: shop.ask("x"),
        "upload": lambda: requests.post(f"{shop.glam.base_url}/upload", headers=KEY),
        "result": lambda: requests.get(url),
    }
    answer = ways[on]()

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "7"
    assert answer.json() == {"detail": "Fault script: 503"}
    assert len(shop.glam.accepted) == 1


@pytest.mark.parametrize("value", ["Wed, 21 Oct 2026 07:28:00 GMT", "soon", 999999])
def test_retry_after_may_be_anything(shop: Shop, value: object) -> None:
    shop.faults({"on": "submit", "do": {"status": 429, "retry_after": value}})

    assert shop.post().headers["Retry-After"] == str(value)


def test_headers_and_json_bodies_are_sent_as_written(shop: Shop) -> None:
    shop.faults(
        {"on": "status", "do": {"status": 402, "headers": {"X-A": "b"}, "body": {"error": "no"}}}
    )
    answer = shop.ask("x")

    assert (answer.status_code, answer.json()) == (402, {"error": "no"})
    assert answer.headers["X-A"] == "b"
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("body", ["", '{"event_id": "abc', "[]"])
def test_a_200_may_have_a_body_that_says_nothing(shop: Shop, body: str) -> None:
    shop.faults({"on": "submit", "do": {"accept_then": {"body": body}}})
    answer = shop.post()

    assert (answer.status_code, answer.text) == (200, body)
    assert len(shop.glam.accepted) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_names_its_target(shop: Shop, status: int) -> None:
    target = f"http://{shop.glam.result_hosts[0]}/elsewhere"
    shop.faults({"on": "submit", "do": {"redirect": {"to": target, "status": status}}})
    answer = requests.post(f"{shop.glam.base_url}/tryon", allow_redirects=False, headers=KEY)

    assert (answer.status_code, answer.headers["Location"]) == (status, target)


def test_a_key_sent_on_after_a_redirect_is_noticed(shop: Shop) -> None:
    shop.faults({"on": "status", "do": {"redirect": f"http://{shop.glam.result_hosts[0]}/x"}})
    shop.ask("x")

    assert (shop.glam.requests[-1].port, shop.glam.requests[-1].has_key) == ("result", True)


def test_a_delay_comes_after_the_post_was_taken(shop: Shop) -> None:
    shop.faults({"on": "submit", "do": {"delay_seconds": 600}})

    with pytest.raises(requests.ReadTimeout):
        shop.post(timeout=0.1)
    # The client gave up after a tenth of a second, in which a busy machine may not get that far.
    shop.glam.wait_for(lambda: shop.glam.accepted, 20)
    assert len(shop.glam.accepted) == 1


def test_a_short_delay_only_takes_its_time(shop: Shop) -> None:
    shop.faults({"on": "submit", "do": {"delay_seconds": 0.1}})
    began = time.monotonic()

    assert shop.post().status_code == 200
    assert time.monotonic() - began >= 0.1


@pytest.mark.parametrize("part", ["headers", "body"])
def test_an_answer_can_drip(shop: Shop, part: str) -> None:
    drip = {"bytes": 20, "seconds": 0.01, "part": part}
    shop.faults({"on": "submit", "do": {"drip": drip}})

    assert shop.post().status_code == 200


def test_a_client_that_gives_up_on_a_drip_ends_it(shop: Shop) -> None:
    shop.faults({"on": "status", "do": {"drip": {"seconds": 600}}})
    with requests.get(f"{shop.glam.base_url}/tryon/x", headers=KEY, stream=True) as answer:
        assert answer.status_code == 404

    shop.glam.stop()


def test_a_body_can_be_cut_off_by_a_close_or_by_a_reset(shop: Shop) -> None:
    for extra in ({}, {"reset": True}):
        shop.faults({"on": "submit", "do": {"truncate": 4} | extra})
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            shop.post()
    assert len(shop.glam.accepted) == 2


def test_a_length_can_be_missing(shop: Shop) -> None:
    shop.faults({"on": "submit", "do": {"no_length": True}})
    answer = shop.post()

    assert "Content-Length" not in answer.headers
    assert "event_id" in answer.json()


def test_a_length_can_be_too_short_or_too_long(shop: Shop) -> None:
    shop.faults({"on": "submit", "do": {"length_off_by": -3}})
    assert shop.post().text.startswith('{"event_id": ')
    shop.faults({"on": "submit", "do": {"length_off_by": 3}})
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        shop.post()


def test_a_kept_connection_can_be_closed_without_a_word(shop: Shop) -> None:
    shop.faults({"on": "status", "do": {"close_after": True}})
    connection = http.client.HTTPConnection(shop.glam.base_url.split("/")[2], timeout=5)
    connection.request("GET", "/api/v1/tryon/x", headers=KEY)
    answer = connection.getresponse()
    answer.read()

    assert (answer.status, answer.getheader("Connection")) == (404, None)
    assert connection.sock.recv(1) == b""
    connection.close()
