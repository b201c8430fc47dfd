"""Faults of the database, put in before or after any one statement or commit of the poller."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from django.db import OperationalError, connection, connections

Do = Callable[[], Any]
Fault = Callable[[int, str, Do], Any]
Hits = Callable[[int], bool]

#: What each database says when another transaction was in the way.
IN_THE_WAY: dict[str, list[tuple[Any, ...]]] = {
    "postgresql": [("deadlock detected",), ("could not serialize access",)],
    "mysql": [(1213, "Deadlock found when trying to get lock"), (1205, "Lock wait timeout")],
    "sqlite": [("database is locked",), ("database table is locked",)],
}


def restart(alias: str = "default") -> None:
    """End this thread's connection at the server, as a restart of the database does.

    SQLite has no server: its statement fails instead.
    """
    wrapper = connections[alias]
    if wrapper.vendor == "sqlite":
        raise OperationalError("disk I/O error")
    with ThreadPoolExecutor(1) as other:
        other.submit(_end_at_the_server, wrapper).result()


def _end_at_the_server(wrapper: Any) -> None:
    mine = connections["default"]
    try:
        with mine.cursor() as cursor:
            if wrapper.vendor == "postgresql":
                pid = wrapper.connection.info.backend_pid
                cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
                assert cursor.fetchone() == (True,)
            else:
                cursor.execute(f"KILL CONNECTION {wrapper.connection.thread_id()}")
    finally:
        mine.close()


class Interrupted:
    """Counts statements and commits of this thread's connection; ``fault`` meets some of them."""

    def __init__(self, fault: Fault) -> None:
        #: Statements and commits so far.
        self.count = 0
        self.fault = fault

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        try:
            return self.meet(sql, lambda: execute(sql, params, many, context))
        except OperationalError:
            # SQLite holds its lock for rows that nobody read, until the cursor is gone. Here the
            # error keeps it alive, and pytest's log keeps the error.
            context["cursor"].close()
            raise

    def meet(self, sql: str, do: Do) -> Any:
        self.count += 1
        return self.fault(self.count, sql, do)


@contextmanager
def interrupted(fault: Fault) -> Iterator[Interrupted]:
    """Let ``fault(number, sql, do)`` do each statement and each commit, or not, as it likes."""
    interrupter = Interrupted(fault)
    wrapper: Any = connections["default"]
    commit = wrapper._commit

    def meet_commit() -> Any:
        return interrupter.meet("COMMIT", commit)

    with connection.execute_wrapper(interrupter):
        wrapper._commit = meet_commit
        try:
            yield interrupter
        finally:
            del wrapper._commit


def before(hits: Hits) -> Fault:
    """The database restarts just before those statements."""

    def fault(number: int, sql: str, do: Do) -> Any:
        if hits(number):
            restart()
        return do()

    return fault


def after(hits: Hits) -> Fault:
    """The database does those statements and restarts before it answers."""

    def fault(number: int, sql: str, do: Do) -> Any:
        if not hits(number):
            return do()
        if sql == "BEGIN":
            # SQLite's own: it happens in this process, so it is done or it is not.
            restart()
        do()
        restart()
        raise OperationalError("server closed the connection unexpectedly")

    return fault


def in_the_way(hits: Hits) -> Fault:
    """Another transaction is in the way of those statements, and of the two that follow each."""
    errors = IN_THE_WAY[connection.vendor]

    def fault(number: int, sql: str, do: Do) -> Any:
        if hits(number) or hits(number - 1) or hits(number - 2):
            raise OperationalError(*errors[number % len(errors)])
        return do()

    return fault


def away_until(is_back: Callable[[], bool]) -> Fault:
    """Nothing at all goes through until ``is_back`` says so."""

    def fault(number: int, sql: str, do: Do) -> Any:
        if not is_back():
            raise OperationalError("connection refused")
        return do()

    return fault
