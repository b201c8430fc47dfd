"""The shop's own try-ons of products: counted in two queries, and shown to staff."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, F, Model, Q, Window
from django.db.models.functions import RowNumber
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from glam_tryon.admin.formatting import NOTHING, badge, thumbnail
from glam_tryon.admin.jobs.advice import job_state
from glam_tryon.admin.pages import admin_url, link, picture_url
from glam_tryon.limits.budget import budget_left
from glam_tryon.limits.pricing import money_text, price
from glam_tryon.models import TryOnJob, TryOnResult
from glam_tryon.models.job import TryOnJobQuerySet
from glam_tryon.models.owner import SHOP
from glam_tryon.models.status import OPEN, Status
from glam_tryon.privacy.retention import results_of


@dataclass(frozen=True, slots=True)
class ProductState:
    """The shop's own try-ons of one product, counted, and where its newest picture is."""

    ready: int = 0
    failed: int = 0
    moving: int = 0
    published: int = 0
    last_job: Any = None
    last_position: int = 0


def own_tryons(products: Iterable[Model]) -> TryOnJobQuerySet[TryOnJob]:
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
    for row in map(dict[str, Any], counts):
        found[row.pop("product_key")] = row
    if any(row["ready"] for row in found.values()):
        results = TryOnResult.objects.visible().filter(job__in=jobs.filter(status=Status.READY))
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
    return {key: ProductState(**row) for key, row in found.items()}


def state_and_picture(site: AdminSite, state: ProductState, product: str) -> SafeString:
    """Return the newest picture, how many there are, and how many are published."""
    label = state_badge(state)
    if label == NOTHING:
        return NOTHING
    shown: SafeString | str = ""
    if state.last_job:
        alt = _("Newest try-on of %(product)s") % {"product": product}
        shown = thumbnail(picture_url(site, state.last_job, state.last_position), alt)
    quiet: SafeString | str = ""
    if state.published:
        count = ngettext("%(count)d published", "%(count)d published", state.published)
        quiet = format_html(
            '<div class="glam-tryon-quiet">{}</div>', count % {"count": state.published}
        )
    return format_html('<div class="glam-tryon-state">{}<div>{}{}</div></div>', shown, label, quiet)


def state_badge(state: ProductState) -> SafeString:
    """Return what matters most now: what is under way, then what is there, then what failed."""
    if state.moving:
        text = ngettext("%(count)d under way", "%(count)d under way", state.moving)
        return badge(Status.IN_PROGRESS, text % {"count": state.moving})
    if state.ready:
        text = ngettext("%(count)d ready", "%(count)d ready", state.ready)
        return badge(Status.READY, text % {"count": state.ready})
    if state.failed:
        text = ngettext("%(count)d failed", "%(count)d failed", state.failed)
        return badge(Status.FAILED, text % {"count": state.failed})
    return NOTHING


def newest_tryons(site: AdminSite, product: Model, jobs: list[TryOnJob]) -> SafeString:
    """Return a product's newest try-ons with their pictures, and the way to all of them."""
    if not jobs:
        return NOTHING
    figures = format_html_join("", "{}", ((_figure(site, job),) for job in jobs))
    shown = format_html('<div class="glam-tryon-pictures">{}</div>', figures)
    if not (url := admin_url(site, "glam_tryon_tryonjob_changelist")):
        return shown
    everything = link(f"{url}?{urlencode({'q': product.pk})}", _("All try-ons"))
    return format_html("{}<p>{}</p>", shown, everything)


def _figure(site: AdminSite, job: TryOnJob) -> SafeString:
    person = str(job.person_photo or _("Person"))
    shown = [
        thumbnail(picture_url(site, job.pk, result.position), person)
        for result in results_of(job)[:1]
    ]
    return format_html(
        "<figure>{}<figcaption>{} {}</figcaption></figure>",
        shown[0] if shown else "",
        badge(*job_state(job)),
        person,
    )


def order_cost(count: int) -> dict[str, Any]:
    """Return what so many generations cost and what is left, for a page that asks for consent."""
    left = budget_left()
    rest = None
    if left.generations is not None:
        rest = ngettext(
            "The budget allows %(count)d more picture now.",
            "The budget allows %(count)d more pictures now.",
            left.generations,
        ) % {"count": left.generations}
    return {
        "count": count,
        "price": money_text(price(count)),
        "budget": rest,
        "beyond": left.generations is not None and left.generations < count,
    }
