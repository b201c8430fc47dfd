"""Bodies that are no good try-on result, one for each kind of ``result`` fault."""

from __future__ import annotations

import functools
import io
import json
import random
import zlib
from collections.abc import Iterator

from PIL import Image

from .delivery import Reply

HTML = b"<!doctype html><title>Bad gateway</title><h1>502 Bad gateway</h1>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
CHUNK = bytes(65536)
JPEG, PNG = "image/jpeg", "image/png"
FRAMES = 5000


def replace_result(kind: str, size: int | None, good: bytes) -> Reply:
    """The answer for one kind of fault; ``size`` in bytes where the kind has one."""
    if kind == "big":
        length = size or 10_000_000_000
        return _answer(JPEG, stream=_stream(good, length), length=length)
    if kind == "endless":
        return _answer(JPEG, stream=_stream(good, None))
    if kind == "gzip_bomb":
        return Reply(200, gzip_bomb(size or 1_000_000_000), {
            "Content-Type": JPEG, "Content-Encoding": "gzip"})  # fmt: skip
    if kind == "truncated":
        return _answer(JPEG, good[: size or len(good) // 2])
    if kind == "wrong_type":
        return _answer("text/html", good)
    if kind == "png":
        return _answer(PNG, _png_of(good))
    if kind == "garbage":
        return _answer(JPEG, random.Random(0).randbytes(size or 20_000))
    if kind == "animated_webp":
        return _answer("image/webp", animated_webp(FRAMES))
    if kind == "huge_header":
        return _answer(JPEG, huge_header(good))
    content_type, body = {
        "html": ("text/html", HTML),
        "json": ("application/json", json.dumps({"detail": "Not ready"}).encode()),
        "svg": ("image/svg+xml", SVG),
        "text": ("text/plain", b"Not a picture"),
        "empty": (JPEG, b""),
    }.get(kind) or (PNG, {"pixel_bomb": pixel_bomb, "wide": wide, "icc_bomb": icc_bomb}[kind]())
    return _answer(content_type, body)


def _answer(
    content_type: str,
    body: bytes = b"",
    stream: Iterator[bytes] | None = None,
    length: int | None = None,
) -> Reply:
    return Reply(200, body, {"Content-Type": content_type}, stream, length)


def _stream(start: bytes, length: int | None) -> Iterator[bytes]:
    yield start if length is None else start[:length]
    left = None if length is None else length - len(start)
    while left is None or left > 0:
        chunk = CHUNK if left is None else CHUNK[:left]
        yield chunk
        left = None if left is None else left - len(chunk)


def _png_of(jpeg: bytes) -> bytes:
    target = io.BytesIO()
    Image.open(io.BytesIO(jpeg)).save(target, "PNG", compress_level=1)
    return target.getvalue()


@functools.lru_cache
def gzip_bomb(size: int) -> bytes:
    """``size`` zero bytes, about a thousandth of it on the wire."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = bytes(1_000_000)
    parts = [packer.compress(block) for _ in range(size // len(block))]
    parts.append(packer.compress(bytes(size % len(block))))
    return b"".join(parts) + packer.flush()


@functools.lru_cache
def pixel_bomb() -> bytes:
    """A PNG of 9000 x 9000 pixels, RGB: 243 MB once decoded."""
    return _png(9000, 9000, b"")


@functools.lru_cache
def wide() -> bytes:
    """A PNG of 30,000 x 1 pixels."""
    return _png(30_000, 1, b"")


@functools.lru_cache
def icc_bomb() -> bytes:
    """A small PNG with a colour profile of 50 MB."""
    profile = b"icc\0\0" + zlib.compress(bytes(50_000_000), 9)
    return _png(8, 8, _chunk(b"iCCP", profile))


def _png(width: int, height: int, extra: bytes) -> bytes:
    packer = zlib.compressobj(6)
    row = bytes(1 + 3 * width)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\0\0\0"
    chunks = _chunk(b"IHDR", header), extra, _chunk(b"IDAT", data), _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(name: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(name + content).to_bytes(4, "big")
    return len(content).to_bytes(4, "big") + name + content + checksum


def huge_header(jpeg: bytes) -> bytes:
    """The same JPEG, claiming to be 65,535 x 65,535 pixels."""
    at = 2
    while jpeg[at + 1] not in (0xC0, 0xC1, 0xC2):
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    return jpeg[: at + 5] + b"\xff\xff\xff\xff" + jpeg[at + 9 :]


@functools.lru_cache
def animated_webp(frames: int) -> bytes:
    """An animation of 16 x 16 pixels, put together by hand: Pillow would need seconds."""
    still = io.BytesIO()
    Image.new("RGB", (16, 16), (200, 30, 90)).save(still, "WEBP", lossless=True)
    picture = still.getvalue()[12:]
    size = (15).to_bytes(3, "little") * 2
    frame = bytes(6) + size + (40).to_bytes(3, "little") + b"\0" + picture
    parts = [_riff(b"VP8X", b"\x02\0\0\0" + size), _riff(b"ANIM", bytes(6))]
    parts += [_riff(b"ANMF", frame)] * frames
    return _riff(b"RIFF", b"WEBP" + b"".join(parts))


def _riff(name: bytes, content: bytes) -> bytes:
    return name + len(content).to_bytes(4, "little") + content + b"\0" * (len(content) % 2)
