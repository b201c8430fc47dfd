"""Pollers killed at random instants and named places, again and again, under a stream of jobs."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from glam_tryon.models import TryOnJob
from glam_tryon.sandbox import LogNormal, Sandbox
from tests.shop import KEY
from tests.worker import storm
from tests.worker.invariants import check_invariants
from tests.worker.pollers import Pollers

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(300),
]

LONG = bool(os.environ.get("LONG"))
KILLS = 60 if LONG else 30
#: More than two for the jobs that wait for a person: each keeps its slot for a minute.
SECONDS_PER_TRYON = LogNormal(0.3, 0.6)


@pytest.fixture
def glam(live_server: Any, settings: Any) -> Iterator[Sandbox]:
    """A sandbox with more slots than usual."""
    with Sandbox(
        seconds_per_tryon=SECONDS_PER_TRYON, max_parallel=storm.PARALLEL, seed=7
    ) as sandbox:
        settings.GLAM_TRYON = {
            **settings.GLAM_TRYON,
            "API_KEY": KEY,
            "BASE_URL": sandbox.base_url,
            "PUBLIC_BASE_URL": live_server.url,
            "RESULT_HOSTS": sandbox.result_hosts,
            **storm.SETTINGS,
        }
        yield sandbox


def test_pollers_killed_again_and_again_buy_every_job_exactly_once_and_lose_none(
    order: Callable[..., TryOnJob], glam: Sandbox, media_root: Path, tmp_path: Path
) -> None:
    seed = int(os.environ.get("KILL_STORM_SEED", random.randrange(10**6)))
    print(f"KILL_STORM_SEED={seed}")
    with Pollers(tmp_path) as pollers:
        told = storm.Storm(pollers, glam, order, seed=seed, kills=KILLS).run()
        print(told)
        storm.check(told, glam)
    check_invariants(glam, media_root, limit=storm.PARALLEL)
    assert told.kills >= KILLS
    assert told.jobs >= KILLS / 2
    assert told.recoveries
    # The slowest of them tell of the machine; benchmarks/kills.py measures those on a quiet one.
    assert told.recovery(0.95 if LONG else 0.5) <= storm.LEASE_SECONDS + 5
