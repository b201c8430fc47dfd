"""How an environment variable becomes a setting."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

ENGINES = {
    "sqlite": "django.db.backends.sqlite3",
    "postgres": "django.db.backends.postgresql",
    "postgresql": "django.db.backends.postgresql",
    "mysql": "django.db.backends.mysql",
    "mariadb": "django.db.backends.mysql",
}
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
    """Django's settings for an address like ``postgres://user:password@host:port/name``.

    ``postgresql://``, ``mysql://`` and ``mariadb://`` work alike, and SQLite as
    ``sqlite:///shop.sqlite3``: as elsewhere, three slashes make a relative path and four an
    absolute one, and ``sqlite://:memory:`` lives in memory. An empty url means ``default_file``.
    The query becomes OPTIONS, so ``?sslmode=require`` works; user, password and name are
    percent-decoded.

    Raises:
        ImproperlyConfigured: the scheme is unknown, or there is no name.
    """
    if not url:
        url = f"sqlite:///{quote(str(default_file))}"
    scheme, _, rest = url.partition("://")
    engine = ENGINES.get(scheme.lower())
    if engine is None:
        known = ", ".join(sorted(ENGINES))
        raise ImproperlyConfigured(f"DATABASE_URL must start with one of {known}, then ://")
    options = dict(DRIVER_OPTIONS.get(engine, {}))
    if engine == ENGINES["sqlite"]:
        file = rest if rest.startswith(":memory:") else unquote(rest.removeprefix("/"))
        if not file:
            raise ImproperlyConfigured("DATABASE_URL names no file: write sqlite:///shop.sqlite3")
        return {"ENGINE": engine, "NAME": file, "OPTIONS": options}
    parts = urlsplit(url)
    name = unquote(parts.path.removeprefix("/"))
    if not name:
        raise ImproperlyConfigured(f"DATABASE_URL names no database: write {scheme}://host/name")
    return {
        "ENGINE": engine,
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "OPTIONS": options | dict(parse_qsl(parts.query)),
        # A long-lived poller must notice a connection that the server closed in the meantime.
        "CONN_HEALTH_CHECKS": True,
    }
