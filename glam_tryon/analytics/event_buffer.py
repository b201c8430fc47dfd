"""The buffer of frequent events: counted in memory, written once a minute."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.core.signals import request_finished
from django.db import DatabaseError, InterfaceError, models
from django.dispatch import receiver

from glam_tryon.models import AnalyticsEvent
from glam_tryon.models.clock import DatabaseNow

logger = logging.getLogger("glam_tryon.analytics")

#: How long counts stay in memory, in seconds; a process that is killed loses as much of them.
FLUSH_SECONDS = 60.0

_Key = tuple[str, str, type[models.Model] | None, object]


class _Buffer:
    """The counts of one process."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.lock = threading.Lock()
        self.counts: dict[_Key, int] = {}
        self.flushed_at = time.monotonic()

    def add(self, key: _Key, count: int = 1) -> None:
        with self.lock:
            self.counts[key] = self.counts.get(key, 0) + count

    def take(self) -> dict[_Key, int]:
        with self.lock:
            taken, self.counts = self.counts, {}
            self.flushed_at = time.monotonic()
        return taken


_buffer = _Buffer()


def buffer_event(event: str, product: models.Model | None = None, detail: str = "") -> None:
    """Count one event of a product, or of none. Asks the database nothing."""
    if product is None:
        _buffer.add((event, detail, None, ""))
    else:
        _buffer.add((event, detail, type(product), product.pk))


def clear() -> None:
    """Let go of what is in memory, and begin the minute anew; for tests and forked processes."""
    _buffer.clear()


def flush() -> int:
    """Write what is in memory. Returns how many events that were.

    Raises:
        DatabaseError, InterfaceError: it stays in memory until the next time.
    """
    taken = _buffer.take()
    if not taken:
        return 0
    try:
        using = AnalyticsEvent.objects.write_alias()
        types = ContentType.objects.db_manager(using)
        events = [
            AnalyticsEvent(
                event=event,
                detail=detail,
                product_type=types.get_for_model(model).pk if model else 0,
                product_key=str(key),
                count=count,
                at=DatabaseNow(),
            )
            for (event, detail, model, key), count in taken.items()
        ]
        AnalyticsEvent.objects.writer().bulk_create(events)
    except Exception:
        for each, count in taken.items():
            _buffer.add(each, count)
        raise
    return len(events)


@receiver(request_finished, dispatch_uid="glam_tryon_buffer")
def flush_when_due(**_facts: Any) -> None:
    """Write once a minute, when a response has gone out: nobody waits for it."""
    if _buffer.counts and time.monotonic() - _buffer.flushed_at >= FLUSH_SECONDS:
        _try_to_flush()


@atexit.register
def _try_to_flush() -> None:
    try:
        flush()
    except (DatabaseError, InterfaceError) as error:
        logger.warning("counts of shown buttons could not be written for now: %s", error)


# A forked process would write its parent's counts once more.
os.register_at_fork(after_in_child=clear)
