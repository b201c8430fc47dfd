"""Results looked at: what their bytes are, how far two pictures differ, whether one is blank.

Marks that say "made by AI" (C2PA, IPTC) live in the bytes, which stay as they are. A result that
equals the photo it was made from, or that is blank, was paid for and is worth nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageFilter, ImageStat

from glam_tryon.exceptions import DownloadFailed, ResultRefused
from glam_tryon.images.decode_process import needed_bytes
from glam_tryon.images.decoder_slots import Busy, decoder_slots
from glam_tryon.images.render import shrinkable, srgb
from glam_tryon.images.unterminated import load_whole
from glam_tryon.images.validated_open import EXTENSIONS, NotOpened, opened

_SENTENCES = {
    "format": "the result is not a JPEG, PNG, WEBP or AVIF picture",
    "pixels": "the result has too many pixels",
    "broken": "the result cannot be decoded whole",
}


@dataclass(frozen=True, slots=True)
class Picture:
    """Facts about a picture that was decoded whole; sizes in pixels."""

    sha256: str
    extension: str
    width: int
    height: int


def inspect_picture(
    content: bytes, *, max_pixels: int = 50_000_000, max_side: int = 12_000
) -> Picture:
    """Return what ``content`` is, decided by decoding it, never by a name or a header of HTTP.

    Raises:
        ResultRefused: ``format``, ``pixels`` or ``broken``. An animation is ``format``.
        DownloadFailed: other pictures take all the memory there is for decoding; try again.
    """
    try:
        with opened(content, max_pixels=max_pixels, max_side=max_side) as image:
            # An MPO is a JPEG with further pictures behind it, which browsers do not show.
            kind = "JPEG" if image.format == "MPO" else str(image.format)
            if kind != "JPEG" and getattr(image, "n_frames", 1) > 1:
                raise NotOpened("format")
            width, height = image.size
            # An eighth of the size is enough to find a JPEG cut short, for a 64th of the memory.
            with decoder_slots(needed_bytes(image, content, max(1, max(width, height) // 8))):
                image.draft("RGB", (max(1, width // 8), max(1, height // 8)))
                load_whole(image)
    except Busy as error:
        raise DownloadFailed("there is no memory to decode the result now") from error
    except NotOpened as error:
        code = error.code if error.code in _SENTENCES else "format"
        raise ResultRefused(code, _SENTENCES[code]) from error
    return Picture(hashlib.sha256(content).hexdigest(), EXTENSIONS[kind], width, height)


_SIDE = 32
# Wide enough that an edge which moves by two pixels of the original does not count.
_BLUR = 1.5

#: Below this ``difference`` two pictures are the same to the eye. Measured on a drawing and a
#: photograph from 500 pixels: recompressed to quality 30, 0.007; scaled by a half or by two,
#: 0.002; cropped by 2 pixels, 0.012; a square of 2% of the area in another colour, 0.031; one of
#: 9% in the area's own mean colour, 0.036; in black or white, from 0.096 on.
SAME_BELOW = 0.02
#: A picture whose channels all scatter by less than this (of 255) is blank. Measured:
#: strong noise on one colour, 0.9; a dark disc of a tenth of the width on white, 8.
BLANK_BELOW = 4.0


def difference(
    a: bytes, b: bytes, *, max_pixels: int = 50_000_000, max_side: int = 12_000
) -> float:
    """Return how far two pictures are apart: 0 the same, 1 black against white.

    It is the root mean square difference of blurred thumbnails, all three colours, stretched to
    one shape.

    Raises:
        NotOpened: one of them is no picture that can be decoded.
    """
    first, second = (_thumbnail(content, max_pixels, max_side) for content in (a, b))
    apart = ImageStat.Stat(ImageChops.difference(first, second)).rms
    return float((sum(value * value for value in apart) / len(apart)) ** 0.5 / 255)


def is_blank(content: bytes, *, max_pixels: int = 50_000_000, max_side: int = 12_000) -> bool:
    """Say whether a picture is of nearly one colour.

    Raises:
        NotOpened: it is no picture that can be decoded.
    """
    return max(ImageStat.Stat(_thumbnail(content, max_pixels, max_side)).stddev) < BLANK_BELOW


def _thumbnail(content: bytes, max_pixels: int, max_side: int) -> Image.Image:
    with opened(content, max_pixels=max_pixels, max_side=max_side, heif=True) as image:
        with decoder_slots(needed_bytes(image, content, 8 * _SIDE)):
            image.draft(None, (8 * _SIDE, 8 * _SIDE))
            load_whole(image)
            small = shrinkable(image).resize((_SIDE, _SIDE), Image.Resampling.BOX, reducing_gap=2.0)
        return srgb(small, None).filter(ImageFilter.GaussianBlur(_BLUR))
