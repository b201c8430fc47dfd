"""Database trouble that passes: try the same write again for a while."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, OperationalError, close_old_connections

logger = logging.getLogger("glam_tryon.worker")

T = TypeVar("T")


def insist(
    write: Callable[[], T],
    *,
    seconds: float = 5.0,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> T:
    """Call ``write`` until the database takes it, for at most ``seconds``; then raise its error.

    For deadlocks, lock time-outs and lost connections. ``write`` must be one transaction that may
    run twice.
    """
    deadline = clock() + seconds
    pause = 0.05
    while True:
        try:
            return write()
        except (OperationalError, InterfaceError) as error:
            if clock() >= deadline:
                raise
            logger.warning("the database did not take a write, trying again: %s", error)
            # A connection that broke is of no more use, and Django drops it only when told to.
            close_old_connections()
            sleep(pause * random.uniform(0.5, 1.5))
            pause = min(pause * 2, 2.0)
