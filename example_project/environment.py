"""How an environment variable becomes a setting."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

DRIVER_OPTIONS: dict[str, dict[str, Any]] = {
    # Two pollers and a web server write to one file. WAL lets readers go on meanwhile, and
    # IMMEDIATE takes the write lock at BEGIN, where SQLite waits for it: a lock that is asked
    # for later, between a read and a write, fails at once with "database is locked".
    "django.db.backends.sqlite3": {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    },
    "django.db.backends.mysql": {"charset": "utf8mb4", "isolation_level": "read committed"},
}


def text(name: str, default: str = "") -> str:
    """The variable without outer spaces; an empty one counts as missing."""
    return os.environ.get(name, "").strip() or default


def flag(name: str, *, default: bool) -> bool:
    """``1``, ``true``, ``yes`` or ``on``, in any case; any other word is false."""
    word = text(name)
    return word.lower() in {"1", "true", "yes", "on"} if word else default


def number(name: str, default: int) -> int:
    """A whole number. Raises ImproperlyConfigured, naming the variable, for anything else."""
    word = text(name)
    try:
        return int(word) if word else default
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {word!r}") from error


def words(name: str) -> list[str]:
    """The parts of a comma-separated list."""
    return [word.strip() for word in text(name).split(",") if word.strip()]


def database(url: str, *, default_file: Path) -> dict[str, Any]:
    """Django's settings for a URL like ``postgres://user:password@host:port/name``.

    ``dj-database-url`` reads it, with our options for the driver below those of the URL's query.
    An empty URL means SQLite in ``default_file``.

    Raises:
        ValueError: the scheme is unknown, or the URL cannot be read.
    """
    # A long-lived poller must notice a connection that the server closed in the meantime.
    found: dict[str, Any] = {
        **dj_database_url.parse(
            url or f"sqlite:///{quote(str(default_file))}", conn_health_checks=True
        )
    }
    found["OPTIONS"] = DRIVER_OPTIONS.get(found["ENGINE"], {}) | found.get("OPTIONS", {})
    return found
