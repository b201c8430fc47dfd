"""Bad and odd pictures, each with what must become of it; ``python -m tests.images.corpus DIR``.

``taken`` are made into a clean JPEG; any other word is the code of the refusal.
"""

from __future__ import annotations

import io
import struct
import sys
import wave
import zipfile
import zlib
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import pillow_heif
from PIL import ExifTags, Image, ImageCms, PngImagePlugin

from tests.images.pictures import encoded, png_chunk, png_of_size, scene, webp_of_size

TAKEN = "taken"
#: Stands in every place that holds more than pixels; no outcome may hold it.
MARK = "SecretMark"
KINDS = ("JPEG", "PNG", "WEBP", "AVIF", "HEIC")

Odd = tuple[Callable[[], bytes], str]


def heic(image: Image.Image, **options: Any) -> bytes:
    out = io.BytesIO()
    # Its usual preset takes half a minute for a photo of twelve megapixels.
    pillow_heif.from_pillow(image).save(
        out, quality=80, enc_params={"preset": "ultrafast"}, **options
    )
    return out.getvalue()


def of_kind(kind: str, image: Image.Image | None = None, **options: Any) -> bytes:
    image = image or scene()
    return heic(image, **options) if kind == "HEIC" else encoded(image, kind, **options)


def _exif(orientation: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Make] = MARK
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (52.0, 31.0, 12.0)
    return exif


def _profile(name: str) -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(name)).tobytes()  # type: ignore[arg-type]


def _archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("evil.html", f"<script>{MARK}</script>")
    return out.getvalue()


def _sound() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(8000)
        sound.writeframes(bytes(4000))
    return out.getvalue()


def _segment(kind: int, content: bytes) -> bytes:
    return bytes([0xFF, kind]) + (len(content) + 2).to_bytes(2, "big") + content


def _modes() -> dict[str, Odd]:
    grey16 = Image.linear_gradient("L").convert("I").point(lambda value: value * 257)
    return {
        "cmyk.jpg": (lambda: of_kind("JPEG", scene(mode="CMYK")), TAKEN),
        "grey.jpg": (lambda: of_kind("JPEG", scene(mode="L")), TAKEN),
        "progressive.jpg": (lambda: of_kind("JPEG", progressive=True), TAKEN),
        "16-bit.png": (lambda: of_kind("PNG", grey16.convert("I;16")), TAKEN),
        "16-bit-colour.png": (lambda: _png(300, 200, depth=16, kind=2, channels=3), TAKEN),
        "16-bit-alpha.png": (lambda: _png(300, 200, depth=16, kind=6, channels=4), TAKEN),
        "palette.png": (lambda: of_kind("PNG", scene().quantize()), TAKEN),
        "palette-alpha.png": (lambda: of_kind("PNG", scene().quantize(), transparency=0), TAKEN),
        "bitmap.png": (lambda: of_kind("PNG", scene(mode="1")), TAKEN),
        "alpha.png": (lambda: of_kind("PNG", scene(mode="RGBA")), TAKEN),
        "grey-alpha.png": (lambda: of_kind("PNG", scene(mode="LA")), TAKEN),
        "colour-key.png": (lambda: of_kind("PNG", transparency=(220, 20, 20)), TAKEN),
        "alpha.webp": (lambda: of_kind("WEBP", scene(mode="RGBA"), lossless=True), TAKEN),
        "alpha.avif": (lambda: of_kind("AVIF", scene(mode="RGBA")), TAKEN),
        "alpha.heic": (lambda: of_kind("HEIC", scene(mode="RGBA")), TAKEN),
    }


def _turned(kind: str, orientation: int) -> bytes:
    return of_kind(kind, exif=_exif(orientation).tobytes())


