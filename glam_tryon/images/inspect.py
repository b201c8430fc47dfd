"""What the bytes of a result are: a whole picture of one frame, or refused; they stay as they are.

Marks that say "made by AI" (C2PA, IPTC) live in those bytes and must survive.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from glam_tryon.exceptions import ResultRefused
from glam_tryon.images.validated_open import EXTENSIONS, NotOpened, opened

_SENTENCES = {
    "format": "the result is not a JPEG, PNG, WEBP or AVIF picture",
    "pixels": "the result has too many pixels",
    "broken": "the result cannot be decoded whole",
}


@dataclass(frozen=True, slots=True)
class Picture:
    """What is known of a picture that was decoded whole; sizes in pixels."""

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
    """
    try:
        with opened(content, max_pixels=max_pixels, max_side=max_side) as image:
            # An MPO is a JPEG with further pictures behind it, which browsers do not show.
            kind = "JPEG" if image.format == "MPO" else str(image.format)
            if kind != "JPEG" and getattr(image, "n_frames", 1) > 1:
                raise NotOpened("format")
            width, height = image.size
            # An eighth of the size is enough to find a JPEG cut short, for a 64th of the memory.
            image.draft("RGB", (max(1, width // 8), max(1, height // 8)))
            image.load()
    except NotOpened as error:
        code = error.code if error.code in _SENTENCES else "format"
        raise ResultRefused(code, _SENTENCES[code]) from error
    return Picture(hashlib.sha256(content).hexdigest(), EXTENSIONS[kind], width, height)
