"""The operations page: what keeps try-ons from being sent, who may let them go on, and probes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from glam_tryon.admin.formatting import age, badge, instant
from glam_tryon.admin.operations.alerts import (
    BUDGET,
    STOPPED,
    blocker_code,
    blocker_rows,
    is_index,
    pause_advice,
    warn,
)
from glam_tryon.admin.pages import admin_url
from glam_tryon.checks.probes import CheckResult, check_key, check_public_url
from glam_tryon.checks.storage_probe import check_storage
from glam_tryon.conf import conf
from glam_tryon.limits import availability as switch
from glam_tryon.limits.budget import Budget, Spent, budgets, spent
from glam_tryon.limits.period import Period
from glam_tryon.limits.pricing import money_text
from glam_tryon.models import Account, TryOnSubmission
from glam_tryon.models.clock import database_time
from glam_tryon.providers.selection import provider_name, with_provider, with_provider_lazy


def is_resting(state: Account) -> bool:
    """Say whether failures slow try-ons down: a rest, fewer slots, or fewer polls."""
    limit = conf.MAX_PARALLEL
    fewer = state.effective_cap is not None and state.effective_cap < limit
    now = database_time(Account.objects.write_alias())
    most = conf.MAX_POLLS_PER_SECOND
    slower = state.polls_per_second(most, now) < most
    return fewer or slower or bool(state.breaker_failures or state.throttled_until)


def connection_rows(state: Account) -> list[tuple[str, SafeString | str | int]]:
    """Return the lines about the connection to Glam, each with its name."""
    now = database_time(Account.objects.write_alias())
    resting = state.rests(now)
    held = TryOnSubmission.objects.holding_slots().count()
    rows: list[tuple[str, SafeString | str | int]] = [
        (_("Submitting"), _state_badge(state, resting or blocker_code()))
    ]
    if state.paused_at:
        rows.append((_("Since"), instant(state.paused_at)))
        rows.append((_("Why"), pause_advice(state.pause_code) or state.pause_code))
        if state.pause_detail:
            rows.append((_("In detail"), f"{state.pause_code}: {state.pause_detail}"))
    elif resting:
        until = state.throttled_until if resting == "throttled" else state.breaker_until
        rows.append((_("Until"), instant(until)))
    rows += blocker_rows()
    limit = conf.MAX_PARALLEL
    rows.append((_("Slots in use"), _("%(held)d of %(limit)d") % {"held": held, "limit": limit}))
    if state.effective_cap is not None and state.effective_cap < limit:
        rows.append((with_provider(_("Slots that %(provider)s allows now")), state.effective_cap))
    most = conf.MAX_POLLS_PER_SECOND
    if (polls := state.polls_per_second(most, now)) < most:
        rows.append(
            (with_provider(_("Questions a second that %(provider)s allows now")), f"{polls:.3g}")
        )
    if state.breaker_failures:
        rows.append((_("Failures in a row"), state.breaker_failures))
    seen = age(state.last_round_at) if state.last_round_at else _("never: is it started?")
    rows.append((_("A poller last worked"), seen))
    return rows


def _state_badge(state: Account, resting: str) -> SafeString:
    if state.paused_at:
        return badge("failed", _("paused"))
    if resting == STOPPED:
        return badge("failed", _("stopped by the shop"))
    if resting == BUDGET:
        return badge("unconfirmed", _("waits: the budget is used up"))
    if resting == "throttled":
        return badge("unconfirmed", with_provider(_("rests: %(provider)s has too much to do")))
    if resting:
        return badge("unconfirmed", with_provider(_("rests: %(provider)s does not answer")))
    return badge("ready", _("goes on"))


class BudgetForm(forms.ModelForm):
    """A field that is left empty means what the settings say."""

    class Meta:
        model = Account
        fields = ("day_generations", "day_money", "month_generations", "month_money")


def budget_rows(account: Account) -> Sequence[tuple[str, str, str, str]]:
    """Return each period with what was spent, what may be, and how many generations are left."""
    limits = budgets(account)
    names: list[tuple[Period, str]] = [("day", _("Today")), ("month", _("This month"))]
    return [_row(name, spent(period), limits[period]) for period, name in names]


def _row(name: str, gone: Spent, budget: Budget) -> tuple[str, str, str, str]:
    room = budget.room(gone)
    return (
        name,
        _amounts(gone.generations, gone.money or None),
        _amounts(budget.generations, budget.money) or _("no limit"),
        _("any number") if room is None else number_format(room, force_grouping=True),
    )


def _amounts(generations: int | None, money: Decimal | None) -> str:
    parts = []
    if generations is not None:
        count = number_format(generations, force_grouping=True)
        parts.append(_("%(count)s generations") % {"count": count})
    if money is not None:
        parts.append(money_text(money))
    return ", ".join(parts)


Check = Callable[[], list[CheckResult]]
#: What may be checked, with the button's text and what pressing it does.
CHECKS: Mapping[str, tuple[Check, Promise, Promise]] = {
    "key": (
        check_key,
        with_provider_lazy(gettext_lazy("Ask %(provider)s now")),
        with_provider_lazy(
            gettext_lazy("Asks %(provider)s about a try-on that cannot exist. Free.")
        ),
    ),
    "storage": (
        check_storage,
        gettext_lazy("Try the storage"),
        gettext_lazy("Writes, reads and deletes a tiny object, and tries to open its address."),
    ),
    "address": (
        check_public_url,
        with_provider_lazy(gettext_lazy("Fetch a link as %(provider)s would")),
        gettext_lazy("The shop asks itself by its public address for what a signed link shows."),
    ),
}
_PERMISSIONS = {"turn": "change_account", "check": "change_account"}
_PERMISSIONS |= {"budget": "change_budget"}


@admin.register(Account)
class AccountAdmin(admin.ModelAdmin):
    """One row that nobody edits, shown as the operations page. Each change is a POST."""

    list_display_links = None
    actions = ("pause_submitting", "resume_submitting")

    class Media:
        css = {"all": ("glam_tryon/admin.css", "glam_tryon/dashboard.css")}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_model_perms(self, request: HttpRequest) -> dict[str, bool]:
        """Every admin site asks this while it draws its index: the moment for the banner.

        So the banner needs no template of the index, which a shop or a theme may have replaced.
        """
        found = super().get_model_perms(request)
        if found["view"] and is_index(request):
            warn(request, self.admin_site)
        return found

    def get_urls(self) -> list[Any]:
        view, name = self.admin_site.admin_view, "glam_tryon_account"
        own = [
            path("turn/<slug:what>/", view(self.turn), name=f"{name}_turn"),
            path("check/<slug:what>/", view(self.check_view), name=f"{name}_check"),
            path("budget/", view(self.budget), name=f"{name}_budget"),
        ]
        return [*own, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if request.method == "POST":
            return super().changelist_view(request, extra_context)
        if not self.has_view_permission(request):
            raise PermissionDenied
        return self._page(request, **(extra_context or {}))

    def _page(self, request: HttpRequest, **more: Any) -> HttpResponse:
        warn(request, self.admin_site)
        account = Account.load()
        context = {
            **self.admin_site.each_context(request),
            "title": capfirst(self.opts.verbose_name),
            "provider": provider_name(),
            "opts": self.opts,
            "media": self.media,
            "account": account,
            "rows": connection_rows(account),
            "resting": is_resting(account),
            "budget_rows": budget_rows(account),
            "budget_form": BudgetForm(instance=account),
            "checks": [(what, text, does) for what, (_check, text, does) in CHECKS.items()],
            "may_change": self.has_change_permission(request),
            "may_change_budget": self._may(request, "budget"),
            **more,
        }
        template = "admin/glam_tryon/account/operations.html"
        return TemplateResponse(request, template, context)

    @admin.action(description=gettext_lazy("Pause submitting"), permissions=["change"])
    def pause_submitting(self, request: HttpRequest, queryset: QuerySet[Account]) -> None:
        Account.pause("staff", str(request.user))
        self.message_user(request, _("Submitting is paused; new try-ons wait."), messages.WARNING)

    @admin.action(description=gettext_lazy("Resume submitting"), permissions=["change"])
    def resume_submitting(self, request: HttpRequest, queryset: QuerySet[Account]) -> None:
        Account.resume()
        self.message_user(request, _("Submitting goes on."), messages.SUCCESS)

    def _may(self, request: HttpRequest, what: str) -> bool:
        return request.user.has_perm(f"glam_tryon.{_PERMISSIONS[what]}")

    def _refusal(self, request: HttpRequest, what: str) -> HttpResponse | None:
        if not self._may(request, what):
            raise PermissionDenied
        return None if request.method == "POST" else HttpResponseNotAllowed(["POST"])

    def _back(self) -> HttpResponse:
        return HttpResponseRedirect(admin_url(self.admin_site, "glam_tryon_account_changelist"))

    def turn(self, request: HttpRequest, what: str) -> HttpResponse:
        """Stop all try-ons, let them go on, or clear the failures of the breaker."""
        if refusal := self._refusal(request, "turn"):
            return refusal
        match what:
            case "stop":
                switch.stop(request.user, request.POST.get("why", ""))
                text = with_provider(
                    _("All try-ons are stopped. What %(provider)s has is finished.")
                )
            case "go-on":
                switch.go_on()
                text = _("Try-ons go on.")
            case "forget":
                Account.forget_failures()
                text = with_provider(
                    _("The failures are forgotten: %(provider)s is asked at once, with all slots.")
                )
            case _:
                raise Http404
        self.message_user(request, text, messages.SUCCESS)
        return self._back()

    def check_view(self, request: HttpRequest, what: str) -> HttpResponse:
        """Run one of ``CHECKS`` and show the page with its results."""
        if refusal := self._refusal(request, "check"):
            return refusal
        if what not in CHECKS:
            raise Http404
        return self._page(request, checked=what, results=CHECKS[what][0]())

    def budget(self, request: HttpRequest) -> HttpResponse:
        """Set the budgets that stand over those of the settings."""
        if refusal := self._refusal(request, "budget"):
            return refusal
        # A row of its own: the form writes nothing by itself, also where it is wrong.
        form = BudgetForm(request.POST, instance=Account())
        if not form.is_valid():
            return self._page(request, budget_form=form)
        Account.change_budget(str(request.user), **form.cleaned_data)
        self.message_user(request, _("The budget is changed."), messages.SUCCESS)
        return self._back()