def _metadata() -> dict[str, Odd]:
    turned = {f"orientation-{n}.jpg": (partial(_turned, "JPEG", n), TAKEN) for n in range(10)}
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Author", MARK)
    notes.add_itxt("XML:com.adobe.xmp", f"<x>{MARK}</x>")
    xmp = f"<x:xmpmeta>{MARK}</x:xmpmeta>".encode()
    return {
        **turned,
        **{f"gps.{kind.lower()}": (partial(_turned, kind, 6), TAKEN) for kind in KINDS},
        "texts.png": (lambda: of_kind("PNG", pnginfo=notes), TAKEN),
        "xmp.jpg": (lambda: of_kind("JPEG", xmp=xmp), TAKEN),
        "xmp.webp": (lambda: of_kind("WEBP", xmp=xmp), TAKEN),
        "comment.jpg": (lambda: of_kind("JPEG", comment=MARK.encode()), TAKEN),
        "profile.jpg": (lambda: of_kind("JPEG", icc_profile=_profile("sRGB")), TAKEN),
        "wrong-profile.jpg": (lambda: of_kind("JPEG", icc_profile=_profile("LAB")), TAKEN),
        "broken-profile.jpg": (lambda: of_kind("JPEG", icc_profile=MARK.encode() * 99), TAKEN),
        "broken-exif.jpg": (lambda: of_kind("JPEG", exif=b"Exif\0\0" + MARK.encode() * 9), TAKEN),
        "endless-exif.jpg": (
            lambda: of_kind("JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + bytes(60)),
            TAKEN,
        ),
        "orientation-text.jpg": (
            lambda: of_kind(
                "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\2\0\4\0\0\0abc\0\0\0\0\0"
            ),
            TAKEN,
        ),
    }


def _bombs() -> dict[str, Odd]:
    tall = encoded(Image.new("RGB", (64, 16_385)))
    return {
        "9000x9000.png": (lambda: png_of_size(9000, 9000), TAKEN),
        "7000x7000.webp": (
            lambda: encoded(Image.new("RGBA", (7000, 7000)), "WEBP", lossless=True, method=0),
            "pixels",
        ),
        "30000x1.png": (lambda: png_of_size(30_000, 1), "pixels"),
        "65535x65535.png": (lambda: png_of_size(65_535, 65_535), "pixels"),
        "100-megapixels.jpg": (
            lambda: encoded(Image.new("L", (10_000, 10_000)), quality=20),
            TAKEN,
        ),
        "16385-high.jpg": (lambda: tall, "pixels"),
        "16383x16383.webp": (lambda: webp_of_size(16_383, 16_383), "pixels"),
        "claims-12000x4000.webp": (lambda: webp_of_size(12_000, 4000), "pixels"),
        "claims-5500x4000.webp": (lambda: webp_of_size(5500, 4000), "truncated"),
        "50-megabyte-profile.png": (
            lambda: png_of_size(99, 99, profile=bytes(50_000_000)),
            "truncated",
        ),
        "0x0.png": (lambda: _png(0, 0), "truncated"),
        "no-pixels.png": (lambda: _png(400, 300, pixels=b""), "truncated"),
        "too-few-pixels.png": (
            lambda: _png(400, 300, pixels=zlib.compress(bytes(999))),
            "truncated",
        ),
    }


def _png(
    width: int,
    height: int,
    *,
    depth: int = 8,
    kind: int = 2,
    channels: int = 3,
    pixels: bytes | None = None,
) -> bytes:
    """Return a grey PNG of any depth and kind of colour, which Pillow itself does not write."""
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    row = b"\0" + b"\x80" * (width * channels * depth // 8)
    body = zlib.compress(row * height) if pixels is None else pixels
    chunks = ((b"IHDR", header), (b"IDAT", body), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)


def _animations() -> dict[str, Odd]:
    return {
        "animated.webp": (lambda: _several("WEBP"), TAKEN),
        "animated.png": (lambda: _several("PNG"), TAKEN),
        "animated.avif": (lambda: _several("AVIF"), TAKEN),
        "animated.gif": (lambda: _several("GIF"), "gif"),
        "several.mpo": (lambda: _several("MPO"), TAKEN),
        "several.tiff": (lambda: _several("TIFF"), "tiff"),
        "5000-frames.webp": (lambda: _several("WEBP", 5000, lossless=True, quality=0), TAKEN),
    }


def _several(kind: str, count: int = 4, **options: Any) -> bytes:
    frames = [Image.new("RGB", (96, 96), (n * 7 % 250, n % 250, 9)) for n in range(count)]
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)


def _others() -> dict[str, Odd]:
    svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
    return {
        "nothing": (lambda: b"", "empty"),
        "zeros.jpg": (lambda: bytes(5000), "not_a_picture"),
        "text.jpg": (lambda: b"Dear shop, this is me.", "not_a_picture"),
        "page.jpg": (lambda: b"<!doctype html><script>alert(1)</script>", "not_a_picture"),
        "picture.svg": (lambda: svg, "svg"),
        "declared.svg": (lambda: b"<?xml version='1.0'?>\n<!-- -->" + svg, "svg"),
        "picture.gif": (lambda: encoded(scene(), "GIF"), "gif"),
        "picture.tiff": (lambda: encoded(scene(), "TIFF"), "tiff"),
        "big-endian.tiff": (lambda: b"MM\0*" + bytes(400), "tiff"),
        "picture.bmp": (lambda: encoded(scene(), "BMP"), "format"),
        "picture.ico": (lambda: encoded(scene(), "ICO"), "format"),
        "paper.pdf": (lambda: encoded(scene(), "PDF"), "pdf"),
        "archive.jpg": (_archive, "not_a_picture"),
        "sound.jpg": (_sound, "not_a_picture"),
        "program.jpg": (lambda: b"\x7fELF" + bytes(300), "not_a_picture"),
        "film.mp4": (lambda: b"\0\0\0\x18ftypmp42" + bytes(300), "not_a_picture"),
        "only-a-start.jpg": (lambda: b"\xff\xd8\xff", "truncated"),
        "only-a-start.png": (lambda: b"\x89PNG\r\n\x1a\n", "truncated"),
        "only-a-start.webp": (lambda: b"RIFF\0\0\0\0WEBP", "truncated"),
        "1x1.jpg": (lambda: encoded(Image.new("RGB", (1, 1))), "too_small"),
        "1x1.png": (lambda: encoded(Image.new("RGB", (1, 1)), "PNG"), "too_small"),
        "500x63.jpg": (lambda: encoded(Image.new("RGB", (500, 63))), "too_small"),
        "64x64.jpg": (lambda: encoded(Image.new("RGB", (64, 64))), TAKEN),
        "png-named.jpg": (lambda: encoded(scene(), "PNG"), TAKEN),
    }


def _polyglots() -> dict[str, Odd]:
    jpeg, png = encoded(scene()), encoded(scene(), "PNG")
    script = f"<script>/*{MARK}*/alert(1)</script>".encode()
    php = f"<?php echo '{MARK}'; ?>".encode()
    return {
        "page-behind.jpg": (lambda: jpeg + script, TAKEN),
        "archive-behind.jpg": (lambda: jpeg + _archive(), TAKEN),
        "archive-behind.png": (lambda: png + _archive(), TAKEN),
        "picture-behind.jpg": (lambda: jpeg + png, TAKEN),
        "megabyte-behind.jpg": (lambda: jpeg + MARK.encode() * 100_000, TAKEN),
        "script-in-segment.jpg": (lambda: jpeg[:2] + _segment(0xEF, script) + jpeg[2:], TAKEN),
        "php-in-comment.jpg": (lambda: jpeg[:2] + _segment(0xFE, php) + jpeg[2:], TAKEN),
        "php-in-chunk.png": (lambda: png[:33] + png_chunk(b"teXt", php) + png[33:], TAKEN),
        "gif-and-script.gif": (lambda: b"GIF89a/*" + bytes(40) + b"*/=1;alert(1)", "gif"),
        "pdf-and-jpeg.pdf": (lambda: b"%PDF-1.4\n" + jpeg, "pdf"),
        "page-before.jpg": (lambda: script + jpeg, "not_a_picture"),
        "avif-named-heic.avif": (
            lambda: encoded(scene(), "AVIF").replace(b"ftypavif", b"ftypmif1", 1),
            TAKEN,
        ),
    }


def _truncated() -> dict[str, Odd]:
    return {
        f"{tenth}-tenths.{kind.lower()}": (partial(_cut, kind, tenth), "truncated")
        for kind in KINDS
        for tenth in range(1, 10)
    }


def _cut(kind: str, tenth: int) -> bytes:
    whole = _whole(kind)
    return whole[: len(whole) * tenth // 10]


@cache
def _whole(kind: str) -> bytes:
    return of_kind(kind, scene(800, 600))


#: What must become of each: ``taken`` or the code of its refusal; ``drawn(name)`` is the picture.
CORPUS: dict[str, Odd] = {
    **_modes(),
    **_metadata(),
    **_bombs(),
    **_animations(),
    **_others(),
    **_polyglots(),
    **_truncated(),
}


@cache
def drawn(name: str) -> bytes:
    """Return the picture of that name, made when somebody first wants it."""
    draw, _word = CORPUS[name]
    return draw()


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name in CORPUS:
        (folder / name).write_bytes(drawn(name))
    sys.stdout.write(f"{len(CORPUS)} pictures in {folder}\n")
