"""The batched claim: one statement takes the jobs whose next step is due."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import connections, transaction
from django.db.models import F

from glam_tryon.models import TryOnJob
from glam_tryon.models.clock import after
from glam_tryon.models.status import Lane, Status

# The order of the claim is that of the index glam_tryon_job_due.
_TAKE = """
UPDATE {table} SET lease_token = %s, next_step_at = {end}, attempts = attempts + 1
WHERE id IN (
    SELECT id FROM {table}
    WHERE lane = {lane} AND next_step_at <= {now} AND status IN ({statuses})
    ORDER BY next_step_at LIMIT %s {lock}
)
RETURNING {columns}
"""
_POSTGRESQL = {
    "now": "STATEMENT_TIMESTAMP()",
    "end": "STATEMENT_TIMESTAMP() + make_interval(secs => %s)",
    "lock": "FOR UPDATE SKIP LOCKED",
}
_SQLITE = {
    "now": "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW')",
    "end": "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW', %s || ' seconds')",
    "lock": "",
}


def lease_due(using: str, limit: int, token: str, seconds: float) -> list[TryOnJob]:
    """Lease up to ``limit`` due jobs for ``seconds``, longest overdue first; workers never wait.

    On SQLite the statement writes from its first moment: reading first would fail when the read
    turns into a write. MariaDB has no ``UPDATE ... RETURNING``, so there it is a pair.
    """
    connection = connections[using]
    vendor = connection.vendor
    if vendor == "mysql":
        return _lease_pair(using, limit, token, seconds)
    if vendor == "sqlite" and not TryOnJob.objects.using(using).under_way().exists():
        # An idle poller must not take the one write lock four times a second.
        return []
    words = _POSTGRESQL if vendor == "postgresql" else _SQLITE
    statement = _TAKE.format(
        table=TryOnJob._meta.db_table,
        lane=int(Lane.UNDER_WAY),
        statuses=", ".join(f"'{status}'" for status in Status.values),
        columns=", ".join(str(field.column) for field in TryOnJob._meta.concrete_fields),
        **words,
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [token, seconds, limit])
        # All at once: SQLite keeps its one write lock until the last row was read.
        rows = cursor.fetchall()
    return sorted(_jobs(using, rows), key=lambda job: job.created_at)


def _jobs(using: str, rows: list[tuple[Any, ...]]) -> Iterator[TryOnJob]:
    """Make jobs of whole rows, as a query of Django's would."""
    fields = TryOnJob._meta.concrete_fields
    compiler = TryOnJob.objects.using(using).query.get_compiler(using)
    columns = [field.get_col(TryOnJob._meta.db_table) for field in fields]
    converters = compiler.get_converters(columns)
    names = [field.attname for field in fields]
    for values in compiler.apply_converters(rows, converters) if converters else rows:
        yield TryOnJob.from_db(using, names, values)


def _lease_pair(using: str, limit: int, token: str, seconds: float) -> list[TryOnJob]:
    # MariaDB 10.5 cannot skip: there workers wait for each other's claims, which are short.
    skip = connections[using].features.has_select_for_update_skip_locked
    with transaction.atomic(using):
        due = TryOnJob.objects.using(using).under_way().select_for_update(skip_locked=skip)
        jobs = list(due[:limit])
        TryOnJob.objects.using(using).filter(pk__in=[job.pk for job in jobs]).update(
            lease_token=token, next_step_at=after(seconds), attempts=F("attempts") + 1
        )
    for job in jobs:
        job.lease_token = token
        job.attempts += 1
    return jobs
