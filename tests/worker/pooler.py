"""A pooler for PostgreSQL that lends a connection for one transaction only, as PgBouncer may."""

from __future__ import annotations

import queue
import socket
import struct
import threading
from contextlib import suppress
from types import TracebackType

PROTOCOL, SSL, GSS = 196608, 80877103, 80877104
#: The server's word that no transaction is open.
IDLE = b"I"
#: The client's word that it leaves.
GOODBYE = b"X"


class Gone(Exception):
    """The other side closed its connection."""


def _exactly(sock: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        if not (piece := sock.recv(count - len(data))):
            raise Gone
        data += piece
    return data


def _message(sock: socket.socket) -> tuple[bytes, bytes]:
    """Return the type of the next message, and the whole of it."""
    head = _exactly(sock, 5)
    (length,) = struct.unpack("!I", head[1:])
    return head[:1], head + _exactly(sock, length - 4)


class Pooler:
    """Listens on ``port``; use it with ``with``. ``servers`` connections serve all clients."""

    def __init__(self, address: tuple[str, int], user: str, database: str, servers: int) -> None:
        self._address = address
        self._hello = b"".join(
            part.encode() + b"\0" for part in ("user", user, "database", database, "")
        )
        self._greeting = b""
        self._free: queue.Queue[socket.socket] = queue.Queue()
        self._count = servers
        self._clients: list[socket.socket] = []
        #: For each client: the connections that served it, one entry for each transaction.
        self.served: dict[int, list[int]] = {}

    def __enter__(self) -> Pooler:
        for _ in range(self._count):
            self._free.put(self._connect())
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.close()
        for client in self._clients:
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        for _ in range(self._count):
            self._free.get(timeout=30).close()

    def _connect(self) -> socket.socket:
        server = socket.create_connection(self._address)
        server.sendall(struct.pack("!II", len(self._hello) + 8, PROTOCOL) + self._hello)
        greeting, kind = b"", b""
        while kind != b"Z":
            kind, message = _message(server)
            greeting += message
        self._greeting = greeting
        return server

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _address = self._listener.accept()
                self._clients.append(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(Gone, OSError), client:
            self._welcome(client)
            served = self.served.setdefault(id(client), [])
            while True:
                self._transaction(client, served)

    def _welcome(self, client: socket.socket) -> None:
        while True:
            length, code = struct.unpack("!II", _exactly(client, 8))
            _exactly(client, length - 8)
            if code == PROTOCOL:
                break
            if code not in (SSL, GSS):
                raise Gone
            client.sendall(b"N")
        client.sendall(self._greeting)

    def _transaction(self, client: socket.socket, served: list[int]) -> None:
        """Lend a connection from the client's next message until no transaction is open."""
        kind, message = _message(client)
        if kind == GOODBYE:
            raise Gone
        server = self._free.get(timeout=30)
        served.append(id(server))
        state = b""
        try:
            while state != IDLE:
                if kind == GOODBYE:
                    raise Gone
                server.sendall(message)
                if kind in (b"Q", b"S"):
                    state = self._answer(server, client)
                if state != IDLE:
                    kind, message = _message(client)
        except (Gone, OSError):
            if state != IDLE:
                # Whatever it left open ends with the connection.
                server.close()
                server = self._connect()
            raise
        finally:
            self._free.put(server)

    @staticmethod
    def _answer(server: socket.socket, client: socket.socket) -> bytes:
        while True:
            kind, message = _message(server)
            client.sendall(message)
            if kind == b"Z":
                return message[5:6]
