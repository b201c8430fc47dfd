"""A submission over time: queue, parallel limit, hold and release, start and stop."""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import requests

from glam_tryon.sandbox import LogNormal, Sandbox

from .conftest import KEY, Shop


def test_a_post_above_the_parallel_limit_is_429_and_not_taken(shop: Shop) -> None:
    shop.glam.hold()
    shop.submit()
    shop.submit()
    answer = shop.post()

    assert answer.status_code == 429
    assert answer.json() == {"detail": "Max parallel requests of your plan reached"}
    assert len(shop.glam.accepted) == 2
    assert shop.glam.rejected_429 == 1
    assert shop.glam.most_parallel == shop.glam.open_generations == 2


def test_a_slot_is_free_as_soon_as_ready_can_be_seen(shop: Shop) -> None:
    shop.glam.max_parallel = 1
    for _ in range(5):
        shop.finish(shop.submit())

    assert shop.glam.most_parallel == 1
    assert shop.glam.rejected_429 == 0


def test_the_limit_holds_against_posts_at_the_same_moment(shop: Shop) -> None:
    shop.glam.hold()
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: shop.post().status_code, range(12)))

    assert sorted(answers) == [200] * 2 + [429] * 10


def test_over_the_limit_a_queueing_plan_says_in_queue(start: Callable[..., Shop]) -> None:
    shop = start(max_parallel=1, over_limit="queue")
    shop.glam.hold()
    first, second = shop.submit(), shop.submit()
    shop.glam.wait_for(lambda: shop.glam.accepted[0].generated, 5)

    assert (shop.status(first), shop.status(second)) == ("IN_PROGRESS", "IN_QUEUE")
    assert not shop.glam.accepted[1].fetched_photo
    shop.finish(first)
    assert shop.finish(second)["status"] == "READY"
    assert shop.glam.most_parallel == 1


def test_until_both_pictures_are_fetched_it_is_in_queue(shop: Shop) -> None:
    shop.glam.hold("fetch")
    event_id = shop.submit()

    assert shop.ask(event_id).json() == {"status": "IN_QUEUE", "media_urls": []}
    shop.glam.release()
    shop.glam.wait_for(lambda: shop.status(event_id) == "READY", 5)


def test_held_before_it_finishes_it_is_drawn_and_in_progress(shop: Shop) -> None:
    shop.glam.hold()
    event_id = shop.submit()
    shop.glam.wait_for(lambda: shop.glam.accepted[0].generated, 5)

    assert shop.status(event_id) == "IN_PROGRESS"
    assert shop.finish(event_id)["status"] == "READY"


def test_held_before_it_fetches_nothing_is_fetched(shop: Shop) -> None:
    shop.glam.hold("fetch")
    event_id = shop.submit()

    assert not shop.glam.accepted[0].fetched_photo
    shop.finish(event_id)
    assert shop.glam.accepted[0].fetched_photo


def test_one_release_lets_only_that_one_go(shop: Shop) -> None:
    shop.glam.hold()
    first, second = shop.submit(), shop.submit()
    shop.finish(first)
    shop.glam.wait_for(lambda: shop.glam.accepted[1].generated, 5)

    assert shop.status(second) == "IN_PROGRESS"


def test_a_release_of_an_unknown_event_is_an_error(glam: Sandbox) -> None:
    with pytest.raises(KeyError):
        glam.release("nobody")


def test_release_does_not_wait_for_the_try_ons_time(start: Callable[..., Shop]) -> None:
    shop = start(seconds_per_tryon=3600)

    assert shop.finish(shop.submit())["status"] == "READY"


def test_by_itself_it_is_ready_after_its_seconds(start: Callable[..., Shop]) -> None:
    shop = start(seconds_per_tryon=0.2)
    began = time.monotonic()
    event_id = shop.submit()
    shop.glam.wait_for(lambda: shop.glam.open_generations == 0, 5)

    assert time.monotonic() - began >= 0.2
    assert shop.status(event_id) == "READY"


def test_the_seconds_may_come_from_a_distribution(start: Callable[..., Shop]) -> None:
    shop = start(seconds_per_tryon=LogNormal(0.01, 0.1))

    shop.submit()
    shop.glam.wait_for(lambda: shop.glam.open_generations == 0, 5)


def test_the_same_seed_gives_the_same_event_ids(start: Callable[..., Shop]) -> None:
    assert start(seed=7).submit() == start(seed=7).submit()
    assert start(seed=None).submit() != start(seed=None).submit()


