"""The ledger: every submission of a month, its sums, and the note that Glam gave credits back."""

from __future__ import annotations

import re
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from glam_tryon.admin.formatting import NOTHING, badge, instant
from glam_tryon.admin.pages import ReadOnly, admin_url, link
from glam_tryon.analytics.ledger import OUTCOMES, REFUNDED, Total, bill, totals
from glam_tryon.limits.period import month_of
from glam_tryon.limits.pricing import money_text
from glam_tryon.models import TryOnSubmission
from glam_tryon.providers.selection import with_provider_lazy

#: So many months are offered, this one first.
MONTHS = 13
#: How the outcomes css_class: as the states of jobs do.
_BADGES = {"accepted": "ready", "ambiguous": "unconfirmed", "intended": "submitting"}


class MonthFilter(admin.SimpleListFilter):
    """Filter by month; the current one unless another is chosen."""

    title = gettext_lazy("month")
    parameter_name = "month"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(text, date_format(day, "YEAR_MONTH_FORMAT")) for text, day in _months()]

    def choices(self, changelist: Any) -> Any:
        for number, (month, text) in enumerate(self.lookup_choices):
            chosen = self.value() == month or (self.value() is None and not number)
            query = changelist.get_query_string({self.parameter_name: month})
            yield {"selected": chosen, "query_string": query, "display": text}

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[TryOnSubmission]
    ) -> QuerySet[TryOnSubmission]:
        found = re.fullmatch(r"(\d{4})-(\d\d)", self.value() or _months()[0][0])
        year, month = (int(found[1]), int(found[2])) if found else (0, 0)
        if not (0 < year < 9999 and 1 <= month <= 12):
            return queryset.none()
        begin, end = month_of(year, month)
        return queryset.filter(started_at__gte=begin, started_at__lt=end)


class OutcomeFilter(admin.SimpleListFilter):
    """Filter by outcome; a refunded submission is listed as refunded only."""

    title = gettext_lazy("outcome")
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(outcome, str(label)) for outcome, label in OUTCOMES.items()]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[TryOnSubmission]
    ) -> QuerySet[TryOnSubmission]:
        if self.value() is None:
            return queryset
        if self.value() == REFUNDED:
            return queryset.filter(refunded_at__isnull=False)
        return queryset.filter(outcome=self.value(), refunded_at=None)


