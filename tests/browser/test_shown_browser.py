"""A picture is kept as browsers show it: how it stands, and in which colours (fault 71).

Chromium and Firefox are asked in the test. Where they differ, the row names whom we
follow. Neither shows a HEIC: its row is held against an AVIF with the same boxes.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageStat
from playwright.sync_api import Browser, Page, Route

from glam_tryon.images import normalise
from glam_tryon.images.colour_profile import named_profile
from tests.images.marked import (
    P3,
    SRGB,
    XMP_IN_JPEG,
    avif,
    avif_of_exif,
    chrm,
    cicp,
    colours_of,
    exif,
    gama,
    heic,
    jpeg,
    patches,
    png,
    png_xmp,
    raw_profile,
    tiff,
    xmp,
)
from tests.images.pictures import encoded, scene

from .firefox import AS_IT_IS

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BOTH = ("chromium", "firefox")
CHROMIUM = ("chromium",)
TYPES = {"JPEG": "jpeg", "PNG": "png", "WEBP": "webp", "AVIF": "avif"}

SHOW = """async ([content, type, long]) => {
  const bytes = Uint8Array.from(atob(content), (each) => each.charCodeAt(0));
  const file = new Blob([bytes], { type });
  let shown = file;
  if (long) {
    const { shrink } = await import("/photo.js");
    shown = await shrink(file, long);
  }
  const image = new Image();
  image.src = URL.createObjectURL(shown);
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL("image/png").split(",")[1];
}"""


def answer(route: Route) -> None:
    if route.request.url.endswith("/photo.js"):
        script = Path("glam_tryon/static/glam_tryon/photo.js").read_text()
        route.fulfill(content_type="text/javascript", body=script)
    else:
        route.fulfill(content_type="text/html", body="<!doctype html><title>Pictures</title>")


@pytest.fixture(scope="module")
def pages(chromium: Browser, firefox: Browser) -> Iterator[dict[str, Page]]:
    contexts = {"chromium": chromium.new_context(), "firefox": firefox.new_context(**AS_IT_IS)}
    found = {name: context.new_page() for name, context in contexts.items()}
    for page in found.values():
        # Of a host that is this machine's, so that canvases and modules are allowed.
        page.route("**/*", answer)
        page.goto("http://pictures.localhost/")
    yield found
    for context in contexts.values():
        context.close()


def shown(page: Page, content: bytes, long: int = 0) -> Image.Image:
    """Return what the page shows of a picture, or of what the dialog makes of it."""
    with Image.open(io.BytesIO(content)) as image:
        kind = TYPES["JPEG" if image.format == "MPO" else str(image.format)]
    drawn = page.evaluate(SHOW, [base64.b64encode(content).decode(), f"image/{kind}", long])
    return Image.open(io.BytesIO(base64.b64decode(drawn))).convert("RGB")


def kept(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(normalise(io.BytesIO(content)).content))


def turned_by(value: int, **options: Any) -> tuple[bytes, bytes]:
    return b"eXIf", tiff(value, **options)


STANDS: dict[str, tuple[Callable[[], bytes], tuple[str, ...]]] = {
    **{f"JPEG, EXIF {each}": (partial(jpeg, exif(each)), BOTH) for each in range(10)},
    "JPEG, EXIF 6, big-endian": (partial(jpeg, exif(6, order=">")), BOTH),
    "JPEG, EXIF 6 as a long number": (partial(jpeg, exif(6, kind=4)), BOTH),
    "JPEG, EXIF 6 as a byte": (partial(jpeg, exif(6, kind=1)), BOTH),
    "JPEG, EXIF 6 counted twice": (partial(jpeg, exif(6, count=2)), BOTH),
    "JPEG, EXIF 6 of its thumbnail": (partial(jpeg, exif(6, second=True)), BOTH),
    "JPEG, two EXIF": (partial(jpeg, exif(6), exif(3)), BOTH),
    "JPEG, XMP 6": (partial(jpeg, XMP_IN_JPEG + xmp(6)), BOTH),
    "JPEG, XMP 6 as an element": (partial(jpeg, XMP_IN_JPEG + xmp(6, element=True)), BOTH),
    "JPEG, XMP 6, EXIF 1": (partial(jpeg, exif(1), XMP_IN_JPEG + xmp(6)), BOTH),
    "JPEG, XMP 6, EXIF without it": (
        partial(jpeg, exif(6, second=True), XMP_IN_JPEG + xmp(6)),
        BOTH,
    ),
    "JPEG, XMP 3, EXIF 6": (partial(jpeg, exif(6), XMP_IN_JPEG + xmp(3)), BOTH),
    "JPEG, XMP 3 before EXIF 6": (partial(jpeg, XMP_IN_JPEG + xmp(3), exif(6)), CHROMIUM),
    "JPEG, progressive, EXIF 8": (partial(jpeg, exif(8), progressive=True), BOTH),
    **{f"PNG, EXIF {each}": (partial(png, turned_by(each)), BOTH) for each in range(1, 9)},
    "PNG, EXIF 6 with the prefix of a JPEG's": (partial(png, (b"eXIf", exif(6))), BOTH),
    "PNG, EXIF 6 as a long number": (partial(png, turned_by(6, kind=4)), BOTH),
    "PNG, EXIF 6 behind the pixels": (partial(png, behind=(turned_by(6),)), BOTH),
    "PNG, two EXIF": (partial(png, turned_by(6), turned_by(3)), BOTH),
    "PNG, EXIF 6 as a text": (partial(png, raw_profile(6)), BOTH),
    "PNG, EXIF 6 as a text behind the pixels": (partial(png, behind=(raw_profile(6),)), BOTH),
    "PNG, XMP 6": (partial(png, png_xmp(6)), BOTH),
    "PNG, XMP 3, EXIF 6": (partial(png, png_xmp(3), turned_by(6)), BOTH),
    "WEBP, EXIF 6": (partial(encoded, scene(), "WEBP", exif=exif(6)), BOTH),
    "WEBP, XMP 6": (partial(encoded, scene(), "WEBP", xmp=xmp(6)), BOTH),
    "WEBP, lossless, EXIF 3": (
        partial(encoded, scene(), "WEBP", exif=exif(3), lossless=True),
        BOTH,
    ),
    **{
        f"AVIF, irot and imir for {each}": (
            partial(encoded, scene(), "AVIF", exif=exif(each)),
            BOTH,
        )
        for each in range(1, 9)
    },
    "AVIF, EXIF 6 alone": (partial(avif_of_exif, 1, 6), BOTH),
    "AVIF, irot for 6, EXIF 1": (partial(avif_of_exif, 6, 1), BOTH),
    "AVIF, irot for 6, EXIF 3": (partial(avif_of_exif, 6, 3), BOTH),
    "AVIF, XMP 6": (partial(encoded, scene(), "AVIF", xmp=xmp(6)), BOTH),
}


def assert_alike(ours: Image.Image, expected: Image.Image) -> None:
    assert ours.size == expected.size
    assert max(ImageStat.Stat(ImageChops.difference(ours, expected)).mean) < 4


@pytest.mark.parametrize("name", STANDS)
def test_a_picture_stands_as_browsers_show_it(pages: dict[str, Page], name: str) -> None:
    make, leaders = STANDS[name]
    content = make()
    for leader in leaders:
        assert_alike(kept(content), shown(pages[leader], content))


@pytest.mark.parametrize("name", [name for name, (_, whom) in STANDS.items() if whom == BOTH])
def test_the_dialog_and_the_plain_form_send_the_same(pages: dict[str, Page], name: str) -> None:
    content = STANDS[name][0]()
    for page in pages.values():
        assert_alike(kept(content), shown(page, content, long=1536))


@pytest.mark.parametrize("value", range(1, 9))
def test_a_heic_stands_as_an_avif_with_its_boxes(pages: dict[str, Page], value: int) -> None:
    twin = encoded(scene(), "AVIF", exif=exif(value))
    # pillow-heif writes properties for it.
    content = heic(scene(), exif=exif(value))
    assert (b"irot" in content or b"imir" in content) is (value != 1)
    assert_alike(kept(content), shown(pages["chromium"], twin))


def test_neither_exif_nor_xmp_turns_a_heic() -> None:
    told_by_xmp = heic(scene(), xmp=xmp(1)).replace(xmp(1), xmp(6))
    told_by_exif = heic(scene(), exif=exif(2, tag=0x128)).replace(tiff(2, tag=0x128), tiff(6))
    for content, mark in ((told_by_xmp, xmp(6)), (told_by_exif, tiff(6))):
        assert mark in content
        assert_alike(kept(content), scene())


DISPLAY_P3 = named_profile(12, 13)
LINEAR = named_profile(1, 8)

#: Content, whom we follow, and by how much a channel may differ. Firefox paints PQ and HLG so
#: dark that nothing is seen. By a profile each channel is toned by itself, in Chromium all three
#: together.
PAINTED: dict[str, tuple[Callable[[], bytes], tuple[str, ...], int]] = {
    **{
        f"AVIF, {first}/{second}": (partial(avif, first, second), BOTH, 3)
        for first, second in [
            *[(1, 1), (1, 4), (1, 5), (1, 8), (1, 13), (2, 2), (2, 13), (4, 4), (5, 6), (6, 6)],
            *[(9, 1), (9, 14), (9, 15), (11, 13), (12, 1), (12, 2), (12, 13), (22, 13)],
        ]
    },
    "AVIF, PQ": (partial(avif, 9, 16), CHROMIUM, 20),
    "AVIF, P3 and PQ": (partial(avif, 12, 16), CHROMIUM, 20),
    "AVIF, HLG": (partial(avif, 9, 18), CHROMIUM, 40),
    "AVIF, no such numbers": (partial(avif, 99, 99), CHROMIUM, 3),
    "AVIF, grey, linear": (partial(avif, 1, 8, patches("L")), BOTH, 3),
    "AVIF, alpha, P3": (partial(avif, 12, 13, patches("RGBA")), BOTH, 3),
    "AVIF, profile P3, named linear": (partial(avif, 1, 8, icc_profile=DISPLAY_P3), BOTH, 3),
    "PNG, cICP P3": (partial(png, cicp(12, 13), image=patches()), BOTH, 3),
    "PNG, cICP PQ": (partial(png, cicp(9, 16), image=patches()), CHROMIUM, 20),
    "PNG, cICP sRGB, gAMA 1": (partial(png, cicp(1, 13), gama(100_000), image=patches()), BOTH, 3),
    "PNG, cICP unknown, gAMA 1": (
        partial(png, cicp(2, 2), gama(100_000), image=patches()),
        BOTH,
        3,
    ),
    "PNG, cICP sRGB, profile P3": (
        partial(png, cicp(1, 13), image=patches(), icc_profile=DISPLAY_P3),
        BOTH,
        3,
    ),
    "PNG, gAMA 1/2.2": (partial(png, gama(45_455), image=patches()), BOTH, 3),
    "PNG, gAMA 1": (partial(png, gama(100_000), image=patches()), BOTH, 3),
    "PNG, gAMA 1/1.8": (partial(png, gama(55_556), image=patches()), CHROMIUM, 3),
    "PNG, gAMA 0": (partial(png, gama(0), image=patches()), BOTH, 3),
    "PNG, cHRM P3": (partial(png, chrm(P3), image=patches()), BOTH, 3),
    "PNG, cHRM P3, gAMA 1/2.2": (partial(png, gama(45_455), chrm(P3), image=patches()), BOTH, 3),
    "PNG, cHRM sRGB, gAMA 1/2.2": (
        partial(png, gama(45_455), chrm(SRGB), image=patches()),
        BOTH,
        3,
    ),
    "PNG, cHRM of zeros": (partial(png, gama(45_455), chrm((0.0,) * 8), image=patches()), BOTH, 3),
    "PNG, sRGB, gAMA 1": (
        partial(png, (b"sRGB", b"\0"), gama(100_000), image=patches()),
        CHROMIUM,
        3,
    ),
    "PNG, grey, gAMA 1": (partial(png, gama(100_000), image=patches("L")), BOTH, 3),
    "PNG, alpha, gAMA 1": (partial(png, gama(100_000), image=patches("RGBA")), BOTH, 3),
    "PNG, profile P3": (partial(png, image=patches(), icc_profile=DISPLAY_P3), BOTH, 3),
    "JPEG, profile P3": (partial(jpeg, image=patches(), icc_profile=DISPLAY_P3), BOTH, 3),
    "JPEG, grey, profile linear": (partial(jpeg, image=patches("L"), icc_profile=LINEAR), BOTH, 3),
    "WEBP, profile P3": (
        partial(encoded, patches(), "WEBP", lossless=True, icc_profile=DISPLAY_P3),
        BOTH,
        3,
    ),
}


def apart(ours: Image.Image, expected: Image.Image) -> int:
    pairs = zip(colours_of(ours), colours_of(expected), strict=True)
    return max(abs(a - b) for pair in pairs for a, b in zip(*pair, strict=True))


@pytest.mark.parametrize("name", PAINTED)
def test_a_picture_is_painted_as_browsers_paint_it(pages: dict[str, Page], name: str) -> None:
    make, leaders, most = PAINTED[name]
    content = make()
    for leader in leaders:
        assert apart(kept(content), shown(pages[leader], content)) <= most


@pytest.mark.parametrize(("first", "second", "most"), [(12, 13, 8), (9, 16, 20), (1, 13, 8)])
def test_a_heic_is_painted_as_an_avif_of_its_colours(
    pages: dict[str, Page], first: int, second: int, most: int
) -> None:
    named = {"color_primaries": first, "transfer_characteristics": second}
    content = heic(patches(), matrix_coefficients=6, full_range_flag=1, **named)
    expected = shown(pages["chromium"], avif(first, second))
    assert apart(kept(content), expected) <= most
