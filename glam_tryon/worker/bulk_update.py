"""Bulk update after polls: one statement writes of many jobs that they are still running."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from glam_tryon.models import TryOnJob
from glam_tryon.models.outside_text import holdable
from glam_tryon.models.status import AT_PROVIDER

#: Rows of one statement. Without arrays the server looks each row up among all of them, so there
#: the work grows with the square.
ARRAY_ROWS, CASE_ROWS = 500, 50


@dataclass(frozen=True, slots=True)
class PollUpdate:
    """A poll after which the status stays: poll again in ``seconds``."""

    job_id: UUID
    lease_token: str
    seconds: float
    remote_status: str


_SET = (
    "lease_token = '', attempts = 0, errors = 0, error_code = '', error_message = '', "
    "polls = polls + 1"
)
_STATUSES = ", ".join(f"'{status.value}'" for status in AT_PROVIDER)

# Every name in these statements is the package's own; all values are parameters.
_POSTGRESQL = f"""
UPDATE {{table}} AS job SET {_SET.replace("polls + 1", "job.polls + 1")},
    polled_at = STATEMENT_TIMESTAMP(),
    next_step_at = STATEMENT_TIMESTAMP() + make_interval(secs => told.seconds),
    remote_status = told.remote_status
FROM unnest(%s::uuid[], %s::text[], %s::float8[], %s::text[])
    AS told (id, lease_token, seconds, remote_status)
WHERE job.id = told.id AND job.lease_token = told.lease_token AND job.status IN ({_STATUSES})
"""  # noqa: S608

_OTHERS = f"""
UPDATE {{table}} SET {_SET},
    polled_at = {{now}},
    next_step_at = {{next}},
    remote_status = %s
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


def write_poll_updates(rows: Sequence[PollUpdate]) -> int:
    """Write ``rows``, each only while its lease is still the one of the poll.

    Returns how many were written; the others belong to somebody else by now.
    """
    using = TryOnJob.objects.write_alias()
    connection = connections[using]
    table = connection.ops.quote_name(TryOnJob._meta.db_table)
    make = _arrays if connection.vendor == "postgresql" else _cases
    column = TryOnJob._meta.get_field("remote_status")
    rows = [
        replace(row, remote_status=holdable(column, row.remote_status, connection)) for row in rows
    ]
    statements = list(make(connection, table, rows))
    written = 0
    # One commit, however many statements.
    together = TryOnJob.objects.atomic() if len(statements) > 1 else nullcontext()
    with together, connection.cursor() as cursor:
        for statement, parameters in statements:
            cursor.execute(statement, parameters)
            written += int(cursor.rowcount)
    return written


Statements = Iterator[tuple[str, list[Any]]]


def _slices(rows: Sequence[PollUpdate], size: int) -> Iterator[Sequence[PollUpdate]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))


def _arrays(_connection: BaseDatabaseWrapper, table: str, rows: Sequence[PollUpdate]) -> Statements:
    for some in _slices(rows, ARRAY_ROWS):
        yield (
            _POSTGRESQL.format(table=table),
            [
                [row.job_id for row in some],
                [row.lease_token for row in some],
                [row.seconds for row in some],
                [row.remote_status for row in some],
            ],
        )


def _cases(connection: BaseDatabaseWrapper, table: str, rows: Sequence[PollUpdate]) -> Statements:
    # A provider has few status words, so all rows of a statement share one.
    for status in {row.remote_status for row in rows}:
        alike = [row for row in rows if row.remote_status == status]
        for some in _slices(alike, CASE_ROWS):
            yield _case(connection, table, status, some)


def _case(
    connection: BaseDatabaseWrapper, table: str, status: str, rows: Sequence[PollUpdate]
) -> tuple[str, list[Any]]:
    field = TryOnJob._meta.pk
    keys = [field.get_db_prep_value(row.job_id, connection) for row in rows]
    statement = _OTHERS.format(
        table=table,
        now=_NOW[connection.vendor],
        next=_NEXT[connection.vendor].format(waits="WHEN %s THEN %s " * len(rows)),
        ids=", ".join(["%s"] * len(rows)),
        pairs=", ".join(["(%s, %s)"] * len(rows)),
    )
    waits, pairs = (
        [part for key, value in zip(keys, values, strict=True) for part in (key, value)]
        for values in ([row.seconds for row in rows], [row.lease_token for row in rows])
    )
    return statement, [*waits, status, *keys, *pairs]
