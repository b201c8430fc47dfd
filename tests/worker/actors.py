"""Pieces of work that stop before each of their database statements, to be continued or killed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.db import connection, connections

_here = threading.local()


class Killed(BaseException):
    """The process died at this point: no code of its own runs any more."""


class Actor:
    """Work in a thread of its own. Only one thread runs at any time, so all share a connection.

    ``wishes`` is what the fake Glam shall answer to this work.
    """

    def __init__(self, work: Callable[[], object], **wishes: Any) -> None:
        self.wishes = wishes
        self.done = False
        self._work = work
        self._error: BaseException | None = None
        self._dies = self._hurries = False
        self._go, self._halted = threading.Semaphore(0), threading.Semaphore(0)
        self._connection = connections["default"]
        self._connection.inc_thread_sharing()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        connections["default"] = self._connection
        _here.actor = self
        self._go.acquire()
        try:
            with suppress(Killed):
                self._work()
        except BaseException as error:  # noqa: BLE001  (raised again by the other thread)
            self._error = error
        self.done = True
        self._halted.release()

    def go_on(self, points: int = 1) -> None:
        """Run up to the next point, or over so many."""
        for _ in range(points):
            if self.done:
                return
            self._go.release()
            assert self._halted.acquire(timeout=60), "the work never came to its next point"
        if self.done:
            self._connection.dec_thread_sharing()
            if self._error:
                raise self._error

    def finish(self) -> None:
        """Run to the end."""
        self._hurries = True
        self.go_on()

    def kill(self) -> None:
        """Die where it stands."""
        self._dies = True
        self.finish()

    def halt(self) -> None:
        """Stand still here until told to go on, or to die."""
        if not self._hurries:
            self._halted.release()
            self._go.acquire()
        if self._dies:
            self._hurries = False
            raise Killed


def actor() -> Actor | None:
    """Return the one in whose thread this runs."""
    return getattr(_here, "actor", None)


def halt(*_place: object) -> None:
    """A point: whoever acts here stands still; stands for ``crashpoint`` as well."""
    if current := actor():
        current.halt()


class HaltBeforeStatements:
    """An execute wrapper: each statement or transaction of an actor begins with a point.

    Within a transaction there is none: a death there is one before its beginning.
    """

    def __init__(self) -> None:
        self.depth = len(connection.savepoint_ids)

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        ends = sql.startswith(("RELEASE", "ROLLBACK"))
        if not ends and len(context["connection"].savepoint_ids) == self.depth:
            halt()
        return execute(sql, params, many, context)
