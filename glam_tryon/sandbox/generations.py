"""Submissions that the sandbox took: facts, queue, parallel limit, clock, hold and release."""

from __future__ import annotations

import heapq
import random
import threading
import time
import uuid
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from .fault_actions import Do
from .request_log import Accepted, RequestLog
from .timing import Seconds, draw_seconds

#: Share of a try-on's time during which it says IN_QUEUE at the least.
QUEUED_SHARE = 0.15


@dataclass(slots=True, eq=False)
class Generation:
    """One submission that was taken. Fields change under the log's lock only."""

    number: int
    event_id: str
    media_url: str
    garment_url: str
    mask_type: str
    do: Do
    at: float
    seconds: float
    result_names: tuple[str, ...]
    phase: str = "queued"  #: queued, started, ready or failed.
    started_at: float = 0.0
    fetched_photo: bool = False
    fetched: bool = False
    picture: bytes | None = None
    reason: str = ""
    released: bool = False
    lost: bool = False
    questions: int = 0
    steps: int = 0
    may_fetch: bool = False
    fetching: bool = False

    @property
    def never_fetches(self) -> bool:
        """Say whether a fault keeps it from fetching its pictures."""
        return bool(self.do.fetch and self.do.fetch["never"])

    @property
    def remote_status(self) -> str:
        """Glam's word for where it stands; IN_QUEUE until both pictures are here."""
        if self.phase in ("ready", "failed"):
            return self.phase.upper()
        early = time.monotonic() < self.started_at + QUEUED_SHARE * self.seconds
        waits = self.phase == "queued" or self.do.stuck or not self.fetched or early
        return "IN_QUEUE" if waits else "IN_PROGRESS"

    @property
    def open(self) -> bool:
        """Say whether it counts against the plan's parallel requests."""
        return self.phase == "started"

    def accepted(self) -> Accepted:
        """Its record for a test."""
        return Accepted(
            self.event_id,
            self.media_url,
            self.garment_url,
            self.mask_type,
            self.at,
            self.fetched_photo,
            self.picture is not None,
        )


class Report(Protocol):
    """Receiver of a generation's progress; each method may be called from any thread."""

    def photo_fetched(self, generation: Generation) -> None:
        """The whole person photo is here."""

    def both_fetched(self, generation: Generation) -> None:
        """Photo and garment are here, drawing begins."""

    def drawn(self, generation: Generation, picture: bytes) -> None:
        """The picture is there."""

    def broken(self, generation: Generation, reason: str) -> None:
        """Report that it cannot be drawn, and why."""


class Work(Protocol):
    """Fetches and draws; ``run`` is called once per generation, from a few threads."""

    def run(self, generation: Generation, report: Report) -> None:
        """Do it; must not raise."""

    def close(self) -> None:
        """Break off what is under way."""


WORKERS = 8


