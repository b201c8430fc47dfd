"""Database connections of the worker's threads: kept between steps, replaced when they break."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.db import Error, close_old_connections, connections

from glam_tryon.models import TryOnJob
from glam_tryon.models.database_errors import is_about_value, is_passing

logger = logging.getLogger("glam_tryon.worker")

#: How long after a refused connection more are asked for again, in seconds.
SHORTAGE_SECONDS = 300.0
#: Between two tries of a thread that waits for a connection, in seconds.
WAIT_SECONDS = 0.2


def own_connection(alias: str) -> Any:
    """Make a connection object that no other thread has, outside of Django's pool if that is on.

    A pool is for threads that come and go: the worker keeps one connection for each of its own,
    and with the usual pool of 4 all would wait for one another.
    """
    wrapper: Any = connections.create_connection(alias)
    if wrapper.settings_dict["OPTIONS"].get("pool"):
        options = {**wrapper.settings_dict["OPTIONS"], "pool": None}
        wrapper.settings_dict = {**wrapper.settings_dict, "OPTIONS": options}
    return wrapper


def refresh_connections() -> None:
    """Close this thread's connections that broke or grew too old; called before a round or a step.

    Like Django's ``close_old_connections``, but a ``CONN_MAX_AGE`` of 0 does not count: it means
    "until the request ends", and would cost a poller a new connection for every step and every
    round, five a second while it is idle. A connection that the server closed meanwhile is
    replaced unnoticed. Connections of a pool are replaced by the thread's own.
    """
    for alias in connections:
        wrapper: Any = connections[alias]
        if wrapper.settings_dict["OPTIONS"].get("pool"):
            wrapper.close()
            connections[alias] = own_connection(alias)
    for connection in connections.all(initialized_only=True):
        if connection.settings_dict["CONN_MAX_AGE"] == 0:
            connection.close_at = None
        connection.health_check_enabled = True  # type: ignore[attr-defined]
        connection.close_if_unusable_or_obsolete()


def return_connections() -> None:
    """Close this thread's connections; what it does next has Django's own again."""
    connections.close_all()
    for alias in connections:
        if "pool" in connections[alias].settings_dict["OPTIONS"]:
            del connections[alias]


#: For each alias: the tenant of a thread's connection, as django-tenants and its like keep it.
Schemas = Mapping[str, tuple[Any, str, bool]]


def thread_schemas() -> Schemas:
    """Return the tenants of this thread's connections, for the threads that it starts."""
    return {
        connection.alias: (
            getattr(connection, "tenant", None),
            getattr(connection, "schema_name", ""),
            getattr(connection, "include_public_schema", True),
        )
        for connection in connections.all(initialized_only=True)
        if hasattr(connection, "set_schema")
    }


def take_over(schemas: Schemas, into: Mapping[str, Any] | None = None) -> None:
    """Let this thread's connections, or those given, work for the same tenants."""
    for alias, (tenant, schema, include_public) in schemas.items():
        connection: Any = (into or {}).get(alias) or connections[alias]
        if tenant is not None and hasattr(connection, "set_tenant"):
            connection.set_tenant(tenant, include_public)
        elif schema:
            connection.set_schema(schema, include_public)


class Shortage:
    """Notes whether the database gives one poller fewer connections than it has threads.

    A refused connection halves the share of threads that work, and the share doubles again after
    ``SHORTAGE_SECONDS`` without one: the web servers need connections as well.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._share = 1.0
        self._refused_at = float("-inf")
        self._waiting = 0
        self._schemas = thread_schemas()

    @property
    def is_on(self) -> bool:
        """Say whether a connection was refused lately."""
        return self.allowed(1024) < 1024

    def allowed(self, threads: int) -> int:
        """Return how many of so many threads may work, at least one."""
        with self._lock:
            if self._share < 1 and self._clock() - self._refused_at >= SHORTAGE_SECONDS:
                self._share = min(1.0, self._share * 2)
                self._refused_at = self._clock()
            return max(1, int(threads * self._share))

    def connect(self) -> bool:
        """Open this thread's connection, if it has none; False when the database gives none."""
        try:
            refresh_connections()
            take_over(self._schemas)
            connections[TryOnJob.objects.write_alias()].ensure_connection()
        except Error as error:
            if is_passing(error):
                self._note(error)
                return False
            # Whoever needs the connection is told.
            logger.debug("no connection: %s", error)
        return True

    def wait(self) -> None:
        """Wait a moment for a connection that another thread gives back."""
        with self._lock:
            self._waiting += 1
        time.sleep(WAIT_SECONDS)
        with self._lock:
            self._waiting -= 1

    def give_back(self) -> None:
        """Close this thread's connection while they are short, and let those who wait go first."""
        if self.is_on:
            connections.close_all()
            if self._waiting:
                time.sleep(2 * WAIT_SECONDS)

    def _note(self, error: Exception) -> None:
        with self._lock:
            # Refusals of the same moment are one piece of news.
            is_news = self._clock() - self._refused_at >= 1.0
            if is_news:
                self._share = max(1 / 1024, self._share / 2)
                self._refused_at = self._clock()
        if is_news:
            logger.warning(
                "the database gives no connection to a thread, so fewer of them work for a while; "
                "POLLER_THREADS says how many: %s",
                error,
            )


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
