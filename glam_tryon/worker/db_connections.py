"""Database connections of the worker's threads: kept between steps, replaced when they break."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import Error, close_old_connections, connections

from glam_tryon.models.database_errors import is_about_value, is_passing


def refresh_connections() -> None:
    """Close this thread's connections that broke or grew too old; called before a round or a step.

    Like Django's ``close_old_connections``, but a ``CONN_MAX_AGE`` of 0 does not count: it means
    "until the request ends", and would cost a poller a new connection for every step and every
    round, five a second while it is idle. A connection that the server closed meanwhile is
    replaced unnoticed.
    """
    for connection in connections.all(initialized_only=True):
        if connection.settings_dict["CONN_MAX_AGE"] == 0:
            connection.close_at = None
        connection.health_check_enabled = True  # type: ignore[attr-defined]
        connection.close_if_unusable_or_obsolete()


logger = logging.getLogger("glam_tryon.worker")

T = TypeVar("T")


def retry_on_db_error(
    write: Callable[[], T],
    *,
    seconds: float = 5.0,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> T:
    """Call ``write`` until the database takes it, for at most ``seconds``; then raise its error.

    For deadlocks, lock time-outs and lost connections; what the database does not take for its
    value it will not take later. ``write`` must be one transaction that may run twice.
    """
    deadline = clock() + seconds
    pause = 0.05
    while True:
        try:
            return write()
        except Error as error:
            if not is_passing(error) or clock() >= deadline:
                raise
            logger.warning("the database did not take a write, trying again: %s", error)
            # A connection that broke is of no more use, and Django drops it only when told to.
            close_old_connections()
            sleep(pause * random.uniform(0.5, 1.5))
            pause = min(pause * 2, 2.0)


def write_verdict(write: Callable[[str], T], words: str, *, seconds: float = 5.0) -> T:
    """Write what an answer came to, with its words if they can be written, without them otherwise.

    ``write`` is as for ``retry_on_db_error``. Words are cleaned where they come in and fitted to
    their column, so this is the last resort: a verdict that is not written is bought again.
    """
    try:
        return retry_on_db_error(lambda: write(words), seconds=seconds)
    except (Error, ValueError, OverflowError) as error:
        if not (words and is_about_value(error)):
            raise
        logger.error("a verdict is written without its words, which were refused: %s", error)
    return retry_on_db_error(lambda: write(""), seconds=seconds)
