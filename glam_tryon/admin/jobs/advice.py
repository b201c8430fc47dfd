"""Advice for staff: what a status or a code means, what a job waits for, what can be done."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from django.utils.timesince import timeuntil
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from glam_tryon.admin.formatting import since
from glam_tryon.admin.operations.alerts import blocker_message, pause_advice
from glam_tryon.models import Account, TryOnJob
from glam_tryon.models.job import NEEDS_PERSON
from glam_tryon.models.status import AT_PROVIDER, Queue, Status
from glam_tryon.providers.selection import with_provider, with_provider_lazy

_NEEDS_PERSON = with_provider_lazy(
    gettext_lazy(
        "%(provider)s fetched the photo, but its answer was lost: the picture may be drawn and "
        "billed. Look for it in the %(provider)s account. It is not sent again by itself: "
        "resubmit or cancel it."
    )
)
_UNCONFIRMED = with_provider_lazy(
    gettext_lazy(
        "Nobody knows yet whether %(provider)s took it. This settles by itself within minutes, "
        "and nothing is sent twice meanwhile."
    )
)
_FAILED = with_provider_lazy(
    gettext_lazy("“Retry failed” sends it once more; %(provider)s may bill that as a new picture.")
)

_PHOTO_GONE = gettext_lazy("The photo was deleted, so it cannot be sent again.")

#: A step that is due for so long was missed: a running poller takes it within a second.
MISSED = timedelta(minutes=2)


def job_state(job: TryOnJob) -> tuple[str, str]:
    """Return the word for a job's status, for its colour, and what staff read."""
    if job.queue == Queue.PAUSED:
        return Status.UNCONFIRMED, str(_("paused with its batch"))
    return job.status, job.get_status_display()


def job_advice(job: TryOnJob) -> str:
    """Return what staff should know or do about a job, empty when all goes its way."""
    if job.status == Status.PENDING and job.reuse_of is None:
        return blocker_message()
    if job.status == Status.UNCONFIRMED:
        return str(_NEEDS_PERSON if job.error_code == NEEDS_PERSON else _UNCONFIRMED)
    if job.status == Status.FAILED:
        person = job.person_photo
        return str(_FAILED if person and person.is_there else _PHOTO_GONE)
    return ""


def waits_for(job: TryOnJob) -> str:
    """Return what an open job waits for; empty when nothing is left to do."""
    if job.queue is None:
        return ""
    match job.status:
        case Status.PENDING:
            why = _before_sending(job)
        case Status.SUBMITTING:
            why = _("It is being sent.")
        case status if status in AT_PROVIDER:
            why = _last_answer(job)
        case Status.STORING:
            why = _("Its picture is on its way into the shop's storage.")
        case Status.READY | Status.FAILED | Status.CANCELED:
            why = _("The shop's own programs are told of its end.")
        case _other:
            why = ""
    return " ".join(filter(None, [why, next_step(job)]))


def next_step(job: TryOnJob) -> str:
    """Return when the next step is due, as staff read it."""
    due = job.next_step_at
    if due is None or job.queue == Queue.PAUSED:
        return ""
    now = timezone.now()
    if due > now + timedelta(seconds=60):
        return _("Next step in %(time)s.") % {"time": timeuntil(due, now, depth=1)}
    if due > now - MISSED:
        return _("Next step within a minute.") if due > now else _("Next step now.")
    if job.status == Status.PENDING:
        return ""
    return _("Its next step was due %(ago)s: is a poller running?") % {"ago": since(due)}


def _last_answer(job: TryOnJob) -> str:
    if not job.remote_status or job.polled_at is None:
        return with_provider(_("%(provider)s has it, and was not asked yet."))
    text = _("%(provider)s said %(word)s, %(ago)s.")
    return with_provider(text, word=job.remote_status, ago=since(job.polled_at))


def _before_sending(job: TryOnJob) -> str:
    # That the switch or a budget holds it back is said by ``advice``.
    if job.queue == Queue.PAUSED:
        return _("Its batch is paused.")
    now = timezone.now()
    state = Account.load()
    if resting := state.rests(now):
        return _resting(state, resting)
    if job.next_step_at and job.next_step_at > now and job.error_code:
        return _("The last try came to nothing (%(code)s).") % {"code": job.error_code}
    return _("It waits for its turn and a free slot.")


def _resting(state: Account, resting: str) -> str:
    if state.paused_at:
        return pause_advice(state.pause_code) or state.pause_code
    if resting == "throttled":
        return with_provider(_("%(provider)s has too much to do; sending goes on by itself."))
    return with_provider(_("%(provider)s does not answer; sending goes on by itself."))
