"""The memory of all decoders together is bounded, whichever process they run in."""

from __future__ import annotations

import io
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from example_project.shop.models import Product
from glam_tryon import jobs
from glam_tryon.exceptions import DecodersBusy, DownloadFailed, InvalidImage, OrderRefused
from glam_tryon.images import decoder_slots as slots
from glam_tryon.images import normalise
from glam_tryon.images.decode_process import PROCESS_BYTES, needed_bytes
from glam_tryon.images.inspect import inspect_picture
from glam_tryon.images.normalise import MAX_PIXELS, MAX_SIDE
from glam_tryon.images.validated_open import NotOpened
from glam_tryon.limits.quotas import check_order, reserve_order
from glam_tryon.models import OrderReservation, TryOnJob
from glam_tryon.models.clock import DatabaseNow
from glam_tryon.models.owner import owner_key
from glam_tryon.orders import uploads
from tests.images.pictures import encoded, scene, webp_of_size
from tests.shop import product

__all__ = ["product"]

HALF = slots.MOST_BYTES // 2


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(slots, "LOCK_FOLDER", tmp_path / "locks")
    return tmp_path / "locks"


@pytest.fixture(params=["locks", "no locks", "a folder of somebody else's", "a file"])
def each_way(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> Iterator[str]:
    """Slots of the machine, and those of a process where the machine gives none."""
    match request.param:
        case "no locks":
            monkeypatch.setattr(slots, "fcntl", None)
        case "a folder of somebody else's":
            folder.mkdir()
            folder.chmod(0o777)
        case "a file":
            folder.write_text("")
    yield request.param
    assert slots._free._value == slots.SLOTS  # type: ignore[attr-defined]


def test_decoders_get_what_there_is_and_others_wait(each_way: str) -> None:
    with slots.decoder_slots(HALF), slots.decoder_slots(HALF - slots.SLOT_BYTES):
        with pytest.raises(slots.Busy), slots.decoder_slots(HALF, wait_seconds=0):
            raise AssertionError("there is no memory left")
        with slots.decoder_slots(slots.SMALL_BYTES, wait_seconds=0):
            pass
    with slots.decoder_slots(slots.MOST_BYTES, wait_seconds=0):
        pass  # All of it is free again, also what the refused one had collected.


def test_who_waits_goes_on_when_there_is_memory(each_way: str) -> None:
    waits, done = threading.Event(), threading.Event()

    def decode() -> None:
        waits.set()
        with slots.decoder_slots(slots.MOST_BYTES, wait_seconds=60):
            done.set()

    with ExitStack() as held:
        held.enter_context(slots.decoder_slots(HALF))
        thread = threading.Thread(target=decode)
        thread.start()
        waits.wait()
        assert not done.is_set()
    thread.join()
    assert done.is_set()


def test_what_needs_more_than_there_is_has_too_many_pixels(each_way: str) -> None:
    with pytest.raises(NotOpened) as refused, slots.decoder_slots(slots.MOST_BYTES + 1):
        raise AssertionError("it must not be decoded")
    assert refused.value.code == "pixels"


def test_the_bound_is_of_all_processes_and_ends_with_each(folder: Path) -> None:
    code = f"""
        import sys
        from pathlib import Path
        from glam_tryon.images import decoder_slots as slots
        slots.LOCK_FOLDER = Path({str(folder)!r})
        with slots.decoder_slots(slots.MOST_BYTES):
            print("held", flush=True)
            sys.stdin.read()
    """
    other = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(slots.Busy), slots.decoder_slots(HALF, wait_seconds=0):
            raise AssertionError("another process holds all of it")
        other.kill()
    with slots.decoder_slots(slots.MOST_BYTES, wait_seconds=0):
        pass  # Killed, it holds nothing.


# What is taken.

#: Format, mode and size of the largest pictures of real devices, and whether each is taken.
DEVICES = [
    ("JPEG", "RGB", (8160, 6144), True),  # phones of 50 megapixels
    ("JPEG", "RGB", (8192, 6144), True),
    ("JPEG", "RGB", (9504, 6336), True),  # cameras of 61
    ("JPEG", "RGB", (11_648, 8736), True),  # medium format, 102
    ("JPEG", "RGB", (12_000, 9000), True),  # phones of 108
    ("JPEG", "RGB", (16_320, 12_240), True),  # phones of 200
    ("JPEG", "RGB", (16_382, 3800), True),  # a panorama
    ("HEIF", "RGB", (8064, 6048), True),  # phones of 48
    ("HEIF", "RGB", (8192, 6144), True),
    ("HEIF", "RGB", (9504, 6336), False),
    ("PNG", "RGB", (9504, 6336), True),
    ("PNG", "RGBA", (6300, 6300), True),
    ("PNG", "RGBA", (7000, 7000), False),
    ("WEBP", "RGBA", (4700, 4700), True),
    ("WEBP", "RGBA", (7000, 7000), False),
    ("AVIF", "RGB", (6600, 5000), True),
    ("AVIF", "RGB", (8192, 6144), False),
]


@pytest.mark.parametrize(("kind", "mode", "size", "is_taken"), DEVICES)
def test_limits_leave_room_for_cameras_and_none_for_more_memory(
    kind: str, mode: str, size: tuple[int, int], is_taken: bool
) -> None:
    image: Any = SimpleNamespace(format=kind, mode=mode, size=size, info={}, layer=[])
    image.width, image.height = size
    image.draft = lambda _mode, _target: _drafted(image)
    # A JPEG whose one scan has all three colours.
    sequential = b"\xff\xd8\xff\xc0\0\x0b\x08\0\x01\0\x01\x03\xff\xda\0\x0c\x03"
    needed = needed_bytes(image, sequential.ljust(64, b"\0"), 1536) + PROCESS_BYTES
    fits = size[0] * size[1] <= MAX_PIXELS and max(size) <= MAX_SIDE
    assert (fits and needed <= slots.MOST_BYTES) is is_taken


def _drafted(image: Any) -> None:
    scale = max(1, min(8, 1 << (max(image.size) // 1536).bit_length() - 1))
    image.size = tuple(side // scale for side in image.size)
    image.width, image.height = image.size


def test_a_small_file_of_many_pixels_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(InvalidImage) as refused:
        normalise(io.BytesIO(webp_of_size(7000, 7000)))
    assert refused.value.code == "pixels"


# What is said.


@pytest.fixture
def all_held() -> Iterator[None]:
    with slots.decoder_slots(slots.MOST_BYTES):
        yield


@pytest.fixture
def no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "WAIT_SECONDS", 0)


def test_a_photo_that_finds_no_memory_is_refused_for_now(all_held: None, no_wait: None) -> None:
    content = encoded(scene(4000, 3000))
    with pytest.raises(DecodersBusy):
        normalise(io.BytesIO(content))
    # A result that was bought is not thrown away.
    with pytest.raises(DownloadFailed):
        inspect_picture(encoded(scene(3000, 3000), "PNG"))


@pytest.mark.django_db
@pytest.mark.parametrize("as_json", [True, False])
def test_the_shopper_reads_it_and_programs_read_when(
    client: Client, product: Product, all_held: None, no_wait: None, as_json: bool
) -> None:
    agreed = {"consent": "on", "consent_sha256": jobs.current_consent().sha256}
    file = io.BytesIO(encoded(scene(4000, 3000)))
    file.name = "a.jpg"
    answer = client.post(
        f"/tryon/new/shop.product/{product.pk}/",
        {"photo": file, **agreed},
        **({"headers": {"Accept": "application/json"}} if as_json else {}),
    )
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "Many photos are being read just now" in answer.content.decode()
    assert not OrderReservation.objects.exists()


# An order has its place before its photo is decoded.


@pytest.mark.django_db
@pytest.mark.parametrize("limit", ["open", "visitor_day"])
def test_what_is_over_the_limit_is_refused_before_it_is_decoded(
    product: Product, settings: Any, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "LIMITS": {limit: 2}}
    decoded: list[int] = []

    def order() -> None:
        jobs.request_tryon_with_upload(
            product,
            io.BytesIO(encoded(scene())),
            visitor="ada",
            consent=jobs.current_consent(),
        )

    def decode(*given: Any, **options: Any) -> Any:
        decoded.append(1)
        # The next one comes while this one is decoded.
        if len(decoded) <= 2:
            order_or_refusal()
        return normalise(*given, **options)

    refused: list[str] = []

    def order_or_refusal() -> None:
        try:
            order()
        except OrderRefused as error:
            refused.append(error.code)

    monkeypatch.setattr(uploads, "normalise", decode)
    order_or_refusal()
    assert (len(decoded), len(refused)) == (2, 1)
    assert TryOnJob.objects.count() == 2
    assert not OrderReservation.objects.exists()


@pytest.mark.django_db
def test_a_place_whose_order_never_came_ends_by_itself(
    product: Product, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "LIMITS": {"open": 1}}
    owner = owner_key(None, "ada")
    reserve_order(owner, "")
    with pytest.raises(OrderRefused):
        check_order(owner)
    OrderReservation.objects.update(ends_at=DatabaseNow())
    check_order(owner)
    OrderReservation.prune()
    assert not OrderReservation.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_within_a_callers_transaction_the_limits_are_asked_and_no_lock_is_held(
    settings: Any,
) -> None:
    owner = owner_key(None, "ada")
    with transaction.atomic():
        assert reserve_order(owner, "") is None
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "LIMITS": {"open": 0}}
    with pytest.raises(OrderRefused), transaction.atomic():
        reserve_order(owner, "")
