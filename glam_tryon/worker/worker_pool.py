"""The worker pool: the threads of one poller, the steps in flight, and their results."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import replace
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar
from uuid import UUID

from django.db import Error, connections, reset_queries

from glam_tryon.models.database_errors import is_about_value, is_passing
from glam_tryon.models.status import AT_PROVIDER
from glam_tryon.worker.bulk_update import PollUpdate, write_poll_updates
from glam_tryon.worker.claim import Claimed, extend_leases, release_leases
from glam_tryon.worker.db_connections import Shortage, refresh_connections
from glam_tryon.worker.steps import advance

logger = logging.getLogger("glam_tryon.worker")

#: So many steps are claimed for each thread, so that none idles while the next claim is made.
AHEAD = 2
#: How long polls in flight may take to end after a stop, in seconds.
DROP_SECONDS = 2.0
#: How often it is looked whether what is in flight is still worth a wait, in seconds.
SLICE_SECONDS = 0.5
#: How long after trouble with the database a step is done again, in seconds.
DATABASE_SECONDS = 5.0
#: After so many seconds a step hangs: its lease is not kept any longer.
LONGEST_STEP_SECONDS = 900.0


#: How long a thread without work keeps its database connection, in seconds.
KEEP_SECONDS = 30.0

A = TypeVar("A")
R = TypeVar("R")


class WorkerPool:
    """A few long-lived threads; submits have their own, so that slow answers never delay one."""

    def __init__(self, threads: int, senders: int, ended: Callable[[], None]) -> None:
        self.threads = threads
        self.senders = senders
        self._ended = ended
        self.shortage = Shortage()
        self._pool = ThreadPool(self._work, threads, "glam_tryon_step", self.shortage)
        self._sending = ThreadPool(self._work, senders, "glam_tryon_submit", self.shortage)
        #: Steps that the database broke: their leases are given back when it is there again.
        self._broken: SimpleQueue[Claimed] = SimpleQueue()
        self._steps: dict[Future[PollUpdate | None], Claimed] = {}
        self._submits: dict[Future[PollUpdate | None], Claimed] = {}
        self._told: list[PollUpdate] = []

    def busy(self) -> bool:
        """Say whether a step is in flight."""
        return bool(self._steps or self._submits)

    def room_for_submits(self) -> int:
        """Return how many submits could begin at once."""
        return self.senders - len(self._submits)

    def room_for_steps(self) -> int:
        """Return how many steps to claim now: a batch, or nothing while enough are waiting."""
        room = AHEAD * self.threads - len(self._steps)
        return room if room * 2 >= self.threads else 0

    def begin(self, claimed: Claimed) -> None:
        """Do the claimed step in a thread."""
        pool, running = (
            (self._sending, self._submits) if claimed.intent else (self._pool, self._steps)
        )
        future = pool.submit(claimed)
        running[future] = claimed
        # A step that ends may have freed a slot: the next job need not wait for the clock.
        future.add_done_callback(lambda _future: self._ended())

    def collect(self) -> None:
        """Take the threads' answers; ``write`` writes them."""
        for running in (self._steps, self._submits):
            for future in [future for future in running if future.done()]:
                del running[future]
                if not future.cancelled() and (told := future.result()):
                    self._told.append(told)

    def write(self) -> None:
        """Write together what can be written together of the answers, and give broken steps back.

        Raises:
            DatabaseError: the database is away; the answers are kept for the next call.
        """
        while (broken := _first(self._broken)) is not None:
            try:
                # The job is not to blame, so its attempt does not count.
                release_leases([broken.job], DATABASE_SECONDS)
            except Error:
                self._broken.put(broken)
                raise
        if self._told:
            try:
                write_poll_updates(self._told)
            except (Error, ValueError) as error:
                if not is_about_value(error):
                    raise
                # One answer's words must not hold up the others.
                logger.error("answers are written one by one, for one is refused: %s", error)
                for told in self._told:
                    _write_alone(told)
            self._told = []

    def extend_leases(self) -> None:
        """Let no other worker take over what is in flight, unless it hangs.

        Four pictures over a slow line take longer than a lease.
        """
        oldest = time.monotonic() - LONGEST_STEP_SECONDS
        extend_leases(
            [
                claimed.job
                for running in (self._steps, self._submits)
                for future, claimed in running.items()
                if not future.done() and claimed.claimed_tick > oldest
            ]
        )

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until all that is in flight has ended, at most ``seconds``; say whether it has."""
        return not wait([*self._steps, *self._submits], timeout=seconds).not_done

    def dismiss(self, seconds: float) -> None:
        """Let what is in flight end within ``seconds``, give the rest back, end the threads.

        Raises:
            DatabaseError: the database is away; the threads end all the same.
        """
        try:
            self._dismiss(seconds)
        finally:
            for pool in (self._pool, self._sending):
                pool.end(wait=not self.busy())

    def _dismiss(self, seconds: float) -> None:
        not_begun = [
            claimed
            for running in (self._steps, self._submits)
            for future, claimed in running.items()
            if future.cancel()
        ]
        release_leases([claimed.job for claimed in not_begun if not claimed.intent])
        logger.info("stopping, %d steps are in flight", len(self._steps) + len(self._submits))
        self.wait(DROP_SECONDS)
        self._see_through(time.monotonic() + seconds - DROP_SECONDS)
        self.collect()
        self.write()
        if self.busy():
            # What a POST brings is a fact and is not fenced; any other step runs again elsewhere.
            late = len(self._steps) + len(self._submits)
            logger.warning("%d steps were still running at the stop; their leases expire", late)

    def _see_through(self, deadline: float) -> None:
        """Wait for POSTs and downloads; drop polls, for any worker may poll again.

        A poll whose answer just came has become a download: its lease is not returned.
        """
        dropped: set[UUID] = set()
        while (left := deadline - time.monotonic()) > 0:
            for future, claimed in self._steps.items():
                job = claimed.job
                polls = not future.done() and job.status in AT_PROVIDER and job.pk not in dropped
                if polls and release_leases([job], statuses=AT_PROVIDER):
                    dropped.add(job.pk)
            worth_it = set(self._submits).union(
                future for future, claimed in self._steps.items() if claimed.job.pk not in dropped
            )
            if not wait(worth_it, timeout=min(left, SLICE_SECONDS)).not_done:
                return

    def _work(self, claimed: Claimed) -> PollUpdate | None:
        """One step in a thread: whatever it raises, the thread and the loop live on."""
        refresh_connections()
        try:
            return advance(claimed)
        except Exception as error:
            if is_passing(error):
                logger.warning("job %s: the database broke a step: %s", claimed.job.pk, error)
                self._broken.put(claimed)
            else:
                # The lease expires and the step is claimed again; the third time ends the job as
                # poison.
                logger.exception("job %s: a step broke", claimed.job.pk)
            return None
        finally:
            reset_queries()


def _write_alone(told: PollUpdate) -> None:
    """Write one answer; its words are left out when it is them that are refused."""
    for each in (told, replace(told, remote_status="")):
        try:
            write_poll_updates([each])
            return
        except (Error, ValueError) as error:
            if not is_about_value(error):
                raise
            logger.error("job %s: an answer is refused: %s", told.job_id, error)
    # Its lease expires, and it is polled again.


def _first(queue: SimpleQueue[A]) -> A | None:
    try:
        return queue.get_nowait()
    except Empty:
        return None


class ThreadPool(Generic[A, R]):
    """At most ``count`` threads that call ``work``, started when there is more of it than threads.

    Like a ``ThreadPoolExecutor``, but a thread takes work only with a database connection in hand,
    and closes it when it has been idle for a while: what is opened for every step costs as much as
    the step, and what nobody closes is missing elsewhere. While the database gives fewer
    connections than there are threads, fewer of them work, and none keeps one between two steps.
    """

    def __init__(
        self,
        work: Callable[[A], R],
        count: int,
        name: str,
        shortage: Shortage | None = None,
    ) -> None:
        self._work = work
        self._count = count
        self._name = name
        self._shortage = shortage or Shortage()
        self._queue: SimpleQueue[tuple[Future[R], A] | None] = SimpleQueue()
        self._lock = threading.Lock()
        #: What was submitted and is not done yet, and the threads that are there to do it.
        self._pending = self._alive = 0
        self._numbers = itertools.count()
        self._threads: list[threading.Thread] = []

    def submit(self, argument: A) -> Future[R]:
        """Call ``work`` with the argument as soon as a thread is free; from one thread only."""
        future: Future[R] = Future()
        self._queue.put((future, argument))
        with self._lock:
            self._pending += 1
            starts = self._pending > self._alive and self._alive < self._allowed()
            self._alive += starts
        if starts:
            name = f"{self._name}_{next(self._numbers)}"
            self._threads = [thread for thread in self._threads if thread.is_alive()]
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

    def _allowed(self) -> int:
        return self._shortage.allowed(self._count)

    def _run(self) -> None:
        try:
            while not self._leaves() and (item := self._next()):
                if not self._shortage.connect():
                    # Another thread may do it, or this one later; nothing of it has begun.
                    self._queue.put(item)
                    self._shortage.wait()
                    continue
                self._do(*item)
                # What it holds must not live until the next one.
                del item
                self._shortage.give_back()
        finally:
            connections.close_all()

    def _do(self, future: Future[R], argument: A) -> None:
        try:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(self._work(argument))
                except BaseException as error:  # noqa: BLE001  (whoever asks for it is told)
                    future.set_exception(error)
        finally:
            with self._lock:
                self._pending -= 1

    def _leaves(self) -> bool:
        """Say whether this thread is one too many; it is not counted any more then."""
        with self._lock:
            leaves = self._alive > self._allowed()
            self._alive -= leaves
        return leaves

    def _next(self) -> tuple[Future[R], A] | None:
        try:
            return self._queue.get(timeout=0.05 if self._shortage.is_on else KEEP_SECONDS)
        except Empty:
            connections.close_all()
            return self._queue.get()
