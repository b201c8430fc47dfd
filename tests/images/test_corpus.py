"""Bad and odd pictures, also mutated: made clean or refused, here and by the real upload."""

from __future__ import annotations

import importlib
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from example_project.shop.models import Product
from glam_tryon.exceptions import InvalidImage
from glam_tryon.images import NormalisedImage, normalise
from glam_tryon.images import decode_process as apart
from glam_tryon.images.decode_process import flatten_in_process, needed_bytes
from glam_tryon.images.render import flattened
from glam_tryon.images.validated_open import NotOpened, opened
from glam_tryon.models import ConsentRecord, PersonPhoto
from glam_tryon.models.consent_record import text_sha256
from glam_tryon.privacy.consent import current_text
from tests.images.corpus import CORPUS, KINDS, MARK, TAKEN, drawn, heic, of_kind
from tests.images.pictures import encoded, scene
from tests.shop import product
from tests.storefront.shoppers import ask

__all__ = ["product"]

NO_LIMITS = {"LIMITS": {"visitor_day": None, "open": None, "ip_day": None}}

# Pillow warns of large pictures and of broken metadata, which a shop's process says and lives on.
pytestmark = [
    pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

#: One for each kind of picture, and one for each way of being refused.
UPLOADED = {
    word if word != TAKEN else Path(name).suffix: name for name, (_draw, word) in CORPUS.items()
}.values()
#: What a JPEG of pixels consists of: its start, JFIF, tables, frame and scan.
PLAIN_SEGMENTS = {0xE0, 0xDB, 0xC0, 0xC4, 0xDA}


@cache
def small() -> list[str]:
    """Name what a thousand mutations of take a second; a file of nothing has no bytes to change."""
    return [name for name in CORPUS if 0 < len(drawn(name)) < 20_000]


def segments(jpeg: bytes) -> set[int]:
    """Return the kinds of the segments before the pixels."""
    at, found = 2, set()
    while at < len(jpeg):
        assert jpeg[at] == 0xFF
        found.add(jpeg[at + 1])
        if jpeg[at + 1] == 0xDA:
            break
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    return found


def assert_clean(outcome: NormalisedImage) -> None:
    content = outcome.content
    assert segments(content) <= PLAIN_SEGMENTS
    assert content.endswith(b"\xff\xd9")
    assert MARK.encode() not in content
    with Image.open(BytesIO(content)) as image:
        assert (image.format, image.mode) == ("JPEG", "RGB")
        assert image.size == (outcome.width, outcome.height)
        assert max(image.size) <= 1536
        assert not image.getexif()
        assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def becomes(content: bytes) -> str:
    """Return what became of a picture: ``taken``, and clean, or the code of its refusal."""
    try:
        outcome = normalise(BytesIO(content))
    except InvalidImage as error:
        return error.code if str(error).endswith(".") else f"{error.code} without a sentence"
    assert_clean(outcome)
    return TAKEN


# What the corpus is.


def test_the_corpus_has_each_kind_of_trouble() -> None:
    words = {word for _draw, word in CORPUS.values()}
    assert len(CORPUS) >= 130
    assert words == {
        TAKEN, "empty", "format", "gif", "not_a_picture", "pdf", "pixels", "svg", "tiff",
        "too_small", "truncated",
    }  # fmt: skip


def test_the_corpus_can_be_looked_at(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.images.corpus", str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{len(CORPUS)} pictures in {tmp_path}\n"
    assert {path.name for path in tmp_path.iterdir()} == set(CORPUS)


# What becomes of it.


@pytest.mark.parametrize("name", CORPUS)
def test_each_is_made_clean_or_refused_by_its_code(name: str) -> None:
    _draw, word = CORPUS[name]
    assert becomes(drawn(name)) == word


@pytest.mark.django_db
@pytest.mark.parametrize("name", UPLOADED)
def test_each_kind_comes_through_the_upload_without_an_error_of_ours(
    client: Client, product: Product, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    _draw, word = CORPUS[name]
    answer = upload(client, product, drawn(name))
    if word == TAKEN:
        assert answer.status_code == 201
        with PersonPhoto.objects.get().image.open("rb") as opened:
            assert becomes(opened.read()) == TAKEN
    else:
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, word)
        assert answer.json()["error"]["message"]
        assert not PersonPhoto.objects.exists()
        assert not ConsentRecord.objects.exists()
    assert "Traceback" not in caplog.text


def upload(client: Client, product: Product, content: bytes) -> Any:
    file = SimpleUploadedFile("../../<b>me.jpg", content, "image/jpeg")
    agreed = {"consent": "on", "consent_sha256": text_sha256(current_text())}
    return ask(client, product, photo=file, **agreed)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """One of the corpus with bytes changed, cut out, doubled or put in."""
    content = bytearray(drawn(draw(st.sampled_from(small()))))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(0, len(content) - 1)))
        some = draw(st.integers(1, 64))
        match draw(st.sampled_from(("change", "cut", "double", "put", "truncate", "extreme"))):
            case "change":
                content[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
            case "cut":
                del content[at : at + some]
            case "double":
                content[at:at] = content[at : at + some]
            case "put":
                content[at:at] = draw(st.binary(max_size=64))
            case "extreme":
                content[at : at + 4] = draw(st.sampled_from((b"\xff" * 4, bytes(4), b"\x7f" * 4)))
            case _:
                del content[at:]
    return bytes(content)


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(content=mutated())
def test_whatever_is_changed_in_them_they_are_made_clean_or_refused(content: bytes) -> None:
    assert becomes(content)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(content=mutated())
@pytest.mark.django_db
def test_whatever_is_changed_in_them_the_upload_answers(
    client: Client, product: Product, settings: Any, content: bytes
) -> None:
    # Sixty photos of one visitor in a minute are more than a shop allows.
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, **NO_LIMITS}
    answer = upload(client, product, content)
    assert answer.status_code in (201, 400)
    assert answer.json()


