"""Alerts and blockers: what is wrong now, and what keeps try-ons from being sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from glam_tryon.admin.formatting import instant
from glam_tryon.admin.operations.live_state import LiveState, read_live_state
from glam_tryon.admin.pages import admin_url, link
from glam_tryon.limits.budget import MONTH_OVER, Left, budget_left
from glam_tryon.messages import moment_text
from glam_tryon.models import Account
from glam_tryon.orders.queueing import SILENT_SECONDS
from glam_tryon.providers.selection import with_provider, with_provider_lazy

#: Codes of the blockers: the kill switch, and a budget that is used up.
STOPPED, BUDGET = "stopped", "budget"

_SHOWN = "_glam_tryon_alerts"

_PAUSES: dict[str, Promise] = {
    "bad_key": with_provider_lazy(
        gettext_lazy(
            "%(provider)s refuses the API key, or there is none. With another key in the settings "
            "it goes on by itself."
        )
    ),
    "no_credits": with_provider_lazy(
        gettext_lazy("The %(provider)s account has no credits left. Top it up, then resume.")
    ),
    "redirected": with_provider_lazy(
        gettext_lazy(
            "%(provider)s's address leads elsewhere. Check BASE_URL in the settings, then resume."
        )
    ),
    "staff": gettext_lazy("Paused by hand."),
}


@dataclass(frozen=True, slots=True)
class Alert:
    """``code`` is stable; ``page`` is the name of the admin's page where something can be done."""

    code: str
    message: str
    page: str = "glam_tryon_account_changelist"
    query: str = ""

    def url(self, site: AdminSite) -> str:
        """Return the page's URL, empty when the site has no such page."""
        found = admin_url(site, self.page)
        return found + self.query if found else ""


def current_alerts(now: LiveState, left: Left) -> list[Alert]:
    """Return what keeps try-ons from getting through, the gravest first; none: all is well."""
    return [
        *_stopped(now),
        *_paused(now),
        *_no_poller(now),
        *_breaker(now),
        *_budget(left),
        *unconfirmed_alerts(now),
    ]


def _stopped(now: LiveState) -> Iterator[Alert]:
    if now.state.stopped_at:
        text = _("All try-ons are stopped, by %(who)s. Shoppers can order none.")
        yield Alert(STOPPED, text % {"who": now.state.stopped_by})


def _paused(now: LiveState) -> Iterator[Alert]:
    if now.state.paused_at:
        yield Alert("paused", paused_message(now.state.pause_code))


def paused_message(code: str) -> str:
    """Return that submitting is paused, and for which reason."""
    text = _("Sending to %(provider)s is paused (%(why)s). New try-ons wait; none is lost.")
    return with_provider(text, why=code)


def _no_poller(now: LiveState) -> Iterator[Alert]:
    seen = now.state.last_round_at
    if seen is None:
        yield Alert("no_poller", _("No poller has ever run: start manage.py poll_tryon_jobs."))
    elif (timezone.now() - seen).total_seconds() > SILENT_SECONDS:
        text = _("No poller works since %(time)s: start manage.py poll_tryon_jobs.")
        yield Alert("no_poller", text % {"time": _clock(seen)})


def _breaker(now: LiveState) -> Iterator[Alert]:
    state = now.state
    if not state.paused_at and state.breaker_until and state.breaker_until > timezone.now():
        text = _(
            "%(provider)s could not be reached %(count)d times in a row; it is tried again at "
            "%(time)s."
        )
        facts = {"count": state.breaker_failures, "time": _clock(state.breaker_until)}
        yield Alert("breaker", with_provider(text, **facts))


def _budget(left: Left) -> Iterator[Alert]:
    if left.code and left.ends_at is not None:
        text = _("The budget is used up. Try-ons go on at %(time)s, or with another budget.")
        yield Alert(BUDGET, text % {"time": _clock(left.ends_at)})


def unconfirmed_alerts(now: LiveState) -> Iterator[Alert]:
    """Say how many jobs wait for a person, if any does."""
    if now.unconfirmed:
        text = ngettext(
            "%(count)d try-on is unconfirmed and waits for a person.",
            "%(count)d try-ons are unconfirmed and wait for a person.",
            now.unconfirmed,
        )
        page = "glam_tryon_tryonjob_changelist"
        query = "?status__exact=unconfirmed"
        yield Alert("unconfirmed", text % {"count": now.unconfirmed}, page, query)


def _clock(moment: datetime) -> str:
    local = timezone.localtime(moment)
    today = timezone.localdate()
    day = "" if local.date() == today else f"{date_format(local, 'SHORT_DATE_FORMAT')} "
    return f"{day}{date_format(local, 'TIME_FORMAT')}"


def warn(request: HttpRequest, site: AdminSite) -> None:
    """Show the banner on the page that answers ``request``, once however often this is called."""
    if not getattr(request, _SHOWN, False):
        now = read_live_state()
        show(request, site, current_alerts(now, budget_left(account=now.state)))


def show(request: HttpRequest, site: AdminSite, alerts: list[Alert]) -> None:
    """Show each alert as one of Django's messages.

    Whatever template or theme draws the page, a shop's own admin/index.html or django-unfold's,
    draws those.
    """
    setattr(request, _SHOWN, True)
    for alert in alerts:
        line = alert.message
        if url := alert.url(site):
            line = format_html("{} {}", line, link(url, _("See what can be done")))
        messages.error(request, line, extra_tags=f"glam-tryon-{alert.code}", fail_silently=True)


def is_index(request: HttpRequest) -> bool:
    """Say whether the page is an admin site's first one."""
    match = request.resolver_match
    return bool(
        request.method == "GET"
        and match
        and match.url_name == "index"
        and "admin" in match.app_names
    )


def pause_advice(code: str) -> str:
    """Return why submitting is paused and what ends it, empty for an unknown code."""
    return str(_PAUSES.get(code, ""))


def blocker_code() -> str:
    """Return ``stopped`` or ``budget``, empty when neither keeps try-ons from being sent."""
    account = Account.read()
    if account.stopped_at:
        return STOPPED
    return BUDGET if budget_left(account=account).code else ""


def blocker_message() -> str:
    """Return why jobs wait and until when, empty when neither is the reason."""
    account = Account.read()
    if account.stopped_at:
        who = {"who": account.stopped_by, "when": moment_text(account.stopped_at)}
        text = _("Try-ons were stopped by %(who)s on %(when)s; new ones wait.") % who
        return f"{text} {account.stop_reason}".rstrip()
    return _budget_message(budget_left(account=account))


def blocker_rows() -> list[tuple[str, SafeString | str | int]]:
    """Return the operations page's lines about the kill switch and the budget."""
    account = Account.read()
    rows: list[tuple[str, SafeString | str | int]] = []
    if account.stopped_at:
        rows.append((_("Stopped by"), f"{account.stopped_by}: {account.stop_reason}".rstrip(": ")))
        rows.append((_("Since"), instant(account.stopped_at)))
    left = budget_left(account=account)
    if left.code:
        rows.append((_("Budget"), _budget_message(left)))
    elif left.generations is not None:
        rows.append((_("Generations left in the budget"), left.generations))
    return rows


def _budget_message(left: Left) -> str:
    if not left.code or left.ends_at is None:
        return ""
    text = (
        _("The month's budget is used up. Waiting try-ons go on at %(until)s.")
        if left.code == MONTH_OVER
        else _("The day's budget is used up. Waiting try-ons go on at %(until)s.")
    )
    return text % {"until": moment_text(left.ends_at)}
