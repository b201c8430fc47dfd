"""Bytes opened as a picture: the kind decided by decoding, the size capped from the header."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import BytesIO

from PIL import Image, ImageFile, UnidentifiedImageError

from glam_tryon.images.as_shown import orientation_of, profile_of
from glam_tryon.images.unterminated import without_tail

#: Opens HEIC photos; None when the extra ``heic`` is not installed.
open_heif: Callable[[BytesIO], ImageFile.ImageFile] | None = None
with suppress(ImportError):
    from pillow_heif import HeifImageFile

    open_heif = HeifImageFile

#: What a browser shows, by Pillow's names, with the usual extension of each.
EXTENSIONS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "AVIF": "avif"}

#: What else people send for a photo, by how it begins, and the code of its refusal.
_OTHERS = {
    b"GIF8": "gif",
    b"II*\x00": "tiff",
    b"MM\x00*": "tiff",
    b"%PDF": "pdf",
    b"BM": "format",
    b"8BPS": "format",
    b"\x00\x00\x01\x00": "format",
}
#: Keys of an opened picture's ``info``: by which of EXIF's numbers it is turned, and the ICC
#: profile of its colours or None; both as browsers read them.
ORIENTATION, PROFILE = "glam_tryon_orientation", "glam_tryon_profile"

_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


#: How a browser is told what a picture is, by how its bytes begin. A system may know none of them:
#: Python finds ".webp" in a file of the system's.
_CONTENT_TYPES = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"GIF8": "image/gif",
}


def content_type(content: bytes) -> str:
    """Return the media type of a picture by its bytes; for what is none that of any bytes."""
    for start, kind in _CONTENT_TYPES.items():
        if content.startswith(start):
            return kind
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content[4:8] == b"ftyp":
        # Heads of a list of brands, the first of which may be the general "mif1".
        brands = content[8:64]
        if b"avif" in brands or b"avis" in brands:
            return "image/avif"
        if content[8:12] in _HEIF_BRANDS:
            return "image/heic"
    return "application/octet-stream"


class NotOpened(Exception):
    """The bytes are no picture that may be used.

    ``code`` is ``not_a_picture``, ``pixels`` or ``broken``; for a file of another kind ``gif``,
    ``tiff``, ``svg``, ``pdf``, ``heic`` or ``format``.
    """

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@contextmanager
def opened(
    content: bytes, *, max_pixels: int, max_side: int, heif: bool = False
) -> Iterator[ImageFile.ImageFile]:
    """Open ``content`` and close it afterwards; no pixel is decoded before its size is known.

    ``heif`` lets photos of iPhones in, when the extra ``heic`` is installed. ``max_pixels`` and
    ``max_side`` are inclusive.

    Raises:
        NotOpened: also for what goes wrong inside the ``with`` block while decoding.
    """
    try:
        with _open(content, heif=heif) as image:
            width, height = image.size
            if width * height > max_pixels or max(width, height) > max_side:
                raise NotOpened("pixels")
            image.info[ORIENTATION] = orientation_of(image, content)
            image.info[PROFILE] = profile_of(image, content)
            yield image
    except (NotOpened, GeneratorExit, KeyboardInterrupt):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise NotOpened("pixels") from error
    except MemoryError as error:
        raise NotOpened("pixels") from error
    except UnidentifiedImageError as error:
        raise NotOpened(_kind(content)) from error
    except Exception as error:
        # Pillow's decoders meet hostile bytes with errors of some ten types, SyntaxError among
        # them; whatever they raise, the bytes are at fault.
        raise NotOpened("broken") from error


def _open(content: bytes, *, heif: bool) -> ImageFile.ImageFile:
    if heif and open_heif is not None and _is_heif(content):
        # Not registered with Pillow: that would change what the shop's own forms accept.
        return open_heif(BytesIO(content))
    return Image.open(BytesIO(without_tail(content)), formats=list(EXTENSIONS))


def _is_heif(content: bytes) -> bool:
    # The general brand "mif1" is also used for AVIF, which then is among the compatible brands.
    return (
        content[4:8] == b"ftyp" and content[8:12] in _HEIF_BRANDS and b"avif" not in content[12:64]
    )


def _kind(content: bytes) -> str:
    if content.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")):
        return "broken"
    if content[8:12] == b"WEBP" or content[4:12] == b"ftypavif":
        return "broken"
    if _is_heif(content):
        return "heic"
    if b"<svg" in content[:1000]:
        return "svg"
    return next((_OTHERS[start] for start in _OTHERS if content.startswith(start)), "not_a_picture")
