"""What a result is, decided by decoding it (faults 26 and 29)."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import textwrap

import pytest
from PIL import Image

from glam_tryon.exceptions import ResultRefused
from glam_tryon.images.inspect import Picture, inspect_picture
from tests.images.pictures import encoded, png_of_size, scene, webp_of_size


@pytest.mark.parametrize(
    ("kind", "extension"), [("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp"), ("AVIF", "avif")]
)
def test_the_extension_follows_from_the_bytes(kind, extension):
    content = encoded(scene(), kind)
    sha256 = hashlib.sha256(content).hexdigest()
    assert inspect_picture(content) == Picture(sha256, extension, 400, 300)


def test_a_large_jpeg_keeps_its_size():
    picture = inspect_picture(encoded(scene(2001, 3001)))
    assert (picture.width, picture.height) == (2001, 3001)


def test_a_jpeg_with_further_pictures_behind_it_is_a_jpeg():
    content = encoded(scene(), "MPO", save_all=True, append_images=[scene(100, 100)])
    assert inspect_picture(content).extension == "jpg"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "format"),
        (b"<html><body>Not here</body></html>", "format"),
        (b'{"detail": "Not Found"}', "format"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "format"),
        (b"plain text", "format"),
        (encoded(scene(), "GIF"), "format"),
        (encoded(scene(), "TIFF"), "format"),
        (b"\xff\xd8\xff\xe0 garbage", "broken"),
        (encoded(scene()) [:-2000], "broken"),
        (encoded(scene(1600, 1200))[:-5000], "broken"),
        (encoded(scene(), "PNG")[:-400], "broken"),
        (encoded(scene(), "WEBP")[:-400], "broken"),
        (encoded(scene(), "AVIF")[:-400], "broken"),
    ],
)  # fmt: skip
def test_fault_26_what_is_no_whole_picture_is_refused(content, code):
    with pytest.raises(ResultRefused) as caught:
        inspect_picture(content)
    assert caught.value.code == code


@pytest.mark.parametrize("kind", ["WEBP", "PNG", "AVIF"])
def test_fault_29_an_animation_is_refused(kind):
    frames = [Image.new("RGB", (64, 64), (n, 0, 0)) for n in (0, 99, 199)]
    with pytest.raises(ResultRefused) as caught:
        inspect_picture(encoded(frames[0], kind, save_all=True, append_images=frames[1:]))
    assert caught.value.code == "format"


@pytest.mark.parametrize(("width", "height"), [(9000, 9000), (30_000, 1), (65_535, 65_535)])
def test_fault_29_too_many_pixels_are_refused(width, height):
    with pytest.raises(ResultRefused) as caught:
        inspect_picture(png_of_size(width, height))
    assert caught.value.code == "pixels"


def test_the_caps_are_inclusive():
    content = encoded(scene(400, 300))
    assert inspect_picture(content, max_pixels=120_000, max_side=400).width == 400
    for caps in ({"max_pixels": 119_999}, {"max_side": 399}):
        with pytest.raises(ResultRefused):
            inspect_picture(content, **caps)


def test_fault_29_no_bomb_takes_50_mb(tmp_path):
    # In a process of its own: the peak of this one is from other tests.
    frames = [Image.new("RGB", (16, 16), (n % 250, n // 250, 9)) for n in range(5000)]
    bombs = {
        "pixels.png": png_of_size(9000, 9000),
        "long.png": png_of_size(30_000, 1),
        "huge.png": png_of_size(65_535, 65_535),
        "profile.png": png_of_size(64, 64, profile=bytes(50_000_000)),
        "frames.webp": encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:]),
        "huge.webp": webp_of_size(12_000, 4_200),
        "cut.jpg": encoded(scene(3000, 3000))[:-3000],
    }
    for name, content in bombs.items():
        (tmp_path / name).write_bytes(content)
    small = tmp_path / "small"
    small.mkdir()
    for kind in ("JPEG", "PNG", "WEBP", "AVIF"):
        (small / kind).write_bytes(encoded(scene(64, 64), kind))
    code = """
        import pathlib, resource, sys
        from glam_tryon.exceptions import ResultRefused
        from glam_tryon.images.inspect import inspect_picture
        def peak():
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        folder = pathlib.Path(sys.argv[1])
        for path in (folder / "small").iterdir():
            inspect_picture(path.read_bytes())
        for path in sorted(folder.glob("*.*")):
            before = peak()
            try:
                inspect_picture(path.read_bytes())
            except ResultRefused as error:
                print(path.name, error.code, peak() - before)
            else:
                print(path.name, "taken", 0)
    """
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line.split() for line in done.stdout.splitlines()]
    assert {name: code for name, code, _ in lines} == {
        "cut.jpg": "broken",
        "frames.webp": "format",
        "huge.png": "pixels",
        "huge.webp": "pixels",
        "long.png": "pixels",
        "pixels.png": "pixels",
        "profile.png": "broken",
    }
    assert all(int(growth) < 50 for _, _, growth in lines), lines
