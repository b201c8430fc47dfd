"""The database's clock, the only one that leases and deadlines know."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connections
from django.db.models import DateTimeField, ExpressionWrapper
from django.db.models.expressions import Combinable
from django.db.models.functions import Now


class DatabaseNow(Now):
    """The database's time. Django's ``Now`` follows the server's zone on MySQL; this is UTC."""

    def as_mysql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template="UTC_TIMESTAMP(6)", **extra)


def after(seconds: float) -> Combinable:
    """Return the database's time plus ``seconds`` (may be negative), for filters and updates."""
    if not seconds:
        return DatabaseNow()
    return ExpressionWrapper(
        DatabaseNow() + timedelta(seconds=seconds), output_field=DateTimeField()
    )


_EPOCH = {
    "postgresql": "SELECT EXTRACT(EPOCH FROM STATEMENT_TIMESTAMP())",
    "mysql": "SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) / 1000000",
    "sqlite": "SELECT (JULIANDAY('now') - 2440587.5) * 86400.0",
}


def database_time(using: str) -> datetime:
    """Return what the clock of the database ``using`` says now, aware and in UTC."""
    connection = connections[using]
    with connection.cursor() as cursor:
        cursor.execute(_EPOCH[connection.vendor])
        (epoch,) = cursor.fetchone()
    return datetime.fromtimestamp(float(epoch), tz=UTC)
