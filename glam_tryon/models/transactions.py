"""Transactions at one isolation level, whatever the shop's own is, tried again on a conflict."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import DatabaseError, connections, transaction

from glam_tryon.models.database_errors import is_conflict

T = TypeVar("T")

#: How often a transaction is tried in all, and the longest pause before the next try, in seconds.
TRIES, PAUSE_SECONDS = 5, 0.2
_SET = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED"
#: What PostgreSQL takes where Django says nothing, by alias and name of the database.
_defaults: dict[tuple[str, str], str] = {}


class ReadCommitted(transaction.Atomic):
    """A transaction at READ COMMITTED when it is the outermost one, a savepoint otherwise.

    Everything here decides under locks, and what is read after a lock must be what others wrote
    before they gave it back. The snapshot of a higher level is older than the lock: MySQL would
    count by it, and PostgreSQL would refuse.
    """

    def __enter__(self) -> None:
        connection: Any = transaction.get_connection(self.using)
        changes = not connection.in_atomic_block and _has_another_level(connection)
        if changes and connection.vendor == "mysql":
            # Said before it begins, and true of this one only.
            _say(connection)
        super().__enter__()
        if changes and connection.vendor == "postgresql":
            try:
                _say(connection)
            except BaseException:
                self.__exit__(*sys.exc_info())
                raise


def reads_may_be_old(using: str) -> bool:
    """Say whether reads in the transaction that is open may be older than a lock it has taken.

    So it is in a transaction of the shop's own on MySQL at a level with a snapshot. PostgreSQL
    refuses the lock there.
    """
    connection: Any = connections[using]
    mysql = connection.vendor == "mysql"
    return bool(mysql and connection.in_atomic_block and _is_shops_own(connection))


def retry_on_conflict(using: str, work: Callable[[], T]) -> T:
    """Do ``work``, a transaction, again when another one was in its way.

    Within a transaction of the shop's own only the shop could do that again.

    Raises:
        DatabaseError: it was in the way ``TRIES`` times.
    """
    for _ in range(TRIES - 1):
        if connections[using].in_atomic_block:
            break
        try:
            return work()
        except DatabaseError as error:
            if not is_conflict(error):
                raise
            time.sleep(random.uniform(0, PAUSE_SECONDS))
    return work()


def commits_at_once(using: str) -> bool:
    """Say whether what is written now is committed now: no transaction is open around it.

    The one around a test case counts as none, as it does for ``durable``.
    """
    try:
        with transaction.atomic(using, durable=True):
            return True
    except RuntimeError:
        return False


def _say(connection: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_SET)


def _is_shops_own(connection: Any) -> bool:
    outermost = connection.atomic_blocks[0] if connection.atomic_blocks else None
    return not isinstance(outermost, ReadCommitted) and _has_another_level(connection)


def _has_another_level(connection: Any) -> bool:
    if connection.vendor not in ("mysql", "postgresql"):
        return False
    connection.ensure_connection()
    level = connection.isolation_level
    if connection.vendor == "mysql":
        # None leaves it to the server, whose own is REPEATABLE READ.
        return bool(level != "read committed")
    if "isolation_level" in connection.settings_dict["OPTIONS"]:
        return bool(level.name != "READ_COMMITTED")
    return _default_of(connection) != "read committed"


def _default_of(connection: Any) -> str:
    database = (connection.alias, str(connection.settings_dict["NAME"]))
    if database not in _defaults:
        with connection.wrap_database_errors, connection.connection.cursor() as cursor:
            cursor.execute("SHOW default_transaction_isolation")
            _defaults[database] = str(cursor.fetchone()[0])
    return _defaults[database]
