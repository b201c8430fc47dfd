"""The long-running poller: claims in the main thread, network steps in a few threads."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable

from django.db import (
    DatabaseError,
    InterfaceError,
    connections,
    reset_queries,
    router,
)

from glam_tryon.conf import conf
from glam_tryon.models import ProviderState, TryOnJob
from glam_tryon.models.clock import DatabaseNow
from glam_tryon.worker.claim import (
    Claimed,
    claim_steps,
    seconds_to_next_step,
)
from glam_tryon.worker.counters import line
from glam_tryon.worker.crashpoints import crashpoint
from glam_tryon.worker.db_connections import refresh_connections
from glam_tryon.worker.maintenance import PRUNE_SECONDS, Housekeeper
from glam_tryon.worker.slots import claim_submissions, release_lost_slots
from glam_tryon.worker.wakeup import add_listener, listen, remove_listener
from glam_tryon.worker.worker_pool import WorkerPool

logger = logging.getLogger("glam_tryon.worker")

#: Shortest and longest wait of an idle poller between two looks at the database, in seconds.
IDLE_SECONDS = (0.01, 0.2)
#: How often the heartbeat is written and lost slots are looked for, in seconds.
HEARTBEAT_SECONDS, SLOTS_SECONDS = 5.0, 30.0
#: How long steps in flight may take to end after a stop, in seconds.
STOP_SECONDS = 20.0
#: Longest wait while the database is away, and between two lines about it, in seconds.
OUTAGE_SECONDS, OUTAGE_LOG_SECONDS = 30.0, 60.0
#: ThreadPool for submits; there are never more of them than slots.
MOST_SENDERS = 8


class Poller:
    """Advances jobs until it is stopped. Any number may run, on any number of machines."""

    def __init__(
        self,
        *,
        threads: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clock = clock
        self.stopping = threading.Event()
        self._wake = threading.Event()
        self._pool = WorkerPool(
            threads or conf.POLLER_THREADS, min(conf.MAX_PARALLEL, MOST_SENDERS), self._wake.set
        )
        self._said = ""
        self._house = Housekeeper()
        self._heartbeat_at = self._leases_at = self._slots_at = float("-inf")
        # The first time not at once: a poller that is started has more urgent work.
        self._pruned_at = clock()
        self._outage_logged_at = float("-inf")

    def stop(self) -> None:
        """Claim nothing more; ``run`` returns when what is in flight has ended."""
        self.stopping.set()
        self._wake.set()

    def run(self, *, max_seconds: float | None = None, drain: bool = False) -> None:
        """Work until ``stop``, until ``max_seconds`` are over or, with ``drain``, all is done."""
        end = None if max_seconds is None else self.clock() + max_seconds
        outage = 1.0
        listen(self._wake.set, self.stopping)
        add_listener(self._wake.set)
        try:
            while not self.stopping.is_set() and (end is None or self.clock() < end):
                try:
                    claimed = self._round()
                    outage = 1.0
                    if drain and not claimed and not self._pool.busy() and not _anything_left():
                        break
                    pause = IDLE_SECONDS[0] if claimed else self._pause()
                except (DatabaseError, InterfaceError) as error:
                    self._log_outage(error)
                    self.stopping.wait(outage * random.uniform(0.5, 1.0))
                    outage = min(outage * 2, OUTAGE_SECONDS)
                    continue
                # Until the time comes, a step ends, a new job is told of, or the stop.
                self._wake.wait(pause)
                self._wake.clear()
        finally:
            self._finish()

    def once(self) -> int:
        """Do one pass over what is due. Returns how many steps were begun."""
        try:
            refresh_connections()
            release_lost_slots()
            claims = claim_submissions(1000) + claim_steps(1000)
            for claimed in claims:
                self._pool.begin(claimed)
            while not self._pool.wait(conf.LEASE_SECONDS / 3):
                self._pool.extend_leases()
        finally:
            self._finish()
        return len(claims)

    def _round(self) -> int:
        refresh_connections()
        reset_queries()
        self._keep_house()
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

    def _keep_house(self) -> None:
        now = self.clock()
        if now - self._heartbeat_at >= HEARTBEAT_SECONDS:
            ProviderState.load()
            ProviderState.rows().update(last_round_at=DatabaseNow())
            self._heartbeat_at = now
        if now - self._leases_at >= conf.LEASE_SECONDS / 3:
            self._pool.extend_leases()
            self._leases_at = now
        if now - self._pruned_at >= PRUNE_SECONDS:
            self._house.begin()
            self._pruned_at = now
        if now - self._slots_at >= SLOTS_SECONDS:
            released = release_lost_slots()
            if released:
                logger.warning("%d slots were held for longer than a generation takes", released)
            self._slots_at = now
            if (said := line()) != self._said:
                logger.info("poller: %s", said)
                self._said = said

    def _log_outage(self, error: Exception) -> None:
        if self.clock() - self._outage_logged_at >= OUTAGE_LOG_SECONDS:
            logger.error("the database is away, waiting for it: %s", error)
            self._outage_logged_at = self.clock()

    @property
    def left_running(self) -> bool:
        """Say whether a step was still in flight when the poller had to end."""
        return self._pool.busy()

    def _finish(self) -> None:
        self.stopping.set()
        remove_listener(self._wake.set)
        try:
            self._pool.dismiss(STOP_SECONDS)
        except (DatabaseError, InterfaceError) as error:
            # Nothing is lost: the leases expire, and the questions are asked again.
            logger.warning("the last answers could not be written: %s", error)
        connections.close_all()


def _anything_left() -> bool:
    using = router.db_for_write(TryOnJob)
    return TryOnJob.objects.using(using).moving().exists()
