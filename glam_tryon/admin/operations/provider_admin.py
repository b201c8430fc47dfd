"""The switchboard's page: what stops try-ons, who may let them go on, and three questions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

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
from django.urls import path, reverse
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from glam_tryon.admin.operations.alerts import is_index, warn
from glam_tryon.admin.operations.budget_page import BudgetForm, budget_rows
from glam_tryon.admin.operations.check_result import Finding
from glam_tryon.admin.operations.probes import check_address, check_key
from glam_tryon.admin.operations.provider_facts import connection_facts, is_resting
from glam_tryon.admin.operations.storage_probe import check_storage
from glam_tryon.limits import kill_switch as switch
from glam_tryon.models import ProviderState, ShopSwitch

Check = Callable[[], list[Finding]]
#: What may be asked, with the button's text and what pressing it does.
CHECKS: Mapping[str, tuple[Check, Promise, Promise]] = {
    "key": (
        check_key,
        gettext_lazy("Ask Glam now"),
        gettext_lazy("Asks Glam about a try-on that cannot exist. Free."),
    ),
    "storage": (
        check_storage,
        gettext_lazy("Try the storage"),
        gettext_lazy("Writes, reads and deletes a tiny object, and tries to open its address."),
    ),
    "address": (
        check_address,
        gettext_lazy("Fetch a link as Glam would"),
        gettext_lazy("The shop asks itself by its public address for what a signed link shows."),
    ),
}
_PERMISSIONS = {"turn": "change_providerstate", "check": "change_providerstate"}
_PERMISSIONS |= {"budget": "change_budget"}


@admin.register(ProviderState)
class ProviderStateAdmin(admin.ModelAdmin):
    """One row that nobody edits, shown as a page of switches. Each is a POST."""

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
            warn(request)
        return found

    def get_urls(self) -> list[Any]:
        view, name = self.admin_site.admin_view, "glam_tryon_providerstate"
        own = [
            path("turn/<slug:what>/", view(self.turn), name=f"{name}_turn"),
            path("check/<slug:what>/", view(self.ask), name=f"{name}_check"),
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
        warn(request)
        state, row = ProviderState.load(), ShopSwitch.load()
        context = {
            **self.admin_site.each_context(request),
            "title": capfirst(self.opts.verbose_name),
            "opts": self.opts,
            "media": self.media,
            "state": state,
            "facts": connection_facts(state),
            "resting": is_resting(state),
            "switch": row,
            "budget_rows": budget_rows(row),
            "budget_form": BudgetForm(instance=row),
            "checks": [(what, text, does) for what, (_ask, text, does) in CHECKS.items()],
            "may_change": self.has_change_permission(request),
            "may_change_budget": self._may(request, "budget"),
            **more,
        }
        template = "admin/glam_tryon/providerstate/switchboard.html"
        return TemplateResponse(request, template, context)

    @admin.action(description=gettext_lazy("Pause submitting"), permissions=["change"])
    def pause_submitting(self, request: HttpRequest, queryset: QuerySet[ProviderState]) -> None:
        ProviderState.pause("staff", str(request.user))
        self.message_user(request, _("Submitting is paused; new try-ons wait."), messages.WARNING)

    @admin.action(description=gettext_lazy("Resume submitting"), permissions=["change"])
    def resume_submitting(self, request: HttpRequest, queryset: QuerySet[ProviderState]) -> None:
        ProviderState.resume()
        self.message_user(request, _("Submitting goes on."), messages.SUCCESS)

    def _may(self, request: HttpRequest, what: str) -> bool:
        return request.user.has_perm(f"glam_tryon.{_PERMISSIONS[what]}")

    def _refused(self, request: HttpRequest, what: str) -> HttpResponse | None:
        if not self._may(request, what):
            raise PermissionDenied
        return None if request.method == "POST" else HttpResponseNotAllowed(["POST"])

    def _back(self) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:glam_tryon_providerstate_changelist"))

    def turn(self, request: HttpRequest, what: str) -> HttpResponse:
        """Stop all try-ons, let them go on, or forget that Glam could not be reached."""
        if refused := self._refused(request, "turn"):
            return refused
        match what:
            case "stop":
                switch.stop(request.user, request.POST.get("why", ""))
                said = _("All try-ons are stopped. What Glam has is finished.")
            case "go-on":
                switch.go_on()
                said = _("Try-ons go on.")
            case "forget":
                ProviderState.forget_failures()
                said = _("The failures are forgotten: Glam is asked at once, with all slots.")
            case _:
                raise Http404
        self.message_user(request, said, messages.SUCCESS)
        return self._back()

    def ask(self, request: HttpRequest, what: str) -> HttpResponse:
        """Ask one of ``CHECKS`` and show the page with its findings."""
        if refused := self._refused(request, "check"):
            return refused
        if what not in CHECKS:
            raise Http404
        return self._page(request, asked=what, findings=CHECKS[what][0]())

    def budget(self, request: HttpRequest) -> HttpResponse:
        """Set the budgets that stand over those of the settings."""
        if refused := self._refused(request, "budget"):
            return refused
        # A row of its own: the form writes nothing by itself, also where it is wrong.
        form = BudgetForm(request.POST, instance=ShopSwitch())
        if not form.is_valid():
            return self._page(request, budget_form=form)
        switch.change_budget(request.user, **form.cleaned_data)
        self.message_user(request, _("The budget is changed."), messages.SUCCESS)
        return self._back()