@admin.register(TryOnSubmission)
class TryOnSubmissionAdmin(ReadOnly, admin.ModelAdmin):
    """Read only, but for refunds; a line belongs to Glam's bill and is never deleted."""

    list_display = ("started", "what", "credits_shown", "price_shown", "event", "job_link")
    list_display_links = None
    list_filter = (MonthFilter, OutcomeFilter)
    ordering = ("-started_at", "-pk")
    sortable_by = ()
    search_fields = ("=event_id", "=job_key")
    search_help_text = gettext_lazy("Event id or job id, as a whole")
    list_per_page = 100
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    actions = ("note_refund", "take_refund_back")

    class Media:
        css = {"all": ("glam_tryon/admin.css",)}

    def has_refund_permission(self, request: HttpRequest) -> bool:
        """Say whether this member of staff may say what Glam gave back."""
        return bool(request.user.has_perm("glam_tryon.change_budget"))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        page = {"title": _("Ledger"), **(extra_context or {})}
        response = super().changelist_view(request, page)
        context = getattr(response, "context_data", None)
        # An action has answered with another page, or the address was wrong.
        if context and "cl" in context:
            sums = totals(context["cl"].queryset)
            context["totals"] = [_line(total, str(OUTCOMES[total.outcome])) for total in sums]
            context["bill"] = [_line(total, _("May be billed")) for total in bill(sums)]
        return response

    @admin.display(description=gettext_lazy("started"))
    def started(self, line: TryOnSubmission) -> SafeString:
        return instant(line.started_at)

    @admin.display(description=gettext_lazy("outcome"))
    def what(self, line: TryOnSubmission) -> SafeString:
        if line.refunded_at:
            shown = badge("old", str(OUTCOMES[REFUNDED]))
            by = _("by %(who)s") % {"who": line.refunded_by}
            return format_html(
                '{}<span class="glam-tryon-problem">{}<br>{}</span>',
                shown,
                by,
                instant(line.refunded_at),
            )
        shown = badge(_BADGES.get(line.outcome, "old"), str(OUTCOMES[line.outcome]))
        if not line.code:
            return shown
        problem = format_html('<span title="{}">{}</span>', line.detail, line.code)
        return format_html('{}<span class="glam-tryon-problem">{}</span>', shown, problem)

    @admin.display(description=gettext_lazy("credits"))
    def credits_shown(self, line: TryOnSubmission) -> str:
        return NOTHING if line.credits is None else number_format(line.credits.normalize(), None)

    @admin.display(description=gettext_lazy("price"))
    def price_shown(self, line: TryOnSubmission) -> str:
        return NOTHING if line.price is None else money_text(line.price, line.currency)

    @admin.display(description=gettext_lazy("event id"))
    def event(self, line: TryOnSubmission) -> SafeString:
        if not line.event_id:
            return NOTHING
        return format_html('<span class="glam-tryon-id">{}</span>', line.event_id)

    @admin.display(description=gettext_lazy("job"))
    def job_link(self, line: TryOnSubmission) -> SafeString:
        name = f"{str(line.job_key)[:8]} #{line.number}"
        if line.job_id is None:
            return format_html('<span class="glam-tryon-quiet">{}</span>', name)
        return link(admin_url(self.admin_site, "glam_tryon_tryonjob_change", line.job_id), name)

    @admin.action(
        description=with_provider_lazy(
            gettext_lazy("Note that %(provider)s gave the credits back")
        ),
        permissions=["refund"],
    )
    def note_refund(self, request: HttpRequest, queryset: QuerySet[TryOnSubmission]) -> None:
        self._note(request, queryset, str(request.user))

    @admin.action(
        description=gettext_lazy("Take the note of a refund back"), permissions=["refund"]
    )
    def take_refund_back(self, request: HttpRequest, queryset: QuerySet[TryOnSubmission]) -> None:
        self._note(request, queryset, "")

    def _note(self, request: HttpRequest, queryset: QuerySet[TryOnSubmission], by: str) -> None:
        # By keys: the filters' own words may change with what is written.
        chosen = list(queryset.values_list("pk", flat=True))
        done = 0
        for start in range(0, len(chosen), 500):
            rows = TryOnSubmission.objects.filter(pk__in=chosen[start : start + 500])
            done += rows.refund(by) if by else rows.charge()
        text = ngettext("%(count)d line changed.", "%(count)d lines changed.", done)
        text %= {"count": done}
        if skipped := len(chosen) - done:
            text += " " + _("%(count)d skipped: nothing to change.") % {"count": skipped}
        self.message_user(request, text, messages.SUCCESS if done else messages.WARNING)


def _months() -> list[tuple[str, Any]]:
    day = timezone.localdate(timezone=timezone.get_default_timezone()).replace(day=1)
    found = []
    for _number in range(MONTHS):
        found.append((f"{day:%Y-%m}", day))
        year, month = (day.year, day.month - 1) if day.month > 1 else (day.year - 1, 12)
        day = day.replace(year=year, month=month)
    return found


def _line(total: Total, text: str) -> dict[str, Any]:
    """Return one line of the sums as staff read it."""
    known = total.is_priced
    return {
        "text": text,
        "may_be_billed": total.may_be_billed,
        "submissions": number_format(total.submissions, force_grouping=True),
        "credits": number_format(total.credits.normalize(), force_grouping=True),
        "money": money_text(total.money, total.currency) if known else "",
        "unpriced": total.unpriced if known else 0,
    }
