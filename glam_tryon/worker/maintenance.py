"""Adds up counts, and deletes what is over its time, beside the poller's own work."""

from __future__ import annotations

import logging
import threading

from django.db import DatabaseError, InterfaceError, connections

from glam_tryon.analytics.rollup import roll_up
from glam_tryon.limits.quotas import forget_ips
from glam_tryon.models import ProviderState
from glam_tryon.models.receipt import KINDS
from glam_tryon.privacy.pruning import prune

logger = logging.getLogger("glam_tryon.worker")

#: How often one of the pollers looks for data over its time, in seconds.
PRUNE_SECONDS = 60.0


class Housekeeper:
    """One thread at a time, for a storage may be slow and submits must not wait for it."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Start, unless the last time still goes on."""
        if self._thread is None or not self._thread.is_alive():
            # What it did not get to when the process ends is done the next time.
            self._thread = threading.Thread(
                target=_keep_house, name="glam_tryon_house", daemon=True
            )
            self._thread.start()

    def wait(self, seconds: float) -> None:
        """Wait for what goes on, at most ``seconds``."""
        if self._thread is not None:
            self._thread.join(seconds)


def _keep_house() -> None:
    try:
        # First, for it takes no time and a storage may take long.
        roll_up()
        forget_ips()
        # A little sooner than its own minute, or a poller would miss every second turn.
        if not ProviderState.claim_pruning(PRUNE_SECONDS * 0.9):
            return
        receipt = prune()
        if receipt.left or not receipt.is_empty:
            told = ", ".join(f"{getattr(receipt, kind)} {kind}" for kind in KINDS)
            logger.info("deleted after their time: %s; %d files are left", told, receipt.left)
    except (DatabaseError, InterfaceError) as error:
        logger.warning("nothing could be counted or deleted for now: %s", error)
    finally:
        connections.close_all()
