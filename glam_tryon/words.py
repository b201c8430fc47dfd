"""What a shopper reads about a job: its state, and what to do when it failed."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from glam_tryon.exceptions import InvalidImage, PhotoRefused
from glam_tryon.models import TryOnJob
from glam_tryon.models.job import NEEDS_PERSON
from glam_tryon.models.status import Status

#: Code of a job whose pictures were kept as long as the shop keeps them.
RESULTS_DELETED = "results_deleted"

_STATES: dict[str, Promise] = {
    Status.PENDING: _("Getting ready"),
    Status.SUBMITTING: _("Sending to Glam"),
    Status.UNCONFIRMED: _("Waiting for Glam's answer"),
    Status.IN_QUEUE: _("In Glam's queue"),
    Status.IN_PROGRESS: _("Drawing"),
    Status.STORING: _("Saving"),
    Status.READY: _("Ready"),
    Status.FAILED: _("This did not work"),
    Status.CANCELED: _("Canceled"),
}

_MODERATED = _("The shop cannot use this photo. Please choose another one.")

_ERRORS: dict[str, Promise] = {
    "glam_failed": _("The picture could not be drawn. Another photo may work better."),
    "unchanged_result": _(
        "The picture came back without the garment. Another photo may work better."
    ),
    "blank_result": _("The picture came back empty. Another photo may work better."),
    "expired": _("This took too long. Please try again."),
    "result_expired": _("The picture could not be fetched in time. Please try again."),
    RESULTS_DELETED: _("The pictures were deleted when their time was over. Please try again."),
    "moderated": _MODERATED,
    "photo_expired": _("The photo was deleted before it was used. Please choose it again."),
    NEEDS_PERSON: _("The shop is looking into this try-on. You need not do anything."),
}
_ANY_ERROR = _("Something went wrong on our side. Please try again later.")

_NO_GARMENT = _("This product cannot be tried on now. Please choose another one.")

#: Refusals by code: of ``InvalidImage``, of ``GarmentUnavailable``, or of the shop's own rules.
_REFUSALS: dict[str, Promise] = {
    "empty": _("The file is empty. Please choose another photo."),
    "too_large": _("The photo is too large. Please choose a smaller one."),
    "not_a_picture": _("This file is not a photo. Please choose a JPEG, PNG or WebP picture."),
    "format": _("This kind of picture cannot be used. Please choose a JPEG, PNG or WebP."),
    "pixels": _("The picture has too many pixels. Please choose a smaller one."),
    "truncated": _("The photo is damaged or incomplete. Please choose another."),
    "too_small": _("The photo is too small. Please choose a larger one."),
    "photo_unavailable": _("This photo is no longer there. Please choose another."),
    "no_picture": _NO_GARMENT,
    "unreadable_picture": _NO_GARMENT,
    "mask_type": _NO_GARMENT,
    "excluded": _("The shop does not offer try-ons of this product. Please choose another one."),
    "no_person_shape": _(
        "No person can be seen in the photo. Please choose one that shows you from the head to "
        "the knees."
    ),
    "moderated": _MODERATED,
    "hook_failed": _("The photo cannot be looked at now. Please try again later."),
    "limit_visitor": _("You have had all try-ons for now. Please come back later."),
    "limit_shop": _("The shop has had all its try-ons for now. Please come back later."),
    "budget": _("The shop has had all its try-ons for this month. Please come back later."),
    "paused": _("The shop takes no try-ons at the moment. Please come back later."),
    "session": _("This page was open for too long. Please load it again and try once more."),
    "csrf": _("This page was open for too long. Please load it again and try once more."),
    "invalid": _("This did not work. Please load the page again."),
}

#: The same where it is known when the limit ends.
_LIMITS_UNTIL: dict[str, Promise] = {
    "limit_visitor": _("You have had all try-ons for now. You can go on from %(until)s."),
    "limit_shop": _("The shop has had all its try-ons for now. It goes on from %(until)s."),
    "budget": _("The shop has had all its try-ons for this month. It goes on from %(until)s."),
}


def state_words(job: TryOnJob) -> str:
    """Return where the job stands, in the active language."""
    return str(_STATES.get(job.status, _STATES[Status.PENDING]))


def error_words(job: TryOnJob) -> str:
    """Return why the job brought no picture and what to do; never Glam's own text."""
    return failure_words(job.error_code)


def failure_words(code: str) -> str:
    """Return the same for the code of what went wrong."""
    return str(_ERRORS.get(code, _ANY_ERROR))


def refusal_words(code: str, until: datetime | None = None) -> str:
    """Return why an order was refused and what to do; with ``until``, when a limit ends."""
    if until is not None and code in _LIMITS_UNTIL:
        return str(_LIMITS_UNTIL[code]) % {"until": moment_words(until)}
    return str(_REFUSALS.get(code, _REFUSALS["not_a_picture"]))


def photo_words(error: InvalidImage) -> str:
    """Return why a photo was refused: a hook's own words, or those for the code."""
    if isinstance(error, PhotoRefused) and error.message:
        return error.message
    return refusal_words(error.code if error.code in _REFUSALS else "moderated")


def moment_words(moment: datetime) -> str:
    """Return a moment in the active language and time zone."""
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT")
