"""Timeline of one job: its steps and its submissions in the order of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from glam_tryon.admin.formatting import badge, exact, instant
from glam_tryon.limits.pricing import money_text
from glam_tryon.models import TryOnJob, TryOnSubmission, TryOnTransition

#: Colours of the badges that submissions get.
_LOOKS = {
    TryOnSubmission.Outcome.ACCEPTED: "in_progress",
    TryOnSubmission.Outcome.AMBIGUOUS: "unconfirmed",
    TryOnSubmission.Outcome.REFUSED: "failed",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: when, what (a badge), and what is known of it."""

    at: datetime
    badge: SafeString
    facts: SafeString | str

    @property
    def time(self) -> SafeString:
        """Return the moment, with how long ago on hover."""
        return instant(self.at)


def timeline(job: TryOnJob) -> list[Entry]:
    """Return every transition and every submission of a job, oldest first."""
    steps = [_step(line) for line in job.transitions.order_by("pk")]
    sent = [_sent(line) for line in job.submissions.order_by("number")]
    # Stable: a submission is written in the transaction of its transition, so it comes after it.
    return sorted([*steps, *sent], key=lambda entry: entry.at)


def _step(line: TryOnTransition) -> Entry:
    return Entry(line.at, badge(line.status, line.get_status_display()), line.note)


def _sent(line: TryOnSubmission) -> Entry:
    facts = [line.get_outcome_display()]
    if line.event_id:
        facts.append(_("event id %(id)s") % {"id": line.event_id})
    if line.slot is not None:
        facts.append(_("slot %(number)d") % {"number": line.slot})
    if line.fetched_at:
        facts.append(_("photo fetched %(when)s") % {"when": exact(line.fetched_at)})
    if line.revoked_at:
        facts.append(_("photo link dead since %(when)s") % {"when": exact(line.revoked_at)})
    if money := money_text(line.price):
        facts.append(money)
    facts += filter(None, [line.code, line.detail])
    title = _("submission %(number)d") % {"number": line.number}
    return Entry(
        line.started_at,
        badge(_LOOKS.get(TryOnSubmission.Outcome(line.outcome), "pending"), title),
        format_html_join(" · ", "<span>{}</span>", ([fact] for fact in facts)),
    )
