"""Calls the shop's own code, which may hang, and waits for it for a limited time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from django.db import connections

from glam_tryon.worker.db_connections import Schemas, take_over, thread_schemas

T = TypeVar("T")

#: So many calls may hang at once; then no more are made until one returns.
_room = threading.BoundedSemaphore(16)


def run_with_timeout(seconds: float, work: Callable[[], T], name: str) -> Future[T] | None:
    """Begin ``work`` in a thread of its own. Returns its future after ``seconds`` at the latest.

    A future that is not done then is left to itself. None when too many calls hang already.
    """
    if not _room.acquire(blocking=False):
        return None
    future: Future[T] = Future()
    thread = threading.Thread(target=_do, args=(work, future, thread_schemas()), name=name)
    # Nobody waits for it when the process ends.
    thread.daemon = True
    thread.start()
    thread.join(seconds)
    return future


def _do(work: Callable[[], T], future: Future[T], schemas: Schemas) -> None:
    try:
        take_over(schemas)
        future.set_result(work())
    except Exception as error:  # noqa: BLE001  (whoever asked is told)
        future.set_exception(error)
    finally:
        connections.close_all()
        _room.release()
