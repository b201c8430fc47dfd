"""The action that gives jobs as a CSV file, one by one, however many there are."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from glam_tryon.analytics.csv_cells import safe_cells
from glam_tryon.models import TryOnJob

#: The file's columns, for programs as well: never translated. No person is among them.
COLUMNS = (
    "id",
    "status",
    "error_code",
    "priority",
    "mask_type",
    "product_key",
    "garment_title",
    "owner_kind",
    "event_id",
    "submissions",
    "cost",
    "created_at",
    "submitted_at",
    "ready_at",
    "finished_at",
    "feedback",
    "reference",
    "metadata",
)


class _Line:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


@admin.action(description=_("Export as CSV"), permissions=["view"])
def export_csv(
    page: Any, request: HttpRequest, queryset: QuerySet[TryOnJob]
) -> StreamingHttpResponse:
    """Send the chosen jobs, or all that match the filters."""
    answer = StreamingHttpResponse(_lines(queryset), content_type="text/csv; charset=utf-8")
    name = f"try-ons-{timezone.localdate():%Y-%m-%d}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _lines(queryset: QuerySet[TryOnJob]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield writer.writerow(COLUMNS)
    # Not from the list's own joins: a stream keeps its cursor open for long.
    rows = queryset.select_related(None).prefetch_related("submissions")
    for job in rows.iterator(chunk_size=1000):
        yield writer.writerow(safe_cells(_row(job)))


def _row(job: TryOnJob) -> Iterable[object]:
    sent = list(job.submissions.all())
    taken = [line for line in sent if line.event_id]
    bought = [line.price for line in sent if line.refunded_at is None]
    cost = None if None in bought else sum(filter(None, bought))
    moments = (job.created_at, job.submitted_at, job.ready_at, job.finished_at)
    yield from (job.pk, job.status, job.error_code, job.priority, job.mask_type)
    yield from (job.product_key, job.garment_title, job.owner.partition(":")[0])
    yield from (taken[-1].event_id if taken else "", len(sent), "" if cost is None else cost)
    yield from (moment.isoformat() if moment else "" for moment in moments)
    yield from (job.feedback, job.reference or "")
    yield json.dumps(job.metadata, ensure_ascii=False) if job.metadata else ""
