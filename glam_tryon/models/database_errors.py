"""Errors of the database, told apart: it is away or busy, or it will never take this value."""

from __future__ import annotations

from django.db import DatabaseError, DataError, InterfaceError, InternalError, OperationalError

#: What MySQL and MariaDB say of a value or of a statement; their driver calls most of it
#: ``OperationalError``, as if another try could help. From ``mysqld_error.h``.
_MYSQL_VALUES = frozenset(
    [
        *(1048, 1054, 1074, 1118, 1136, 1264, 1265, 1267, 1270, 1271, 1292, 1300, 1364, 1366, 1367),
        *(1406, 1411, 1416, 1525, 1690, 1977, 3140, 3141, 3144, 3146, 3819, 3854, 3988, 4025),
    ]
)
#: Another transaction was in the way: deadlock, lock wait, and a row that changed meanwhile.
_MYSQL_CONFLICTS = frozenset([1020, 1205, 1213])
_POSTGRESQL_CONFLICTS = frozenset(["40001", "40P01", "55P03"])
#: A standby that took over, or has not done so yet, is read-only for a while.
_READ_ONLY = "25006"


def _sqlstate(error: BaseException) -> str:
    cause = error.__cause__
    return str(getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None) or "")


def _number(error: BaseException) -> object:
    return error.args[0] if error.args else None


def is_passing(error: BaseException) -> bool:
    """Say whether the same write may succeed later: the database was away, busy or in the way.

    False for an error of the value or of the statement, whatever the driver calls it, and for
    anything that is no error of the database.
    """
    if isinstance(error, DataError) or _number(error) in _MYSQL_VALUES:
        return False
    if isinstance(error, InternalError):
        return _sqlstate(error) == _READ_ONLY
    # Class 54: a value larger than the server's limits.
    return isinstance(error, OperationalError | InterfaceError) and _sqlstate(error)[:2] != "54"


def is_conflict(error: BaseException) -> bool:
    """Say whether another transaction was in the way of this one, which may be tried again."""
    if not isinstance(error, DatabaseError):
        return False
    if isinstance(number := _number(error), int):
        return number in _MYSQL_CONFLICTS
    if state := _sqlstate(error):
        return state in _POSTGRESQL_CONFLICTS
    return isinstance(error, OperationalError) and " is locked" in str(error)


def is_about_value(error: BaseException) -> bool:
    """Say whether a value is what the database, or its driver, does not take.

    Drivers raise ``UnicodeError`` for half a character, ``ValueError`` for a NUL and
    ``OverflowError`` for a number, before anything is sent.
    """
    if isinstance(error, DatabaseError | InterfaceError):
        return not is_passing(error) and not isinstance(error, InternalError)
    return isinstance(error, ValueError | OverflowError)
