"""The poller: claims in its own thread, steps in the worker pool, maintenance beside them."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable

from django.db import (
    DatabaseError,
    InterfaceError,
    reset_queries,
)

from glam_tryon.conf import conf
from glam_tryon.models import TryOnJob
from glam_tryon.worker.claim import (
    Claimed,
    claim_steps,
    seconds_to_next_step,
)
from glam_tryon.worker.crashpoints import crashpoint
from glam_tryon.worker.db_connections import refresh_connections, return_connections
from glam_tryon.worker.maintenance import Maintenance
from glam_tryon.worker.slots import claim_submissions
from glam_tryon.worker.startup import describe
from glam_tryon.worker.wakeup import SignalSafeEvent, add_listener, listen, remove_listener
from glam_tryon.worker.worker_pool import WorkerPool

logger = logging.getLogger("glam_tryon.worker")

#: Shortest and longest wait of an idle poller between two looks at the database, in seconds.
IDLE_SECONDS = (0.01, 0.2)
#: How long steps in flight may take to end after a stop, in seconds.
STOP_SECONDS = 20.0
#: How long the end of a run waits for its maintenance, in seconds: when all is done, and after a
#: stop, when the next run may go on with it.
MAINTENANCE_SECONDS, MAINTENANCE_STOP_SECONDS = 60.0, 2.0
#: Most jobs that one pass takes of each kind.
PASS_LIMIT = 1000
#: Longest wait while the database is away, and between two lines about it, in seconds.
OUTAGE_SECONDS, OUTAGE_LOG_SECONDS = 30.0, 60.0
#: Threads for submits; there are never more of them than slots.
MOST_SENDERS = 8


class Poller:
    """Advances jobs until it is stopped. Any number may run, on any number of machines."""

    def __init__(
        self,
        *,
        threads: int | None = None,
        driver: str = "code",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clock = clock
        #: Who supplies the process, for the log.
        self.driver = driver
        self.threads = threads or conf.POLLER_THREADS
        self.stopping = SignalSafeEvent()
        self._wake = SignalSafeEvent()
        self._pool = WorkerPool(self.threads, min(conf.MAX_PARALLEL, MOST_SENDERS), self._wake.set)
        self._maintenance = Maintenance(clock)
        self._leases_at = self._outage_logged_at = float("-inf")

    def stop(self) -> None:
        """Claim nothing more; ``run`` returns when what is in flight has ended.

        A signal handler may call it: it takes no lock.
        """
        self.stopping.set()
        self._wake.set()

    def run(
        self, *, once: bool = False, drain: bool = False, max_seconds: float | None = None
    ) -> int:
        """Work until ``stop``, and do the maintenance that is due. Returns how many steps began.

        This is what a driver calls, whatever process it supplies: the management command, or a
        task of a queue that runs the worker for a while. A poller runs once; any number may run
        at the same time, and each may be killed anywhere. With ``once`` it makes one pass over
        what is due, with ``drain`` it ends when no job is open, and after ``max_seconds`` in any
        case. While the database is away it waits.

        Raises:
            DatabaseError, InterfaceError: the database is away; with ``once`` only.
            SettingError: ``PROVIDER`` names none; ``startup.check_start`` finds more beforehand.
        """
        logger.info("%s", describe(self.threads, self.driver))
        end = None if max_seconds is None else self.clock() + max_seconds
        try:
            begun = self._pass() if once else self._loop(end, drain)
        finally:
            self._finish()
        return begun

    def _pass(self) -> int:
        refresh_connections()
        self._maintenance.perform()
        begun = self._begin(claim_submissions(PASS_LIMIT) + claim_steps(PASS_LIMIT))
        while not self._pool.wait(conf.LEASE_SECONDS / 3):
            self._pool.extend_leases()
        return begun

    def _loop(self, end: float | None, drain: bool) -> int:
        begun, outage = 0, 1.0
        listen(self._wake.set, self.stopping, self._pool.shortage)
        add_listener(self._wake.set)
        while not self.stopping.is_set():
            try:
                claimed = self._round()
                begun += claimed
                outage = 1.0
                if drain and not claimed and not self._pool.busy() and not _anything_left():
                    break
                pause = IDLE_SECONDS[0] if claimed else self._pause()
            except (DatabaseError, InterfaceError) as error:
                self._log_outage(error)
                self.stopping.wait(outage * random.uniform(0.5, 1.0))
                outage = min(outage * 2, OUTAGE_SECONDS)
                pause = 0.0
            # After a round, however short a run is told to be: its duties are due at its start.
            if end is not None and self.clock() >= end:
                break
            # Until the time comes, a step ends, a new job is told of, or the stop.
            self._wake.wait(pause)
            self._wake.clear()
        return begun

    def _round(self) -> int:
        refresh_connections()
        reset_queries()
        self._maintenance.perform()
        now = self.clock()
        if now - self._leases_at >= conf.LEASE_SECONDS / 3:
            self._pool.extend_leases()
            self._leases_at = now
        self._pool.collect()
        # A free slot before everything else: it idles until the POST is there.
        begun = self._begin(claim_submissions(self._pool.room_for_submits()))
        self._pool.write()
        return begun + self._begin(claim_steps(self._pool.room_for_steps()))

    def _begin(self, claims: list[Claimed]) -> int:
        if claims:
            crashpoint("after_claim")
        for claimed in claims:
            self._pool.begin(claimed)
        return len(claims)

    def _pause(self) -> float:
        """Return how long nothing will be due; new jobs and other workers may shorten it."""
        shortest, longest = IDLE_SECONDS
        if not self._pool.room_for_steps():
            return longest
        return max(shortest, min(longest, seconds_to_next_step()))

    def _log_outage(self, error: Exception) -> None:
        if self.clock() - self._outage_logged_at >= OUTAGE_LOG_SECONDS:
            logger.error("the database is away, waiting for it: %s", error)
            self._outage_logged_at = self.clock()

    @property
    def left_running(self) -> bool:
        """Say whether a step was still in flight when the poller had to end."""
        return self._pool.busy()

    def _finish(self) -> None:
        seconds = MAINTENANCE_STOP_SECONDS if self.stopping.is_set() else MAINTENANCE_SECONDS
        self.stopping.set()
        remove_listener(self._wake.set)
        try:
            self._pool.dismiss(STOP_SECONDS)
        except (DatabaseError, InterfaceError) as error:
            # Nothing is lost: the leases expire, and the jobs are polled again.
            logger.warning("the last answers could not be written: %s", error)
        self._maintenance.wait(seconds)
        return_connections()


def _anything_left() -> bool:
    return TryOnJob.objects.writer().advancing().exists()
