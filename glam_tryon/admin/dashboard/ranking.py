"""The products that are tried on most, ranked by one statement over days and whole months."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db import router
from django.db.models import Model, OuterRef, Q, Subquery, Sum

from glam_tryon.admin.dashboard.choice import Choice
from glam_tryon.exceptions import NotRegistered
from glam_tryon.garments import garment_of
from glam_tryon.models import DailyCount, TryOnJob
from glam_tryon.models.counts import Event
from glam_tryon.policy.forecast import month_end

MOST_PRODUCTS = 10
#: A year of ten thousand products is a fifth of a second's reading, and its order changes slowly.
KEPT_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Ranked:
    """A product, what its newest try-on calls it, and how often it was asked for."""

    product: str
    title: str
    count: int


def whole_months(first: date, last: date) -> tuple[date, date] | None:
    """Return the first and the last beginning of a month that lies within; None without any."""
    begin = first if first.day == 1 else month_end(first) + timedelta(days=1)
    end = last.replace(day=1) if last == month_end(last) else _month_before(last)
    return (begin, end) if begin <= end else None


def _month_before(day: date) -> date:
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


def kept_products(choice: Choice) -> list[Ranked]:
    """Return ``top_products``, kept in the shop's cache for five minutes."""
    key = f"glam_tryon:top_products:{choice.first:%Y%m%d}:{choice.today:%Y%m%d}"
    return cache.get_or_set(key, lambda: top_products(choice), KEPT_SECONDS) or []


def top_products(choice: Choice) -> list[Ranked]:
    """Rank what was requested. A year is twelve months and some days, not 365 days a product."""
    requested = Q(event=Event.REQUESTED, day__gte=choice.first, day__lte=choice.today)
    wanted = requested
    if months := whole_months(choice.first, choice.today):
        begin, end = months
        edges = Q(day__lt=begin) | Q(day__gt=month_end(end))
        wanted = requested & edges | Q(event=Event.MONTH, day__gte=begin, day__lte=end)
    rows = DailyCount.objects.using(router.db_for_write(DailyCount))
    newest = TryOnJob.objects.filter(
        product_key=OuterRef("product_key"), content_type_id=OuterRef("product_type")
    ).order_by()
    ranked = (
        rows.filter(wanted)
        .exclude(product_type=0)
        .values("product_type", "product_key")
        .annotate(sum=Sum("count"))
        .annotate(title=Subquery(newest.values("garment_title")[:1]))
        .order_by("-sum", "product_key")[:MOST_PRODUCTS]
    )
    found: list[Any] = list(ranked)
    titles = _titles_of([row for row in found if not row["title"]])
    return [
        Ranked(
            f"{row['product_type']}:{row['product_key']}",
            row["title"] or titles.get(_key(row), row["product_key"]),
            row["sum"],
        )
        for row in found
    ]


def _key(row: dict[str, Any]) -> tuple[int, str]:
    return row["product_type"], row["product_key"]


def _titles_of(rows: list[dict[str, Any]]) -> dict[tuple[int, str], str]:
    """Ask the products themselves: their try-ons were deleted."""
    titles = {}
    for kind in {row["product_type"] for row in rows}:
        keys = [row["product_key"] for row in rows if row["product_type"] == kind]
        model = _model_of(kind)
        if model is not None:
            garment = garment_of(model)
            for product in model._default_manager.filter(pk__in=keys):
                titles[kind, str(product.pk)] = garment.get_title(product)
    return titles


def _model_of(kind: int) -> type[Model] | None:
    try:
        model = ContentType.objects.get_for_id(kind).model_class()
        return model if model and garment_of(model) else None
    except (ContentType.DoesNotExist, NotRegistered):
        return None


def title_of(choice: Choice) -> str:
    """Return what a try-on of the chosen product calls it, its key when there is none."""
    jobs = TryOnJob.objects.filter(
        product_key=choice.product_key, content_type_id=choice.product_type
    )
    title = jobs.order_by().values_list("garment_title", flat=True).first()
    row = {"product_type": choice.product_type, "product_key": choice.product_key}
    return title or _titles_of([row]).get(_key(row), choice.product_key)
