"""A database of its own for a benchmark, made before and dropped after it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import django
from django.conf import settings


def set_up() -> None:
    """Start Django with the tests' settings; ``TEST_DATABASE`` chooses the database."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    if not settings.configured:
        django.setup()
    # A budget that is looked at, and never reached.
    settings.GLAM_TRYON = {
        **settings.GLAM_TRYON,
        "BUDGET": {"day": 10_000_000, "month": 10_000_000},
    }


def vacuum() -> None:
    """Clear PostgreSQL's old row versions away and count anew; nothing elsewhere."""
    # Only importable once Django runs.
    from django.db import connection  # noqa: PLC0415

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE glam_tryon_tryonjob, glam_tryon_tryonsubmission")


def _vacuum_each_minute(stopping: threading.Event) -> None:
    from django.db import connection  # noqa: PLC0415

    while not stopping.wait(60.0):
        vacuum()
        connection.close()


@contextmanager
def tidied() -> Iterator[None]:
    """Do what autovacuum does by default, in case the server has it switched off."""
    stopping = threading.Event()
    thread = threading.Thread(target=_vacuum_each_minute, args=(stopping,))
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


@contextmanager
def fresh_database() -> Iterator[None]:
    """Make an empty, migrated database and drop it at the end."""
    # Only importable once Django runs.
    from django.db import connection, connections  # noqa: PLC0415

    old_name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    # Processes that this one starts work on the same database.
    os.environ["TEST_DATABASE_NAME"] = str(connection.settings_dict["NAME"])
    try:
        yield
    finally:
        del os.environ["TEST_DATABASE_NAME"]
        connections.close_all()
        connection.creation.destroy_test_db(old_name, verbosity=0)
