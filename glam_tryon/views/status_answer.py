"""The status answer: what a waiting page is told of its job, and when to ask again.

Each waiting shopper asks about ten times for one picture, so it is read by one narrow query, and
what only the end needs is left to the end.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connections
from django.db.models import F, FilteredRelation, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified, JsonResponse
from django.utils.http import parse_etags, quote_etag
from django.utils.translation import get_language

from glam_tryon.models import PersonPhoto, TryOnJob, TryOnResult, TryOnShare
from glam_tryon.models.clock import DatabaseNow
from glam_tryon.models.job import NEEDS_PERSON
from glam_tryon.models.status import OPEN
from glam_tryon.views.access import is_own
from glam_tryon.views.payload import describe, usual_whole_seconds
from glam_tryon.worker.poll_interval.page_poll import seconds_to_page_poll

#: Milliseconds after which the page should ask again; absent once nothing is to be waited for.
POLL_AFTER_HEADER = "X-Glam-Tryon-Poll-After"

# Each row that a join may add is one picture or one link: none while the job runs.
_JOB = (
    "id",
    "status",
    "mask_type",
    "content_type_id",
    "product_key",
    "garment_title",
    "product_url",
    "person_photo_id",
    "owner",
    "user_id",
    "account",
    "error_code",
    "next_step_at",
    "lease_token",
    "created_at",
    "submitted_at",
    "polled_at",
    "finished_at",
    "deleted_at",
    "feedback",
    "feedback_reason",
)
_PHOTO = ("id", "kind", "title", "image", "kept_until")
_RESULT = ("position", "width", "height")
_SHARE = ("token", "expires_at")
#: Stands for any job where the statement is made.
_ANY = UUID(int=0)


@cache
def _statement(using: str) -> tuple[str, list[Any], dict[int, tuple[list[Any], Any]]]:
    """Return the SQL that reads the job ``_ANY``, its parameters and the columns' converters.

    Made once for a database: Django takes longer to write a query of so many columns than the rest
    of the answer takes, and it is always the same.
    """
    alive = Q(shares__revoked_at=None, shares__expires_at__gt=DatabaseNow())
    rows = (
        TryOnJob.objects.filter(pk=_ANY, deleted_at=None)
        .annotate(alive_share=FilteredRelation("shares", condition=alive), read_at=DatabaseNow())
        .order_by(F("alive_share__created_at").desc())
        .values_list(
            "read_at",
            *_JOB,
            *(f"person_photo__{name}" for name in _PHOTO),
            *(f"results__{name}" for name in _RESULT),
            *(f"alive_share__{name}" for name in _SHARE),
        )
    )
    compiler: Any = rows.query.get_compiler(using)
    sql, params = compiler.as_sql()
    columns = [column for column, _sql, _alias in compiler.select]
    return sql, list(params), compiler.get_converters(columns)


def _rows(using: str, pk: UUID) -> list[list[Any]]:
    connection = connections[using]
    sql, params, converters = _statement(using)
    key = TryOnJob._meta.pk
    any_key, this_key = (key.get_db_prep_value(each, connection) for each in (_ANY, pk))
    with connection.cursor() as cursor:
        cursor.execute(sql, [this_key if each == any_key else each for each in params])
        rows = [list(row) for row in cursor.fetchall()]
    for place, (functions, column) in converters.items():
        for row in rows:
            for function in functions:
                row[place] = function(row[place], column, connection)
    return rows


def status_answer(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Answer with one's own job as JSON, or with 304 when the page knows all of it already.

    Raises:
        Http404: there is no such job, or it is somebody else's; the answer tells neither apart.
    """
    job, now = _read(pk)
    if not is_own(request, job.owner):
        raise Http404
    waits = job.status in OPEN and job.error_code != NEEDS_PERSON
    tag = _tag(job) if waits else ""
    known = waits and tag in map(_strong, parse_etags(request.headers.get("If-None-Match", "")))
    response = HttpResponseNotModified() if known else JsonResponse(describe(request, job))
    if waits:
        response["ETag"] = tag
        say_poll_after(response, job, now)
    return response


def say_poll_after(response: HttpResponse, job: TryOnJob, now: datetime) -> None:
    """Tell the page of a running job when to ask again; ``now`` is the database's time."""
    response[POLL_AFTER_HEADER] = str(round(1000 * seconds_to_page_poll(job, now)))


def _tag(job: TryOnJob) -> str:
    """Return the tag of what can change in the answer while the job runs."""
    photo = job.person_photo is not None and job.person_photo.is_there
    told = (job.status, usual_whole_seconds(job), photo, job.created_at, get_language())
    return quote_etag(hashlib.sha256(repr(told).encode()).hexdigest()[:16])


def _strong(tag: str) -> str:
    # Servers that compress an answer make its tag a weak one.
    return tag.removeprefix("W/")


def _read(pk: UUID) -> tuple[TryOnJob, datetime]:
    """Return the job with its photo, pictures and link, and the database's time: one query."""
    using = TryOnJob.objects.write_alias()
    rows = _rows(using, pk)
    if not rows:
        raise Http404
    now, *values = rows[0]
    job = TryOnJob.from_db(using, _JOB, values[: len(_JOB)])
    if job.person_photo_id is not None:
        start = len(_JOB)
        photo = values[start : start + len(_PHOTO)]
        job.person_photo = PersonPhoto.from_db(using, _PHOTO, photo)
    pictures = {tuple(row[-5:-2]) for row in rows if row[-5] is not None}
    results = [TryOnResult.from_db(using, _RESULT, each) for each in sorted(pictures)]
    share = values[-2:]
    shares = [] if share[0] is None else [TryOnShare.from_db(using, _SHARE, share)]
    # Where ``describe`` looks for what was read together with a list's jobs.
    vars(job).update(_prefetched_objects_cache={"results": results}, alive_shares=shares)
    return job, now
