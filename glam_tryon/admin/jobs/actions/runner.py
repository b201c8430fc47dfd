"""Runs a deed: asks where something is at stake, changes in chunks, says and logs how many."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from glam_tryon import jobs
from glam_tryon.admin.jobs.actions.admin_action import Deed, words
from glam_tryon.admin.jobs.actions.confirmation import ask, is_confirmed
from glam_tryon.models import TryOnJob
from glam_tryon.models.status import CLOSED, Status

#: The button on a job's page sends this along, to come back to that page.
ON_PAGE = "on_page"


def run(
    deed: Deed, page: Any, request: HttpRequest, queryset: QuerySet[TryOnJob]
) -> HttpResponse | None:
    """Do it to the eligible ones of ``queryset``, or return the page that asks before."""
    chosen = words(queryset)
    eligible = deed.eligible(chosen)
    found = _by_status(eligible)
    if deed.warning and found and not is_confirmed(deed, request, sum(found.values())):
        return ask(deed, page, request, eligible, sum(found.values()))
    everything = _by_status(chosen)
    keys = list(eligible.values_list("pk", flat=True))
    done = sum(
        deed.change(request, keys[start : start + jobs.CHUNK])
        for start in range(0, len(keys), jobs.CHUNK)
    )
    skipped = {
        status: count - found.get(status, 0)
        for status, count in everything.items()
        if count > found.get(status, 0)
    }
    text = summary(deed, done, skipped, meanwhile=len(keys) - done)
    page.message_user(request, text, messages.SUCCESS if done else messages.WARNING)
    if done:
        log(request, deed, text, keys)
    if request.POST.get(ON_PAGE) and (only := chosen.values_list("pk", flat=True).first()):
        return HttpResponseRedirect(reverse("admin:glam_tryon_tryonjob_change", args=[only]))
    return None


def _by_status(rows: QuerySet[TryOnJob]) -> dict[str, int]:
    return dict(rows.values_list("status").annotate(Count("pk")))


def summary(deed: Deed, done: int, skipped: dict[str, int], *, meanwhile: int = 0) -> str:
    """Return "2 retried, 1 skipped (already ready)"."""
    parts = [str(deed.done) % {"count": done}]
    reasons = [(_reason(deed, status), count) for status, count in sorted(skipped.items())]
    if meanwhile:
        reasons.append((_("changed meanwhile"), meanwhile))
    if reasons:
        total = sum(count for _why, count in reasons)
        why = reasons[0][0]
        if len(reasons) > 1:
            why = ", ".join(f"{count} {reason}" for reason, count in reasons)
        parts.append(_("%(count)d skipped (%(why)s)") % {"count": total, "why": why})
    return ", ".join(parts) + "."


def _reason(deed: Deed, status: str) -> str:
    if status in deed.statuses:
        return str(deed.otherwise)
    label = str(Status(status).label) if status in Status.values else status
    return _("already %(status)s") % {"status": label} if status in CLOSED else label


def log(request: HttpRequest, deed: Deed, text: str, keys: list[Any]) -> None:
    """Write one line into the admin's log; each job's own history has its line already."""
    count = len(keys)
    what = ngettext("%(count)d try-on", "%(count)d try-ons", count) % {"count": count}
    user: Any = request.user
    LogEntry.objects.create(
        user=user,
        content_type=ContentType.objects.get_for_model(TryOnJob),
        object_id=str(keys[0]) if count == 1 else None,
        object_repr=what,
        action_flag=CHANGE,
        change_message=f"{deed.title}: {text}",
    )
