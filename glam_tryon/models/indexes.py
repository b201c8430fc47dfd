"""Indexes over some rows only, where the database knows such."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement


class IndexAtRest(models.Index):
    """On PostgreSQL it holds jobs at rest only: those without a queue.

    There each index of a table is written anew when a row changes, whatever changed, and a job
    under way changes at every step. MariaDB and SQLite write an index only when its own columns
    change, so there it holds all jobs.
    """

    def create_sql(
        self, model: type[models.Model], schema_editor: Any, using: str = "", **kwargs: Any
    ) -> Any:
        """Return the statement for the database of ``schema_editor``."""
        if schema_editor.connection.vendor == "postgresql":
            at_rest = models.Index(
                fields=self.fields, name=self.name, condition=models.Q(queue__isnull=True)
            )
            return at_rest.create_sql(model, schema_editor, using, **kwargs)
        return super().create_sql(model, schema_editor, using, **kwargs)


class PartialIndex(models.Index):
    """``models.Index(condition=where)`` without the warning that each shop on MariaDB would read.

    Django says there (``models.W037``) that the condition is ignored. It costs such a shop some
    writes and nothing else, and is nothing that it could mend.
    """

    def __init__(self, *expressions: Any, where: models.Q, **options: Any) -> None:
        self.where = where
        super().__init__(*expressions, **options)

    def deconstruct(self) -> tuple[str, Any, dict[str, Any]]:
        """Name the condition in migrations as well."""
        path, expressions, options = super().deconstruct()
        return path, expressions, {**options, "where": self.where}

    def create_sql(
        self,
        model: type[models.Model],
        schema_editor: BaseDatabaseSchemaEditor,
        using: str = "",
        **more: Any,
    ) -> Statement:
        """Return the statement that makes it."""
        _path, expressions, options = super().deconstruct()
        condition = None
        if schema_editor.connection.features.supports_partial_indexes:
            condition = self.where
        plain = models.Index(*expressions, condition=condition, **options)
        return plain.create_sql(model, schema_editor, using, **more)
