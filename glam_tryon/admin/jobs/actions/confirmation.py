"""The page between an action and what it does: what is at stake, and what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from glam_tryon.admin.jobs.actions.admin_action import Deed
from glam_tryon.limits.budget import budget_left, money_words, price

if TYPE_CHECKING:
    from glam_tryon.models.job_queryset import TryOnJobQuerySet

#: So many jobs are listed by name; the rest is a number.
NAMED = 20
#: Fields of the page's form.
CONFIRMED, WHY = "confirmed", "why"


def is_confirmed(deed: Deed, request: HttpRequest, count: int) -> bool:
    """Say whether this was agreed to, for as many jobs as there are, and with a reason."""
    agreed = request.POST.get(CONFIRMED, "")
    # More than what was shown is not what was agreed to.
    enough = agreed.isdecimal() and int(agreed) >= count
    return enough and not (deed.asks_why and not reason(request))


def reason(request: HttpRequest) -> str:
    """Return why, in the words of who asked for it."""
    return request.POST.get(WHY, "").strip()[:150]


def cost_words(count: int) -> str:
    """Return "This will buy 240 generations, 18.00 EUR, budget left 42.00 EUR."."""
    text = ngettext(
        "This will buy %(count)d generation", "This will buy %(count)d generations", count
    ) % {"count": count}
    parts = [text]
    if money := money_words(price(count)):
        parts.append(money)
    left = budget_left().generations
    if left is not None:
        words = money_words(price(left)) or ngettext(
            "%(count)d generation", "%(count)d generations", left
        ) % {"count": left}
        parts.append(_("budget left %(left)s") % {"left": words})
    return ", ".join(parts) + "."


def ask(
    deed: Deed, page: Any, request: HttpRequest, eligible: TryOnJobQuerySet, count: int
) -> TemplateResponse:
    """Return the page that asks before it is done."""
    rows = list(eligible.select_related("person_photo").order_by("-created_at")[:NAMED])
    facts = deed.facts(rows) if deed.facts else {}
    context = {
        **page.admin_site.each_context(request),
        "title": deed.title,
        "opts": page.opts,
        "media": page.media,
        "deed": deed,
        "count": count,
        "cost": cost_words(count) if deed.buys else "",
        "lines": [(job, facts.get(job.pk, "")) for job in rows],
        "more": count - len(rows),
        "why": reason(request),
        "why_missing": deed.asks_why and CONFIRMED in request.POST,
        "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
        "checkbox": ACTION_CHECKBOX_NAME,
        "select_across": request.POST.get("select_across") == "1",
        "on_page": request.POST.get("on_page", ""),
    }
    request.current_app = page.admin_site.name
    return TemplateResponse(request, "admin/glam_tryon/tryonjob/confirm.html", context)
