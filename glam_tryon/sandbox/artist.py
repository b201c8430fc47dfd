"""The work behind one generation: both pictures fetched as Glam does, the result made."""

from __future__ import annotations

import hashlib
import http.client
import io
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from PIL import Image, ImageOps

from .drawing import draw_tryon
from .generations import Generation, Report

CONNECT_SECONDS = 5.0
DEADLINE_SECONDS = 30.0
MAX_BYTES = 25 * 1024 * 1024
USER_AGENT = "glam-sandbox"


class CannotFetch(Exception):
    """The link gave no picture; the message is what the sandbox reports for the generation."""


class Fetcher:
    """Fetches from several threads; ``close`` breaks off what is under way."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: set[http.client.HTTPConnection] = set()
        self._closed = False

    def get(self, url: str, method: str = "GET", part: bool = False) -> bytes:
        """The body behind ``url``; with ``part`` only its first kilobyte is asked for.

        Raises ``CannotFetch`` for anything but 200 (206 for a part) within 30 seconds and 25 MiB.
        """
        connection, target = _connection(url)
        headers = {"User-Agent": USER_AGENT, "Accept": "image/*", "Accept-Encoding": "identity"}
        if part:
            headers["Range"] = "bytes=0-1023"
        try:
            connection.connect()
            # A busy shop that is connected may take as long for its first byte as for all of them.
            connection.sock.settimeout(DEADLINE_SECONDS)
            # Only a connected one can be broken off, so ``close`` is asked about after that.
            with self._lock:
                if self._closed:
                    raise CannotFetch("did not answer before the sandbox was stopped")
                self._open.add(connection)
            connection.request(method, target, headers=headers)
            response = connection.getresponse()
            if response.status not in ((200, 206) if part else (200,)):
                raise CannotFetch(f"answered {response.status}")
            return _body(response)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise CannotFetch(f"did not answer ({type(error).__name__})") from error
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def close(self) -> None:
        """Refuse new fetches and end those under way."""
        with self._lock:
            self._closed = True
            for connection in self._open:
                connected = connection.sock
                if connected is not None:
                    try:
                        connected.shutdown(2)
                    except OSError:
                        continue  # The other side was faster.


def _connection(url: str) -> tuple[http.client.HTTPConnection, str]:
    try:
        parts = urlsplit(url)
        kind = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}[
            parts.scheme
        ]
        if not parts.hostname:
            raise ValueError("no host")
        connection = kind(parts.hostname, parts.port, timeout=CONNECT_SECONDS)
    except (KeyError, ValueError) as error:
        raise CannotFetch("is not an http or https address") from error
    return connection, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _body(response: http.client.HTTPResponse) -> bytes:
    deadline = time.monotonic() + DEADLINE_SECONDS
    body = bytearray()
    while chunk := response.read1(65536):
        body += chunk
        if len(body) > MAX_BYTES:
            raise CannotFetch(f"is larger than {MAX_BYTES} bytes")
        if time.monotonic() > deadline:
            raise CannotFetch(f"took longer than {DEADLINE_SECONDS:.0f} seconds")
    if response.length:
        raise CannotFetch("ended before its last byte")
    return bytes(body)


logger = logging.getLogger("glam_tryon.sandbox")

MAX_PIXELS = 40_000_000
FORMATS = ("JPEG", "PNG", "WEBP")
KEPT_DRAWINGS = 64


class Artist:
    """Fetches as Glam does and draws a preview; the same two pictures are drawn once."""

    def __init__(self) -> None:
        self._fetcher = Fetcher()
        self._lock = threading.Lock()
        self._drawn: OrderedDict[tuple[str, ...], bytes] = OrderedDict()

    def run(self, generation: Generation, report: Report) -> None:
        """Fetch, draw, report. A link without a picture fails the generation with a reason."""
        try:
            photo = self._fetch_photo(generation)
            report.photo_fetched(generation)
            garment = self._fetch(generation.garment_url, "garment_url")
            pictures = _open(photo, "media_url"), _open(garment, "garment_url")
            report.both_fetched(generation)
            if generation.do.fail is None:
                report.drawn(generation, self._draw(generation, photo, garment, *pictures))
        except CannotFetch as error:
            report.broken(generation, str(error))
        except Exception:
            # A thread that died in silence would leave the generation open for ever.
            logger.exception("The sandbox could not draw submission %d", generation.number)
            report.broken(generation, "the pictures could not be drawn")

    def close(self) -> None:
        """Break off fetches under way."""
        self._fetcher.close()

    def _fetch_photo(self, generation: Generation) -> bytes:
        plan = generation.do.fetch or {"head": False, "range": False, "times": 1}
        if plan["head"]:
            self._fetch(generation.media_url, "media_url", method="HEAD")
        if plan["range"]:
            self._fetch(generation.media_url, "media_url", part=True)
        for _ in range(plan["times"]):
            photo = self._fetch(generation.media_url, "media_url")
        return photo

    def _fetch(self, url: str, field: str, **how: Any) -> bytes:
        try:
            return self._fetcher.get(url, **how)
        except CannotFetch as error:
            raise CannotFetch(f"{field} could not be fetched: it {error}") from error

    def _draw(
        self,
        generation: Generation,
        photo: bytes,
        garment: bytes,
        person: Image.Image,
        clothes: Image.Image,
    ) -> bytes:
        way = "blank" if generation.do.blank else "unchanged" if generation.do.unchanged else ""
        name = (_sha(photo), _sha(garment), generation.mask_type, way)
        with self._lock:
            if name in self._drawn:
                self._drawn.move_to_end(name)
                return self._drawn[name]
        picture = _WAYS.get(way, _tryon)(photo, person, clothes, generation.mask_type)
        with self._lock:
            self._drawn[name] = picture
            while len(self._drawn) > KEPT_DRAWINGS:
                self._drawn.popitem(last=False)
        return picture


def with_comment(jpeg: bytes, comment: str) -> bytes:
    """The same JPEG with a comment segment, so that no two results have the same bytes."""
    text = comment.encode("ascii", "replace")[:1000]
    return jpeg[:2] + b"\xff\xfe" + (len(text) + 2).to_bytes(2, "big") + text + jpeg[2:]


def to_jpeg(picture: Image.Image, quality: int = 90) -> bytes:
    """The picture as JPEG bytes."""
    target = io.BytesIO()
    picture.convert("RGB").save(target, "JPEG", quality=quality)
    return target.getvalue()


def _tryon(photo: bytes, person: Image.Image, clothes: Image.Image, mask_type: str) -> bytes:
    return to_jpeg(draw_tryon(person, clothes, mask_type))


def _blank(photo: bytes, person: Image.Image, clothes: Image.Image, mask_type: str) -> bytes:
    return to_jpeg(Image.new("RGB", person.size, (128, 128, 128)))


def _unchanged(photo: bytes, person: Image.Image, clothes: Image.Image, mask_type: str) -> bytes:
    return photo if photo[:2] == b"\xff\xd8" else to_jpeg(person, quality=95)


_WAYS: dict[str, Callable[[bytes, Image.Image, Image.Image, str], bytes]] = {
    "blank": _blank,
    "unchanged": _unchanged,
}


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _open(content: bytes, field: str) -> Image.Image:
    try:
        picture = Image.open(io.BytesIO(content), formats=FORMATS)
        if picture.width * picture.height > MAX_PIXELS:
            raise CannotFetch(f"{field} has more than {MAX_PIXELS} pixels")
        picture.load()
        return ImageOps.exif_transpose(picture)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise CannotFetch(f"{field} is not a JPEG, PNG or WebP picture") from error
