"""How long pollers take to end after SIGTERM, and what they leave unclear.

Two pollers work while orders stream in; Glam answers slowly, so that nearly every stop meets a POST
or a download in flight. ``BENCH_STOPS`` (40) is how many.
"""

from __future__ import annotations

import os
import random
import signal
import tempfile
import time
from pathlib import Path

from django.db import connection

from benchmarks.kills import shop
from benchmarks.table import table
from glam_tryon.models import TryOnJob
from glam_tryon.models.status import Status
from glam_tryon.sandbox import FaultScript
from tests.worker import storm
from tests.worker.invariants import check_invariants
from tests.worker.pollers import Pollers

BACKLOG = 8
SLOW_GLAM = FaultScript.from_rules(
    [
        {"on": "submit", "do": {"delay_seconds": 1.5}},
        {"on": "result", "do": {"delay_seconds": 1.5}},
    ]
)


def main(arguments: list[str]) -> None:
    """Print the table for the database that ``TEST_DATABASE`` names."""
    stops = int(os.environ.get("BENCH_STOPS", "40"))
    chance = random.Random(7)
    took: list[float] = []
    met = unclear = 0
    with tempfile.TemporaryDirectory() as name, shop(Path(name)) as (glam, order):
        glam.faults = SLOW_GLAM
        with Pollers(Path(name)) as pollers:
            for _ in range(2):
                pollers.start()
            while len(took) < stops:
                waiting = TryOnJob.objects.filter(status=Status.PENDING).count()
                for _ in range(BACKLOG - waiting):
                    storm.retry_on_db_error(order)
                time.sleep(chance.uniform(0.2, 2.0))
                child = chance.choice(pollers.alive())
                met += TryOnJob.objects.filter(status=Status.SUBMITTING).exists()
                begun = time.perf_counter()
                child.send(signal.SIGTERM)
                if child.wait(60) != 0:
                    raise RuntimeError(child.said()[-2000:])
                took.append(time.perf_counter() - begun)
                unclear += TryOnJob.objects.filter(status=Status.UNCONFIRMED).count()
                pollers.start()
            glam.faults = FaultScript()
            for child in pollers.alive():
                child.send(signal.SIGTERM)
                child.wait()
            pollers.drain(120.0)
        count = TryOnJob.objects.count()
        ready = TryOnJob.objects.filter(status=Status.READY).count()
        check_invariants(glam, Path(name) / "media", limit=storm.PARALLEL)
    took.sort()
    rows = [
        ("stops", str(stops)),
        ("  with a POST in flight", str(met)),
        ("seconds until the exit, p50", f"{took[len(took) // 2]:.2f}"),
        ("seconds until the exit, worst", f"{took[-1]:.2f}"),
        ("unconfirmed jobs", str(unclear)),
        ("jobs, all ready", f"{ready} of {count}"),
    ]
    print(table(f"Pollers stopped by SIGTERM, {connection.vendor}", ("", ""), rows))
