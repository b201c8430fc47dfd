"""Files whose picture is whole while their end is missing, as a broken copy leaves them."""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterator
from io import BytesIO

from PIL import Image, ImageFile

_END = b"\xff\xd9"
# What is read for pixels when there are too few bytes, so that different ones give other pixels.
_FILLERS = (b"\x00" * 64, b"\xaa" * 64)
#: Pixels of the largest JPEG that is decoded at its full size to see whether it is whole.
_MOST_PIXELS = 4_000_000
_STRIP = 64
_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")


def load_whole(image: ImageFile.ImageFile) -> None:
    """Decode ``image``, which was opened from a ``BytesIO``.

    A JPEG without its end marker is taken when its pixels do not depend on what follows; a PNG when
    only what stands behind its pixels is cut off.

    Raises:
        OSError: pixels are missing; and whatever else Pillow's decoders raise.
    """
    tile, source = list(image.tile), image.fp
    try:
        image.load()
    except OSError:
        # Pillow empties the list of what is to be decoded before it reads on behind the pixels.
        if image.format == "PNG" and not image.tile:
            return
        content = source.getvalue() if isinstance(source, BytesIO) else b""
        if not content.startswith(b"\xff\xd8") or not _is_settled(content, image.size):
            raise
        image.tile, image.fp = tile, BytesIO(content.rstrip(b"\xff") + _END)
        image.load()


def _is_settled(content: bytes, size: tuple[int, int]) -> bool:
    """Say whether the pixels of a JPEG are the same whatever follows."""
    scans = _scans(content)
    seen = set()
    for filler in _FILLERS if scans else ():
        with Image.open(
            BytesIO(content.rstrip(b"\xff") + filler + _END), formats=["JPEG"]
        ) as whole:
            # At a fraction nothing is seen of a scan that refines it; a large picture takes more
            # memory whole than decoders have.
            if scans == 1 or whole.width * whole.height > _MOST_PIXELS:
                whole.draft(None, size)
            whole.load()
            seen.add(_digest(whole))
    return len(seen) == 1


def _digest(image: Image.Image) -> bytes:
    # Strip by strip: a copy of the pixels would take as much memory again.
    digest = hashlib.sha256()
    for top in range(0, image.height, _STRIP):
        strip = (0, top, image.width, min(top + _STRIP, image.height))
        digest.update(image.crop(strip).tobytes())
    return digest.digest()


def _scans(content: bytes) -> int:
    """Return the number of scans of a JPEG; 0 when they lack a bit of any coefficient."""
    wanted: dict[int, set[int]] = {}
    scans = 0
    for kind, body in _segments(content):
        if kind in (0xC0, 0xC1, 0xC2) and len(body) >= 6:
            wanted = {component: set(range(64)) for component in body[6::3]}
        elif kind == 0xDA and len(body) >= 6:
            scans += 1
            first, last, bits = body[-3:]
            if not bits & 0x0F:
                for component in body[1 : 1 + 2 * body[0] : 2]:
                    wanted.get(component, set()).difference_update(range(first, last + 1))
    return scans if wanted and not any(wanted.values()) else 0


def _segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the markers of a JPEG, each with its segment, up to the end marker."""
    at = 2
    while found := _MARKER.search(content, at):
        kind, start = found[1][0], found.end()
        if kind == 0xD9 or start + 2 > len(content):
            return
        size = int.from_bytes(content[start : start + 2], "big")
        yield kind, content[start + 2 : start + size]
        at = start + size


def without_tail(content: bytes) -> bytes:
    """Return a WEBP cut off behind its picture without the part of a chunk at its end.

    Anything else is returned as it is: only metadata stands behind the picture.
    """
    if content[:4] != b"RIFF" or content[8:12] != b"WEBP":
        return content
    if int.from_bytes(content[4:8], "little") + 8 <= len(content):
        return content
    at = 12
    while at + 8 <= len(content):
        (size,) = struct.unpack_from("<I", content, at + 4)
        if at + 8 + size > len(content):
            break
        at += 8 + size + size % 2
    whole = content[:at].ljust(at, b"\0")
    return whole[:4] + struct.pack("<I", at - 8) + whole[8:]
