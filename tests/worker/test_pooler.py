"""Fault 42: a pooler between the poller and PostgreSQL, and no cursors on the server's side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections

from glam_tryon.models import TryOnJob
from glam_tryon.sandbox import FaultScript, Sandbox
from tests.worker.invariants import check_invariants
from tests.worker.pooler import Pooler

pytestmark = [pytest.mark.database("postgres"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def pooler(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pooler]:
    """Let every thread reach the database through two connections that all of them share."""
    options: dict[str, Any] = connection.settings_dict
    address = (options["HOST"] or "127.0.0.1", int(options["PORT"] or 5432))
    connections.close_all()
    pooler = Pooler(address, options["USER"], options["NAME"], servers=2)
    with pooler, monkeypatch.context() as patch:
        patch.setitem(options, "HOST", "127.0.0.1")
        patch.setitem(options, "PORT", pooler.port)
        patch.setitem(options, "DISABLE_SERVER_SIDE_CURSORS", True)
        yield pooler
        connections.close_all()


def test_fault_42_with_another_connection_for_each_transaction_every_job_ends_right(
    pooler: Pooler,
    order: Callable[..., TryOnJob],
    drain: Callable[..., None],
    glam: Sandbox,
    media_root: Path,
) -> None:
    glam.faults = FaultScript.from_rules(
        [
            {"on": "submit", "nth": 2, "do": {"status": 429, "retry_after": 1}},
            {"on": "status", "nth": 3, "do": {"status": 502}},
        ]
    )
    for _ in range(12):
        order()
    drain(60)
    assert set(TryOnJob.objects.values_list("status", flat=True)) == {"ready"}
    assert len(glam.accepted) == 12
    # It was a pooler: clients were served by now this and now that connection.
    assert any(len(set(servers)) == 2 for servers in pooler.served.values())
    check_invariants(glam, media_root)
