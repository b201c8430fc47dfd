"""What a status or a code means for staff, and what they can do about it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from glam_tryon.admin.operations.alerts import blocker_message
from glam_tryon.models import TryOnJob
from glam_tryon.models.job import NEEDS_PERSON
from glam_tryon.models.status import Queue, Status

_NEEDS_PERSON = _(
    "Glam fetched the photo, but its answer was lost: the picture may be drawn and billed. Look "
    "for it in the Glam account. It is not sent again by itself: resubmit or cancel it."
)
_UNCONFIRMED = _(
    "Nobody knows yet whether Glam took it. This settles by itself within minutes, and nothing is "
    "sent twice meanwhile."
)
_FAILED = _("“Retry failed” sends it once more; Glam may bill that as a new picture.")

_PHOTO_GONE = _("The photo was deleted, so it cannot be sent again.")


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
        return str(_FAILED if person and person.image else _PHOTO_GONE)
    return ""
