"""A shop with a product, a sandbox Glam that can reach it, and pollers in hand or as processes."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest

from glam_tryon.sandbox import Sandbox
from tests.shop import KEY, asked_at_once, drain, glam, house_model, order, picture, product
from tests.worker.pollers import ASK_AT_ONCE, Pollers

__all__ = [
    "KEY",
    "asked_at_once",
    "drain",
    "glam",
    "house_model",
    "order",
    "picture",
    "product",
]


@pytest.fixture(scope="module")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pollers]:
    with Pollers(tmp_path_factory.mktemp("pollers")) as pollers:
        yield pollers


@pytest.fixture
def pollers(zygote: Pollers, glam: Sandbox, settings: Any) -> Iterator[Pollers]:
    """Pollers that ask Glam at once; what still runs at the end is killed.

    No lease runs out by itself, however slow the machine: see ``leases_run_out``.
    """
    settings.GLAM_TRYON = {
        **settings.GLAM_TRYON,
        "LEASE_SECONDS": 120,
        "UNFETCHED_GRACE_SECONDS": 1,
    }
    zygote.constants = ASK_AT_ONCE
    yield zygote
    for child in zygote.alive():
        child.send(signal.SIGKILL)
        child.wait()
    zygote.log.unlink(missing_ok=True)
