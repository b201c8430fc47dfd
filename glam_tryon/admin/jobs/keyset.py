"""One page of jobs, found by the job beside it and not by counting those before it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connections
from django.db.models import Count, F, IntegerField, Min, OuterRef, QuerySet, Subquery, Sum
from django.db.models.expressions import RawSQL

from glam_tryon.models import TryOnJob, TryOnResult, TryOnSubmission

#: Beyond so many nobody counts: "more than 1,000" says enough.
COUNTED = 1000

ORDER = ("-created_at", "-pk")


@dataclass(frozen=True, slots=True)
class Position:
    """Position of a job in the order of time."""

    at: datetime
    key: uuid.UUID

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.key.hex}"

    @classmethod
    def of(cls, job: TryOnJob) -> Position:
        """Return the position of a job."""
        return cls(job.created_at, job.pk)

    @classmethod
    def read(cls, text: str) -> Position:
        """Return what ``str`` wrote.

        Raises:
            ValueError: it is none.
        """
        at, _tilde, key = text.partition("~")
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError("a position without a time zone")
        return cls(moment, uuid.UUID(hex=key))


class AtLeast(int):
    """A number of jobs that may be larger."""

    def __str__(self) -> str:
        return f"{int(self):,}+"


@dataclass(frozen=True, slots=True)
class Page:
    """The jobs of one page, newest first, and whether there are newer and older ones."""

    jobs: list[TryOnJob]
    newer: bool
    older: bool
    count: int


def first_page(rows: QuerySet[TryOnJob], size: int, skipped: int = 0) -> Page:
    """Return the newest, or those after ``skipped`` newer ones."""
    jobs = list(_pick(rows, rows, size + 1, skipped=skipped))
    return Page(jobs[:size], skipped > 0, len(jobs) > size, _count(jobs))


def older_page(rows: QuerySet[TryOnJob], size: int, than: Position) -> Page:
    """Return the newest of those that are older."""
    # Bound first, exception afterwards: an index finds the bound, and ties are few.
    below = rows.filter(created_at__lte=than.at).exclude(created_at=than.at, pk__gte=than.key)
    jobs = list(_pick(below, rows, size + 1))
    return Page(jobs[:size], True, len(jobs) > size, _count(jobs))


def newer_page(rows: QuerySet[TryOnJob], size: int, than: Position | None) -> Page:
    """Return the oldest of those that are newer; without ``than`` the oldest of all."""
    above = rows
    if than is not None:
        above = rows.filter(created_at__gte=than.at).exclude(created_at=than.at, pk__lte=than.key)
    jobs = list(_pick(above, rows, size + 1, oldest=True))
    newer = len(jobs) > size
    return Page(jobs[:size][::-1], newer, than is not None, _count(jobs))


def _count(jobs: Sequence[Any]) -> int:
    count = jobs[0].counted if jobs else 0
    return AtLeast(COUNTED) if count > COUNTED else count


def parts(rows: QuerySet[TryOnJob]) -> list[QuerySet[TryOnJob]]:
    """Return the rows in parts that an index serves each: see ``IndexAtRest``."""
    rows = rows.order_by()
    if connections[rows.db].vendor != "postgresql":
        return [rows]
    return [rows.filter(queue__isnull=True), rows.filter(queue__isnull=False)]


def _pick(
    rows: QuerySet[TryOnJob],
    everything: QuerySet[TryOnJob],
    limit: int,
    *,
    skipped: int = 0,
    oldest: bool = False,
) -> QuerySet[TryOnJob]:
    """Return what a line of the list shows, by one statement, whatever the number of jobs."""
    order = [name.lstrip("-") if oldest else name for name in ORDER]
    found = parts(rows)
    if len(found) == 1:
        picked = found[0].order_by(*order)
    else:
        keys = [part.order_by(*order).values(key=F("pk"), at=F("created_at")) for part in found]
        picked = TryOnJob.objects.using(rows.db).filter(
            pk__in=_union(keys, limit, skipped, "" if oldest else "DESC")
        )
        picked, skipped = picked.order_by(*order), 0
    lines = TryOnSubmission.objects.filter(job_id=OuterRef("pk")).order_by().values("job_id")
    results = TryOnResult.objects.filter(job_id=OuterRef("pk")).order_by().values("job_id")
    shown = picked.select_related("user", "person_photo").defer("media_urls")
    return shown.annotate(
        counted=_counted(everything),
        sent=Subquery(lines.annotate(count=Count("pk")).values("count")),
        cost=Subquery(lines.filter(refunded_at=None).annotate(sum=Sum("price")).values("sum")),
        first_result=Subquery(results.annotate(first=Min("position")).values("first")),
    )[skipped : skipped + limit]


_KEYS = """
SELECT key FROM (
    {parts} ORDER BY at {direction}, key {direction} LIMIT {limit:d} OFFSET {skipped:d}
) picked
"""


def _union(keys: list[Any], limit: int, skipped: int, direction: str) -> RawSQL:
    texts, values = _texts(part[: skipped + limit] for part in keys)
    statement = _KEYS.format(
        parts=" UNION ALL ".join(f"({text})" for text in texts),
        direction=direction,
        limit=limit,
        skipped=skipped,
    )
    return RawSQL(statement, values)  # noqa: S611  (values are parameters)


_COUNT = "(SELECT COUNT(*) FROM ({text}) counted{number:d})"


def _counted(rows: QuerySet[TryOnJob]) -> RawSQL:
    texts, values = _texts(part.values("pk")[: COUNTED + 1] for part in parts(rows))
    counts = [_COUNT.format(text=text, number=number) for number, text in enumerate(texts)]
    return RawSQL(  # noqa: S611  (values are parameters)
        " + ".join(counts), values, output_field=IntegerField()
    )


def _texts(queries: Iterable[Any]) -> tuple[list[str], tuple[Any, ...]]:
    """Return the statements of queries and all their values in one row."""
    found = [query.query.sql_with_params() for query in queries]
    return [text for text, _values in found], tuple(
        value for _text, values in found for value in values
    )
