"""Before a poller's first round: what it is going to do, and what keeps it from doing it."""

from __future__ import annotations

import logging
from typing import Any

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, InterfaceError, connections
from django.db.migrations.executor import MigrationExecutor
from django.utils.connection import ConnectionDoesNotExist

from glam_tryon.conf import Settings, conf, given
from glam_tryon.exceptions import FileUnavailable, TryOnError
from glam_tryon.files import is_stored
from glam_tryon.hooks import REFUSALS, hook_of
from glam_tryon.models import Account, TryOnJob
from glam_tryon.models.status import SENT
from glam_tryon.providers.selection import provider_class
from glam_tryon.worker.db_connections import own_connection, take_over, thread_schemas

logger = logging.getLogger("glam_tryon.worker")

_APP = "glam_tryon"
#: What a thread's new connection must have in common with the one of the thread that starts it.
_STATE = {
    "postgresql": "SELECT current_setting('search_path'), current_user::text",
    "mysql": "SELECT DATABASE(), CURRENT_USER()",
}


class CannotStart(TryOnError, RuntimeError):
    """A poller would do nothing but fail; the message says why, and what to change."""


def check_start() -> None:
    """Return when a poller can work here. A database that is away is waited for by its loop.

    Raises:
        CannotStart: it cannot, until somebody changes something.
    """
    try:
        for setting in Settings.all().values():
            setting.read(given())
        provider_class()
        for name in REFUSALS:
            hook_of(name)
    except TryOnError as error:
        raise CannotStart(str(error)) from error
    alias = TryOnJob.objects.write_alias()
    try:
        connection: Any = connections[alias]
        _check_tables(connection)
        _check_provider()
        _check_threads(connection)
    except ConnectionDoesNotExist as error:
        raise CannotStart(
            f"The database {alias!r}, to which a router sends what is written, is not in DATABASES."
        ) from error
    except ImproperlyConfigured as error:
        raise CannotStart(f"The database {alias!r} cannot be used: {error}") from error
    except (DatabaseError, InterfaceError) as error:
        logger.error("the database is away at the start: %s", error)
    try:
        is_stored(f"{conf.PREFIX}/started")
    except FileUnavailable as error:
        logger.error("the storage of photos and results does not answer at the start: %s", error)


def describe(threads: int, driver: str) -> str:
    """Return in one line what a poller is going to do, for its log."""
    how = f"by links to {conf.PUBLIC_BASE_URL}" if conf.SEND_IMAGES == "link" else "by upload"
    alias = TryOnJob.objects.write_alias()
    return (
        f"poller: {provider_class().display_name} at {conf.BASE_URL}, pictures {how}, "
        f"{conf.MAX_PARALLEL} slots, {threads} threads, database {alias!r}, driver {driver}"
    )


def _check_tables(connection: Any) -> None:
    executor = MigrationExecutor(connection)
    targets = [key for key in executor.loader.graph.leaf_nodes() if key[0] == _APP]
    with connection.cursor() as cursor:
        there = set(connection.introspection.table_names(cursor))
    tables = {model._meta.db_table for model in apps.get_app_config(_APP).get_models()}
    if missing := sorted(tables - there):
        raise CannotStart(
            f"The database {connection.alias!r} has no table {missing[0]}: run manage.py migrate, "
            "then start the poller again."
        )
    if executor.migration_plan(targets):
        raise CannotStart(
            f"The tables of glam_tryon in the database {connection.alias!r} are those of an older "
            "version: run manage.py migrate, then start the poller again."
        )


def _check_provider() -> None:
    """Look whether try-ons are under way at another provider, which this one knows nothing of."""
    before = Account.read().provider
    if before in ("", conf.PROVIDER):
        return
    if under_way := TryOnJob.objects.writer().filter(status__in=SENT).count():
        raise CannotStart(
            f'{under_way} try-ons are under way at {before!r}: set GLAM_TRYON["PROVIDER"] back to '
            "it until they have ended, or cancel them."
        )


def _check_threads(connection: Any) -> None:
    """Look whether a connection of another thread finds the same tables."""
    if connection.vendor not in _STATE:
        return
    other = own_connection(connection.alias)
    take_over(thread_schemas(), {connection.alias: other})
    found = []
    try:
        for each in (connection, other):
            with each.cursor() as cursor:
                cursor.execute(_STATE[connection.vendor])
                found.append(cursor.fetchone())
    finally:
        other.close()
    if found[0] != found[1]:
        raise CannotStart(
            f"This process works in {found[0]} of the database {connection.alias!r}, and its "
            f"threads would work in {found[1]}: set the schema, search path or role in DATABASES, "
            "or in a receiver of connection_created, which every connection runs through."
        )
