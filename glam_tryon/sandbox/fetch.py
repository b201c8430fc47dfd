"""Fetching a picture from the shop as Glam does: no redirects, a deadline, a byte cap."""

from __future__ import annotations

import http.client
import threading
import time
from urllib.parse import urlsplit

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
