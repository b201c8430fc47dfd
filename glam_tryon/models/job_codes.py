"""Which error codes jobs have, found without reading every job."""

from __future__ import annotations

from django.db import connections, models

from glam_tryon.models.job_crowd import JobCrowd

# From each code the index leads to the next one; the few jobs under way are read one by one.
_CODES = """
WITH RECURSIVE codes AS (
    SELECT MIN(error_code) AS code FROM {table} WHERE {rest} error_code > ''
    UNION ALL
    SELECT (SELECT MIN(error_code) FROM {table} WHERE {rest} error_code > codes.code)
    FROM codes WHERE codes.code IS NOT NULL
)
SELECT code FROM codes WHERE code IS NOT NULL
UNION
SELECT error_code FROM {table} WHERE queue IS NOT NULL AND error_code > ''
ORDER BY 1
"""


def has_code(code: str) -> models.Q:
    """Return the condition for jobs with an error code.

    It says of the queue what is always true: so PostgreSQL sees that the index of those at rest
    gives it all but the few under way, and does not read the table.
    """
    at_rest = models.Q(queue__isnull=True)
    return (at_rest | ~at_rest) & models.Q(error_code=code)


class JobCodes(JobCrowd):
    """What is there to filter by."""

    def error_codes(self) -> list[str]:
        """Return every error code that a job has now, each once."""
        connection = connections[self.db]
        # There the index has no others: see ``IndexAtRest``.
        rest = "queue IS NULL AND" if connection.vendor == "postgresql" else ""
        with connection.cursor() as cursor:
            cursor.execute(_CODES.format(table=self.model._meta.db_table, rest=rest))
            return [code for (code,) in cursor.fetchall()]
