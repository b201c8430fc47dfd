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
from functools import cache
from pathlib import Path
from typing import Any

import pillow_heif
from PIL import ExifTags, Image, ImageCms, PngImagePlugin

from tests.images.pictures import encoded, png_chunk, png_of_size, scene, webp_of_size

TAKEN = "taken"
#: Stands in every place that holds more than pixels; no outcome may hold it.
MARK = "SecretMark"
KINDS = ("JPEG", "PNG", "WEBP", "AVIF", "HEIC")

Odd = tuple[bytes, str]


def heic(image: Image.Image, **options: Any) -> bytes:
    out = io.BytesIO()
    pillow_heif.from_pillow(image).save(out, quality=80, **options)
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
        "cmyk.jpg": (of_kind("JPEG", scene(mode="CMYK")), TAKEN),
        "grey.jpg": (of_kind("JPEG", scene(mode="L")), TAKEN),
        "progressive.jpg": (of_kind("JPEG", progressive=True), TAKEN),
        "16-bit.png": (of_kind("PNG", grey16.convert("I;16")), TAKEN),
        "16-bit-colour.png": (_png(300, 200, depth=16, kind=2, channels=3), TAKEN),
        "16-bit-alpha.png": (_png(300, 200, depth=16, kind=6, channels=4), TAKEN),
        "palette.png": (of_kind("PNG", scene().quantize()), TAKEN),
        "palette-alpha.png": (of_kind("PNG", scene().quantize(), transparency=0), TAKEN),
        "bitmap.png": (of_kind("PNG", scene(mode="1")), TAKEN),
        "alpha.png": (of_kind("PNG", scene(mode="RGBA")), TAKEN),
        "grey-alpha.png": (of_kind("PNG", scene(mode="LA")), TAKEN),
        "colour-key.png": (of_kind("PNG", transparency=(220, 20, 20)), TAKEN),
        "alpha.webp": (of_kind("WEBP", scene(mode="RGBA"), lossless=True), TAKEN),
        "alpha.avif": (of_kind("AVIF", scene(mode="RGBA")), TAKEN),
        "alpha.heic": (of_kind("HEIC", scene(mode="RGBA")), TAKEN),
    }


def _metadata() -> dict[str, Odd]:
    turned = {f"orientation-{n}.jpg": (of_kind("JPEG", exif=_exif(n)), TAKEN) for n in range(10)}
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Author", MARK)
    notes.add_itxt("XML:com.adobe.xmp", f"<x>{MARK}</x>")
    xmp = f"<x:xmpmeta>{MARK}</x:xmpmeta>".encode()
    return {
        **turned,
        **{
            f"gps.{kind.lower()}": (of_kind(kind, exif=_exif(6).tobytes()), TAKEN) for kind in KINDS
        },
        "texts.png": (of_kind("PNG", pnginfo=notes), TAKEN),
        "xmp.jpg": (of_kind("JPEG", xmp=xmp), TAKEN),
        "xmp.webp": (of_kind("WEBP", xmp=xmp), TAKEN),
        "comment.jpg": (of_kind("JPEG", comment=MARK.encode()), TAKEN),
        "profile.jpg": (of_kind("JPEG", icc_profile=_profile("sRGB")), TAKEN),
        "wrong-profile.jpg": (of_kind("JPEG", icc_profile=_profile("LAB")), TAKEN),
        "broken-profile.jpg": (of_kind("JPEG", icc_profile=MARK.encode() * 99), TAKEN),
        "broken-exif.jpg": (of_kind("JPEG", exif=b"Exif\0\0" + MARK.encode() * 9), TAKEN),
        "endless-exif.jpg": (
            of_kind("JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + bytes(60)),
            TAKEN,
        ),
        "orientation-text.jpg": (
            of_kind("JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\2\0\4\0\0\0abc\0\0\0\0\0"),
            TAKEN,
        ),
    }


def _bombs() -> dict[str, Odd]:
    tall = encoded(Image.new("RGB", (64, 12_001)))
    return {
        "9000x9000.png": (png_of_size(9000, 9000), "pixels"),
        "30000x1.png": (png_of_size(30_000, 1), "pixels"),
        "65535x65535.png": (png_of_size(65_535, 65_535), "pixels"),
        "100-megapixels.jpg": (encoded(Image.new("L", (10_000, 10_000)), quality=20), "pixels"),
        "12001-high.jpg": (tall, "pixels"),
        "16383x16383.webp": (webp_of_size(16_383, 16_383), "pixels"),
        "claims-12000x4000.webp": (webp_of_size(12_000, 4000), "truncated"),
        "50-megabyte-profile.png": (png_of_size(99, 99, profile=bytes(50_000_000)), "truncated"),
        "0x0.png": (_png(0, 0), "truncated"),
        "no-pixels.png": (_png(400, 300, pixels=b""), "truncated"),
        "too-few-pixels.png": (_png(400, 300, pixels=zlib.compress(bytes(999))), "truncated"),
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
        "animated.webp": (_several("WEBP"), TAKEN),
        "animated.png": (_several("PNG"), TAKEN),
        "animated.avif": (_several("AVIF"), TAKEN),
        "animated.gif": (_several("GIF"), "gif"),
        "several.mpo": (_several("MPO"), TAKEN),
        "several.tiff": (_several("TIFF"), "tiff"),
        "5000-frames.webp": (_several("WEBP", 5000), TAKEN),
    }


def _several(kind: str, count: int = 4) -> bytes:
    frames = [Image.new("RGB", (96, 96), (n * 7 % 250, n % 250, 9)) for n in range(count)]
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:])


