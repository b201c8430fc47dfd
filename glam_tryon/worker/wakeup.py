"""Wakes an idle poller: at once where PostgreSQL can say so, else it looks again by itself."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from django.db import DatabaseError, connections, router

from glam_tryon.jobs import CHANNEL
from glam_tryon.models import TryOnJob

try:
    import psycopg
except ImportError:  # psycopg2, or another database: the poller's own short sleep has to do
    psycopg = None  # type: ignore[assignment]

logger = logging.getLogger("glam_tryon.worker")

#: How long one wait for a notification lasts, and the pause after a lost connection, in seconds.
WAIT_SECONDS, PAUSE_SECONDS = 1.0, 10.0


def listen(wake: Callable[[], None], stopping: threading.Event) -> threading.Thread | None:
    """Call ``wake`` for each new job that PostgreSQL tells of, until ``stopping``.

    Returns the thread, None where nobody can tell. A missed notification costs a moment only.
    """
    using = router.db_for_write(TryOnJob)
    if psycopg is None or connections[using].vendor != "postgresql":
        return None
    thread = threading.Thread(
        target=_listen, args=(using, wake, stopping), name="glam_tryon_wakeup", daemon=True
    )
    thread.start()
    return thread


def _listen(using: str, wake: Callable[[], None], stopping: threading.Event) -> None:
    while not stopping.is_set():
        # A connection of its own: it only waits, and no other thread may use it.
        wrapper = connections.create_connection(using)
        try:
            wrapper.ensure_connection()
            link = wrapper.connection
            link.execute(f"LISTEN {CHANNEL}")
            while not stopping.is_set():
                for _notice in link.notifies(timeout=WAIT_SECONDS, stop_after=1):
                    wake()
        except (DatabaseError, psycopg.Error) as error:
            logger.debug("the wake-up connection was lost: %s", error)
            stopping.wait(PAUSE_SECONDS)
        finally:
            wrapper.close()