# Memory.


def large(width: int, height: int) -> Image.Image:
    """A picture with some detail, drawn in no time."""
    noise = Image.effect_noise((width // 64, height // 64), 60)
    return Image.merge("RGB", (noise, noise.rotate(180), noise)).resize((width, height))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_no_picture_makes_a_process_grow_by_60_mb(tmp_path: Path) -> None:
    twelve, fifty = large(4000, 3000), large(8100, 6100)
    whole: dict[str, bytes] = {
        "12.jpg": encoded(twelve, quality=85),
        "12-progressive-444.jpg": encoded(twelve, quality=85, progressive=True, subsampling=0),
        "9-just-not-halved.jpg": encoded(large(3071, 3071), quality=85, subsampling=0),
        "12-cmyk.jpg": encoded(twelve.convert("CMYK"), quality=60),
        "12.webp": encoded(twelve, "WEBP", quality=60, method=0),
        "12.avif": encoded(twelve, "AVIF", quality=50, speed=10),
        "12.heic": heic(twelve),
        "12.png": encoded(twelve, "PNG", compress_level=1),
        "12-16-bit.png": encoded(twelve.convert("L").convert("I;16"), "PNG", compress_level=1),
        "2.png": encoded(large(1580, 1580).convert("RGBA"), "PNG", compress_level=1),
        "2.webp": encoded(large(1580, 1580).convert("RGBA"), "WEBP", quality=60),
        "49.jpg": encoded(fifty, quality=60),
        "49-progressive.jpg": encoded(fifty, quality=60, progressive=True),
        "40.png": encoded(Image.new("RGBA", (6400, 6300), "red"), "PNG"),
        "49.png": encoded(Image.new("RGB", (8100, 6100), "red"), "PNG"),
        "22.webp": encoded(Image.new("RGB", (5500, 4000), "red"), "WEBP", lossless=True, method=0),
        "49.webp": encoded(Image.new("RGB", (8100, 6100), "red"), "WEBP", lossless=True, method=0),
        "100.jpg": encoded(Image.new("L", (10_000, 10_000)), quality=20),
    }
    for name in CORPUS:
        whole[f"corpus {name}"] = drawn(name)
    for name, content in whole.items():
        (tmp_path / name).write_bytes(content)
    small = tmp_path / "small"
    small.mkdir()
    for kind in KINDS:
        (small / kind).write_bytes(of_kind(kind, scene(64, 64)))
    code = """
        import pathlib, resource, sys
        from glam_tryon.exceptions import InvalidImage
        from glam_tryon.images import normalise
        def peak():
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        def take(path):
            try:
                with path.open("rb") as opened:
                    normalise(opened)
            except InvalidImage as error:
                return error.code
            return "taken"
        folder = pathlib.Path(sys.argv[1])
        for path in (folder / "small").iterdir():
            take(path)
        before = peak()
        for path in sorted(path for path in folder.iterdir() if path.is_file()):
            print(take(path), peak() - before, path.name)
    """
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line.split(" ", 2) for line in done.stdout.splitlines()]
    became = {name: word for word, _grown, name in lines if not name.startswith("corpus")}
    assert became == {**dict.fromkeys(became, TAKEN), "49.webp": "pixels"}
    assert len(lines) == len(whole)
    # The peak of all of them together, the file's own bytes included.
    assert max(int(grown) for _word, grown, _name in lines) < 60, lines


# In a process of its own.

CAPS = {"max_pixels": 50_000_000, "max_side": 12_000, "long_side": 1536}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_decoded_apart_is_the_same_picture(kind: str) -> None:
    content = of_kind(kind, scene(2000, 1500))
    with apart_opened(content) as image:
        here = flattened(image, 1536)
    assert flatten_in_process(content, **CAPS) == here


def apart_opened(content: bytes) -> Any:
    return opened(content, max_pixels=50_000_000, max_side=12_000, heif=True)


@pytest.mark.parametrize(
    ("size", "kind", "options", "apart_is"),
    [
        ((4000, 3000), "JPEG", {}, False),
        ((8100, 6100), "JPEG", {"quality": 40}, False),
        ((1600, 1200), "PNG", {}, False),
        ((4000, 3000), "JPEG", {"progressive": True, "subsampling": 0}, True),
        ((4000, 3000), "PNG", {"compress_level": 1}, True),
        ((4000, 3000), "WEBP", {"method": 0}, True),
    ],
    ids=["jpeg", "large jpeg", "small png", "progressive", "png", "webp"],
)
def test_photos_of_cameras_are_decoded_here_and_what_needs_memory_apart(
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int],
    kind: str,
    options: dict[str, Any],
    apart_is: bool,
) -> None:
    asked: list[int] = []

    def note(given: bytes, **_numbers: int) -> bytes:
        asked.append(len(given))
        return encoded(scene())

    # The package hides the module behind the function of the same name.
    door = importlib.import_module("glam_tryon.images.normalise")
    monkeypatch.setattr(door, "flatten_in_process", note)
    normalise(BytesIO(encoded(scene(*size), kind, **options)))
    assert bool(asked) is apart_is


