"""The dashboard's page and its files: what happened, for staff who may see try-ons."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.text import capfirst

from glam_tryon.admin.operations.alerts import current_alerts, show
from glam_tryon.admin.operations.live_state import read_live_state
from glam_tryon.admin.reports import stats as numbers
from glam_tryon.admin.reports.cards import tiles
from glam_tryon.admin.reports.holdout_section import holdout
from glam_tryon.admin.reports.params import RANGES, Choice, range_words
from glam_tryon.admin.reports.ranking import title_of, top_products
from glam_tryon.admin.reports.section import Section
from glam_tryon.admin.reports.share_charts import failures, feedback, funnel, products
from glam_tryon.admin.reports.spending import spending
from glam_tryon.admin.reports.stats import Figures
from glam_tryon.admin.reports.trends import outcomes, waits
from glam_tryon.conf import conf
from glam_tryon.limits.budget import Left, budgets
from glam_tryon.models import Account, DailyCount


@admin.register(DailyCount)
class DashboardAdmin(admin.ModelAdmin):
    """One page in the place of a list; nothing of it can be changed."""

    class Media:
        css = {"all": ("glam_tryon/admin.css", "glam_tryon/dashboard.css")}

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("glam_tryon.view_tryonjob")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[Any]:
        view, name = self.admin_site.admin_view, "glam_tryon_dailycount"
        return [
            path("", view(self.changelist_view), name=f"{name}_changelist"),
            path("<slug:table>.csv", view(self.file), name=f"{name}_csv"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        choice, figures = self._asked(request)
        now = read_live_state()
        sections = [] if _is_empty(figures) else _sections(figures, now.state)
        # The budget has a section of its own; reading the ledger would cost what else is saved.
        show(request, current_alerts(now, Left(None)))
        context = {
            **self.admin_site.each_context(request),
            "title": capfirst(self.opts.verbose_name_plural),
            "opts": self.opts,
            "media": self.media,
            "choice": choice,
            "ranges": [
                (range_words(days), choice.query(days=days), days == choice.days) for days in RANGES
            ],
            "product": title_of(choice) if choice.product else "",
            "all_products": choice.query(product=""),
            "query": choice.query(),
            "tiles": tiles(now, figures),
            "sections": sections,
            "may_order": request.user.has_perm("glam_tryon.add_tryonjob"),
            **(extra_context or {}),
        }
        template = "admin/glam_tryon/dailycount/dashboard.html"
        return TemplateResponse(request, template, context)

    def file(self, request: HttpRequest, table: str) -> HttpResponse:
        """One table as CSV."""
        _choice, figures = self._asked(request)
        for section in _sections(figures, Account.read()):
            if section.table.name == table:
                answer = HttpResponse(
                    section.table.as_csv(), content_type="text/csv; charset=utf-8"
                )
                answer["Content-Disposition"] = f'attachment; filename="{table}.csv"'
                return answer
        raise Http404

    def _asked(self, request: HttpRequest) -> tuple[Choice, Figures]:
        if not self.has_view_permission(request):
            raise PermissionDenied
        choice = Choice.of(request.GET)
        return choice, numbers.read(choice)


def _is_empty(figures: Figures) -> bool:
    return not figures.total and not figures.spent


def _sections(figures: Figures, account: Account) -> list[Section]:
    """Money and visitors belong to no product, so they are not shown of one."""
    choice = figures.choice
    sections = [outcomes(figures), waits(figures)]
    if not choice.product:
        sections.append(spending(figures, budgets(account)["month"]))
    sections.append(funnel(figures))
    if not choice.product:
        sections.append(products(figures, top_products(choice)))
        if conf.HOLDOUT_SHARE or any(rate.total for rate in figures.groups):
            sections.append(holdout(figures))
    return [*sections, failures(figures), feedback(figures)]
