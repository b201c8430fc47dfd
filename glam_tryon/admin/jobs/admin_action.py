"""Admin actions: which jobs they take, what they ask before, and how they are run and logged."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from glam_tryon import jobs
from glam_tryon.admin.pages import admin_url
from glam_tryon.limits.budget import budget_left
from glam_tryon.limits.pricing import money_text, price
from glam_tryon.models import TryOnJob
from glam_tryon.models.job_queryset import TryOnJobQuerySet
from glam_tryon.models.status import CLOSED, Status

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Keys = Sequence[uuid.UUID]

#: So many jobs are listed by name; the rest is a number.
NAMED = 20
#: Fields of the confirmation page's form.
CONFIRMED, WHY = "confirmed", "why"
#: The button on a job's page sends this along, to come back to that page.
ON_PAGE = "on_page"


@dataclass(frozen=True, slots=True)
class AdminAction:
    """One action of the staff.

    ``name`` is that of the action, ``title`` what its page and its button say, ``permission``
    the one of the ``ModelAdmin`` that it needs. ``eligible`` keeps those jobs that it takes, all
    of which are in one of ``statuses``; ``applies`` decides the same for one such job that was
    read, and ``otherwise`` says why one is left out all the same. ``change`` gets keys of
    eligible jobs, some hundreds at most, and returns how many it changed; ``done`` says that,
    with ``count``.

    With ``warning`` a page asks before: what is at stake, the jobs, and with ``buys`` the cost.
    ``asks_why`` wants a reason. ``facts`` adds what staff should know of each job.
    """

    name: str
    title: _StrPromise
    eligible: Callable[[TryOnJobQuerySet[TryOnJob]], TryOnJobQuerySet[TryOnJob]]
    change: Callable[[HttpRequest, Keys], int]
    done: _StrPromise
    statuses: tuple[Status, ...]
    otherwise: _StrPromise
    permission: str = "change"
    applies: Callable[[TryOnJob], bool] = lambda job: True
    warning: _StrPromise | None = None
    buys: bool = False
    asks_why: bool = False
    facts: Callable[[Sequence[TryOnJob]], dict[uuid.UUID, str]] | None = None

    def takes(self, job: TryOnJob) -> bool:
        """Say whether a job in this state is eligible."""
        return not job.deleted_at and job.status in self.statuses and self.applies(job)

    def as_function(self) -> Callable[..., HttpResponse | None]:
        """Return the function that a ``ModelAdmin`` lists among its actions."""

        def perform(
            page: Any, request: HttpRequest, queryset: QuerySet[TryOnJob]
        ) -> HttpResponse | None:
            return run(self, page, request, queryset)

        perform.__name__ = self.name
        return admin.action(description=self.title, permissions=[self.permission])(perform)


def by_staff(request: HttpRequest) -> str:
    """Return the note in a job's history that says who changed it."""
    return f"by staff {request.user.pk}"


def run(
    action: AdminAction, page: Any, request: HttpRequest, queryset: QuerySet[TryOnJob]
) -> HttpResponse | None:
    """Change the eligible jobs of ``queryset``, or return the page that asks before."""
    if not isinstance(queryset, TryOnJobQuerySet):
        raise TypeError("The admin's jobs must come from TryOnJob.objects.")
    chosen = queryset.order_by()
    eligible = action.eligible(chosen)
    found = _by_status(eligible)
    if action.warning and found and not _is_confirmed(action, request, sum(found.values())):
        return _confirmation_page(action, page, request, eligible, sum(found.values()))
    everything = _by_status(chosen)
    keys = list(eligible.values_list("pk", flat=True))
    done = sum(
        action.change(request, keys[start : start + jobs.CHUNK])
        for start in range(0, len(keys), jobs.CHUNK)
    )
    skipped = {
        status: count - found.get(status, 0)
        for status, count in everything.items()
        if count > found.get(status, 0)
    }
    text = summary(action, done, skipped, meanwhile=len(keys) - done)
    page.message_user(request, text, messages.SUCCESS if done else messages.WARNING)
    if done:
        _log(request, action, text, keys)
    if request.POST.get(ON_PAGE) and (only := chosen.values_list("pk", flat=True).first()):
        return HttpResponseRedirect(admin_url(page.admin_site, "glam_tryon_tryonjob_change", only))
    return None


