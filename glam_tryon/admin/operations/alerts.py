"""What is wrong right now, in words, and the banner that says so on the admin's pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from glam_tryon.admin.reports.current_section import Now, read_now
from glam_tryon.conf import conf
from glam_tryon.limits.budget import Left, budget_left
from glam_tryon.models import ShopSwitch

_SHOWN = "_glam_tryon_troubles"


@dataclass(frozen=True, slots=True)
class Trouble:
    """``code`` is a stable word; ``address`` is where something can be done about it."""

    code: str
    words: str
    address: str


def troubles(now: Now, switch: ShopSwitch, left: Left) -> list[Trouble]:
    """Return what keeps try-ons from getting through, the gravest first; none: all is well."""
    board = reverse("admin:glam_tryon_providerstate_changelist")
    found = [
        *_stopped(switch),
        *_paused(now),
        *_silent(now),
        *_resting(now),
        *_used_up(left),
        *_unconfirmed(now),
    ]
    return [Trouble(code, words, address or board) for code, words, address in found]


_Found = list[tuple[str, str, str]]


def _stopped(switch: ShopSwitch) -> _Found:
    if not switch.stopped_at:
        return []
    words = _("All try-ons are stopped, by %(who)s. Shoppers can order none.")
    return [("stopped", words % {"who": switch.stopped_by}, "")]


def _paused(now: Now) -> _Found:
    if not now.state.paused_at:
        return []
    words = _("Sending to Glam is paused (%(why)s). New try-ons wait; none is lost.")
    return [("paused", words % {"why": now.state.pause_code}, "")]


def _silent(now: Now) -> _Found:
    seen = now.state.last_round_at
    if seen is None:
        return [("no_poller", _("No poller has ever run: start manage.py poll_tryon_jobs."), "")]
    seconds = (timezone.now() - seen).total_seconds()
    if seconds <= conf.HEALTH_ROUND_SECONDS:
        return []
    words = _("No poller works since %(time)s: start manage.py poll_tryon_jobs.")
    return [("no_poller", words % {"time": _clock(seen)}, "")]


def _resting(now: Now) -> _Found:
    state, at = now.state, timezone.now()
    if state.paused_at or not (state.breaker_until and state.breaker_until > at):
        return []
    words = _("Glam could not be reached %(count)d times in a row; it is tried again at %(time)s.")
    facts = {"count": state.breaker_failures, "time": _clock(state.breaker_until)}
    return [("breaker", words % facts, "")]


def _used_up(left: Left) -> _Found:
    if not left.code or left.ends_at is None:
        return []
    words = _("The budget is used up. Try-ons go on at %(time)s, or with another budget.")
    return [("budget", words % {"time": _clock(left.ends_at)}, "")]


def _unconfirmed(now: Now) -> _Found:
    if not now.unconfirmed:
        return []
    words = ngettext(
        "%(count)d try-on is unconfirmed and waits for a person.",
        "%(count)d try-ons are unconfirmed and wait for a person.",
        now.unconfirmed,
    )
    jobs = reverse("admin:glam_tryon_tryonjob_changelist")
    address = f"{jobs}?status__exact=unconfirmed"
    return [("unconfirmed", words % {"count": now.unconfirmed}, address)]


def _clock(moment: datetime) -> str:
    local = timezone.localtime(moment)
    today = timezone.localdate()
    day = "" if local.date() == today else f"{date_format(local, 'SHORT_DATE_FORMAT')} "
    return f"{day}{date_format(local, 'TIME_FORMAT')}"


def warn(request: HttpRequest) -> None:
    """Show the banner on the page that answers ``request``, once however often this is called."""
    if not getattr(request, _SHOWN, False):
        switch = ShopSwitch.load()
        show(request, troubles(read_now(), switch, budget_left(switch=switch)))


def show(request: HttpRequest, found: list[Trouble]) -> None:
    """Show each trouble as one of Django's messages.

    Whatever template or theme draws the page, a shop's own admin/index.html or django-unfold's,
    draws those.
    """
    setattr(request, _SHOWN, True)
    for trouble in found:
        line = format_html(
            '{} <a href="{}">{}</a>', trouble.words, trouble.address, _("See what can be done")
        )
        messages.error(request, line, extra_tags=f"glam-tryon-{trouble.code}", fail_silently=True)


def is_index(request: HttpRequest) -> bool:
    """Say whether the page is an admin site's first one."""
    match = request.resolver_match
    return bool(
        request.method == "GET"
        and match
        and match.url_name == "index"
        and "admin" in match.app_names
    )
