"""One port: takes connections, reads requests, ends every thread when it is closed."""

from __future__ import annotations

import http.server
import itertools
import logging
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from typing import Any

from .delivery import Reply, deliver
from .request_log import Recorded, RequestLog

logger = logging.getLogger("glam_tryon.sandbox")

MAX_REQUEST_BYTES = 64 * 1024 * 1024
IDLE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Request:
    """One request as an application sees it; ``body`` is ``None`` when it is too long."""

    method: str
    path: str
    headers: Message
    body: bytes | None


Application = Callable[[Request], Reply]


class Port(socketserver.TCPServer):
    """An HTTP/1.1 server with a thread for each connection."""

    allow_reuse_address = True
    request_queue_size = 256

    def __init__(
        self,
        name: str,
        address: tuple[str, int],
        application: Application,
        log: RequestLog,
        numbers: itertools.count[int],
    ) -> None:
        self.name = name
        self.application = application
        self.request_log = log
        self._numbers = numbers
        self._lock = threading.Lock()
        self._connections: dict[socket.socket, int] = {}
        self._threads: set[threading.Thread] = set()
        super().__init__(address, Handler)
        self._thread = threading.Thread(
            target=self.serve_forever, args=(0.02,), name=f"glam-sandbox-{name}", daemon=True
        )

    @property
    def number(self) -> int:
        """The TCP port."""
        return int(self.server_address[1])

    def start(self) -> None:
        """Take connections."""
        self._thread.start()

    def stop(self) -> None:
        """Close the port and all connections; join the threads."""
        if self._thread.ident is not None:
            self.shutdown()
            self._thread.join()
        self.server_close()
        with self._lock:
            for connection in self._connections:
                _break(connection)
            threads = list(self._threads)
        for thread in threads:
            thread.join()

    def connection_number(self, connection: socket.socket) -> int:
        """Number of the connection, from 1, counted over both ports."""
        with self._lock:
            return self._connections.get(connection, 0)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Handle one connection in a thread that ``stop`` joins."""
        thread = threading.Thread(
            target=self._work, args=(request, client_address), name=f"glam-sandbox-{self.name}-c"
        )
        thread.daemon = True
        with self._lock:
            self._connections[request] = next(self._numbers)
            self._threads.add(thread)
        thread.start()

    def _work(self, request: Any, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except OSError:
            pass  # The client went away, or ``stop`` closed the connection.
        finally:
            self.shutdown_request(request)
            with self._lock:
                self._connections.pop(request, None)
                self._threads.discard(threading.current_thread())

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The thread for a connection could not be started."""
        logger.error("The sandbox failed at a connection", exc_info=sys.exc_info())


class Handler(http.server.BaseHTTPRequestHandler):
    """Reads requests of one connection and hands them to the port's application."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_SECONDS
    server: Port

    def answer(self) -> None:
        """One request: read it whole, decide, note it, answer it."""
        body = self._read_body()
        request = Request(self.command, self.path, self.headers, body)
        try:
            reply = self.server.application(request)
        except Exception:
            # As a server should: the fault becomes visible to the client and to the log.
            logger.exception("The sandbox failed at %s", self.command)
            reply = Reply(500, b'{"detail": "Internal Server Error"}')
        self.server.request_log.note_request(
            Recorded(
                self.command,
                self.path,
                reply.visible_status,
                time.monotonic(),
                "X-API-Key" in self.headers,
                self.server.name,
                self.server.connection_number(self.connection),
            )
        )
        keep = deliver(self.connection, reply, without_body=self.command == "HEAD")
        if not keep or body is None:
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

    def _read_body(self) -> bytes | None:
        if "Transfer-Encoding" in self.headers:
            return None
        try:
            length = int(self.headers.get("Content-Length", 0))
        except ValueError:
            return None
        if not 0 <= length <= MAX_REQUEST_BYTES:
            return None
        body = self.rfile.read(length)
        if len(body) < length:
            raise ConnectionResetError("the client has gone")
        return body

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base's name)
        """Nothing on stderr: the request log has every request."""


def _break(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # Closed by the client already.