def _by_status(rows: QuerySet[TryOnJob]) -> dict[str, int]:
    return dict(rows.values_list("status").annotate(Count("pk")))


def summary(action: AdminAction, done: int, skipped: dict[str, int], *, meanwhile: int = 0) -> str:
    """Return "2 retried, 1 skipped (already ready)"."""
    parts = [str(action.done) % {"count": done}]
    reasons = [(_reason(action, status), count) for status, count in sorted(skipped.items())]
    if meanwhile:
        reasons.append((_("changed meanwhile"), meanwhile))
    if reasons:
        total = sum(count for _why, count in reasons)
        why = reasons[0][0]
        if len(reasons) > 1:
            why = ", ".join(f"{count} {reason}" for reason, count in reasons)
        parts.append(_("%(count)d skipped (%(why)s)") % {"count": total, "why": why})
    return ", ".join(parts) + "."


def _reason(action: AdminAction, status: str) -> str:
    if status in action.statuses:
        return str(action.otherwise)
    label = str(Status(status).label) if status in Status.values else status
    return _("already %(status)s") % {"status": label} if status in CLOSED else label


def _log(request: HttpRequest, action: AdminAction, text: str, keys: list[Any]) -> None:
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
        change_message=f"{action.title}: {text}",
    )


# The page between an action and what it does.


def _is_confirmed(action: AdminAction, request: HttpRequest, count: int) -> bool:
    """Say whether this was agreed to, for as many jobs as there are, and with a reason."""
    agreed = request.POST.get(CONFIRMED, "")
    # More than what was shown is not what was agreed to.
    enough = agreed.isdecimal() and int(agreed) >= count
    return enough and not (action.asks_why and not reason(request))


def reason(request: HttpRequest) -> str:
    """Return why, as the member of staff wrote it."""
    return request.POST.get(WHY, "").strip()[:150]


def cost_message(count: int) -> str:
    """Return "This will buy 240 generations, 18.00 EUR, budget left 42.00 EUR."."""
    text = ngettext(
        "This will buy %(count)d generation", "This will buy %(count)d generations", count
    ) % {"count": count}
    parts = [text]
    if money := money_text(price(count)):
        parts.append(money)
    left = budget_left().generations
    if left is not None:
        amount = money_text(price(left)) or ngettext(
            "%(count)d generation", "%(count)d generations", left
        ) % {"count": left}
        parts.append(_("budget left %(left)s") % {"left": amount})
    return ", ".join(parts) + "."


def _confirmation_page(
    action: AdminAction,
    page: Any,
    request: HttpRequest,
    eligible: TryOnJobQuerySet[TryOnJob],
    count: int,
) -> TemplateResponse:
    rows = list(eligible.select_related("person_photo").order_by("-created_at")[:NAMED])
    facts = action.facts(rows) if action.facts else {}
    context = {
        **page.admin_site.each_context(request),
        "title": action.title,
        "opts": page.opts,
        "media": page.media,
        "action": action,
        "count": count,
        "cost": cost_message(count) if action.buys else "",
        "lines": [(job, facts.get(job.pk, "")) for job in rows],
        "more": count - len(rows),
        "why": reason(request),
        "why_missing": action.asks_why and CONFIRMED in request.POST,
        "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
        "checkbox": ACTION_CHECKBOX_NAME,
        "select_across": request.POST.get("select_across") == "1",
        "on_page": request.POST.get(ON_PAGE, ""),
    }
    request.current_app = page.admin_site.name
    return TemplateResponse(request, "admin/glam_tryon/tryonjob/confirm.html", context)
