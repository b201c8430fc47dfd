"""The poller's threads: how many, what becomes of their work, and of their connections."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from typing import Any

import pytest
from django.db import connection

from glam_tryon.models import Account
from glam_tryon.worker import worker_pool as worker_pool_module
from glam_tryon.worker.worker_pool import ThreadPool

Make = Callable[..., ThreadPool[Any, Any]]

# A thread takes work with a connection in its hand only.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def make() -> Iterator[Make]:
    """ThreadPool that end with the test."""
    made: list[ThreadPool[Any, Any]] = []

    def threads(work: Callable[[Any], Any], count: int) -> ThreadPool[Any, Any]:
        made.append(ThreadPool(work, count, "test"))
        return made[-1]

    yield threads
    for each in made:
        each.end(wait=True)


def test_no_more_work_at_once_than_threads_and_none_is_left_out(make: Make) -> None:
    lock, now, most = threading.Lock(), 0, 0

    def work(number: int) -> int:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.01)
        with lock:
            now -= 1
        return number * 2

    threads = make(work, 3)
    futures = [threads.submit(number) for number in range(12)]
    assert [future.result(10) for future in futures] == [number * 2 for number in range(12)]
    assert most == 3


def test_a_thread_is_used_again_before_another_is_started(make: Make) -> None:
    threads = make(lambda _nothing: threading.current_thread().name, 8)
    names = set()
    for _ in range(20):
        names.add(threads.submit(None).result(10))
        # It says that it is idle a moment after its answer is there.
        wait_until(lambda: threads._pending == 0)
    assert names == {"test_0"}


def test_what_the_work_raises_is_raised_for_who_asks_and_the_thread_lives_on(make: Make) -> None:
    def work(number: int) -> float:
        return 1 / number

    threads = make(work, 1)
    with pytest.raises(ZeroDivisionError):
        threads.submit(0).result(10)
    assert threads.submit(2).result(10) == 0.5


def test_what_has_not_begun_can_be_canceled(make: Make) -> None:
    begun, go_on, done = threading.Event(), threading.Event(), []

    def work(number: int) -> None:
        begun.set()
        assert go_on.wait(10)
        done.append(number)

    threads = make(work, 1)
    first, second, third = (threads.submit(number) for number in range(3))
    assert begun.wait(10)
    assert not first.cancel()
    assert second.cancel()
    go_on.set()
    wait([first, third], timeout=10)
    assert done == [0, 2]


@pytest.mark.database("postgres", "mysql")
class TestConnections:
    """What one thread opens, on the databases whose drivers say what is closed."""

    @staticmethod
    def link(_nothing: object) -> Any:
        Account.load()
        return connection.connection

    def test_a_connection_stays_from_step_to_step(self, make: Make) -> None:
        threads = make(self.link, 1)
        # All are kept until they are compared, so that no address is used again.
        links = [threads.submit(None).result(10) for _ in range(5)]
        assert len({id(link) for link in links}) == 1

    def test_an_idle_thread_closes_it(self, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        kept: list[Any] = []

        def work(asks: bool) -> None:
            if asks:
                Account.load()
                kept.append(connection.connection)

        monkeypatch.setattr(worker_pool_module, "KEEP_SECONDS", 0.05)
        threads = make(work, 1)
        threads.submit(True).result(10)
        wait_until(lambda: is_closed(kept[0]))
        threads.submit(True).result(10)
        assert len(kept) == 2

    def test_the_end_closes_it(self, make: Make) -> None:
        kept: list[Any] = []

        def work(_nothing: object) -> None:
            Account.load()
            kept.append(connection.connection)

        threads = make(work, 1)
        threads.submit(None).result(10)
        assert not is_closed(kept[0])
        threads.end(wait=True)
        assert is_closed(kept[0])


def is_closed(link: Any) -> bool:
    """Say whether a driver's connection is closed."""
    return bool(link.closed if connection.vendor == "postgresql" else not link.open)


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for it, ten seconds at most."""
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)
