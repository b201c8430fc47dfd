"""How much memory a poller gains: over 100,000 polls, and over 100,000 rounds with ``DEBUG``.

Each run is warm after its first tenth, which is not counted. ``BENCH_TIMES`` (100000) is how many.
An argument, ``polls`` or ``rounds``, chooses one of the two.
"""

from __future__ import annotations

import gc
import os
import resource
import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import connection

from benchmarks.database import vacuum
from benchmarks.table import table
from benchmarks.throughput import make_active, start_glam
from glam_tryon.models import TryOnJob
from glam_tryon.worker.poller import Poller

JOBS = 2000


def _megabytes() -> float:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def _polls() -> int:
    return sum(TryOnJob.objects.values_list("polls", flat=True))


def make_due() -> None:
    """Let every job be asked about at once."""
    TryOnJob.objects.update(next_step_at=TryOnJob.objects.earliest("next_step_at").created_at)
    # Every row is written hundreds of times a minute; this is not about how soon that is noticed.
    vacuum()


def polls(times: int) -> None:
    """Ask Glam so many times, through the whole step."""
    end = _polls() + times
    poller = Poller(threads=8)
    while _polls() < end:
        make_due()
        due = time.monotonic() + 1.0
        while time.monotonic() < due:
            poller._round()
            poller._wake.wait(0.01)
            poller._wake.clear()
    poller._finish()


def rounds(times: int) -> None:
    """Go round so many times in one poller; about every other round finds questions due."""
    poller = Poller(threads=2)
    for number in range(times):
        if number % 1000 == 0:
            make_due()
        poller._round()
    poller._finish()


def grown(work: Callable[[int], None], times: int) -> tuple[float, float, float]:
    """Return the megabytes before, those gained, and the seconds it took."""
    work(times // 10)
    before = _megabytes()
    begun = time.perf_counter()
    work(times)
    return before, _megabytes() - before, time.perf_counter() - begun


def main(arguments: list[str]) -> None:
    """Print the table for the database that ``TEST_DATABASE`` names."""
    times = int(os.environ.get("BENCH_TIMES", "100000"))
    server = start_glam(0.0)
    make_active(JOBS)
    rows = []
    for name, work, debug in (("polls", polls, False), ("rounds", rounds, True)):
        if name in (arguments or ["polls", "rounds"]):
            settings.DEBUG = debug
            before, more, seconds = grown(work, times)
            what = f"{times:,} {name}{' with DEBUG' if debug else ''}"
            rows.append((what, f"{before:.1f}", f"{more:+.2f}", f"{seconds:.0f}"))
    server.terminate()
    print(
        table(f"Memory of a poller, {connection.vendor}", ("", "MB before", "MB more", "s"), rows)
    )
