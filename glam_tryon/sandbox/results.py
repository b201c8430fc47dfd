"""The results' port: pictures, uploads, and bodies that are no good result."""

from __future__ import annotations

import functools
import hashlib
import io
import json
import random
import threading
import zlib
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from PIL import Image

from .artist import with_comment
from .delivery import Reply, apply_fault, error_reply, fault_reply
from .fault_actions import RESULT, Do
from .faults import FaultScript
from .generations import Generation, Generations
from .request_log import RequestLog
from .wire import Request

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


OUTPUTS = "/comfyui/processings/api/outputs/"
UPLOADS = "/uploads/"
MAGIC = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png", b"RIFF": "image/webp"}


class Results:
    """The application behind the result port; ``base_url`` is set once the port is known."""

    def __init__(
        self, generations: Generations, log: RequestLog, script: Callable[[], FaultScript]
    ) -> None:
        self.base_url = ""
        self._generations = generations
        self._log = log
        self._script = script
        self._lock = threading.Lock()
        self._uploads: dict[str, bytes] = {}

    def urls(self, generation: Generation) -> list[str]:
        """URLs at which the results of a generation are, or will be."""
        return [f"{self.base_url}{OUTPUTS}{name}" for name in generation.result_names]

    def fill(self, generation: Generation, value: Any) -> Any:
        """A script's ``media_urls`` with ``{result}`` and ``{host}`` filled in."""
        if isinstance(value, list):
            return [self.fill(generation, each) for each in value]
        if not isinstance(value, str):
            return value
        host = urlsplit(self.base_url).netloc
        return value.replace("{result}", self.urls(generation)[0]).replace("{host}", host)

    def keep(self, name: str, content: bytes) -> str:
        """Keep an uploaded file and give its public address."""
        with self._lock:
            self._uploads[name] = content
        return f"{self.base_url}{UPLOADS}{name}"

    def __call__(self, request: Request) -> Reply:
        """Answer one request."""
        path = urlsplit(request.path).path
        if request.method not in ("GET", "HEAD"):
            return error_reply(405, "Method Not Allowed")
        if path.startswith(UPLOADS):
            return self._uploaded(path.removeprefix(UPLOADS))
        generation = self._generations.find_result(path.removeprefix(OUTPUTS))
        if generation is None or not path.startswith(OUTPUTS):
            return error_reply(404, "Not Found")
        do = self._script().decide(RESULT, generation.number, generation.event_id)
        if do.speaks:
            return fault_reply(do)
        if generation.picture is None or generation.lost:
            return error_reply(404, "Not Found")
        reply = apply_fault(self._picture(generation, path, do), do)
        if reply.stream is None and do.truncate is None and request.method == "GET":
            self._log.note_served(path, hashlib.sha256(reply.body).hexdigest())
        return reply

    def _picture(self, generation: Generation, path: str, do: Do) -> Reply:
        position = generation.result_names.index(path.removeprefix(OUTPUTS))
        comment = f"Glam sandbox, event {generation.event_id}, result {position}"
        picture = with_comment(generation.picture or b"", comment)
        fault = do.result or generation.do.result
        if fault is not None:
            return replace_result(*fault, picture)
        return Reply(200, picture, {"Content-Type": "image/jpeg"})

    def _uploaded(self, name: str) -> Reply:
        with self._lock:
            content = self._uploads.get(name)
        if content is None:
            return error_reply(404, "Not Found")
        kinds = (kind for magic, kind in MAGIC.items() if content.startswith(magic))
        return Reply(200, content, {"Content-Type": next(kinds, "application/octet-stream")})
