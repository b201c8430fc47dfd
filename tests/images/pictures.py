"""Pictures for tests: drawn, and broken on purpose."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image, ImageDraw


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def scene(width: int = 400, height: int = 300, mode: str = "RGB") -> Image.Image:
    """Return a drawing that looks different from each side: red is at the top left."""
    image = Image.new("RGB", (width, height), (200, 210, 220))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width // 3, height // 3), fill=(220, 20, 20))
    draw.ellipse((width // 2, height // 4, width - 10, height - 10), fill=(30, 60, 160))
    draw.rectangle((0, height * 4 // 5, width // 2, height), fill=(30, 140, 40))
    return image.convert(mode)


def png_chunk(name: bytes, content: bytes) -> bytes:
    """Return one chunk of a PNG with its check sum."""
    check = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)


def png_of_size(width: int, height: int, *, profile: bytes | None = None) -> bytes:
    """Return a PNG of black pixels, a few hundred kB whatever its size says."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    if profile is not None:
        header += png_chunk(b"iCCP", b"p\0\0" + zlib.compress(profile, 9))
    packer = zlib.compressobj(9)
    row = bytes(width + 1)
    # Wider ones are refused from the header, so their pixels may be missing.
    rows = height if width <= 9000 else 1
    pixels = b"".join(packer.compress(row) for _ in range(rows))
    pixels += packer.flush()
    return b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", pixels) + png_chunk(b"IEND", b"")


def webp_of_size(width: int, height: int) -> bytes:
    """Return a small lossless WEBP whose header claims a size of at most 16,384 by 16,384."""
    content = bytearray(encoded(Image.new("RGB", (64, 64)), "WEBP", lossless=True))
    start = content.index(b"VP8L") + 9
    claim = (int.from_bytes(content[start : start + 4], "little") >> 28 << 28) | (
        (height - 1) << 14 | (width - 1)
    )
    content[start : start + 4] = claim.to_bytes(4, "little")
    return bytes(content)
