"""Columns for text from outside: what a column cannot hold is replaced instead of refused."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, Any

from django.db import connections, models, router

from glam_tryon.plain_text import REPLACEMENT, clean_text

if TYPE_CHECKING:
    _CharField = models.CharField[str, str]
    _TextField = models.TextField[str, str]
else:
    _CharField, _TextField = models.CharField, models.TextField

#: Charsets that hold everything, and those that hold characters of at most three bytes in UTF-8.
_WHOLE = {"utf8mb4", "utf16", "utf16le", "utf32", "binary", "sql_ascii", "utf-8", "utf8_server"}
_THREE_BYTES = {"utf8", "utf8mb3", "ucs2"}
_FOUR_BYTES = re.compile("[\U00010000-\U0010ffff]")
#: MySQL's "latin1" is Windows's. PostgreSQL's names of Windows's begin with "win".
_CODECS = {"latin1": "cp1252", "koi8r": "koi8-r", "koi8u": "koi8-u", "ujis": "euc_jp"}
#: The charset of each column, by alias and name of the database: asked for once a process, when
#: the first text comes that is not plain ASCII.
_charsets: dict[tuple[str, str], dict[tuple[str, str], set[str]]] = {}


def holdable(field: models.Field[Any, Any], text: str, connection: Any) -> str:
    """Return ``text`` with each character replaced that the column of ``field`` cannot hold."""
    text = clean_text(text)
    if text.isascii():
        return text
    for charset in _charsets_of(field, connection):
        text = _in_charset(text, charset)
    return text


def forget_charsets() -> None:
    """Ask anew for the charsets of all columns."""
    _charsets.clear()


def _in_charset(text: str, charset: str) -> str:
    if charset in _WHOLE:
        return text
    if charset in _THREE_BYTES:
        return _FOUR_BYTES.sub(REPLACEMENT, text)
    name = _CODECS.get(charset, re.sub(r"^win(?=\d)", "cp", charset))
    try:
        codecs.lookup(name)
    except LookupError:
        name = "ascii"
    return text.encode(name, "replace").decode(name, "replace")


def _charsets_of(field: models.Field[Any, Any], connection: Any) -> set[str]:
    if connection.vendor not in ("mysql", "postgresql"):
        return set()
    database = (connection.alias, str(connection.settings_dict["NAME"]))
    if database not in _charsets:
        ask = _mysql if connection.vendor == "mysql" else _postgresql
        _charsets[database] = ask(connection)
    known = _charsets[database]
    return known.get((field.model._meta.db_table, field.column or ""), set()) | known["", ""]


def _mysql(connection: Any) -> dict[tuple[str, str], set[str]]:
    with connection.cursor() as cursor:
        # What the client may send comes first, then what each column keeps.
        cursor.execute("SELECT @@character_set_client")
        found = {("", ""): {str(cursor.fetchone()[0]).lower()}}
        cursor.execute(
            "SELECT table_name, column_name, character_set_name FROM information_schema.columns "
            "WHERE table_schema = DATABASE() AND character_set_name IS NOT NULL"
        )
        for table, column, charset in cursor.fetchall():
            found[str(table), str(column)] = {str(charset).lower()}
    return found


def _postgresql(connection: Any) -> dict[tuple[str, str], set[str]]:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_encoding")
        charset = str(cursor.fetchone()[0]).lower()
    # PostgreSQL's UTF8 is the whole of it, MySQL's utf8 is not; and its LATIN1 is ISO 8859-1.
    known = {"utf8": "utf-8", "latin1": "iso8859-1"}
    return {("", ""): {known.get(charset, charset)}}


class _Outside:
    """The common part of both kinds of fields, which are Django's own in a migration."""

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()  # type: ignore[misc]
        kind = "CharField" if isinstance(self, models.CharField) else "TextField"
        return name, f"django.db.models.{kind}", args, kwargs

    def get_db_prep_value(self: Any, value: Any, connection: Any, prepared: bool = False) -> Any:
        value = super().get_db_prep_value(value, connection, prepared)  # type: ignore[misc]
        if isinstance(value, str):
            value = holdable(self, value, connection)[: self.max_length]
        return value

    def clean(self: Any, value: Any, model_instance: Any) -> Any:
        """Let a form's object have at once what will be kept of it."""
        if isinstance(value, str):
            using = router.db_for_write(self.model)
            value = holdable(self, value, connections[using])
        return super().clean(value, model_instance)  # type: ignore[misc]


class OutsideCharField(_Outside, _CharField):
    """A ``CharField`` for text from outside: cut to ``max_length``, never refused."""


class OutsideTextField(_Outside, _TextField):
    """A ``TextField`` for text from outside: never refused for its characters."""
