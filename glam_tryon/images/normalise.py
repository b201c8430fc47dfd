"""A photo that a person gave, made into the one kind of picture that this package keeps.

Upright, sRGB, at most 1,536 pixels long, a JPEG, and without anything else that the file held:
where it was taken, with what, a profile, further frames.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from PIL import Image

from glam_tryon.exceptions import InvalidImage
from glam_tryon.images.decode_process import flatten_in_process, needed_bytes
from glam_tryon.images.render import flattened
from glam_tryon.images.validated_open import NotOpened, open_heif, opened

#: What needs more memory to be decoded is decoded in a process of its own.
_MOST_BYTES = 40_000_000

_KINDS = "JPEG, PNG, WEBP or AVIF" if open_heif is None else "JPEG, PNG, WEBP, AVIF or HEIC"
_SENTENCES = {
    "empty": "The file is empty. Choose the photo again.",
    "too_large": "The photo is larger than {megabytes:g} MB. Choose a smaller one.",
    "not_a_picture": f"This file is not a picture. Choose a photo ({_KINDS}).",
    "format": f"This kind of picture cannot be used. Save it as {_KINDS} and try again.",
    **{
        kind: f"A {kind.upper()} file cannot be used. Save it as {_KINDS} and try again."
        for kind in ("gif", "heic", "pdf", "svg", "tiff")
    },
    "pixels": "The photo has too many pixels. Make it smaller and try again.",
    "truncated": "The photo is damaged or incomplete. Choose it again, or take another one.",
    "too_small": "The photo is too small. Choose one that is at least {min_side} pixels wide "
    "and high.",
}
_CODES = {"broken": "truncated"}


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
            ``truncated`` or ``too_small``, or the kind of a file that is none of those taken:
            ``gif``, ``heic``, ``pdf``, ``svg``, ``tiff``. The message says what to do.
    """
    facts = {"megabytes": round(max_bytes / 1024 / 1024, 1), "min_side": min_side}
    try:
        content = _read(file, max_bytes)
        caps = {"max_pixels": max_pixels, "max_side": max_side}
        with opened(content, **caps, heif=True) as image:
            if min(image.size) < min_side:
                raise NotOpened("too_small")
            large = needed_bytes(image, content, long_side) > _MOST_BYTES
            jpeg = b"" if large else flattened(image, long_side)
        if large:
            jpeg = flatten_in_process(content, **caps, long_side=long_side)
    except NotOpened as error:
        code = _CODES.get(error.code, error.code)
        raise InvalidImage(code, _SENTENCES[code].format(**facts)) from error
    with Image.open(BytesIO(jpeg), formats=["JPEG"]) as made:
        return NormalisedImage(jpeg, *made.size, hashlib.sha256(jpeg).hexdigest())


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
