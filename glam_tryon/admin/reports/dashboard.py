"""The dashboard's page, its first line of cards, and its files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from glam_tryon.admin.operations.alerts import current_alerts, show, unconfirmed_alerts
from glam_tryon.admin.operations.live_state import LiveState, read_live_state
from glam_tryon.admin.pages import ReadOnly, admin_url
from glam_tryon.admin.reports.ranking import title_of, top_products
from glam_tryon.admin.reports.sections import (
    failures,
    feedback,
    funnel,
    holdout,
    outcomes,
    products,
    waits,
)
from glam_tryon.admin.reports.spending import spending
from glam_tryon.admin.reports.stats import RANGES, Params, Stats, range_text, read_stats
from glam_tryon.admin.reports.tables import NOTHING, Section, count_text, percent_text, seconds_text
from glam_tryon.analytics.wait_histogram import percentile
from glam_tryon.conf import conf
from glam_tryon.limits.budget import Left, budgets
from glam_tryon.models import Account, DailyCount


@dataclass(frozen=True, slots=True)
class Card:
    """A number with its unit, what it is of, and what there is to say about it."""

    name: str
    number: str
    text: str = ""
    link: str = ""
    is_bad: bool = False


def cards(site: AdminSite, now: LiveState, stats: Stats) -> list[Card]:
    """Return the cards in the order of the page."""
    queue = _("%(count)s waiting") % {"count": count_text(now.waiting)}
    oldest = _("the oldest for %(time)s") % {"time": seconds_text(now.queue_age.total_seconds())}
    bins, rate = stats.waits(), stats.success.value
    half, long = percentile(bins, 0.5), percentile(bins, 0.95)
    return [
        Card(
            _("Slots in use"),
            _("%(held)d of %(limit)d") % {"held": now.slots, "limit": now.limit},
            _("now"),
        ),
        Card(_("Queue"), queue, oldest if now.waiting else _("now")),
        Card(
            _("Unconfirmed"),
            count_text(now.unconfirmed),
            _("wait for a person") if now.unconfirmed else _("now"),
            next((alert.url(site) for alert in unconfirmed_alerts(now)), ""),
            is_bad=now.unconfirmed > 0,
        ),
        Card(
            _("Success"),
            NOTHING if rate is None else percent_text(rate),
            _("of those that were not canceled"),
        ),
        Card(
            _("Usual wait"),
            NOTHING if half is None else seconds_text(half),
            NOTHING
            if long is None
            else _("95 of 100 within %(time)s") % {"time": seconds_text(long)},
        ),
    ]


@admin.register(DailyCount)
class DashboardAdmin(ReadOnly, admin.ModelAdmin):
    """One page in the place of a list; nothing of it can be changed."""

    class Media:
        css = {"all": ("glam_tryon/admin.css", "glam_tryon/dashboard.css")}

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("glam_tryon.view_tryonjob")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_urls(self) -> list[Any]:
        view, name = self.admin_site.admin_view, "glam_tryon_dailycount"
        return [
            path("", view(self.changelist_view), name=f"{name}_changelist"),
            path("<slug:table>.csv", view(self.file), name=f"{name}_csv"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        params, stats = self._asked(request)
        now = read_live_state()
        sections = [] if _is_empty(stats) else _sections(stats, now.state)
        # The budget has a section of its own; reading the ledger would cost what else is saved.
        show(request, self.admin_site, current_alerts(now, Left(None)))
        context = {
            **self.admin_site.each_context(request),
            "title": capfirst(self.opts.verbose_name_plural),
            "opts": self.opts,
            "media": self.media,
            "params": params,
            "ranges": [
                (range_text(days), params.query(days=days), days == params.days) for days in RANGES
            ],
            "product": title_of(params) if params.product else "",
            "all_products": params.query(product=""),
            "query": params.query(),
            "cards": cards(self.admin_site, now, stats),
            "sections": sections,
            "order_url": request.user.has_perm("glam_tryon.add_tryonjob")
            and admin_url(self.admin_site, "glam_tryon_tryonjob_add"),
            **(extra_context or {}),
        }
        template = "admin/glam_tryon/dailycount/dashboard.html"
        return TemplateResponse(request, template, context)

    def file(self, request: HttpRequest, table: str) -> HttpResponse:
        """One table as CSV."""
        _choice, stats = self._asked(request)
        for section in _sections(stats, Account.read()):
            if section.table.name == table:
                answer = HttpResponse(
                    section.table.as_csv(), content_type="text/csv; charset=utf-8"
                )
                answer["Content-Disposition"] = f'attachment; filename="{table}.csv"'
                return answer
        raise Http404

    def _asked(self, request: HttpRequest) -> tuple[Params, Stats]:
        if not self.has_view_permission(request):
            raise PermissionDenied
        params = Params.of(request.GET)
        return params, read_stats(params)


def _is_empty(stats: Stats) -> bool:
    return not stats.total and not stats.spent


def _sections(stats: Stats, account: Account) -> list[Section]:
    """Money and visitors belong to no product, so they are not shown of one."""
    params = stats.params
    sections = [outcomes(stats), waits(stats)]
    if not params.product:
        sections.append(spending(stats, budgets(account)["month"]))
    sections.append(funnel(stats))
    if not params.product:
        sections.append(products(stats, top_products(params)))
        if conf.HOLDOUT_SHARE or any(rate.total for rate in stats.groups):
            sections.append(holdout(stats))
    return [*sections, failures(stats), feedback(stats)]
