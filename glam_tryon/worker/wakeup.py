"""Wake-up events: they end an idle poller's wait before its time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

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
    wake: Callable[[], None], stopping: threading.Event, shortage: Shortage
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
    using: str, wake: Callable[[], None], stopping: threading.Event, shortage: Shortage
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
