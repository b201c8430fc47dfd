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

from glam_tryon.exceptions import DecodersBusy, InvalidImage
from glam_tryon.images.decode_process import PROCESS_BYTES, flatten_in_process, needed_bytes
from glam_tryon.images.decoder_slots import Busy, decoder_slots
from glam_tryon.images.render import flattened
from glam_tryon.images.validated_open import NotOpened, open_heif, opened

#: Phones of 200 megapixels make pictures of 16320 x 12240 pixels, panoramas are 16382 wide. How
#: much memory a picture takes is another limit: ``decoder_slots``.
MAX_PIXELS, MAX_SIDE = 205_000_000, 16_384

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
    "busy": "Many photos are being read just now. Please try again in a moment.",
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
    max_pixels: int = MAX_PIXELS,
    max_side: int = MAX_SIDE,
    min_side: int = 64,
) -> NormalisedImage:
    """Return the picture in ``file`` as this package keeps it; never larger than it was.

    Args:
        file: anything with ``read(bytes)`` in binary; ``size`` and ``seek`` are used if there.
        max_bytes: largest file, in bytes.
        long_side: longest side of the outcome, in pixels.
        max_pixels: most pixels of the original, known from its header before decoding; fewer where
            decoding takes more memory than there is.
        max_side: longest side of the original, in pixels.
        min_side: shortest side of the original, in pixels.

    Raises:
        InvalidImage: ``empty``, ``too_large``, ``not_a_picture``, ``format``, ``pixels``,
            ``truncated`` or ``too_small``, or the kind of a file that is none of those taken:
            ``gif``, ``heic``, ``pdf``, ``svg``, ``tiff``. The message says what to do.
        DecodersBusy: other pictures take all the memory there is for decoding; try again.
    """
    facts = {"megabytes": round(max_bytes / 1024 / 1024, 1), "min_side": min_side}
    try:
        content = _read(file, max_bytes)
        caps = {"max_pixels": max_pixels, "max_side": max_side}
        with opened(content, **caps, heif=True) as image:
            if min(image.size) < min_side:
                raise NotOpened("too_small")
            needed = needed_bytes(image, content, long_side)
            if needed <= _MOST_BYTES:
                with decoder_slots(needed):
                    jpeg = flattened(image, long_side)
        if needed > _MOST_BYTES:
            with decoder_slots(needed + PROCESS_BYTES):
                jpeg = flatten_in_process(content, **caps, long_side=long_side, needed=needed)
    except Busy as error:
        raise DecodersBusy("busy", _SENTENCES["busy"]) from error
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
