"""Orientation and colours of a picture, read from its file as browsers read them.

Pillow follows marks that no browser follows: orientation in XMP, in texts of a PNG and in a WEBP.
And it knows nothing of colours that are named by numbers. Who looks at a picture before it is sent,
in a shop or in the dialog, looks by a browser.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress

from PIL import ExifTags, Image

from glam_tryon.images.colour_profile import Primaries, gamma_profile, named_profile

_SHORT = 3
_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}


def orientation_of(image: Image.Image, content: bytes) -> int:
    """Return by which of EXIF's numbers, 1 to 8, a picture is turned; 1 leaves it.

    A JPEG and a PNG by EXIF, an AVIF by its properties, which Pillow hands on as EXIF; libheif has
    turned a HEIF already. ``content`` is the file that ``image`` was opened from.
    """
    if image.format in ("JPEG", "MPO"):
        exif: bytes = image.info.get("exif", b"")
        return _orientation(exif.removeprefix(b"Exif\0\0"))
    if image.format == "PNG":
        return _orientation(_png_chunks(content).get(b"eXIf", b""))
    if image.format == "AVIF" and "exif" in image.info:
        properties = Image.Exif()
        properties.load(image.info["exif"])
        return int(properties.get(ExifTags.Base.Orientation, 1))
    return 1


def _orientation(tiff: bytes) -> int:
    order = _ORDERS.get(tiff[:4])
    # Broken metadata is no reason to refuse a whole photo.
    with suppress(struct.error):
        if order is not None:
            (start,) = struct.unpack_from(f"{order}I", tiff, 4)
            (entries,) = struct.unpack_from(f"{order}H", tiff, start)
            for at in range(start + 2, start + 2 + 12 * entries, 12):
                tag, kind, count, value = struct.unpack_from(f"{order}HHIH", tiff, at)
                if tag == ExifTags.Base.Orientation:
                    known = (kind, count) == (_SHORT, 1) and 1 <= value <= 8
                    return int(value) if known else 1
    return 1


def profile_of(image: Image.Image, content: bytes) -> bytes | None:
    """Return the ICC profile that a picture's colours have; none where they are sRGB.

    One that the file holds, else one for the colours that it names. ``content`` is the file that
    ``image`` was opened from.
    """
    held: bytes | None = image.info.get("icc_profile")
    if image.format == "PNG":
        return _png_profile(_png_chunks(content), held)
    if held:
        return held
    if image.format == "AVIF":
        return named_profile(*_avif_names(content))
    names = image.info.get("nclx_profile") if image.format == "HEIF" else None
    if not names:
        return None
    return named_profile(int(names["color_primaries"]), int(names["transfer_characteristics"]))


# PNG: https://www.w3.org/TR/png-3/#11addnlcolinfo


def _png_chunks(content: bytes) -> dict[bytes, bytes]:
    """Return the first chunk of each name that stands before the pixels."""
    found: dict[bytes, bytes] = {}
    at = 8
    with suppress(struct.error):
        while True:
            length, name = struct.unpack_from(">I4s", content, at)
            if name == b"IDAT":
                break
            found.setdefault(name, content[at + 8 : at + 8 + length])
            at += 12 + length
    return found


def _png_profile(chunks: dict[bytes, bytes], held: bytes | None) -> bytes | None:
    names = chunks.get(b"cICP", b"")
    if len(names) == 4 and names[2:] == _RGB_FULL_RANGE:
        named = named_profile(names[0], names[1])
        if named is not None:
            return named
    if held or b"sRGB" in chunks:
        return held
    with suppress(struct.error):
        (gamma,) = struct.unpack(">I", chunks.get(b"gAMA", b""))
        numbers = chunks.get(b"cHRM")
        primaries = None if numbers is None else _primaries(numbers)
        # About 1/2.2 alone stands for sRGB.
        if gamma and (primaries or abs(2.2 * gamma - 100_000) > _NEAR):
            return gamma_profile(100_000 / gamma, primaries)
    return None


_RGB_FULL_RANGE = b"\x00\x01"
_NEAR = 5_000


def _primaries(numbers: bytes) -> Primaries:
    wx, wy, rx, ry, gx, gy, bx, by = (number / 100_000 for number in struct.unpack(">8I", numbers))
    return rx, ry, gx, gy, bx, by, wx, wy


# AVIF: boxes of ISO/IEC 14496-12, properties of items by ISO/IEC 23008-12.

_UNKNOWN = (2, 2)


def _avif_names(content: bytes) -> tuple[int, int]:
    """Return the numbers of the primaries and of the curve that the primary item's box names."""
    with suppress(struct.error, LookupError):
        # The first four bytes of most boxes are their version and flags.
        meta = dict(_boxes(dict(_boxes(content))[b"meta"][4:]))
        pitm = meta[b"pitm"]
        (item,) = struct.unpack_from(">I" if pitm[0] else ">H", pitm, 4)
        iprp = dict(_boxes(meta[b"iprp"]))
        properties = list(_boxes(iprp[b"ipco"]))
        for index in _associated(iprp[b"ipma"], item):
            name, body = properties[index - 1]
            if name == b"colr" and body[:4] == b"nclx":
                primaries, transfer = struct.unpack_from(">HH", body, 4)
                return primaries, transfer
    return _UNKNOWN


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(content):
        size, name = struct.unpack_from(">I4s", content, at)
        start = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", content, at + 8)
            start = 16
        size = size or len(content) - at
        if size < start:
            return
        yield name, content[at + start : at + size]
        at += size


def _associated(ipma: bytes, wanted: int) -> list[int]:
    """Return the properties, counted from 1, of the item whose number is ``wanted``."""
    version, wide = ipma[0], ipma[3] & 1
    (entries,) = struct.unpack_from(">I", ipma, 4)
    at = 8
    for _ in range(entries):
        (item,) = struct.unpack_from(">I" if version else ">H", ipma, at)
        at += 4 if version else 2
        count = ipma[at]
        at += 1
        size = 2 if wide else 1
        if item == wanted:
            each = struct.unpack_from(f">{count}{'H' if wide else 'B'}", ipma, at)
            return [number & (0x7FFF if wide else 0x7F) for number in each]
        at += count * size
    return []
