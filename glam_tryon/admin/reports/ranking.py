"""The products that are tried on most, ranked by one statement over days and whole months."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.contrib.contenttypes.models import ContentType
from django.db import connections
from django.db.models import Model

from glam_tryon.admin.reports.stats import Params
from glam_tryon.analytics.forecast import month_end
from glam_tryon.exceptions import NotRegistered
from glam_tryon.garments import garment_of
from glam_tryon.models import DailyCount, TryOnJob
from glam_tryon.models.statistics import Event

MOST_PRODUCTS = 10
#: A product: the number of its model's content type, and its key.
Key = tuple[int, str]

# One range of an index in each part, so that no row of the table is read.
_PART = """
SELECT product_type, product_key, {count} AS part FROM {counts}
WHERE event = %s AND day BETWEEN %s AND %s AND product_type <> 0
"""
_RANKED = """
SELECT product_type, product_key, total, (
    SELECT garment_title FROM {jobs} AS job
    WHERE job.product_key = ranked.product_key AND job.content_type_id = ranked.product_type LIMIT 1
)
FROM (
    SELECT product_type, product_key, SUM(part) AS total FROM ({parts}) AS counted
    GROUP BY product_type, product_key ORDER BY total DESC, product_key LIMIT %s
) AS ranked ORDER BY total DESC, product_key
"""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A product, what its newest try-on calls it, and how often it was asked for."""

    product: str
    title: str
    count: int


def ranges(first: date, today: date) -> list[tuple[str, date, date]]:
    """Return what to add up from ``first`` on: the whole months, and the days before them.

    This month is a whole one: nothing of it was counted after today.
    """
    month = first if first.day == 1 else month_end(first) + timedelta(days=1)
    if month > today:
        return [(Event.REQUESTED, first, today)]
    days = [(Event.REQUESTED, first, month - timedelta(days=1))] if first < month else []
    return [*days, (Event.MONTH, month, today)]


def top_products(params: Params) -> list[Ranked]:
    """Rank what was requested. A year is twelve months and some days, not 365 days a product."""
    found = _read(ranges(params.first, params.today))
    titles = _titles_of([key for key, _total, title in found if not title])
    return [
        Ranked(f"{key[0]}:{key[1]}", title or titles.get(key, key[1]), total)
        for key, total, title in found
    ]


def _read(parts: list[tuple[str, date, date]]) -> list[tuple[Key, int, str | None]]:
    connection = connections[DailyCount.objects.write_alias()]
    quote, day = connection.ops.quote_name, connection.ops.adapt_datefield_value
    part = _PART.format(count=quote("count"), counts=quote(DailyCount._meta.db_table))
    statement = _RANKED.format(
        jobs=quote(TryOnJob._meta.db_table), parts=" UNION ALL ".join([part] * len(parts))
    )
    values = [value for event, first, last in parts for value in (event, day(first), day(last))]
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, MOST_PRODUCTS])
        rows = cursor.fetchall()
    return [((kind, key), int(total), title) for kind, key, total, title in rows]


def _titles_of(keys: list[Key]) -> dict[Key, str]:
    """Ask the products themselves: their try-ons were deleted."""
    titles = {}
    for kind in {kind for kind, _key in keys}:
        model = _model_of(kind)
        if model is not None:
            garment = garment_of(model)
            mine = [key for of, key in keys if of == kind]
            for product in model._default_manager.filter(pk__in=mine):
                titles[kind, str(product.pk)] = garment.get_title(product)
    return titles


def _model_of(kind: int) -> type[Model] | None:
    try:
        model = ContentType.objects.get_for_id(kind).model_class()
        return model if model and garment_of(model) else None
    except (ContentType.DoesNotExist, NotRegistered):
        return None


def title_of(params: Params) -> str:
    """Return what a try-on of the chosen product calls it, its key when there is none."""
    jobs = TryOnJob.objects.filter(
        product_key=params.product_key, content_type_id=params.product_type
    )
    title = jobs.order_by().values_list("garment_title", flat=True).first()
    key = (params.product_type, params.product_key)
    return title or _titles_of([key]).get(key, params.product_key)
