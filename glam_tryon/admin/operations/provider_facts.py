"""How the connection to Glam stands, line by line."""

from __future__ import annotations

from django.db import router
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from glam_tryon.admin.formatting import age, badge, instant
from glam_tryon.admin.jobs.advice import pause_advice
from glam_tryon.admin.operations.blockers import BUDGET, STOPPED, stop_facts, why_stopped
from glam_tryon.conf import conf
from glam_tryon.models import ProviderState, TryOnSubmission
from glam_tryon.models.clock import database_time


def is_resting(state: ProviderState) -> bool:
    """Say whether failures slow try-ons down: a rest, fewer slots, or fewer questions."""
    limit = conf.MAX_PARALLEL
    fewer = state.effective_cap is not None and state.effective_cap < limit
    now = database_time(router.db_for_write(ProviderState))
    most = conf.MAX_POLLS_PER_SECOND
    slower = state.polls_per_second(most, now) < most
    return fewer or slower or bool(state.breaker_failures or state.throttled_until)


def connection_facts(state: ProviderState) -> list[tuple[str, SafeString | str | int]]:
    """Return the name and the value of each fact, in the order of the page."""
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
    most = conf.MAX_POLLS_PER_SECOND
    if (questions := state.polls_per_second(most, now)) < most:
        facts.append((_("Questions a second that Glam allows now"), f"{questions:.3g}"))
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
