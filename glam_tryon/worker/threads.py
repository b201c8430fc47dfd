"""Long-lived threads that keep their database connection while there is work for them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from django.db import connections

A = TypeVar("A")
R = TypeVar("R")

#: How long a thread without work keeps its database connection, in seconds.
KEEP_SECONDS = 30.0


class Threads(Generic[A, R]):
    """At most ``count`` threads that call ``work``, started when there is more of it than threads.

    Like a ``ThreadPoolExecutor``, but a thread closes its connections when it has been idle for a
    while: what is opened for every step costs as much as the step, and what nobody closes is
    missing elsewhere.
    """

    def __init__(self, work: Callable[[A], R], count: int, name: str) -> None:
        self._work = work
        self._count = count
        self._name = name
        self._queue: SimpleQueue[tuple[Future[R], A] | None] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._threads: list[threading.Thread] = []

    def submit(self, argument: A) -> Future[R]:
        """Call ``work`` with the argument as soon as a thread is free; from one thread only."""
        future: Future[R] = Future()
        self._queue.put((future, argument))
        if not self._idle.acquire(blocking=False) and len(self._threads) < self._count:
            name = f"{self._name}_{len(self._threads)}"
            # Who needs to see the work through calls ``end``; a process that dies waits for nobody.
            thread = threading.Thread(target=self._run, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()
        return future

    def end(self, *, wait: bool) -> None:
        """Let the threads end when they have done what was submitted; ``wait`` until they have."""
        for _thread in self._threads:
            self._queue.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    def _run(self) -> None:
        try:
            while item := self._next():
                future, argument = item
                if future.set_running_or_notify_cancel():
                    try:
                        future.set_result(self._work(argument))
                    except BaseException as error:  # noqa: BLE001  (whoever asks for it is told)
                        future.set_exception(error)
                # What it holds must not live until the next one.
                del item, future, argument
                self._idle.release()
        finally:
            connections.close_all()

    def _next(self) -> tuple[Future[R], A] | None:
        try:
            return self._queue.get(timeout=KEEP_SECONDS)
        except Empty:
            connections.close_all()
            return self._queue.get()