class Generations:
    """All submissions of one sandbox."""

    def __init__(
        self,
        log: RequestLog,
        work: Work,
        seconds: Seconds,
        max_parallel: int,
        queue_over_limit: bool,
        seed: int | None,
    ) -> None:
        self.max_parallel = max_parallel
        self.most_parallel = 0
        self._log = log
        self._lock = log.lock
        self._sooner = threading.Condition(self._lock)
        self._work = work
        self._seconds = seconds
        self._queue_over_limit = queue_over_limit
        self._rng = random.Random(seed)
        self._all: list[Generation] = []
        self._by_id: dict[object, Generation] = {}
        self._by_result: dict[str, Generation] = {}
        self._waiting: deque[Generation] = deque()
        self._open = 0
        self._due: list[tuple[float, int, str]] = []
        self._holding = ""
        self._stopped = False
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="glam-sandbox-work")
        self._clock = threading.Thread(target=self._tick, name="glam-sandbox-clock", daemon=True)

    def start(self) -> None:
        """Let time pass."""
        self._clock.start()

    def stop(self) -> None:
        """End the clock and the work; join their threads."""
        with self._lock:
            self._stopped = True
            self._sooner.notify_all()
        self._work.close()
        self._pool.shutdown(wait=True, cancel_futures=True)
        if self._clock.ident is not None:
            self._clock.join()

    def submit(self, media_url: str, garment_url: str, mask_type: str, do: Do) -> Generation | None:
        """Take a submission; ``None`` when the plan's parallel limit is reached."""
        with self._lock:
            full = self._open >= self.max_parallel
            if full and not self._queue_over_limit:
                self._log.note_429()
                return None
            event_id, picture = self._uuid(), self._uuid()
            seconds = draw_seconds(self._seconds, self._rng) if do.seconds is None else do.seconds
            names = tuple(f"{picture}-u1_{position}.jpg" for position in range(do.results or 1))
            generation = Generation(
                len(self._all) + 1, event_id, media_url, garment_url, mask_type, do,
                time.monotonic(), seconds, names,
            )  # fmt: skip
            self._all.append(generation)
            self._by_id[event_id] = generation
            self._by_result.update(dict.fromkeys(names, generation))
            if full:
                self._waiting.append(generation)
            else:
                self._start(generation)
            self._log.touch()
            return generation

    def name(self, generation: Generation, event_id: object) -> None:
        """Let a submission be asked for under another identifier as well."""
        with self._lock:
            self._by_id.setdefault(event_id, generation)

    def find(self, event_id: str) -> Generation | None:
        """The submission of that identifier."""
        with self._lock:
            return self._by_id.get(event_id)

    def lose(self, generation: Generation) -> None:
        """Answer 404 for it from now on."""
        with self._lock:
            generation.lost = True

    def is_known(self, generation: Generation) -> bool:
        """Count one question for it, and say whether the answer is other than 404."""
        with self._lock:
            generation.questions += 1
            hidden = generation.questions <= (generation.do.not_found or 0)
            return not (generation.lost or hidden)

    def next_step(self, generation: Generation) -> int:
        """Number of its answers that a list of statuses had before this one."""
        with self._lock:
            generation.steps += 1
            return generation.steps - 1

    def find_result(self, name: str) -> Generation | None:
        """The submission that a result's file name belongs to."""
        with self._lock:
            return self._by_result.get(name)

    @property
    def count(self) -> int:
        """Number of submissions that were taken."""
        with self._lock:
            return len(self._all)

    @property
    def open_count(self) -> int:
        """Number of generations that are open now."""
        with self._lock:
            return self._open

    @property
    def accepted(self) -> list[Accepted]:
        """Every POST taken, in order."""
        with self._lock:
            return [each.accepted() for each in self._all]

    def before(self, generation: Generation) -> Generation:
        """The submission before this one; itself when it is the first."""
        with self._lock:
            return self._all[max(generation.number - 2, 0)]

    def hold(self, at: str) -> None:
        """From now on stop every generation before ``"fetch"`` or before ``"finish"``."""
        if at not in ("fetch", "finish"):
            raise ValueError(f'hold at "fetch" or at "finish", not {at!r}')
        with self._lock:
            self._holding = at

    def release(self, event_id: str | None) -> None:
        """Let one generation finish without waiting for its time; ``None``: all, hold no more."""
        with self._lock:
            if event_id is None:
                self._holding = ""
                chosen = [each for each in self._all if each.phase in ("queued", "started")]
            else:
                chosen = [self._by_id[event_id]]
            for generation in chosen:
                generation.released = True
                if generation.open:
                    self._go_on(generation)

    def photo_fetched(self, generation: Generation) -> None:
        """The whole person photo is here."""
        with self._lock:
            generation.fetched_photo = True
            self._log.touch()

    def both_fetched(self, generation: Generation) -> None:
        """Photo and garment are here, drawing begins."""
        with self._lock:
            generation.fetched = True
            self._log.touch()
            self._go_on(generation)

    def drawn(self, generation: Generation, picture: bytes) -> None:
        """The picture is there; it is shown when its time has come."""
        with self._lock:
            generation.picture = picture
            self._log.touch()
            self._go_on(generation)

    def broken(self, generation: Generation, reason: str) -> None:
        """Fail it at once, as nothing is left to wait for."""
        with self._lock:
            generation.reason = reason
            self._finish(generation, "failed")

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))

    def _start(self, generation: Generation) -> None:
        generation.phase = "started"
        generation.started_at = time.monotonic()
        self._open += 1
        self.most_parallel = max(self.most_parallel, self._open)
        if not generation.never_fetches:
            delay = generation.do.fetch["delay_seconds"] if generation.do.fetch else 0.0
            self._at(generation.started_at + delay, generation, "fetch")
        self._at(generation.started_at + generation.seconds, generation, "finish")

    def _at(self, when: float, generation: Generation, what: str) -> None:
        heapq.heappush(self._due, (when, generation.number, what))
        self._sooner.notify()

    def _go_on(self, generation: Generation) -> None:
        """Finish what can be finished now; start to fetch what was held before it."""
        if generation.phase != "started" or self._stopped:
            return
        held_before_fetch = self._holding == "fetch" and not generation.released
        if generation.may_fetch and not generation.fetching and not held_before_fetch:
            generation.fetching = True
            self._pool.submit(self._work.run, generation, self)
        held = self._holding == "finish" or generation.do.stuck
        in_time = time.monotonic() >= generation.started_at + generation.seconds
        if generation.released or (in_time and not held):
            if generation.do.fail is not None and generation.fetched:
                generation.reason = generation.do.fail
                self._finish(generation, "failed")
            elif generation.picture is not None:
                self._finish(generation, "ready")
            elif generation.released and generation.never_fetches:
                generation.reason = "the pictures were never fetched"
                self._finish(generation, "failed")

    def _finish(self, generation: Generation, phase: str) -> None:
        if generation.phase != "started":
            return
        generation.phase = phase
        self._open -= 1
        while self._waiting and self._open < self.max_parallel:
            self._start(self._waiting.popleft())
        self._log.touch()

    def _tick(self) -> None:
        with self._lock:
            while not self._stopped:
                now = time.monotonic()
                while self._due and self._due[0][0] <= now:
                    _, number, what = heapq.heappop(self._due)
                    generation = self._all[number - 1]
                    if what == "fetch":
                        generation.may_fetch = True
                    self._go_on(generation)
                self._sooner.wait(self._due[0][0] - now if self._due else None)
