"""The claim: takes due jobs under a lease, many by one statement."""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F

from glam_tryon.conf import conf
from glam_tryon.models import (
    TryOnJob,
    TryOnSubmission,
)
from glam_tryon.models.clock import DatabaseNow, after, database_time
from glam_tryon.models.status import Queue, Status
from glam_tryon.models.transactions import ReadCommitted


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job under a fresh lease.

    ``submission`` is the newest one; with ``intent`` it is the one to send now. ``now`` is what the
    database's clock said at the claim.
    """

    job: TryOnJob
    submission: TryOnSubmission | None
    now: datetime
    intent: bool = False
    claimed_tick: float = field(default_factory=time.monotonic)

    def database_time(self) -> datetime:
        """Return what the database's clock says now, without asking it."""
        return self.now + timedelta(seconds=time.monotonic() - self.claimed_tick)


def claim_steps(limit: int) -> list[Claimed]:
    """Take up to ``limit`` due jobs that need no slot, expired leases among them.

    The attempt counts here, before the work, so that a job which kills its worker is noticed.
    """
    if limit < 1:
        return []
    using = TryOnJob.objects.write_alias()
    jobs = lease_due(using, limit, uuid.uuid4().hex, conf.LEASE_SECONDS)
    if not jobs:
        return []
    now = database_time(using)
    newest = {
        submission.job_id: submission
        for submission in TryOnSubmission.objects.writer()
        .filter(job_id__in=[job.pk for job in jobs])
        .order_by("number")
    }
    return [Claimed(job, newest.get(job.pk), now) for job in jobs]


def seconds_to_next_step() -> float:
    """Return how long it is until a job under way is due; infinite when there is none."""
    jobs = TryOnJob.objects.writer().under_way()
    row = jobs.values_list("next_step_at", DatabaseNow()).first()
    return (row[0] - row[1]).total_seconds() if row else math.inf


def extend_leases(jobs: list[TryOnJob]) -> None:
    """Let leases of steps that are still under way run anew.

    One that has run out stays so: another worker may have begun the same step.
    """
    for job in jobs:
        TryOnJob.objects.writer().filter(
            pk=job.pk, lease_token=job.lease_token, next_step_at__gt=DatabaseNow()
        ).update(next_step_at=after(conf.LEASE_SECONDS))


def release_leases(
    jobs: list[TryOnJob], seconds: float = 0, statuses: tuple[Status, ...] = ()
) -> int:
    """Return leases of steps that were not done, to be due in ``seconds``; the attempt is free.

    With ``statuses`` only of jobs that are still in one of them. Returns how many were returned.
    """
    returned = 0
    for job in jobs:
        rows = TryOnJob.objects.writer().filter(
            pk=job.pk, lease_token=job.lease_token, attempts__gt=0
        )
        if statuses:
            rows = rows.filter(status__in=statuses)
        # As it was before the claim, also when the step was noted as begun.
        returned += rows.update(
            lease_token="", next_step_at=after(seconds), attempts=max(job.attempts - 1, 0)
        )
    return returned


# The order of the claim is that of the index glam_tryon_job_due.
_DUE = """
WHERE queue = {queue} AND next_step_at <= {now} AND status IN ({statuses})
ORDER BY next_step_at LIMIT %s {lock}
"""
_TAKE = """
UPDATE {table} SET lease_token = %s, next_step_at = {end}, attempts = attempts + 1
WHERE id IN (SELECT id FROM {table} {due})
RETURNING {columns}
"""
# MariaDB's optimiser takes the index by its queue alone while many jobs are due; then the last
# claim locks every job under way to find that no more are due, and meets those who write answers.
_READ = "SELECT {columns} FROM {table} FORCE INDEX (glam_tryon_job_due) {due}"
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
        return _lease_pair(connection, limit, token, seconds)
    if vendor == "sqlite" and not TryOnJob.objects.using(using).due().exists():
        # An idle poller must not take the one write lock four times a second.
        return []
    dialect = _POSTGRESQL if vendor == "postgresql" else _SQLITE
    jobs = _jobs(connection, _filled(_TAKE, dialect), [token, seconds, limit])
    return sorted(jobs, key=lambda job: job.created_at)


def _lease_pair(
    connection: BaseDatabaseWrapper, limit: int, token: str, seconds: float
) -> list[TryOnJob]:
    with ReadCommitted(connection.alias, savepoint=True, durable=False):
        jobs = list(_jobs(connection, pair_statement(connection), [limit]))
        TryOnJob.objects.using(connection.alias).filter(pk__in=[job.pk for job in jobs]).update(
            lease_token=token, next_step_at=after(seconds), attempts=F("attempts") + 1
        )
    for job in jobs:
        job.lease_token = token
        job.attempts += 1
    return jobs


def pair_statement(connection: BaseDatabaseWrapper) -> str:
    """Return the reading half of MariaDB's pair; its one parameter is the limit."""
    # MariaDB 10.5 cannot skip: there workers wait for each other's claims, which are short.
    skips = connection.features.has_select_for_update_skip_locked
    lock = "FOR UPDATE SKIP LOCKED" if skips else "FOR UPDATE"
    return _filled(_READ, {"now": "UTC_TIMESTAMP(6)", "lock": lock})


def _filled(statement: str, dialect: dict[str, str]) -> str:
    statuses = ", ".join(f"'{status}'" for status in Status.values)
    return statement.format(
        table=TryOnJob._meta.db_table,
        due=_DUE.format(queue=int(Queue.UNDER_WAY), statuses=statuses, **dialect),
        columns=", ".join(str(field.column) for field in TryOnJob._meta.concrete_fields),
        **dialect,
    )


def _jobs(
    connection: BaseDatabaseWrapper, statement: str, parameters: list[Any]
) -> Iterator[TryOnJob]:
    """Make jobs of the whole rows that a statement gives, as a query of Django's would."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        # All at once: SQLite keeps its one write lock until the last row was read.
        rows = cursor.fetchall()
    fields = TryOnJob._meta.concrete_fields
    compiler = TryOnJob.objects.using(connection.alias).query.get_compiler(connection.alias)
    columns = [field.get_col(TryOnJob._meta.db_table) for field in fields]
    converters = compiler.get_converters(columns)
    names = [field.attname for field in fields]
    for values in compiler.apply_converters(rows, converters) if converters else rows:
        yield TryOnJob.from_db(connection.alias, names, values)
