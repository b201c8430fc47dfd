"""Pictures that say how they stand and which colours they have, in every way that files know."""

from __future__ import annotations

import io
import struct
from typing import Any

import pillow_heif
from PIL import ExifTags, Image

from tests.images.pictures import encoded, png_chunk, scene

COLOURS = [(200, 60, 60), (60, 200, 60), (60, 60, 200), (128, 128, 128), (250, 250, 250), (20,) * 3]
_SIDE = 64


def patches(mode: str = "RGB") -> Image.Image:
    """Return the colours side by side."""
    image = Image.new("RGB", (_SIDE * len(COLOURS), _SIDE))
    for at, colour in enumerate(COLOURS):
        image.paste(colour, (at * _SIDE, 0, (at + 1) * _SIDE, _SIDE))
    return image.convert(mode)


def colours_of(image: Image.Image) -> list[tuple[int, int, int]]:
    """Return what the middles of the patches are."""
    found: list[Any] = [
        image.convert("RGB").getpixel((at * _SIDE + _SIDE // 2, _SIDE // 2))
        for at in range(len(COLOURS))
    ]
    return found


def tiff(
    value: int,
    *,
    kind: int = 3,
    order: str = "<",
    count: int = 1,
    second: bool = False,
    tag: int = ExifTags.Base.Orientation,
) -> bytes:
    """Return EXIF's block with one tag, in the first directory or the second."""
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    packed = struct.pack(order + {1: "B", 3: "H", 4: "I"}[kind], value).ljust(4, b"\0")
    entry = struct.pack(f"{order}HHI", tag, kind, count) + packed
    directory = struct.pack(f"{order}H", 1) + entry + struct.pack(f"{order}I", 0)
    empty = struct.pack(f"{order}HI", 0, 14)
    return start + (empty if second else b"") + directory


def exif(value: int, **options: Any) -> bytes:
    return b"Exif\0\0" + tiff(value, **options)


def xmp(value: int, *, element: bool = False) -> bytes:
    mark = f"<tiff:Orientation>{value}</tiff:Orientation>" if element else ""
    attribute = "" if element else f' tiff:Orientation="{value}"'
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
        f'xmlns:tiff="http://ns.adobe.com/tiff/1.0/"{attribute}>{mark}'
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def jpeg(*segments: bytes, image: Image.Image | None = None, **options: Any) -> bytes:
    """Return a JPEG with these APP1 segments."""
    raw = encoded(image or scene(), quality=98, subsampling=0, **options)
    marks = [b"\xff\xe1" + struct.pack(">H", len(each) + 2) + each for each in segments]
    return raw[:2] + b"".join(marks) + raw[2:]


XMP_IN_JPEG = b"http://ns.adobe.com/xap/1.0/\0"


def png(
    *chunks: tuple[bytes, bytes],
    behind: tuple[tuple[bytes, bytes], ...] = (),
    image: Image.Image | None = None,
    **options: Any,
) -> bytes:
    """Return a PNG with these chunks before its pixels and ``behind`` them."""
    raw = encoded(image or scene(), "PNG", **options)
    pixels, end = raw.index(b"IDAT") - 4, raw.index(b"IEND") - 4
    before = b"".join(png_chunk(*each) for each in chunks)
    after = b"".join(png_chunk(*each) for each in behind)
    return raw[:pixels] + before + raw[pixels:end] + after + raw[end:]


def png_xmp(value: int) -> tuple[bytes, bytes]:
    return b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(value)


def raw_profile(value: int) -> tuple[bytes, bytes]:
    """Return EXIF as ImageMagick keeps it in the text of a PNG."""
    block = exif(value)
    return b"tEXt", b"Raw profile type exif\0\nexif\n%8d\n%s\n" % (len(block), block.hex().encode())


def cicp(primaries: int, transfer: int, matrix: int = 0, full: int = 1) -> tuple[bytes, bytes]:
    return b"cICP", bytes([primaries, transfer, matrix, full])


def gama(value: int) -> tuple[bytes, bytes]:
    return b"gAMA", struct.pack(">I", value)


P3 = (0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060)
SRGB = (0.3127, 0.3290, 0.640, 0.330, 0.300, 0.600, 0.150, 0.060)


def chrm(numbers: tuple[float, ...]) -> tuple[bytes, bytes]:
    return b"cHRM", struct.pack(">8I", *(round(number * 100_000) for number in numbers))


def avif(primaries: int, transfer: int, image: Image.Image | None = None, **options: Any) -> bytes:
    """Return an AVIF whose box names these colours."""
    if image is None or image.mode != "L":
        options["subsampling"] = "4:4:4"
    content = bytearray(encoded(image or patches(), "AVIF", quality=100, **options))
    at = content.index(b"colrnclx") + 8
    content[at : at + 4] = struct.pack(">HH", primaries, transfer)
    return bytes(content)


def avif_of_exif(properties: int, told: int) -> bytes:
    """Return an AVIF turned by its properties, whose EXIF tells something else."""
    block = Image.Exif()
    block[ExifTags.Base.Orientation] = properties
    block[ExifTags.Base.ResolutionUnit] = told
    content = encoded(scene(), "AVIF", exif=block)
    # Pillow makes properties of the orientation and leaves it out of the block.
    before, after = (struct.pack("<HHIH", tag, 3, 1, told) for tag in (0x128, 0x112))
    if before not in content:
        before, after = (struct.pack(">HHIH", tag, 3, 1, told) for tag in (0x128, 0x112))
    assert content.count(before) == 1
    return content.replace(before, after)


def heic(image: Image.Image, **options: Any) -> bytes:
    out = io.BytesIO()
    pillow_heif.from_pillow(image).save(out, quality=95, chroma=444, **options)
    return out.getvalue()
