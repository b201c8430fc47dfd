"""A photo that a person gave, made into the one kind of picture that this package keeps.

Upright, sRGB, at most 1,536 pixels long, a JPEG, and without anything else that the file held:
where it was taken, with what, a profile, further frames.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from PIL import ExifTags, Image

from glam_tryon.exceptions import InvalidImage
from glam_tryon.images.colour import shrinkable, srgb
from glam_tryon.images.opening import NotOpened, open_heif, opened

_QUALITY = 90

_KINDS = "JPEG, PNG, WEBP or AVIF" if open_heif is None else "JPEG, PNG, WEBP, AVIF or HEIC"
_SENTENCES = {
    "empty": "The file is empty. Choose the photo again.",
    "too_large": "The photo is larger than {megabytes:g} MB. Choose a smaller one.",
    "not_a_picture": f"This file is not a picture. Choose a photo ({_KINDS}).",
    "format": f"This kind of picture cannot be used. Save it as {_KINDS} and try again.",
    "pixels": "The photo has too many pixels. Make it smaller and try again.",
    "truncated": "The photo is damaged or incomplete. Choose it again, or take another one.",
    "too_small": "The photo is too small. Choose one that is at least {min_side} pixels wide "
    "and high.",
}
_CODES = {"broken": "truncated"}

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


@dataclass(frozen=True, slots=True)
class NormalisedImage:
    """A JPEG in sRGB; ``width`` and ``height`` in pixels, ``sha256`` of ``content`` in hex."""

    content: bytes
    width: int
    height: int
    sha256: str


def normalise(
    file: Any,
    *,
    max_bytes: int = 20 * 1024 * 1024,
    long_side: int = 1536,
    max_pixels: int = 50_000_000,
    max_side: int = 12_000,
    min_side: int = 64,
) -> NormalisedImage:
    """Return the picture in ``file`` as this package keeps it; never larger than it was.

    Args:
        file: anything with ``read(bytes)`` in binary; ``size`` and ``seek`` are used if there.
        max_bytes: largest file, in bytes.
        long_side: longest side of the outcome, in pixels.
        max_pixels: most pixels of the original, known from its header before decoding.
        max_side: longest side of the original, in pixels.
        min_side: shortest side of the original, in pixels.

    Raises:
        InvalidImage: ``empty``, ``too_large``, ``not_a_picture``, ``format``, ``pixels``,
            ``truncated`` or ``too_small``; the message tells the shopper what to do.
    """
    facts = {"megabytes": round(max_bytes / 1024 / 1024, 1), "min_side": min_side}
    try:
        content = _read(file, max_bytes)
        with opened(content, max_pixels=max_pixels, max_side=max_side, heif=True) as image:
            if min(image.size) < min_side:
                raise NotOpened("too_small")
            flat = _flattened(image, long_side)
    except NotOpened as error:
        code = _CODES.get(error.code, error.code)
        raise InvalidImage(code, _SENTENCES[code].format(**facts)) from error
    out = BytesIO()
    flat.save(out, "JPEG", quality=_QUALITY)
    jpeg = out.getvalue()
    return NormalisedImage(jpeg, flat.width, flat.height, hashlib.sha256(jpeg).hexdigest())


def _read(file: Any, max_bytes: int) -> bytes:
    size = getattr(file, "size", None)
    if isinstance(size, int) and size > max_bytes:
        raise NotOpened("too_large")
    if hasattr(file, "seek"):
        file.seek(0)
    # ``size`` is only what somebody said, so one byte more is asked for than there may be.
    content: bytes = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise NotOpened("too_large")
    if not content:
        raise NotOpened("empty")
    return content


def _flattened(image: Image.Image, long_side: int) -> Image.Image:
    # Shrinking first means that turning and colours work on a fifth of the pixels. A JPEG is
    # decoded at a half, a quarter or an eighth in the first place.
    profile = image.info.get("icc_profile")
    target = _fitting(image.size, long_side)
    image.draft(None, target)
    orientation = _orientation(image)
    image.load()
    small = shrinkable(image)
    if small.size != target:
        small = small.resize(target, Image.Resampling.LANCZOS, reducing_gap=2.0)
    return srgb(_upright(small, orientation), profile)


def _fitting(size: tuple[int, int], long_side: int) -> tuple[int, int]:
    longest = max(size)
    if longest <= long_side:
        return size
    width, height = (max(1, round(side * long_side / longest)) for side in size)
    return width, height


def _upright(image: Image.Image, orientation: object) -> Image.Image:
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


def _orientation(image: Image.Image) -> object:
    try:
        return image.getexif().get(ExifTags.Base.Orientation)
    except (SyntaxError, ValueError, LookupError, TypeError, OSError, struct.error):
        # Broken metadata is no reason to refuse a whole photo.
        return None