def _others() -> dict[str, Odd]:
    svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
    return {
        "nothing": (b"", "empty"),
        "zeros.jpg": (bytes(5000), "not_a_picture"),
        "text.jpg": (b"Dear shop, this is me.", "not_a_picture"),
        "page.jpg": (b"<!doctype html><script>alert(1)</script>", "not_a_picture"),
        "picture.svg": (svg, "svg"),
        "declared.svg": (b"<?xml version='1.0'?>\n<!-- -->" + svg, "svg"),
        "picture.gif": (encoded(scene(), "GIF"), "gif"),
        "picture.tiff": (encoded(scene(), "TIFF"), "tiff"),
        "big-endian.tiff": (b"MM\0*" + bytes(400), "tiff"),
        "picture.bmp": (encoded(scene(), "BMP"), "format"),
        "picture.ico": (encoded(scene(), "ICO"), "format"),
        "paper.pdf": (encoded(scene(), "PDF"), "pdf"),
        "archive.jpg": (_archive(), "not_a_picture"),
        "sound.jpg": (_sound(), "not_a_picture"),
        "program.jpg": (b"\x7fELF" + bytes(300), "not_a_picture"),
        "film.mp4": (b"\0\0\0\x18ftypmp42" + bytes(300), "not_a_picture"),
        "only-a-start.jpg": (b"\xff\xd8\xff", "truncated"),
        "only-a-start.png": (b"\x89PNG\r\n\x1a\n", "truncated"),
        "only-a-start.webp": (b"RIFF\0\0\0\0WEBP", "truncated"),
        "1x1.jpg": (encoded(Image.new("RGB", (1, 1))), "too_small"),
        "1x1.png": (encoded(Image.new("RGB", (1, 1)), "PNG"), "too_small"),
        "500x63.jpg": (encoded(Image.new("RGB", (500, 63))), "too_small"),
        "64x64.jpg": (encoded(Image.new("RGB", (64, 64))), TAKEN),
        "png-named.jpg": (encoded(scene(), "PNG"), TAKEN),
    }


def _polyglots() -> dict[str, Odd]:
    jpeg, png = encoded(scene()), encoded(scene(), "PNG")
    script = f"<script>/*{MARK}*/alert(1)</script>".encode()
    php = f"<?php echo '{MARK}'; ?>".encode()
    return {
        "page-behind.jpg": (jpeg + script, TAKEN),
        "archive-behind.jpg": (jpeg + _archive(), TAKEN),
        "archive-behind.png": (png + _archive(), TAKEN),
        "picture-behind.jpg": (jpeg + png, TAKEN),
        "megabyte-behind.jpg": (jpeg + MARK.encode() * 100_000, TAKEN),
        "script-in-segment.jpg": (jpeg[:2] + _segment(0xEF, script) + jpeg[2:], TAKEN),
        "php-in-comment.jpg": (jpeg[:2] + _segment(0xFE, php) + jpeg[2:], TAKEN),
        "php-in-chunk.png": (png[:33] + png_chunk(b"teXt", php) + png[33:], TAKEN),
        "gif-and-script.gif": (b"GIF89a/*" + bytes(40) + b"*/=1;alert(1)", "gif"),
        "pdf-and-jpeg.pdf": (b"%PDF-1.4\n" + jpeg, "pdf"),
        "page-before.jpg": (script + jpeg, "not_a_picture"),
        "avif-named-heic.avif": (
            encoded(scene(), "AVIF").replace(b"ftypavif", b"ftypmif1", 1),
            TAKEN,
        ),
    }


def _truncated() -> dict[str, Odd]:
    cut: dict[str, Odd] = {}
    for kind in KINDS:
        whole = of_kind(kind, scene(800, 600))
        for tenth in range(1, 10):
            name = f"{tenth}-tenths.{kind.lower()}"
            cut[name] = (whole[: len(whole) * tenth // 10], "truncated")
    return cut


@cache
def corpus() -> dict[str, Odd]:
    """Return the pictures by name; each with ``taken`` or the code of its refusal."""
    return {
        **_modes(),
        **_metadata(),
        **_bombs(),
        **_animations(),
        **_others(),
        **_polyglots(),
        **_truncated(),
    }


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, (content, _word) in corpus().items():
        (folder / name).write_bytes(content)
    sys.stdout.write(f"{len(corpus())} pictures in {folder}\n")
