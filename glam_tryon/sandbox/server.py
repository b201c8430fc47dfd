"""The sandbox as a whole: two ports, their life, and what a test may ask and steer."""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Literal

from .api import PREFIX, Api
from .artist import Artist
from .faults import FaultScript
from .generations import Generations
from .request_log import Accepted, Recorded, RequestLog
from .results import Results
from .timing import Seconds, draw_seconds
from .wire import Port


class Sandbox:
    """A fake Glam on two ports of this machine; see ``docs/sandbox.md``.

    ``port`` and ``result_port`` of 0 take free ones. ``host`` is the address both listen at,
    ``result_host`` the name that result addresses carry. ``seconds_per_tryon`` is a number, or a
    callable that gets a ``random.Random`` (``LogNormal``). ``over_limit`` says what happens to a
    POST above ``max_parallel``: ``"reject"`` answers 429, ``"queue"`` takes it. ``seed`` repeats
    event ids and times. Raises ``OSError`` when a port is taken, ``ValueError`` for wrong values.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        result_port: int = 0,
        host: str = "127.0.0.1",
        result_host: str = "localhost",
        seconds_per_tryon: Seconds = 3.0,
        max_parallel: int = 2,
        api_keys: Iterable[str] = ("sandbox-key",),
        faults: FaultScript | None = None,
        seed: int | None = None,
        over_limit: Literal["reject", "queue"] = "reject",
    ) -> None:
        if max_parallel < 1:
            raise ValueError(f"max_parallel must be 1 or more, not {max_parallel}")
        if over_limit not in ("reject", "queue"):
            raise ValueError(f'over_limit must be "reject" or "queue", not {over_limit!r}')
        draw_seconds(seconds_per_tryon, random.Random(0))
        self.faults = faults or FaultScript()
        self.api_keys = tuple(api_keys)
        self._log = RequestLog()
        self._generations = Generations(
            self._log, Artist(), seconds_per_tryon, max_parallel, over_limit == "queue", seed
        )
        self._results = Results(self._generations, self._log, lambda: self.faults)
        api = Api(self._generations, self._results, lambda: self.api_keys, lambda: self.faults)
        numbers = itertools.count(1)
        self._api_port = Port("api", (host, port), api, self._log, numbers)
        try:
            self._result_port = Port(
                "result", (host, result_port), self._results, self._log, numbers
            )
        except OSError:
            self._api_port.stop()
            raise
        self._results.base_url = f"http://{result_host}:{self._result_port.number}"
        self.base_url = f"http://{host}:{self._api_port.number}{PREFIX}"
        self.result_hosts = (f"{result_host}:{self._result_port.number}",)
        self._life = threading.Lock()
        self._started = False
        self._stopped = threading.Event()

    def start(self) -> Sandbox:
        """Answer requests from now on. Once only: a stopped sandbox does not start again."""
        with self._life:
            if self._started or self._stopped.is_set():
                raise RuntimeError("a Sandbox starts once; make a new one")
            self._started = True
            self._generations.start()
            self._api_port.start()
            self._result_port.start()
        return self

    def stop(self) -> None:
        """Close both ports and every connection, join every thread. May be called twice."""
        with self._life:
            if not self._stopped.is_set():
                self._generations.stop()
                self._api_port.stop()
                self._result_port.stop()
                self._stopped.set()

    def serve_forever(self) -> None:
        """Start unless started, and block until ``stop`` or an exception such as Ctrl-C."""
        if not self._started:
            self.start()
        try:
            self._stopped.wait()
        finally:
            self.stop()

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def accepted(self) -> list[Accepted]:
        """Every POST taken, in order."""
        return self._generations.accepted

    @property
    def requests(self) -> list[Recorded]:
        """Every request on either port, in order; the last 200,000."""
        return self._log.requests

    @property
    def served(self) -> dict[str, str]:
        """Path of each result that was served whole, with the sha256 of its bytes."""
        return self._log.served

    @property
    def rejected_429(self) -> int:
        """POSTs refused because of the parallel limit (not those that a fault script refused)."""
        return self._log.rejected_429

    @property
    def most_parallel(self) -> int:
        """The highest number of generations that were open at once."""
        return self._generations.most_parallel

    @property
    def open_generations(self) -> int:
        """Generations open now."""
        return self._generations.open_count

    @property
    def max_parallel(self) -> int:
        """The plan's "max parallel requests"; may be changed while it runs."""
        return self._generations.max_parallel

    @max_parallel.setter
    def max_parallel(self, value: int) -> None:
        self._generations.max_parallel = value

    def hold(self, at: Literal["fetch", "finish"] = "finish") -> None:
        """Stop every generation that is not done before it fetches its pictures, or finishes."""
        self._generations.hold(at)

    def release(self, event_id: str | None = None) -> None:
        """Let one generation go on to its end at once, whatever its time; ``None``: all of them.

        ``release()`` also ends ``hold``. ``KeyError`` for an event that was never taken.
        """
        self._generations.release(event_id)

    def wait_for(self, predicate: Callable[[], object], timeout_seconds: float) -> None:
        """Return as soon as the predicate is true. Raises ``TimeoutError``.

        It is asked after each change in the sandbox (a request came, a picture was fetched, drawn,
        served, a generation ended), so it should ask about the sandbox.
        """
        try:
            self._log.wait_for(predicate, timeout_seconds)
        except TimeoutError as error:
            raise TimeoutError(
                f"{error}; accepted {self.accepted}, last requests {self.requests[-5:]}"
            ) from None
