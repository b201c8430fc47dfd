"""A picture that is all there is taken without its end; one that lacks pixels is not (fault 71)."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from io import BytesIO

import pytest
from PIL import Image, ImageChops, ImageStat
from skimage.data import astronaut

from glam_tryon.exceptions import InvalidImage, ResultRefused
from glam_tryon.images import normalise
from glam_tryon.images.inspect import inspect_picture
from tests.images.marked import exif, png, xmp
from tests.images.pictures import encoded


def photo(side: int = 512, mode: str = "RGB") -> Image.Image:
    pixels = astronaut()  # type: ignore[no-untyped-call]
    return Image.fromarray(pixels).resize((side, side)).convert(mode)


def cut(make: Callable[[], bytes], count: int) -> bytes:
    return make()[:-count]


def in_one(frames: int) -> bytes:
    out = BytesIO()
    photo().save(out, "MPO", save_all=True, append_images=[photo(64)] * (frames - 1))
    return out.getvalue()


def behind_the_pixels(length: int) -> bytes:
    """Return a PNG cut off within a text that stands behind its pixels."""
    text = (b"tEXt", b"Comment\0" + b"x" * 200)
    return png(image=photo(), behind=(text,))[:-length]


def scans(content: bytes) -> list[int]:
    return [found.start() for found in re.finditer(rb"\xff\xda", content)]


def cut_before_scan(number: int) -> bytes:
    content = encoded(photo(), progressive=True)
    return content[: scans(content)[number]]


jpeg = partial(encoded, photo())
WHOLE: dict[str, Callable[[], bytes]] = {
    "JPEG": partial(cut, jpeg, 2),
    "JPEG, half of the mark": partial(cut, jpeg, 1),
    "JPEG, progressive": partial(cut, partial(jpeg, progressive=True), 2),
    "JPEG, restart markers": partial(cut, partial(jpeg, restart_marker_rows=1), 2),
    "JPEG, each pixel its colours": partial(cut, partial(jpeg, subsampling=0, quality=100), 2),
    "JPEG, grey": partial(cut, partial(encoded, photo(mode="L")), 2),
    "JPEG, for printers": partial(cut, partial(encoded, photo(mode="CMYK")), 2),
    "JPEG, decoded at a half": partial(cut, partial(encoded, photo(3200)), 2),
    "JPEG, decoded apart": partial(cut, partial(encoded, photo(3200), progressive=True), 2),
    "JPEG, turned": partial(cut, partial(jpeg, exif=exif(8)), 2),
    "JPEG, zeros for the mark": lambda: jpeg()[:-2] + b"\0" * 500,
    "JPEG, then another": partial(cut, partial(in_one, 2), 2),
    "PNG": partial(cut, partial(encoded, photo(), "PNG"), 12),
    "PNG, the pixels' checksums": partial(cut, partial(encoded, photo(), "PNG"), 20),
    **{f"PNG, {each} of a text": partial(behind_the_pixels, each) for each in (13, 30, 150, 230)},
    **{
        f"WEBP, {each} of its XMP": partial(
            cut, partial(encoded, photo(), "WEBP", xmp=xmp(1), exif=exif(1)), each
        )
        for each in (1, 100, 250)
    },
}


def made(content: bytes) -> Image.Image:
    return Image.open(BytesIO(normalise(BytesIO(content)).content))


@pytest.mark.parametrize("name", WHOLE)
def test_a_picture_whose_pixels_are_all_there_is_taken(name: str) -> None:
    content = WHOLE[name]()
    outcome = made(content)
    expected = photo(outcome.width)
    if name == "JPEG, turned":
        expected = expected.transpose(Image.Transpose.ROTATE_90)
    if name == "JPEG, grey":
        expected = expected.convert("L").convert("RGB")
    # What is missing at the bottom would be grey.
    bottom = (0, outcome.height - 16, outcome.width, outcome.height)
    for box in (None, bottom):
        apart = ImageChops.difference(outcome.crop(box), expected.crop(box))
        assert max(ImageStat.Stat(apart).mean) < 12
    if not name.startswith("JPEG, for printers"):
        assert inspect_picture(content).width >= 512


LACKING: dict[str, Callable[[], bytes]] = {
    **{f"JPEG, {each} bytes": partial(cut, jpeg, each) for each in (20, 64, 1000, 20_000)},
    "JPEG, restart markers": partial(cut, partial(jpeg, restart_marker_rows=1), 1000),
    "JPEG, progressive": partial(cut, partial(jpeg, progressive=True), 1000),
    **{f"JPEG, scans from {each} on": partial(cut_before_scan, each) for each in (1, 2, 5, -1)},
    "JPEG, all of its pixels": lambda: jpeg()[: scans(jpeg())[0]],
    "PNG": partial(cut, partial(encoded, photo(), "PNG"), 1000),
    "WEBP": partial(cut, partial(encoded, photo(), "WEBP"), 1000),
    "AVIF": partial(cut, partial(encoded, photo(), "AVIF"), 1000),
}


@pytest.mark.parametrize("name", LACKING)
def test_a_picture_that_lacks_pixels_is_refused(name: str) -> None:
    content = LACKING[name]()
    with pytest.raises(InvalidImage) as caught:
        made(content)
    assert caught.value.code == "truncated"
    with pytest.raises(ResultRefused) as refused:
        inspect_picture(content)
    assert refused.value.code == "broken"


def test_bytes_that_pretend_to_be_a_webp_are_no_endless_work() -> None:
    for size in range(12, 40):
        content = b"RIFF\xff\xff\xff\x7fWEBPVP8 " + b"\xff" * size
        with pytest.raises(InvalidImage):
            made(content)
