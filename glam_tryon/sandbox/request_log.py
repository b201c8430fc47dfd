"""Log of the sandbox's requests, written under one lock, with a way to wait for one."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Accepted:
    """One POST that the sandbox took, as it stood when it was asked for.

    ``at`` is ``time.monotonic()`` seconds in the sandbox's process. ``fetched_photo`` says that
    the whole person photo came back with status 200. ``generated`` says that a picture was drawn:
    that is what Glam would bill for.
    """

    event_id: str
    media_url: str
    garment_url: str
    mask_type: str
    at: float
    fetched_photo: bool
    generated: bool


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request on either port, noted before its answer leaves.

    ``status`` is ``None`` when a fault keeps HTTP out of the answer. ``port`` is ``"api"`` or
    ``"result"``. ``connection`` numbers the TCP connections of both ports from 1, so that a test
    can see a fresh one. Header values are never kept, only whether ``X-API-Key`` was there.
    """

    method: str
    path: str
    status: int | None
    at: float
    has_key: bool
    port: str
    connection: int


KEPT_REQUESTS = 200_000


class RequestLog:
    """The lock of the whole sandbox, and the facts that both ports write."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._changed = threading.Condition(self.lock)
        self._version = 0
        self._requests: deque[Recorded] = deque(maxlen=KEPT_REQUESTS)
        self._served: dict[str, str] = {}
        self._rejected_429 = 0

    def touch(self) -> None:
        """Wake whoever waits for something to have happened."""
        with self.lock:
            self._version += 1
            self._changed.notify_all()

    def note_request(self, request: Recorded) -> None:
        """Keep one request; the oldest go after 200,000."""
        with self.lock:
            self._requests.append(request)
            self.touch()

    def note_served(self, path: str, sha256: str) -> None:
        """Keep the hash of a whole result that leaves now."""
        with self.lock:
            self._served[path] = sha256
            self.touch()

    def note_429(self) -> None:
        """Count one POST above the parallel limit."""
        with self.lock:
            self._rejected_429 += 1

    @property
    def requests(self) -> list[Recorded]:
        """A copy, oldest first."""
        with self.lock:
            return list(self._requests)

    @property
    def served(self) -> dict[str, str]:
        """A copy: result path to sha256."""
        with self.lock:
            return dict(self._served)

    @property
    def rejected_429(self) -> int:
        """POSTs refused because of the parallel limit."""
        with self.lock:
            return self._rejected_429

    def wait_for(self, predicate: Callable[[], object], timeout_seconds: float) -> None:
        """Return once the predicate is true; ask it again after each change, never by the clock.

        The predicate runs without the lock, so it may ask anything. Raises ``TimeoutError``.
        """
        deadline = time.monotonic() + timeout_seconds
        while True:
            with self.lock:
                seen = self._version
            if predicate():
                return
            with self.lock:
                while self._version == seen:
                    left = deadline - time.monotonic()
                    if left <= 0:
                        raise TimeoutError(f"not within {timeout_seconds} s")
                    self._changed.wait(left)
