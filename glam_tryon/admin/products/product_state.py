"""What the shop's own try-ons of a page of products came to, in two queries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, F, Model, Q, Window
from django.db.models.functions import RowNumber

from glam_tryon.models import TryOnJob, TryOnResult
from glam_tryon.models.job import TryOnJobQuerySet
from glam_tryon.models.owner import SHOP
from glam_tryon.models.status import OPEN, Status


@dataclass(frozen=True, slots=True)
class ProductState:
    """The shop's own try-ons of one product, counted, and where its newest picture is."""

    ready: int = 0
    failed: int = 0
    moving: int = 0
    published: int = 0
    last_job: Any = None
    last_position: int = 0


def own_tryons(products: Iterable[Model]) -> TryOnJobQuerySet:
    """Return the shop's own try-ons of these products of one model; shoppers' are not staff's."""
    rows = list(products)
    if not rows:
        return TryOnJob.objects.none()
    kind = ContentType.objects.get_for_model(rows[0])
    keys = [str(product.pk) for product in rows]
    return TryOnJob.objects.filter(
        owner=SHOP, deleted_at=None, content_type=kind, product_key__in=keys
    )


def states_of(products: Iterable[Model]) -> dict[str, ProductState]:
    """Return the state of each product that the shop ever tried on, by its key as text."""
    jobs = own_tryons(products).order_by()
    counts = jobs.values("product_key").annotate(
        ready=Count("pk", filter=Q(status=Status.READY)),
        failed=Count("pk", filter=Q(status=Status.FAILED)),
        moving=Count("pk", filter=Q(status__in=OPEN)),
    )
    found: dict[str, dict[str, Any]] = {}
    for facts in map(dict[str, Any], counts):
        found[facts.pop("product_key")] = facts
    if any(facts["ready"] for facts in found.values()):
        results = TryOnResult.objects.filter(job__in=jobs.filter(status=Status.READY))
        newest = Window(
            RowNumber(),
            partition_by="job__product_key",
            # The last one: SQLite's clock gives two that end in one millisecond the same time.
            order_by=[F("job__finished_at").desc(), F("position").asc(), F("pk").desc()],
        )
        published = Window(
            Count("published_at"),
            partition_by="job__product_key",
        )
        last = results.annotate(newest=newest, published=published).filter(newest=1)
        for key, job, position, count in last.values_list(
            "job__product_key", "job", "position", "published"
        ):
            found[key] |= {"last_job": job, "last_position": position, "published": count}
    return {key: ProductState(**facts) for key, facts in found.items()}
