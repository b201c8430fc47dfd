"""Jobs by a name that is theirs alone: their id, Glam's event id, their product's key."""

from __future__ import annotations

import uuid
from contextlib import suppress
from typing import Any

from django.db.models import QuerySet

from glam_tryon.models import TryOnJob, TryOnSubmission


def find(rows: QuerySet[TryOnJob], text: str) -> QuerySet[TryOnJob]:
    """Return those of ``rows`` that ``text`` names; each look-up is one of an index.

    A union, for the database reads a whole table for look-ups in two tables that are joined by OR.
    """
    using = rows.db
    events = TryOnSubmission.objects.using(using).filter(event_id=text, job__isnull=False)
    found: list[QuerySet[Any, Any]] = [events.order_by().values("job_id")]
    jobs = TryOnJob.objects.using(using).order_by()
    found.append(jobs.filter(product_key=text).values("pk"))
    with suppress(ValueError):
        found.append(jobs.filter(pk=uuid.UUID(text)).values("pk"))
    return rows.filter(pk__in=found[0].union(*found[1:]))
