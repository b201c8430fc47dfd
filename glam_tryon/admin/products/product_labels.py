"""What staff read about a product's try-ons and about what more of them cost."""

from __future__ import annotations

from typing import Any

from django.db.models import Model
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from glam_tryon.admin.formatting import NOTHING, badge, thumbnail
from glam_tryon.admin.jobs.advice import job_state
from glam_tryon.admin.pages import admin_url, picture_url
from glam_tryon.admin.products.product_state import ProductState
from glam_tryon.limits.budget import budget_left, money_words, price
from glam_tryon.models import TryOnJob
from glam_tryon.models.status import Status


def state_and_picture(state: ProductState, product: str) -> SafeString:
    """Return the newest picture, how many there are, and how many are published."""
    words = state_badge(state)
    if words == NOTHING:
        return NOTHING
    shown: SafeString | str = ""
    if state.last_job:
        alt = _("Newest try-on of %(product)s") % {"product": product}
        shown = thumbnail(picture_url(state.last_job, state.last_position), alt)
    quiet: SafeString | str = ""
    if state.published:
        count = ngettext("%(count)d published", "%(count)d published", state.published)
        quiet = format_html(
            '<div class="glam-tryon-quiet">{}</div>', count % {"count": state.published}
        )
    return format_html('<div class="glam-tryon-state">{}<div>{}{}</div></div>', shown, words, quiet)


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


def section(product: Model, jobs: list[TryOnJob]) -> SafeString:
    """Return a product's newest try-ons with their pictures, and the way to all of them."""
    if not jobs:
        return NOTHING
    where = admin_url("glam_tryon_tryonjob_changelist")
    return format_html(
        '<div class="glam-tryon-pictures">{}</div><p><a href="{}?{}">{}</a></p>',
        format_html_join("", "{}", ((_figure(job),) for job in jobs)),
        where,
        urlencode({"q": product.pk}),
        _("All try-ons"),
    )


def _figure(job: TryOnJob) -> SafeString:
    person = str(job.person_photo or _("Person"))
    shown = [
        thumbnail(picture_url(job.pk, result.position), person) for result in job.results.all()[:1]
    ]
    return format_html(
        "<figure>{}<figcaption>{} {}</figcaption></figure>",
        shown[0] if shown else "",
        badge(*job_state(job)),
        person,
    )


def cost(count: int) -> dict[str, Any]:
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
        "price": money_words(price(count)),
        "budget": rest,
        "beyond": left.generations is not None and left.generations < count,
    }
