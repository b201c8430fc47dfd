"""Faults 24 to 29: what the way to the picture may meet, and what the picture may be."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable
from typing import Any

import pytest

from glam_tryon.models import TryOnJob
from glam_tryon.sandbox import Sandbox
from tests.faults.outcome import downloads, posts, questions, slots_held, state
from tests.faults.virtual import Engine
from tests.providers.servers import Server, answer
from tests.shop import picture

Order = Callable[..., TryOnJob]
Configure = Callable[..., None]
Faults = Callable[..., None]
Hold = Callable[..., None]


def files_of(job: TryOnJob, media_root: Any) -> list[Any]:
    return list((media_root / "glam_tryon" / str(job.pk)).glob("*"))


@pytest.mark.parametrize(
    "inside",
    [
        "127.0.0.1", "10.1.2.3", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1",
        "::ffff:127.0.0.1",
    ],
)  # fmt: skip
def test_fault_24_a_result_host_with_an_address_inside_ends_the_job_unasked(
    inside: str,
    order: Order,
    engine: Engine,
    faults: Faults,
    configure: Configure,
    monkeypatch: pytest.MonkeyPatch,
    hold_invariants: Hold,
) -> None:
    real = socket.getaddrinfo
    family = socket.AF_INET6 if ":" in inside else socket.AF_INET

    def look_up(host: Any, port: Any, *rest: Any, **named: Any) -> Any:
        if host == "pictures.example":
            return [(family, socket.SOCK_STREAM, 6, "", (inside, port))]
        return real(host, port, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    configure(RESULT_HOSTS=["pictures.example"])
    faults({"on": "submit", "do": {"media_urls": ["https://pictures.example/a.jpg"]}})
    job = order()
    engine.pump()
    assert (state(job), slots_held()) == (("failed", "unsafe_result_url"), 0)
    hold_invariants()


def test_fault_24_a_redirect_of_the_result_is_not_followed(
    order: Order,
    engine: Engine,
    faults: Faults,
    constants: Configure,
    glam: Sandbox,
    hold_invariants: Hold,
) -> None:
    constants("worker.steps.store", RESULT_WINDOW_SECONDS=60)
    with Server(answer(picture())) as elsewhere:
        to = {"redirect": f"{elsewhere.url}/a.jpg"}
        faults({"on": "result", "do": to})
        job = order()
        engine.pump()
        assert state(job) == ("failed", "result_expired")
        assert elsewhere.connections == 0
    assert posts(glam) == 1
    hold_invariants()


@pytest.mark.parametrize("do", [{"status": 403}, {"status": 404}, {"status": 410}, {"status": 500}])
def test_fault_25_a_result_that_is_not_there_for_a_while_is_fetched_later(
    do: dict[str, Any],
    order: Order,
    engine: Engine,
    faults: Faults,
    glam: Sandbox,
    hold_invariants: Hold,
) -> None:
    faults({"on": "result", "nth": [1, 2, 3, 4, 5], "do": do})
    job = order()
    engine.pump()
    assert (state(job), downloads(glam), posts(glam)) == (("ready", ""), 6, 1)
    hold_invariants()


def test_fault_25_a_result_that_is_gone_is_asked_for_under_its_new_address(
    order: Order, engine: Engine, faults: Faults, glam: Sandbox, hold_invariants: Hold
) -> None:
    gone = {"media_urls": ["http://{host}/gone.jpg"]}
    faults({"on": "status", "nth": 1, "do": {"remote_status": ["READY"], **gone}})
    job = order()
    engine.once()
    engine.time.settle()
    engine.pump()
    assert (state(job), downloads(glam), questions(glam)) == (("ready", ""), 2, 2)
    hold_invariants()


@pytest.mark.parametrize("address", ["http://{host}/gone.jpg", "http://127.0.0.1:9/a.jpg"])
def test_fault_25_a_result_that_never_comes_ends_the_job_after_its_window_as_billed(
    address: str,
    order: Order,
    engine: Engine,
    faults: Faults,
    glam: Sandbox,
    hold_invariants: Hold,
) -> None:
    faults({"on": "submit", "do": {"media_urls": [address]}})
    job = order()
    seconds = engine.pump()
    assert (state(job), slots_held(), posts(glam)) == (("failed", "result_expired"), 0, 1)
    assert "billed" in job.error_message
    assert 3600 < seconds < 3600 + 400
    hold_invariants()


BAD_RESULTS = [
    ("html", "result_format"),
    ("json", "result_format"),
    ("svg", "result_format"),
    ("text", "result_format"),
    ("garbage", "result_format"),
    ("truncated", "result_broken"),
    ("big", "result_too_large"),
    ("endless", "result_too_large"),
    ({"kind": "gzip_bomb", "bytes": 1_000_000}, "result_encoding"),
    ("pixel_bomb", "result_pixels"),
    ("wide", "result_pixels"),
    ("huge_header", "result_pixels"),
    ("animated_webp", "result_format"),
    ("icc_bomb", "result_broken"),
]


@pytest.mark.parametrize(("kind", "code"), BAD_RESULTS, ids=str)
def test_faults_26_27_28_29_bytes_that_are_no_picture_are_thrown_away(
    kind: Any,
    code: str,
    order: Order,
    engine: Engine,
    faults: Faults,
    constants: Configure,
    glam: Sandbox,
    media_root: Any,
    hold_invariants: Hold,
) -> None:
    constants("worker.steps.store", MAX_RESULT_BYTES=1_000_000)
    faults({"on": "result", "do": {"result": kind}})
    job = order()
    engine.pump()
    assert (state(job), slots_held(), posts(glam)) == (("failed", code), 0, 1)
    # A proxy's error page may pass: some more tries, not an hour of them.
    assert downloads(glam) == 4
    assert files_of(job, media_root) == []
    hold_invariants()


def test_fault_26_an_empty_result_is_asked_for_again_until_its_window_is_over(
    order: Order,
    engine: Engine,
    faults: Faults,
    constants: Configure,
    media_root: Any,
    hold_invariants: Hold,
) -> None:
    constants("worker.steps.store", RESULT_WINDOW_SECONDS=60)
    faults({"on": "result", "do": {"result": "empty"}})
    job = order()
    engine.pump()
    assert (state(job), files_of(job, media_root)) == (("failed", "result_expired"), [])
    hold_invariants()


@pytest.mark.parametrize(("kind", "extension"), [("wrong_type", "jpg"), ("png", "png")])
def test_fault_26_what_a_result_is_follows_from_its_bytes(
    kind: str,
    extension: str,
    order: Order,
    engine: Engine,
    faults: Faults,
    hold_invariants: Hold,
) -> None:
    faults({"on": "result", "do": {"result": kind}})
    job = order()
    engine.pump()
    assert state(job) == ("ready", "")
    assert str(job.results.get().image).endswith(f".{extension}")
    hold_invariants()


@pytest.mark.parametrize(
    "do",
    [
        {"truncate": 500},
        {"truncate": 500, "reset": True},
        {"reset": True},
        {"close": True},
        {"length_off_by": 10},
        {"length_off_by": -10},
        {"no_length": True, "truncate": 500},
        {"drip": {"bytes": 10, "seconds": 0.05}},
        {"drip": {"bytes": 1, "seconds": 0.05, "part": "headers"}},
        {"no_answer": True},
        {"result": "html"},
        {"result": "big"},
        {"result": "endless"},
        {"result": "truncated"},
    ],
    ids=str,
)
def test_fault_27_a_download_that_breaks_off_is_done_again_and_shows_nobody_a_part(
    do: dict[str, Any],
    order: Order,
    engine: Engine,
    faults: Faults,
    constants: Configure,
    glam: Sandbox,
    media_root: Any,
    hold_invariants: Hold,
) -> None:
    constants("worker.steps.store", DOWNLOAD_SECONDS=0.3, MAX_RESULT_BYTES=1_000_000)
    faults({"on": "result", "nth": 1, "do": do})
    job = order()
    engine.once()
    engine.time.settle()
    engine.later(2)
    engine.once()
    assert state(job)[0] == "storing"
    assert (job.results.count(), files_of(job, media_root)) == (0, [])
    constants("worker.steps.store", DOWNLOAD_SECONDS=30)
    engine.pump()
    assert (state(job), downloads(glam)) == (("ready", ""), 2)
    hold_invariants()


@pytest.mark.parametrize(("gone", "kept"), [([2], 2), ([2, 4, 6], 2), ([2, 4, 6, 8], 1)])
def test_a_second_picture_is_given_up_after_its_fourth_404_and_no_sooner(
    gone: list[int],
    kept: int,
    order: Order,
    engine: Engine,
    faults: Faults,
    glam: Sandbox,
    hold_invariants: Hold,
) -> None:
    # Each try fetches both pictures, so the second one has the even numbers.
    faults(
        {"on": "submit", "do": {"results": 2}},
        {"on": "result", "nth": gone, "do": {"status": 404}},
    )
    job = order()
    engine.pump()
    assert (state(job), job.results.count()) == (("ready", ""), kept)
    assert downloads(glam) == 2 * (len(gone) + (kept == 2))
    hold_invariants()


def test_fault_27_a_result_without_a_length_is_a_result(
    order: Order, engine: Engine, faults: Faults, glam: Sandbox, hold_invariants: Hold
) -> None:
    faults({"on": "result", "do": {"no_length": True}})
    job = order()
    engine.pump()
    assert (state(job), downloads(glam)) == (("ready", ""), 1)
    hold_invariants()


@pytest.mark.parametrize(("do", "code"), [({"blank": True}, "blank_result"),
                                          ({"unchanged": True}, "unchanged_result")])  # fmt: skip
def test_a_result_that_shows_nothing_new_is_not_sold_as_done(
    do: dict[str, Any],
    code: str,
    order: Order,
    engine: Engine,
    faults: Faults,
    glam: Sandbox,
    media_root: Any,
    hold_invariants: Hold,
) -> None:
    faults({"on": "submit", "do": do})
    job = order()
    engine.pump()
    assert (state(job), posts(glam)) == (("failed", code), 1)
    assert files_of(job, media_root) == []
    hold_invariants()


@pytest.mark.parametrize("do", [{"blank": True}, {"unchanged": True}])
def test_a_shop_may_take_results_that_show_nothing_new(
    do: dict[str, Any],
    order: Order,
    engine: Engine,
    faults: Faults,
    configure: Configure,
    hold_invariants: Hold,
) -> None:
    configure(NOTICE_UNCHANGED=False)
    faults({"on": "submit", "do": do})
    job = order()
    engine.pump()
    assert state(job) == ("ready", "")
    hold_invariants()


def test_a_result_whose_photo_was_deleted_meanwhile_is_stored(
    order: Order, engine: Engine, glam: Sandbox, hold_invariants: Hold
) -> None:
    job = order()
    engine.once()
    engine.time.settle()
    photo = job.person_photo
    assert photo is not None
    photo.image.delete(save=True)
    engine.pump()
    assert state(job) == ("ready", "")
    hold_invariants()


def test_marks_of_where_a_picture_comes_from_are_kept_byte_by_byte(
    order: Order, engine: Engine, faults: Faults, hold_invariants: Hold
) -> None:
    plain = picture(colour="#aa2211")
    c2pa = b"JP\x00\x01\x00\x00\x00\x01" + b"\x00\x00\x00\x1cjumb" + bytes(range(256)) * 4
    iptc = (
        b"Photoshop 3.0\x008BIM\x04\x04\x00\x00\x00\x00\x00\x14\x1c\x02\x74\x00\x0fMade by AI 2026"
    )
    marked = plain[:2]
    for marker, content in ((0xEB, c2pa), (0xED, iptc)):
        marked += bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, "big") + content
    marked += plain[2:]
    with Server(answer(marked, headers={"Content-Type": "image/jpeg"})) as host:
        faults({"on": "submit", "do": {"media_urls": [f"{host.url}/a.jpg"]}})
        job = order()
        engine.pump()
    assert state(job) == ("ready", "")
    with job.results.get().image.open("rb") as stored:
        assert stored.read() == marked
    hold_invariants(also_served=[hashlib.sha256(marked).hexdigest()])
