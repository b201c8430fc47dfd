"""Faults of the result host: faults 24 to 29 of the project's list."""

from __future__ import annotations

import gzip
import io
import zlib

import pytest
import requests
from PIL import Image, ImageChops

from .conftest import Shop, jpeg, person


def served(shop: Shop, kind: object) -> requests.Response:
    url = shop.result_url()
    shop.faults({"on": "result", "do": {"result": kind}})
    return requests.get(url)


@pytest.mark.parametrize(
    ("kind", "content_type", "first"),
    [
        ("html", "text/html", b"<!doctype html>"),
        ("json", "application/json", b'{"detail"'),
        ("svg", "image/svg+xml", b"<svg"),
        ("text", "text/plain", b"Not a picture"),
        ("empty", "image/jpeg", b""),
        ("wrong_type", "text/html", b"\xff\xd8\xff"),
        ("png", "image/png", b"\x89PNG"),
    ],
)
def test_something_else_can_be_served(
    shop: Shop, kind: str, content_type: str, first: bytes
) -> None:
    answer = served(shop, kind)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == content_type
    assert answer.content.startswith(first)


@pytest.mark.parametrize("kind", ["garbage", "truncated"])
def test_what_says_it_is_a_jpeg_may_not_decode(shop: Shop, kind: str) -> None:
    answer = served(shop, kind)

    assert answer.headers["Content-Type"] == "image/jpeg"
    with pytest.raises(OSError):  # noqa: PT011 (Pillow's own base class)
        Image.open(io.BytesIO(answer.content)).load()


@pytest.mark.parametrize(
    ("kind", "size", "limit"),
    [
        ("pixel_bomb", (9000, 9000), 300_000),
        ("wide", (30_000, 1), 1_000),
        ("animated_webp", (16, 16), 500_000),
    ],
)
def test_a_small_file_can_be_a_huge_picture(
    shop: Shop, kind: str, size: tuple[int, int], limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    answer = served(shop, kind)
    picture = Image.open(io.BytesIO(answer.content))

    assert picture.size == size
    assert len(answer.content) < limit


def test_an_animation_has_five_thousand_frames(shop: Shop) -> None:
    picture = Image.open(io.BytesIO(served(shop, "animated_webp").content))

    assert getattr(picture, "n_frames", 1) == 5000


def test_a_colour_profile_can_hold_fifty_megabytes(shop: Shop) -> None:
    content = served(shop, "icc_bomb").content
    assert len(content) < 60_000
    start = content.index(b"iCCP") + 9

    assert len(zlib.decompressobj().decompress(content[start:])) == 50_000_000


def test_a_jpeg_can_claim_the_largest_size_there_is(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    picture = Image.open(io.BytesIO(served(shop, "huge_header").content))

    assert picture.size == (65_535, 65_535)


def test_a_body_can_be_packed_a_thousand_times(shop: Shop) -> None:
    url = shop.result_url()
    shop.faults({"on": "result", "do": {"result": {"kind": "gzip_bomb", "bytes": 3_000_001}}})
    with requests.get(url, stream=True) as answer:
        packed = answer.raw.read(decode_content=False)

    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(packed) < 5_000
    assert len(gzip.decompress(packed)) == 3_000_001


def test_a_big_body_streams_with_its_length(shop: Shop) -> None:
    url = shop.result_url()
    shop.faults({"on": "result", "do": {"result": {"kind": "big", "bytes": 1_000_000}}})

    assert len(requests.get(url).content) == 1_000_000
    shop.faults({"on": "result", "do": {"result": "big"}})
    with requests.get(url, stream=True) as answer:
        assert answer.headers["Content-Length"] == "10000000000"


def test_an_endless_body_ends_when_the_client_has_gone(shop: Shop) -> None:
    url = shop.result_url()
    shop.faults({"on": "result", "do": {"result": "endless"}})
    with requests.get(url, stream=True) as answer:
        assert "Content-Length" not in answer.headers
        assert len(next(answer.iter_content(1_000_000))) == 1_000_000

    shop.glam.stop()


def test_a_try_on_can_bring_its_bad_result_with_it(shop: Shop) -> None:
    shop.faults({"on": "submit", "nth": 1, "do": {"result": "html"}})
    bad, good = shop.result_url(), shop.result_url()

    assert requests.get(bad).headers["Content-Type"] == "text/html"
    assert requests.get(good).headers["Content-Type"] == "image/jpeg"


@pytest.mark.parametrize("status", [403, 404, 503])
def test_a_result_can_be_refused(shop: Shop, status: int) -> None:
    url = shop.result_url()
    shop.faults({"on": "result", "nth": 1, "do": {"status": status}})

    assert requests.get(url).status_code == status
    assert requests.get(url).status_code == 200


def test_a_result_can_redirect_to_an_inner_address(shop: Shop) -> None:
    url = shop.result_url()
    shop.faults({"on": "result", "do": {"redirect": "http://169.254.169.254/"}})

    assert requests.get(url, allow_redirects=False).headers["Location"] == "http://169.254.169.254/"


def test_only_a_whole_result_counts_as_served(shop: Shop) -> None:
    url = shop.result_url()
    shop.faults({"on": "result", "do": {"truncate": 100}})
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        requests.get(url)

    assert shop.glam.served == {}


def test_the_result_of_one_event_can_be_singled_out(shop: Shop) -> None:
    first, second = shop.result_url(), shop.result_url()
    event_id = shop.glam.accepted[1].event_id
    shop.faults({"on": "result", "event": event_id, "do": {"status": 403}})

    assert [requests.get(url).status_code for url in (first, second)] == [200, 403]


def test_a_result_can_be_the_person_photo_itself(shop: Shop) -> None:
    shop.faults({"on": "submit", "do": {"unchanged": True}})
    picture = Image.open(io.BytesIO(requests.get(shop.result_url()).content))
    photo = Image.open(io.BytesIO(jpeg(person())))

    assert ImageChops.difference(picture, photo).getbbox() is None


def test_a_result_can_be_blank(shop: Shop) -> None:
    shop.faults({"on": "submit", "do": {"blank": True}})
    picture = Image.open(io.BytesIO(requests.get(shop.result_url()).content))

    assert len(picture.getcolors() or []) == 1
