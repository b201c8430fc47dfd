"""A poller that works inline, in a time that passes only when there is nothing else to do.

Time passes by moving every stored instant into the past: leases, deadlines and pauses of an hour
take no time at all, and the database's own clock stays the only one that the engine knows.
"""

from __future__ import annotations

import itertools
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import connections, models, transaction
from django.db.models import F, Min

from glam_tryon.models import Account, TryOnJob
from glam_tryon.models.clock import database_time
from glam_tryon.sandbox import Sandbox
from glam_tryon.worker import crashpoints as crash
from glam_tryon.worker import db_connections, worker_pool
from glam_tryon.worker import poller as poller_module
from glam_tryon.worker.poll_interval import learning, next_poll
from glam_tryon.worker.poller import Poller
from glam_tryon.worker.wakeup import SignalSafeEvent
from glam_tryon.worker.worker_pool import ThreadPool

#: How far time jumps when nothing is due at a known instant, in seconds.
NOTHING_DUE_SECONDS = 30.0
#: Longer than any job may take with the settings of these tests, in seconds.
LONGEST_SECONDS = 6 * 3600.0


class Killed(BaseException):
    """The process dies here: no ``except Exception`` of the engine sees it."""


class Time:
    """Passes by moving stored instants back; ``now`` is what a poller's own clock says."""

    def __init__(self, glam: Sandbox) -> None:
        self.passed_seconds = 0.0
        #: Generations that Glam is not going to end by itself.
        self.stuck = 0
        #: Where ``rest`` stops at the latest.
        self.end = float("inf")
        self._glam = glam
        # Its own thread has its own connection, which no fault of the poller's touches.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="time")

    def now(self) -> float:
        return time.monotonic() + self.passed_seconds

    def later(self, seconds: float) -> None:
        """Let ``seconds`` pass for everything that is in the database."""
        if seconds > 0:
            self.passed_seconds += seconds
            # What a process remembers for some seconds of its own clock.
            learning.clear_learned()
            next_poll.clear_load()
            self._thread.submit(_shift, seconds).result()

    def settle(self) -> None:
        """Wait until Glam has fetched and drawn whatever it is going to."""
        self._glam.wait_for(lambda: self._glam.open_generations <= self.stuck, 20)

    def rest(self, seconds: float) -> None:
        """Pass at least ``seconds``, and go on to the next instant at which something is due."""
        self.settle()
        due = self._thread.submit(_seconds_until_due).result()
        self.later(max(seconds, min(due, self.end - self.now())))

    def close(self) -> None:
        self._thread.submit(connections.close_all).result()
        self._thread.shutdown()


def _shift(seconds: float) -> None:
    with transaction.atomic():
        for model in apps.get_app_config("glam_tryon").get_models():
            fields = [
                field.name
                for field in model._meta.concrete_fields
                if isinstance(field, models.DateTimeField)
            ]
            if fields:
                model._base_manager.using("default").update(
                    **{name: F(name) - timedelta(seconds=seconds) for name in fields}
                )


def _seconds_until_due() -> float:
    now = database_time("default")
    state = Account.load()
    instants = [
        TryOnJob.objects.using("default")
        .filter(queue__isnull=False, next_step_at__gt=now)
        .aggregate(first=Min("next_step_at"))["first"],
        state.throttled_until,
        state.breaker_until,
    ]
    waits = [(each - now).total_seconds() for each in instants if each and each > now]
    return min(waits, default=NOTHING_DUE_SECONDS) + 0.01


class _InlineThreadPool:
    """Does each step at once, in the caller's thread; only a killed process comes through."""

    def __init__(self, work: Callable[[Any], Any], *_arguments: Any) -> None:
        self._work = work

    def submit(self, argument: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(self._work(argument))
        return future

    def end(self, **_options: Any) -> None:
        pass


class _Waiting(threading.Event):
    """An event for which nobody ever waits: time passes instead."""

    def __init__(self, clock: Time) -> None:
        super().__init__()
        self._clock_of_test = clock

    def wait(self, timeout: float | None = None) -> bool:
        if not self.is_set():
            self._clock_of_test.rest(timeout or 0.0)
        return self.is_set()


class Engine:
    """What a test does with pollers."""

    def __init__(self, glam: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        learning.clear_learned()
        next_poll.clear_load()
        self.time = Time(glam)
        self._monkeypatch = monkeypatch
        monkeypatch.setattr(worker_pool, "ThreadPool", _InlineThreadPool)
        monkeypatch.setattr(poller_module, "SignalSafeEvent", lambda: _Waiting(self.time))
        # Kept from round to round, so that it can be lost between two of them.
        connections.close_all()
        monkeypatch.setitem(connections["default"].settings_dict, "CONN_MAX_AGE", None)
        # The wake-up connection belongs to real pollers; here nothing ever sleeps.
        monkeypatch.setattr(poller_module, "listen", lambda *_arguments: None)
        defaults: dict[str, Any] = db_connections.retry_on_db_error.__kwdefaults__ or {}
        monkeypatch.setitem(defaults, "sleep", self.time.later)
        monkeypatch.setitem(defaults, "clock", self.time.now)

    def poller(self) -> Poller:
        """Return a fresh poller, as after a start of its process."""
        return Poller(clock=self.time.now)

    def threaded_poller(self) -> Poller:
        """Return a poller with real threads; the test makes its rounds."""
        with self._monkeypatch.context() as patch:
            patch.setattr(worker_pool, "ThreadPool", ThreadPool)
            patch.setattr(poller_module, "SignalSafeEvent", SignalSafeEvent)
            return self.poller()

    def once(self) -> int:
        """Make one pass over what is due. Returns how many steps were begun."""
        return self.poller().run(once=True)

    def later(self, seconds: float) -> None:
        """Let time pass without a poller."""
        self.time.later(seconds)

    def work(self, seconds: float) -> None:
        """Let a poller work for that long."""
        self.time.end = self.time.now() + seconds
        self.poller().run(max_seconds=seconds)
        self.time.end = float("inf")

    def pump(self, *, stuck: int = 0) -> float:
        """Let a poller work until nothing moves. Returns how many seconds passed.

        ``stuck`` generations stay open at Glam.
        """
        self.time.stuck = stuck
        before = self.time.now()
        self.run()
        moving = list(TryOnJob.objects.advancing().values("status", "error_code", "error_message"))
        assert not moving, f"still moving after {LONGEST_SECONDS} s: {moving}"
        return self.time.now() - before

    def run(self) -> None:
        """Let a poller work until nothing moves, or for a very long time."""
        self.poller().run(drain=True, max_seconds=LONGEST_SECONDS)

    @contextmanager
    def at(self, place: str, hook: Callable[[], None]) -> Iterator[None]:
        """Call ``hook`` the first time that the engine comes to the crash point ``place``."""
        calls = []

        def die(_number: int) -> None:
            calls.append(place)
            hook()

        with self._monkeypatch.context() as patch:
            patch.setenv("GLAM_TRYON_CRASH_AT", place)
            patch.setitem(crash._passes, "GLAM_TRYON_CRASH_AT", itertools.count(1))
            patch.setattr(
                crash, "signal", SimpleNamespace(raise_signal=die, SIGKILL=signal.SIGKILL)
            )
            yield
        assert calls, f"the engine never came to {place}"

    def die_at(self, place: str) -> None:
        """Let a poller work until it is killed at ``place``; nothing of it is left."""

        def die() -> None:
            raise Killed(place)

        with self.at(place, die), pytest.raises(Killed):
            self.pump()
