"""Wake-up events: they end an idle poller's wait before its time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue

from django.db import DatabaseError, connections

from glam_tryon.jobs import CHANNEL
from glam_tryon.models import TryOnJob
from glam_tryon.worker.db_connections import Shortage, own_connection

try:
    import psycopg
except ImportError:  # psycopg2, or another database: the poller's own short sleep has to do
    psycopg = None  # type: ignore[assignment]

logger = logging.getLogger("glam_tryon.worker")

#: How long one wait for a notification lasts, and the pause after a lost connection, in seconds.
WAIT_SECONDS, PAUSE_SECONDS = 1.0, 10.0


def listen(
    wake: Callable[[], None], stopping: SignalSafeEvent, shortage: Shortage
) -> threading.Thread | None:
    """Call ``wake`` for each new job that PostgreSQL tells of, until ``stopping``.

    While connections are short it leaves its own to those who work. Returns the thread, None where
    nobody can tell. A missed notification costs a moment only.
    """
    using = TryOnJob.objects.write_alias()
    if psycopg is None or connections[using].vendor != "postgresql":
        return None
    thread = threading.Thread(
        target=_listen,
        args=(using, wake, stopping, shortage),
        name="glam_tryon_wakeup",
        daemon=True,
    )
    thread.start()
    return thread


def _listen(
    using: str, wake: Callable[[], None], stopping: SignalSafeEvent, shortage: Shortage
) -> None:
    while not stopping.is_set():
        if shortage.is_on:
            stopping.wait(PAUSE_SECONDS)
            continue
        # It only waits, and no other thread may use it.
        wrapper = own_connection(using)
        try:
            wrapper.ensure_connection()
            connection = wrapper.connection
            connection.execute(f"LISTEN {CHANNEL}")
            while not (stopping.is_set() or shortage.is_on):
                for _notice in connection.notifies(timeout=WAIT_SECONDS, stop_after=1):
                    wake()
        except (DatabaseError, psycopg.Error) as error:
            logger.debug("the wake-up connection was lost: %s", error)
            stopping.wait(PAUSE_SECONDS)
        finally:
            wrapper.close()


class SignalSafeEvent:
    """Like ``threading.Event``, but ``set`` takes no lock, so a signal handler may call it.

    A handler runs in the midst of whatever its thread does. When that is ``Event.wait`` or
    ``Event.clear``, ``Event.set`` would wait for ever for the lock that this very thread holds.
    ``SimpleQueue.put`` may interrupt any other call of the same queue.
    """

    def __init__(self) -> None:
        self._is_set = False
        self._calls: SimpleQueue[None] = SimpleQueue()

    def is_set(self) -> bool:
        """Say whether ``set`` was called since the last ``clear``."""
        return self._is_set

    def set(self) -> None:
        """Let every ``wait`` return."""
        self._is_set = True
        self._calls.put(None)

    def clear(self) -> None:
        """Let ``wait`` wait again."""
        self._is_set = False
        with suppress(Empty):
            while True:
                self._calls.get_nowait()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for ``set``, at most ``timeout`` seconds; say whether it was called."""
        if not self.is_set():
            with suppress(Empty):
                self._calls.get(timeout=timeout)
                if self.is_set():
                    # Another thread may wait as well.
                    self._calls.put(None)
        return self._is_set


_listeners: list[Callable[[], None]] = []


def add_listener(wake: Callable[[], None]) -> None:
    """Call ``wake``, from any thread, at each free slot, until ``remove_listener``."""
    _listeners.append(wake)


def remove_listener(wake: Callable[[], None]) -> None:
    """Do not call ``wake`` any more."""
    if wake in _listeners:
        _listeners.remove(wake)


def slot_freed() -> None:
    """Wake this process's pollers: a slot is free, while its job's pictures are still fetched."""
    for wake in tuple(_listeners):
        wake()
