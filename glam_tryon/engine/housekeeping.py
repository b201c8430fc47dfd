"""Adds up counts, and deletes what is over its time, beside the poller's own work."""

from __future__ import annotations

import logging
import threading

from django.db import DatabaseError, InterfaceError, connections

from glam_tryon.policy.counts import fold
from glam_tryon.policy.limits import forget_addresses
from glam_tryon.policy.retention import prune

logger = logging.getLogger("glam_tryon.engine")


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
        fold()
        forget_addresses()
        pruned = prune()
        if pruned.photos or pruned.results or pruned.failed:
            logger.info(
                "deleted after their time: %d photos, %d results; %d could not be deleted",
                pruned.photos,
                pruned.results,
                pruned.failed,
            )
    except (DatabaseError, InterfaceError) as error:
        logger.warning("nothing could be counted or deleted for now: %s", error)
    finally:
        connections.close_all()
