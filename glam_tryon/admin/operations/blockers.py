"""Why try-ons are not sent although Glam would take them: the kill switch, or a budget."""

from __future__ import annotations

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from glam_tryon.admin.formatting import instant
from glam_tryon.limits.budget import MONTH_OVER, Left, budget_left
from glam_tryon.messages import moment_words
from glam_tryon.models import ShopSwitch

STOPPED, BUDGET = "stopped", "budget"


def why_stopped() -> str:
    """Return ``stopped`` or ``budget``, empty when neither keeps try-ons from being sent."""
    switch = ShopSwitch.load()
    if switch.stopped_at:
        return STOPPED
    return BUDGET if budget_left(switch=switch).code else ""


def stop_words() -> str:
    """Return why jobs wait and until when, empty when neither is the reason."""
    switch = ShopSwitch.load()
    if switch.stopped_at:
        who = {"who": switch.stopped_by, "when": moment_words(switch.stopped_at)}
        said = _("Try-ons were stopped by %(who)s on %(when)s; new ones wait.") % who
        return f"{said} {switch.why}".rstrip()
    return _over_words(budget_left(switch=switch))


def stop_facts() -> list[tuple[str, SafeString | str | int]]:
    """Return the lines about switch and budget on the page of the connection to Glam."""
    switch = ShopSwitch.load()
    facts: list[tuple[str, SafeString | str | int]] = []
    if switch.stopped_at:
        facts.append((_("Stopped by"), f"{switch.stopped_by}: {switch.why}".rstrip(": ")))
        facts.append((_("Since"), instant(switch.stopped_at)))
    left = budget_left(switch=switch)
    if left.code:
        facts.append((_("Budget"), _over_words(left)))
    elif left.generations is not None:
        facts.append((_("Generations left in the budget"), left.generations))
    return facts


def _over_words(left: Left) -> str:
    if not left.code or left.ends_at is None:
        return ""
    words = (
        _("The month's budget is used up. Waiting try-ons go on at %(until)s.")
        if left.code == MONTH_OVER
        else _("The day's budget is used up. Waiting try-ons go on at %(until)s.")
    )
    return words % {"until": moment_words(left.ends_at)}
