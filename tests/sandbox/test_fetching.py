"""Glam fetches the two pictures itself: what comes of links that work and links that do not."""

from __future__ import annotations

import socket
import threading

import pytest
from PIL import Image

from .conftest import Shop, jpeg, person


@pytest.fixture
def elsewhere() -> str:
    """The address of a port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return f"http://127.0.0.1:{port}/a.jpg"


def test_both_pictures_are_fetched_once_without_the_key(shop: Shop) -> None:
    shop.finish(shop.submit())
    fetched = [each for each in shop.glam.requests if each.method == "GET" and not each.has_key]

    assert [each.path for each in fetched] == [
        "/" + url.split("/", 3)[3] for url in (shop.photo, shop.garment)
    ]
    assert shop.glam.accepted[0].fetched_photo
    assert shop.glam.accepted[0].generated


def test_a_photo_that_is_not_there_fails_the_try_on(shop: Shop) -> None:
    answer = shop.finish(shop.submit(media_url=shop.photo + "x"))

    assert answer == {
        "status": "FAILED",
        "media_urls": [],
        "error_message": "media_url could not be fetched: it answered 404",
    }
    assert not shop.glam.accepted[0].fetched_photo
    assert not shop.glam.accepted[0].generated


def test_a_garment_that_is_not_there_fails_it_after_the_photo_was_fetched(shop: Shop) -> None:
    answer = shop.finish(shop.submit(garment_url=shop.garment + "x"))

    assert answer["error_message"] == "garment_url could not be fetched: it answered 404"
    assert shop.glam.accepted[0].fetched_photo
    assert not shop.glam.accepted[0].generated


def test_a_host_that_does_not_answer_fails_it(shop: Shop, elsewhere: str) -> None:
    answer = shop.finish(shop.submit(media_url=elsewhere))

    assert answer["error_message"] == (
        "media_url could not be fetched: it did not answer (ConnectionRefusedError)"
    )


def test_a_failed_try_on_frees_its_slot_even_while_others_are_held(shop: Shop) -> None:
    shop.glam.hold()
    shop.submit(media_url=shop.photo + "x")
    shop.glam.wait_for(lambda: shop.glam.open_generations == 0, 5)


def test_a_redirect_is_not_followed(shop: Shop) -> None:
    ready = shop.result_url()
    shop.faults({"on": "result", "do": {"redirect": shop.photo}})
    answer = shop.finish(shop.submit(media_url=ready))

    assert answer["error_message"] == "media_url could not be fetched: it answered 302"


def test_a_text_is_no_picture(shop: Shop) -> None:
    answer = shop.finish(shop.submit(media_url=shop.upload(b"not a picture")))

    assert answer["error_message"] == "media_url is not a JPEG, PNG or WebP picture"


def test_a_picture_cut_short_is_no_picture(shop: Shop) -> None:
    half = jpeg(person())
    answer = shop.finish(shop.submit(garment_url=shop.upload(half[: len(half) // 2])))

    assert answer["error_message"] == "garment_url is not a JPEG, PNG or WebP picture"


def test_a_picture_of_too_many_pixels_is_refused(shop: Shop) -> None:
    large = shop.upload(jpeg(Image.new("1", (7000, 7000)), "PNG"))
    answer = shop.finish(shop.submit(media_url=large))

    assert answer["error_message"] == "media_url has more than 40000000 pixels"


def test_a_download_that_ends_early_is_noticed(shop: Shop) -> None:
    ready = shop.result_url()
    shop.faults({"on": "result", "do": {"truncate": 100}})
    answer = shop.finish(shop.submit(media_url=ready))

    assert answer["status"] == "FAILED"
    assert not shop.glam.accepted[1].fetched_photo


def test_stop_breaks_off_a_fetch_under_way(shop: Shop) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        reached = threading.Event()

        def accept() -> None:
            with silent.accept()[0]:
                reached.set()
                stopped.wait(10)

        stopped = threading.Event()
        accepting = threading.Thread(target=accept)
        accepting.start()
        shop.submit(media_url=f"http://127.0.0.1:{silent.getsockname()[1]}/a.jpg")
        assert reached.wait(5)
        shop.glam.stop()
        stopped.set()
        accepting.join()
