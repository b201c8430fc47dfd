"""The batched write-back: one statement says of many jobs that Glam still works on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper

from glam_tryon.models import TryOnJob
from glam_tryon.models.status import AT_GLAM

#: Rows of one statement; SQLite allows 32,766 parameters, and each row has up to ten.
BATCH_ROWS = 500


@dataclass(frozen=True, slots=True)
class StillRunning:
    """Glam was asked about a job and its status did not change: ask again in ``seconds``."""

    job_id: UUID
    lease_token: str
    seconds: float
    remote_status: str


_SET = (
    "lease_token = '', attempts = 0, errors = 0, error_code = '', error_message = '', "
    "polls = polls + 1"
)
_STATUSES = ", ".join(f"'{status.value}'" for status in AT_GLAM)

# Every name in these statements is the package's own; all values are parameters.
_POSTGRESQL = f"""
UPDATE {{table}} AS job SET {_SET.replace("polls + 1", "job.polls + 1")},
    asked_at = STATEMENT_TIMESTAMP(),
    next_step_at = STATEMENT_TIMESTAMP() + make_interval(secs => told.seconds),
    remote_status = told.remote_status
FROM unnest(%s::uuid[], %s::text[], %s::float8[], %s::text[])
    AS told (id, lease_token, seconds, remote_status)
WHERE job.id = told.id AND job.lease_token = told.lease_token AND job.status IN ({_STATUSES})
"""  # noqa: S608

_OTHERS = f"""
UPDATE {{table}} SET {_SET},
    asked_at = {{now}},
    next_step_at = {{next}},
    remote_status = CASE id {{words}} END
WHERE id IN ({{ids}}) AND (id, lease_token) IN ({{pairs}}) AND status IN ({_STATUSES})
"""  # noqa: S608
_NOW = {
    "sqlite": "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW')",
    "mysql": "UTC_TIMESTAMP(6)",
}
_NEXT = {
    "sqlite": "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW', (CASE id {waits} END) || ' seconds')",
    "mysql": "DATE_ADD(UTC_TIMESTAMP(6), INTERVAL CAST(1000000 * (CASE id {waits} END) "
    "AS SIGNED) MICROSECOND)",
}


def write_back(rows: Sequence[StillRunning]) -> int:
    """Write ``rows``, each only while its lease is still the one it was asked under.

    Returns how many were written; the others belong to somebody else by now.
    """
    using = router.db_for_write(TryOnJob)
    return sum(
        _write(using, rows[start : start + BATCH_ROWS]) for start in range(0, len(rows), BATCH_ROWS)
    )


def _write(using: str, rows: Sequence[StillRunning]) -> int:
    connection = connections[using]
    table = connection.ops.quote_name(TryOnJob._meta.db_table)
    if connection.vendor == "postgresql":
        statement = _POSTGRESQL.format(table=table)
        parameters: list[Any] = [
            [row.job_id for row in rows],
            [row.lease_token for row in rows],
            [row.seconds for row in rows],
            [row.remote_status for row in rows],
        ]
    else:
        statement, parameters = _cases(connection, table, rows)
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def _cases(
    connection: BaseDatabaseWrapper, table: str, rows: Sequence[StillRunning]
) -> tuple[str, list[Any]]:
    field = TryOnJob._meta.pk
    keys = [field.get_db_prep_value(row.job_id, connection) for row in rows]
    case = "WHEN %s THEN %s " * len(rows)
    statement = _OTHERS.format(
        table=table,
        now=_NOW[connection.vendor],
        next=_NEXT[connection.vendor].format(waits=case),
        words=case,
        ids=", ".join(["%s"] * len(rows)),
        pairs=", ".join(["(%s, %s)"] * len(rows)),
    )
    waits, words, pairs = (
        [part for key, value in zip(keys, values, strict=True) for part in (key, value)]
        for values in (
            [row.seconds for row in rows],
            [row.remote_status for row in rows],
            [row.lease_token for row in rows],
        )
    )
    return statement, [*waits, *words, *keys, *pairs]
