"""A small copy of a picture that this package keeps, for cards in the dialog."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

#: Width and height that a thumbnail fits into, in pixels: three times a card's own.
BOX = (240, 320)
QUALITY = 70


def thumbnail(content: bytes) -> bytes:
    """Return ``content``, a JPEG from ``normalise``, as a WebP of at most ``BOX``.

    Raises:
        OSError: it is no picture.
    """
    with Image.open(BytesIO(content), formats=["JPEG"]) as small:
        # Decoded at a fraction of its size where that is enough.
        small.draft("RGB", (2 * BOX[0], 2 * BOX[1]))
        small.thumbnail(BOX)
        buffer = BytesIO()
        small.save(buffer, "WEBP", quality=QUALITY)
    return buffer.getvalue()
