"""Maintenance, the duties of every run: heartbeat, lost slots, roll-up and pruning."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from django.db import DatabaseError, InterfaceError, connections

from glam_tryon.analytics.rollup import roll_up
from glam_tryon.limits.quotas import prune_ip_counts
from glam_tryon.models import Account
from glam_tryon.models.clock import DatabaseNow
from glam_tryon.models.receipt import KINDS
from glam_tryon.privacy.pruning import prune_batches
from glam_tryon.worker.counters import line
from glam_tryon.worker.db_connections import Schemas, take_over, thread_schemas
from glam_tryon.worker.slots import release_lost_slots

logger = logging.getLogger("glam_tryon.worker")

#: How often the heartbeat is written and lost slots are looked for, in seconds.
HEARTBEAT_SECONDS, SLOTS_SECONDS = 5.0, 30.0
#: How often one of the pollers prunes, and for how long at a time, in seconds.
PRUNE_SECONDS, PRUNE_LONGEST_SECONDS = 60.0, 30.0


class Maintenance:
    """The duties of one run beside its steps. Everything is due at the start of a run.

    Deletions have a thread of their own, for a storage may be slow and submits must not wait for
    it. What a run does not get to before its process ends is done by the next one.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._heartbeat_at = self._slots_at = self._background_at = float("-inf")
        self._thread: threading.Thread | None = None
        self._logged = ""

    def perform(self) -> None:
        """Do what is due; the slow part only begins here. Called in each round of every run.

        Raises:
            DatabaseError: the database is away; what was not done stays due.
        """
        now = self._clock()
        if now - self._heartbeat_at >= HEARTBEAT_SECONDS:
            Account.load()
            Account.rows().update(last_round_at=DatabaseNow())
            self._heartbeat_at = now
        if now - self._background_at >= PRUNE_SECONDS and not self._is_busy():
            self._thread = threading.Thread(
                target=_in_background_as,
                args=(thread_schemas(),),
                name="glam_tryon_maintenance",
                daemon=True,
            )
            self._thread.start()
            self._background_at = now
        if now - self._slots_at >= SLOTS_SECONDS:
            released = release_lost_slots()
            if released:
                logger.warning("%d slots were held for longer than a generation takes", released)
            self._slots_at = now
            if (counts := line()) != self._logged:
                logger.info("poller: %s", counts)
                self._logged = counts

    def wait(self, seconds: float) -> None:
        """Wait for the slow part, at most ``seconds``."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _is_busy(self) -> bool:
        return self._thread is not None and self._thread.is_alive()


def _in_background_as(schemas: Schemas) -> None:
    take_over(schemas)
    _in_background()


def _in_background() -> None:
    try:
        # First, for it takes no time and a storage may take long.
        roll_up()
        prune_ip_counts()
        # One poller at a time. A little sooner than its own minute, or a poller would miss every
        # second turn.
        if not Account.claim_pruning(PRUNE_SECONDS * 0.9):
            return
        for receipt in prune_batches(seconds=PRUNE_LONGEST_SECONDS):
            if receipt.left or not receipt.is_empty:
                told = ", ".join(f"{getattr(receipt, kind)} {kind}" for kind in KINDS)
                logger.info("deleted after their time: %s; %d files are left", told, receipt.left)
            if receipt.orphans:
                logger.info("deleted %d files that no row named", receipt.orphans)
    except (DatabaseError, InterfaceError) as error:
        logger.warning("nothing could be counted or deleted for now: %s", error)
    finally:
        connections.close_all()