def test_scans_that_follow_one_another_count_as_kept_whole() -> None:
    plain, layered = (encoded(scene(4000, 3000), progressive=kind) for kind in (False, True))
    needed = []
    for content in (plain, layered):
        with Image.open(BytesIO(content)) as image:
            needed.append(needed_bytes(image, content, 1536))
    assert needed[1] - needed[0] >= 4000 * 3000 * 3


def test_what_is_refused_apart_has_its_code() -> None:
    for content, code in ((encoded(scene(900, 900))[:9000], "broken"), (b"GIF89a", "gif")):
        with pytest.raises(NotOpened) as caught:
            flatten_in_process(content, **CAPS)
        assert caught.value.code == code
    with pytest.raises(NotOpened) as caught:
        flatten_in_process(encoded(scene()), **{**CAPS, "max_pixels": 100})
    assert caught.value.code == "pixels"


def script(folder: Path, body: str) -> str:
    path = folder / "python3"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o700)
    return str(path)


@pytest.mark.parametrize(
    ("body", "code"),
    [("kill -SEGV $$", "broken"), ("exit 1", "broken"), ("exec sleep 60", "pixels")],
    ids=["crashes", "fails", "hangs"],
)
def test_a_decoder_that_crashes_or_hangs_takes_nothing_with_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, body: str, code: str
) -> None:
    python = script(tmp_path, body)
    monkeypatch.setattr(apart, "_python", lambda: python)
    monkeypatch.setattr(apart, "SECONDS", 1.0)
    begun = time.monotonic()
    with pytest.raises(NotOpened) as caught:
        flatten_in_process(encoded(scene()), **CAPS)
    assert (caught.value.code, time.monotonic() - begun < 20) == (code, True)


def test_without_a_python_to_start_large_pictures_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(apart, "_python", lambda: "/nowhere/python3")
    with pytest.raises(NotOpened) as caught:
        flatten_in_process(encoded(scene()), **CAPS)
    assert caught.value.code == "pixels"


def test_the_other_process_gets_no_secret_of_the_shops(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GLAM_API_KEY", "very-secret")
    python = script(tmp_path, f"env > {tmp_path}/seen; exit 1")
    monkeypatch.setattr(apart, "_python", lambda: python)
    with pytest.raises(NotOpened):
        flatten_in_process(encoded(scene()), **CAPS)
    seen = (tmp_path / "seen").read_text()
    assert "PYTHONPATH=" in seen
    assert "very-secret" not in seen


def test_within_another_program_python_is_found_beside_it(
    monkeypatch: pytest.MonkeyPatch, make: Callable[[], str]
) -> None:
    monkeypatch.setattr(sys, "executable", "/usr/bin/uwsgi")
    assert Path(make()).name == "python3"


@pytest.fixture
def make() -> Callable[[], str]:
    return apart._python.__wrapped__
