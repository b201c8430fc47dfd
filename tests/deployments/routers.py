"""Routers of shops with more than one database."""

from __future__ import annotations

from typing import Any


class Split:
    """Reads from the replica and writes to the primary, as Django's documentation has it."""

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        return "replica"

    def db_for_write(self, model: Any, **hints: Any) -> str | None:
        return "default"

    def allow_relation(self, *rows: Any, **hints: Any) -> bool:
        return True

    def allow_migrate(self, database: str, *args: Any, **hints: Any) -> bool:
        return database == "default"


class Lagging(Split):
    """Keeps the shop's own sessions and accounts at the primary, which it reads at once."""

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        return "replica" if model._meta.app_label in ("glam_tryon", "shop") else "default"
