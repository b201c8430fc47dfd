"""The switch between the shop and Glam: why submitting is paused, and how it goes on."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import router
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from glam_tryon.admin.advice import pause_advice
from glam_tryon.admin.show import age, badge, instant
from glam_tryon.admin.stops import BUDGET, STOPPED, stop_facts, why_stopped
from glam_tryon.conf import conf
from glam_tryon.models import ProviderState, TryOnSubmission
from glam_tryon.models.clock import database_time


@admin.register(ProviderState)
class ProviderStateAdmin(admin.ModelAdmin):
    """One row that nobody edits, shown as a page with one button that stops or resumes it."""

    list_display_links = None
    actions = ("pause_submitting", "resume_submitting")

    class Media:
        css = {"all": ("glam_tryon/admin.css",)}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        state = ProviderState.load()
        page = {
            "title": capfirst(self.opts.verbose_name),
            "state": state,
            "facts": _facts(state),
            "may_change": self.has_change_permission(request),
        }
        return super().changelist_view(request, {**page, **(extra_context or {})})

    @admin.action(description=gettext_lazy("Pause submitting"), permissions=["change"])
    def pause_submitting(self, request: HttpRequest, queryset: QuerySet[ProviderState]) -> None:
        ProviderState.pause("staff", str(request.user))
        self.message_user(request, _("Submitting is paused; new try-ons wait."), messages.WARNING)

    @admin.action(description=gettext_lazy("Resume submitting"), permissions=["change"])
    def resume_submitting(self, request: HttpRequest, queryset: QuerySet[ProviderState]) -> None:
        ProviderState.resume()
        self.message_user(request, _("Submitting goes on."), messages.SUCCESS)


def _facts(state: ProviderState) -> list[tuple[str, SafeString | str | int]]:
    now = database_time(router.db_for_write(ProviderState))
    resting = state.rests(now)
    held = TryOnSubmission.objects.holding_slots().count()
    facts: list[tuple[str, SafeString | str | int]] = [
        (_("Submitting"), _state_badge(state, resting or why_stopped()))
    ]
    if state.paused_at:
        facts.append((_("Since"), instant(state.paused_at)))
        facts.append((_("Why"), pause_advice(state.pause_code) or state.pause_code))
        if state.pause_detail:
            facts.append((_("In detail"), f"{state.pause_code}: {state.pause_detail}"))
    elif resting:
        until = state.throttled_until if resting == "throttled" else state.breaker_until
        facts.append((_("Until"), instant(until)))
    facts += stop_facts()
    limit = conf.MAX_PARALLEL
    facts.append((_("Slots in use"), _("%(held)d of %(limit)d") % {"held": held, "limit": limit}))
    if state.effective_cap is not None and state.effective_cap < limit:
        facts.append((_("Slots that Glam allows now"), state.effective_cap))
    if state.breaker_failures:
        facts.append((_("Failures in a row"), state.breaker_failures))
    seen = age(state.last_round_at) if state.last_round_at else _("never: is it started?")
    facts.append((_("A poller last worked"), seen))
    return facts


def _state_badge(state: ProviderState, resting: str) -> SafeString:
    if state.paused_at:
        return badge("failed", _("paused"))
    if resting == STOPPED:
        return badge("failed", _("stopped by the shop"))
    if resting == BUDGET:
        return badge("unconfirmed", _("waits: the budget is used up"))
    if resting == "throttled":
        return badge("unconfirmed", _("rests: Glam has too much to do"))
    if resting:
        return badge("unconfirmed", _("rests: Glam does not answer"))
    return badge("ready", _("goes on"))
