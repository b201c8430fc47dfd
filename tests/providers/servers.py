"""A server of scripted answers over real sockets: it can drip, reset, hang up and lie."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

Reply = Callable[[socket.socket, threading.Event], bool]


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int

    def json(self) -> object:
        return json.loads(self.body)


def raw(content: bytes, *, keep: bool = False) -> Reply:
    def reply(sock: socket.socket, stop: threading.Event) -> bool:
        sock.sendall(content)
        return keep

    return reply


def answer(body: object = b"", status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = {"Content-Length": str(len(content)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return raw(f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode() + content, keep=True)


def drip(start: bytes, piece: bytes, interval_seconds: float = 0.02) -> Reply:
    """Send ``start``, then ``piece`` again and again until the client has gone."""

    def reply(sock: socket.socket, stop: threading.Event) -> bool:
        sock.sendall(start)
        while not stop.wait(interval_seconds):
            sock.sendall(piece)
        return False

    return reply


def silence(sock: socket.socket, stop: threading.Event) -> bool:
    sock.recv(1)
    return False


def hang_up(sock: socket.socket, stop: threading.Event) -> bool:
    return False


def reset(sock: socket.socket, stop: threading.Event) -> bool:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


class Server:
    """Answers requests with ``script`` in order, the last entry again and again."""

    def __init__(self, *script: Reply, tls: ssl.SSLContext | None = None) -> None:
        self.script = list(script) or [hang_up]
        self.tls = tls
        self.requests: list[Seen] = []
        self.received = 0
        self.connections = 0
        self._stop = threading.Event()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    @property
    def url(self) -> str:
        start = "https://localhost" if self.tls else "http://127.0.0.1"
        return f"{start}:{self.port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stop.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._acceptor.join(5)
        self._listener.close()
        for sock in self._open:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        for thread in self._threads:
            thread.join(5)

    def wait_for_connections(self, number: int) -> None:
        until = time.monotonic() + 5
        while self.connections < number and time.monotonic() < until:
            time.sleep(0.002)
        assert self.connections >= number

    def wait_until_idle(self) -> None:
        """Wait for a connection, and until all have been closed and read to their end."""
        self.wait_for_connections(1)
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(5)
            assert not thread.is_alive()

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(sock)
            with self._lock:
                self.connections += 1
                arguments = (sock, self.connections)
                thread = threading.Thread(target=self._serve, args=arguments, daemon=True)
                thread.start()
                self._threads.append(thread)

    def _serve(self, sock: socket.socket, number: int) -> None:
        try:
            if self.tls is not None:
                sock = self.tls.wrap_socket(sock, server_side=True)
            while (seen := self._read(sock, number)) is not None:
                with self._lock:
                    self.requests.append(seen)
                    reply = self.script.pop(0) if len(self.script) > 1 else self.script[0]
                if not reply(sock, self._stop):
                    break
        except OSError:
            return
        finally:
            sock.close()

    def _read(self, sock: socket.socket, number: int) -> Seen | None:
        data = b""
        while b"\r\n\r\n" not in data:
            data += (piece := sock.recv(65536))
            self.received += len(piece)
            if not piece:
                return None
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines)
        }
        while len(body) < int(headers.get("content-length", 0)):
            body += (piece := sock.recv(65536))
            self.received += len(piece)
            if not piece:
                return None
        method, path, _ = first.split(" ")
        return Seen(method, path, headers, body, number)
