"""Answers of the sandbox: what a fault changes in one, and how it goes over the wire."""

from __future__ import annotations

import json
import selectors
import socket
import struct
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from .fault_actions import NOTHING, Do

#: The longest wait for a client that does not hang up, in seconds.
SILENCE_SECONDS = 3600.0


@dataclass(slots=True)
class Reply:
    """An answer before it is sent. ``stream`` replaces ``body``, with ``length`` when known."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    stream: Iterable[bytes] | None = None
    length: int | None = None
    do: Do = NOTHING

    @property
    def visible_status(self) -> int | None:
        """The HTTP status that the client can see, if any."""
        silent = self.do.close or self.do.no_answer or self.do.raw is not None
        return None if silent or (self.do.reset and self.do.truncate is None) else self.status


def json_reply(status: int, content: Any) -> Reply:
    """A JSON answer."""
    return Reply(status, json.dumps(content).encode())


def error_reply(status: int, text: str) -> Reply:
    """An error as FastAPI says it."""
    return json_reply(status, {"detail": text})


def fault_reply(do: Do) -> Reply:
    """The answer that a fault gives by itself."""
    return apply_fault(json_reply(200, {}), do)


def apply_fault(reply: Reply, do: Do) -> Reply:
    """The answer with what a fault changes in it."""
    reply.do = do
    if do.redirect is not None:
        reply.status, target = do.redirect
        reply.headers["Location"] = target
        reply.body, reply.stream = b"", None
    if do.status is not None:
        reply.status = do.status
        reply.stream = None
        reply.headers["Content-Type"] = "application/json"
        reply.body = json.dumps({"detail": f"Fault script: {do.status}"}).encode()
    if do.body is not None:
        reply.headers["Content-Type"], reply.body = do.body
        reply.stream = None
    if do.retry_after is not None:
        reply.headers["Retry-After"] = do.retry_after
    reply.headers.update(do.headers or {})
    return reply


def deliver(connection: socket.socket, reply: Reply, *, without_body: bool) -> bool:
    """Send it as its faults say. ``False``: the connection is not to be used again.

    Raises ``OSError`` when the client has gone.
    """
    do = reply.do
    if do.delay_seconds and _hung_up_within(connection, do.delay_seconds):
        return False
    if do.no_answer:
        _hung_up_within(connection, SILENCE_SECONDS)
        return False
    if do.close:
        return False
    if do.reset and do.truncate is None:
        return _reset(connection)
    if do.raw is not None:
        connection.sendall(do.raw)
        return False
    length = reply.length if reply.stream is not None else len(reply.body)
    ends = do.no_length or length is None
    head = _head(reply, None if ends else max((length or 0) + (do.length_off_by or 0), 0))
    parts = [] if without_body else _limited(_parts(reply), do.truncate)
    _send(connection, head, parts, do)
    if do.reset:
        return _reset(connection)
    return not (ends or do.truncate is not None or do.length_off_by or do.close_after)


def _head(reply: Reply, length: int | None) -> bytes:
    headers = {"Content-Type": "application/json"} | reply.headers
    if length is not None:
        headers = {"Content-Length": str(length)} | headers
    else:
        headers["Connection"] = "close"
    try:
        phrase = HTTPStatus(reply.status).phrase
    except ValueError:
        phrase = "Unknown"
    lines = [f"HTTP/1.1 {reply.status} {phrase}"] + [f"{k}: {v}" for k, v in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "replace")


def _parts(reply: Reply) -> Iterator[bytes]:
    if reply.stream is None:
        yield reply.body
    else:
        yield from reply.stream


def _limited(parts: Iterable[bytes], limit: int | None) -> Iterator[bytes]:
    for part in parts:
        if limit is None:
            yield part
        elif limit > 0:
            yield part[:limit]
            limit -= len(part)


def _send(connection: socket.socket, head: bytes, parts: Iterable[bytes], do: Do) -> None:
    if do.drip is None:
        # One packet for a small answer: two would wait for each other (Nagle, delayed ACK).
        for part in parts:
            connection.sendall(head + part)
            head = b""
        if head:
            connection.sendall(head)
        return
    if do.drip["part"] == "headers":
        _drip(connection, head, do)
    else:
        connection.sendall(head)
    for part in parts:
        _drip(connection, part, do)


def _drip(connection: socket.socket, content: bytes, do: Do) -> None:
    step, pause = do.drip["bytes"] if do.drip else 1, do.drip["seconds"] if do.drip else 0.0
    for start in range(0, len(content), step):
        connection.sendall(content[start : start + step])
        if _hung_up_within(connection, pause):
            raise ConnectionResetError("the client has gone")


def _reset(connection: socket.socket) -> bool:
    # Linger 0 makes close() send RST instead of FIN.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    return False


def _hung_up_within(connection: socket.socket, seconds: float) -> bool:
    """Wait, but not for a client that has gone; stopping the sandbox ends the wait as well."""
    deadline = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ)
        if not selector.select(min(seconds, SILENCE_SECONDS)):
            return False
    if not connection.recv(1, socket.MSG_PEEK):
        return True
    # The client has sent its next request already, so a hang-up cannot be seen any more.
    time.sleep(max(deadline - time.monotonic(), 0.0))
    return False
