"""Ports that nothing else on this machine listens on."""

from __future__ import annotations

import contextlib
import socket

HOST = "127.0.0.1"


def free_ports(count: int) -> list[int]:
    """Return ``count`` different free ports of the loopback address.

    They are only free, not reserved: take them soon. Raises OSError when there is none.
    """
    with contextlib.ExitStack() as stack:
        return [_listen(stack, 0) for _ in range(count)]


def free_pair() -> int:
    """Return a free port whose next higher one is free as well.

    Raises OSError when a hundred tries found none.
    """
    for _ in range(100):
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError, OverflowError):
            port = _listen(stack, 0)
            _listen(stack, port + 1)
            return port
    raise OSError(f"no two free ports in a row on {HOST}")


def is_free(port: int) -> bool:
    """Say whether a server could listen on this port of the loopback address now."""
    with contextlib.ExitStack() as stack:
        try:
            _listen(stack, port)
        except (OSError, OverflowError):
            return False
        return True


def _listen(stack: contextlib.ExitStack, port: int) -> int:
    listener = stack.enter_context(socket.socket())
    # Without SO_REUSEADDR a port in TIME_WAIT counts as taken, so a restart would have to wait.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    listener.listen(1)
    return int(listener.getsockname()[1])