def test_no_two_results_have_the_same_bytes_and_served_knows_them(shop: Shop) -> None:
    urls = [shop.result_url(), shop.result_url()]
    hashes = [hashlib.sha256(requests.get(url).content).hexdigest() for url in urls]

    assert hashes[0] != hashes[1]
    assert shop.glam.served == {
        urlsplit(url).path: digest for url, digest in zip(urls, hashes, strict=True)
    }


def test_every_request_is_noted_before_its_answer(shop: Shop) -> None:
    shop.glam.hold("fetch")
    event_id = shop.submit()
    noted = shop.glam.requests[-1]

    assert (noted.method, noted.path, noted.status) == ("POST", "/api/v1/tryon", 200)
    assert (noted.has_key, noted.port) == (True, "api")
    shop.finish(event_id)
    fetches = [each for each in shop.glam.requests if each.port == "result"]
    assert [each.has_key for each in fetches] == [False, False]


def test_a_fresh_connection_can_be_told_from_a_used_one(glam: Sandbox) -> None:
    with requests.Session() as session:
        session.get(f"{glam.base_url}/tryon/x", headers=KEY)
        session.get(f"{glam.base_url}/tryon/x", headers=KEY)
    requests.get(f"{glam.base_url}/tryon/x", headers=KEY)

    first, second, third = (each.connection for each in glam.requests[-3:])
    assert first == second != third


def test_wait_for_says_what_it_saw_when_it_gives_up(shop: Shop) -> None:
    with pytest.raises(TimeoutError, match=r"not within 0\.01 s; accepted \[\], last requests"):
        shop.glam.wait_for(lambda: shop.glam.accepted, 0.01)


def test_stop_ends_every_thread_and_may_be_called_twice() -> None:
    before = set(threading.enumerate())
    glam = Sandbox(seconds_per_tryon=3600).start()
    shop = Shop(glam)
    shop.submit()
    waiting = threading.Thread(target=shop.http.get, args=(f"{glam.base_url}/x",))
    waiting.start()
    waiting.join()
    glam.stop()
    glam.stop()
    shop.http.close()

    assert set(threading.enumerate()) == before
    with pytest.raises(requests.ConnectionError):
        requests.get(glam.base_url)


def test_stop_does_not_wait_for_answers_that_never_come(start: Callable[..., Shop]) -> None:
    shop = start()
    shop.faults({"on": "status", "do": {"delay_seconds": 600}})
    failed: list[bool] = []

    def ask() -> None:
        try:
            shop.ask("x", timeout=60)
        except requests.ConnectionError:
            failed.append(True)

    asking = threading.Thread(target=ask)
    asking.start()
    shop.glam.wait_for(lambda: "/tryon/x" in shop.glam.requests[-1].path, 5)
    began = time.monotonic()
    shop.glam.stop()
    asking.join()

    assert failed == [True]
    assert time.monotonic() - began < 3


def test_serve_forever_ends_when_it_is_stopped() -> None:
    glam = Sandbox()
    serving = threading.Thread(target=glam.serve_forever)
    serving.start()
    while requests_fail(glam.base_url):
        time.sleep(0.01)
    glam.stop()
    serving.join(5)

    assert not serving.is_alive()


def requests_fail(url: str) -> bool:
    try:
        requests.get(url, timeout=1)
    except requests.RequestException:
        return True
    return False


def test_a_stopped_sandbox_does_not_start_again(glam: Sandbox) -> None:
    glam.stop()

    with pytest.raises(RuntimeError, match="starts once"):
        glam.start()


def test_a_port_that_is_taken_is_an_error_and_leaves_nothing_open() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(OSError, match="in use"),
    ):
        Sandbox(result_port=taken.getsockname()[1])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"max_parallel": 0}, "max_parallel must be 1 or more, not 0"),
        ({"over_limit": "drop"}, 'over_limit must be "reject" or "queue", not \'drop\''),
        ({"seconds_per_tryon": -1}, "a try-on takes 0 seconds or more, not -1"),
    ],
)
def test_a_wrong_setting_is_named(given: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Sandbox(**given)  # type: ignore[arg-type]


def test_a_hold_at_an_unknown_point_is_an_error(glam: Sandbox) -> None:
    with pytest.raises(ValueError, match='hold at "fetch" or at "finish"'):
        glam.hold("start")  # type: ignore[arg-type]
