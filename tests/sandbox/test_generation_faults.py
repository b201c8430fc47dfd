"""Faults of a submission and its later life: faults 8, 9, 14 and 16 to 22 of the project's list."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import quote

import pytest
import requests

from glam_tryon.sandbox import Sandbox

from .conftest import KEY, Shop


@pytest.mark.parametrize("value", [None, 12345, "../../x", "abc-u1", ["a"]])
def test_the_event_id_can_be_anything(shop: Shop, value: Any) -> None:
    shop.faults({"on": "submit", "do": {"event_id": value}})

    assert shop.post().json() == {"event_id": value}


def test_the_event_id_can_be_missing_or_very_long(shop: Shop) -> None:
    shop.faults({"on": "submit", "nth": 1, "do": {"event_id": "(missing)"}},
                {"on": "submit", "nth": 2, "do": {"event_id": "(long)"}})  # fmt: skip

    assert shop.post().json() == {}
    assert len(shop.post().json()["event_id"]) == 10_000


def test_the_event_id_can_be_that_of_the_submission_before(shop: Shop) -> None:
    shop.faults({"on": "submit", "nth": 2, "do": {"event_id": "(duplicate)"}})

    assert shop.submit() == shop.submit()
    first, second = shop.glam.accepted
    assert first.event_id != second.event_id


def test_a_given_event_id_can_be_asked_for_when_it_is_quoted(shop: Shop) -> None:
    shop.faults({"on": "submit", "do": {"event_id": "../{event_id}/x"}})
    event_id = shop.submit()

    assert event_id == f"../{shop.glam.accepted[0].event_id}/x"
    assert shop.ask(quote(event_id, safe="")).status_code == 200


def test_a_try_on_can_fail_with_a_reason(shop: Shop) -> None:
    shop.faults({"on": "submit", "do": {"fail": "NSFW content detected"}})
    answer = shop.finish(shop.submit())

    assert answer["status"] == "FAILED"
    assert answer["error_message"] == "NSFW content detected"
    assert not shop.glam.accepted[0].generated


def test_a_stuck_try_on_stays_in_queue_until_it_is_released(shop: Shop) -> None:
    shop.faults({"on": "submit", "do": {"stuck": True}})
    event_id = shop.submit()
    shop.glam.wait_for(lambda: shop.glam.accepted[0].generated, 5)

    assert shop.status(event_id) == "IN_QUEUE"
    assert shop.finish(event_id)["status"] == "READY"


def test_a_try_on_can_have_a_time_of_its_own(shop: Shop) -> None:
    shop.faults({"on": "submit", "nth": 1, "do": {"seconds": 3600}})
    slow, fast = shop.submit(), shop.submit()
    shop.glam.wait_for(lambda: shop.glam.open_generations == 1, 5)

    assert shop.status(fast) == "READY"
    assert shop.status(slow) in ("IN_QUEUE", "IN_PROGRESS")


def test_an_event_can_be_unknown_at_first(shop: Shop) -> None:
    shop.faults({"on": "submit", "do": {"not_found": 2}})
    event_id = shop.submit()

    assert [shop.ask(event_id).status_code for _ in range(3)] == [404, 404, 200]


def test_an_event_can_be_lost_from_the_start_or_later(shop: Shop) -> None:
    shop.faults({"on": "submit", "nth": 1, "do": {"lose": True}},
                {"on": "status", "event": 2, "nth": 2, "do": {"lose": True}})  # fmt: skip
    first, second = shop.submit(), shop.submit()

    assert [shop.ask(first).status_code for _ in range(2)] == [404, 404]
    assert [shop.ask(second).status_code for _ in range(3)] == [200, 404, 404]


@pytest.mark.parametrize("word", ["MODERATED", "ready", 7, None, ""])
def test_the_status_can_be_any_word(shop: Shop, word: Any) -> None:
    shop.faults({"on": "submit", "do": {"remote_status": word}})

    assert shop.status(shop.submit()) == word


def test_the_status_can_be_missing(shop: Shop) -> None:
    shop.faults({"on": "submit", "do": {"remote_status": "(missing)"}})

    assert "status" not in shop.ask(shop.submit()).json()


def test_the_status_can_go_backwards(shop: Shop) -> None:
    words = ["READY", "IN_QUEUE", "(real)"]
    shop.faults({"on": "submit", "do": {"remote_status": words, "stuck": True}})
    event_id = shop.submit()

    assert [shop.status(event_id) for _ in range(4)] == ["READY"] + ["IN_QUEUE"] * 3
    assert shop.finish(event_id)["status"] == "READY"


@pytest.mark.parametrize(
    "urls",
    [[], None, "text", ["javascript:alert(1)", "file:///etc/passwd", 3, "http://a:b@h/", "/x"]],
)
def test_the_media_urls_can_be_anything(shop: Shop, urls: Any) -> None:
    shop.faults({"on": "submit", "do": {"media_urls": urls}})

    assert shop.finish(shop.submit())["media_urls"] == urls


def test_the_media_urls_can_be_missing_in_one_answer(shop: Shop) -> None:
    event_id = shop.submit()
    shop.finish(event_id)
    shop.faults({"on": "status", "nth": 1, "do": {"media_urls": "(missing)"}})

    assert shop.ask(event_id).json() == {"status": "READY"}
    assert len(shop.ask(event_id).json()["media_urls"]) == 1


def test_media_urls_can_use_the_real_result_and_its_host(shop: Shop) -> None:
    urls = ["{result}", "{result}", "http://{host}/none"]
    shop.faults({"on": "submit", "do": {"media_urls": urls}})
    first, second, none = shop.finish(shop.submit())["media_urls"]

    assert first == second
    assert requests.get(first).status_code == 200
    assert requests.get(none).status_code == 404


def test_one_try_on_can_have_several_results(shop: Shop) -> None:
    shop.faults({"on": "submit", "do": {"results": 50}})
    urls = shop.finish(shop.submit())["media_urls"]

    assert len(urls) == 50
    assert len({requests.get(url).content for url in urls[:3]}) == 3


def test_a_submission_can_be_taken_whose_photo_is_never_fetched(shop: Shop) -> None:
    shop.faults({"on": "submit", "do": {"accept_then": "close", "fetch": {"never": True}}})
    with pytest.raises(requests.ConnectionError):
        shop.post()
    event_id = shop.glam.accepted[0].event_id

    assert shop.status(event_id) == "IN_QUEUE"
    assert shop.finish(event_id)["error_message"] == "the pictures were never fetched"
    assert not shop.glam.accepted[0].fetched_photo


def test_the_photo_can_be_fetched_late(shop: Shop) -> None:
    shop.faults({"on": "submit", "do": {"fetch": {"delay_seconds": 0.1}}})
    began = time.monotonic()
    shop.submit()
    shop.glam.wait_for(lambda: shop.glam.accepted[0].fetched_photo, 5)

    assert time.monotonic() - began >= 0.1


def test_the_photo_can_be_fetched_by_head_in_part_and_again(shop: Shop) -> None:
    shop.faults({"on": "submit", "do": {"fetch": {"head": True, "range": True, "times": 2}}})
    shop.finish(shop.submit())
    path = "/" + shop.photo.split("/", 3)[3]

    methods = [each.method for each in shop.glam.requests if each.path == path]
    assert methods == ["HEAD", "GET", "GET", "GET"]


def test_a_fault_that_answers_for_itself_does_not_count_as_a_question(shop: Shop) -> None:
    shop.faults({"on": "submit", "do": {"not_found": 1}},
                {"on": "status", "nth": 1, "do": {"status": 500}})  # fmt: skip
    event_id = shop.submit()

    assert [shop.ask(event_id).status_code for _ in range(3)] == [500, 404, 200]


def test_faults_can_be_replaced_while_it_runs(glam: Sandbox, shop: Shop) -> None:
    shop.faults({"on": "status", "do": {"status": 500}})
    assert requests.get(f"{glam.base_url}/tryon/x", headers=KEY).status_code == 500
    shop.faults()
    assert requests.get(f"{glam.base_url}/tryon/x", headers=KEY).status_code == 404
