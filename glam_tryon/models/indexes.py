"""An index for lists of jobs that costs the engine nothing."""

from __future__ import annotations

from typing import Any

from django.db import models


class IndexAtRest(models.Index):
    """On PostgreSQL it holds jobs at rest only: those without a lane.

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
                fields=self.fields, name=self.name, condition=models.Q(lane__isnull=True)
            )
            return at_rest.create_sql(model, schema_editor, using, **kwargs)
        return super().create_sql(model, schema_editor, using, **kwargs)
