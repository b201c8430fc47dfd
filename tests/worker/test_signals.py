"""Fault 76: a signal that comes in the midst of anything stops a poller, and never hangs it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from glam_tryon.management.commands.poll_tryon_jobs import Command
from glam_tryon.models import Account
from glam_tryon.worker.poller import Poller
from glam_tryon.worker.wakeup import SignalSafeEvent
from tests.worker.pollers import Pollers, wait_until

#: As many stops as find a window of microseconds.
STOPS = 300


@pytest.fixture
def handlers() -> Iterator[None]:
    """The handlers of the process come back."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("handlers")
@pytest.mark.timeout(60)
def test_a_stop_in_the_midst_of_the_wait_never_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop does nothing but wait and clear, as fast as it can."""
    monkeypatch.setattr(Poller, "_round", lambda _self: 0)
    monkeypatch.setattr(Poller, "_pause", lambda _self: 0.0)
    monkeypatch.setattr(Poller, "_finish", lambda _self: None)
    monkeypatch.setattr("glam_tryon.worker.poller.listen", lambda *_given: None)
    for number in range(STOPS):
        poller = Poller(threads=1)
        Command()._listen(poller)
        timer = threading.Timer(0.001 + number % 7 * 0.0003, os.kill, [os.getpid(), signal.SIGTERM])
        timer.start()
        poller.run()
        timer.join()
        assert poller.stopping.is_set()


@pytest.mark.usefixtures("handlers")
def test_a_stop_ends_an_idle_wait_at_once() -> None:
    poller = Poller(threads=1)
    Command()._listen(poller)
    threading.Timer(0.05, os.kill, [os.getpid(), signal.SIGTERM]).start()
    assert poller._wake.wait(60)


def test_an_event_is_set_while_this_very_thread_waits_and_clears() -> None:
    event, seen = SignalSafeEvent(), []
    before = signal.signal(signal.SIGALRM, lambda *_given: event.set())
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.0001)
    try:
        while len(seen) < 500:
            seen.append(event.wait(5))
            event.clear()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert set(seen) <= {True, False}
    assert True in seen


def test_an_event_wakes_everybody_who_waits() -> None:
    event, woken = SignalSafeEvent(), []
    threads = [threading.Thread(target=lambda: woken.append(event.wait(20))) for _ in range(4)]
    for thread in threads:
        thread.start()
    event.set()
    for thread in threads:
        thread.join()
    assert woken == [True] * 4
    assert event.wait(0)
    event.clear()
    assert not event.wait(0)


@pytest.mark.usefixtures("handlers")
def test_the_handler_calls_nothing_that_takes_a_lock() -> None:
    Command()._listen(Poller(threads=1))
    calls: list[str] = []

    def note(frame: Any, event: str, called: Any) -> None:
        if event == "call":
            calls.append(frame.f_code.co_qualname)
        elif event == "c_call":
            calls.append(called.__qualname__)

    sys.setprofile(note)
    signal.raise_signal(signal.SIGTERM)
    sys.setprofile(None)
    at = calls.index("Command._listen.<locals>.stop")
    assert set(calls[at:]) - {"setprofile", "raise_signal"} == {
        "Command._listen.<locals>.stop",
        "Poller.stop",
        "SignalSafeEvent.set",
        "SimpleQueue.put",
    }


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("busy", [False, True])
def test_pollers_that_are_stopped_anywhere_end_with_0(
    busy: bool, pollers: Pollers, order: Callable[..., object]
) -> None:
    for _ in range(100 if os.environ.get("LONG") else 4):
        if busy:
            order()
        Account.rows().update(last_round_at=None)
        poller = pollers.start()
        # Not before its handler is there: until then a signal ends any process of Python.
        wait_until(lambda: Account.read().last_round_at)
        # Somewhere in a round, or in a wait between two.
        poller.send(signal.SIGTERM)
        assert poller.wait(25) == 0
