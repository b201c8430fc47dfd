"""An opened picture made upright, small and sRGB: what is kept of it are pixels only."""

from __future__ import annotations

import struct
from io import BytesIO

from PIL import ExifTags, Image

from glam_tryon.images.colour import shrinkable, srgb

_QUALITY = 90

# EXIF's eight orientations, as in Pillow's ``ImageOps.exif_transpose``.
_TURNS: dict[object, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def fitting(size: tuple[int, int], long_side: int) -> tuple[int, int]:
    """Return ``size`` shrunk in proportion to a longest side of ``long_side``; never larger."""
    longest = max(size)
    if longest <= long_side:
        return size
    width, height = (max(1, round(side * long_side / longest)) for side in size)
    return width, height


def flattened(image: Image.Image, long_side: int) -> bytes:
    """Return the picture as a JPEG whose longest side is at most ``long_side`` pixels.

    Shrinking first means that turning and colours work on a fifth of the pixels. A JPEG is decoded
    at a half, a quarter or an eighth in the first place, also when that was asked for before.
    """
    profile = image.info.get("icc_profile")
    target = fitting(image.size, long_side)
    image.draft(None, target)
    orientation = _orientation(image)
    image.load()
    small = shrinkable(image)
    if small.size != target:
        small = small.resize(target, Image.Resampling.HAMMING, reducing_gap=2.0)
    out = BytesIO()
    srgb(_upright(small, orientation), profile).save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def _upright(image: Image.Image, orientation: object) -> Image.Image:
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


def _orientation(image: Image.Image) -> object:
    try:
        return image.getexif().get(ExifTags.Base.Orientation)
    except (SyntaxError, ValueError, LookupError, TypeError, OSError, struct.error):
        # Broken metadata is no reason to refuse a whole photo.
        return None
