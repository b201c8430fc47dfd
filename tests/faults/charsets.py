"""A MariaDB or MySQL whose tables hold fewer characters than Glam may send."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.apps import apps
from django.db import connection

from glam_tryon.models.outside_text import forget_charsets


@contextmanager
def tables_in(charset: str) -> Iterator[None]:
    """Let all tables of the package be in ``charset``; on other databases they stay as they are."""
    with connection.cursor() as cursor:
        before = _charset(cursor) if connection.vendor == "mysql" else ""
    if before:
        _convert(charset)
    try:
        yield
    finally:
        if before:
            _convert(before)


def _charset(cursor: object) -> str:
    cursor.execute("SELECT @@character_set_database")  # type: ignore[attr-defined]
    return str(cursor.fetchone()[0])  # type: ignore[attr-defined]


def _convert(charset: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET foreign_key_checks = 0")
        for model in apps.get_app_config("glam_tryon").get_models():
            table = connection.ops.quote_name(model._meta.db_table)
            cursor.execute(f"ALTER TABLE {table} CONVERT TO CHARACTER SET {charset}")
        cursor.execute("SET foreign_key_checks = 1")
    forget_charsets()
