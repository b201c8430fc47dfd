"""What a shopper reads about a job: its state, and what to do when it failed."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from glam_tryon.models import TryOnJob
from glam_tryon.models.job import NEEDS_PERSON
from glam_tryon.models.status import Status

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

_ERRORS: dict[str, Promise] = {
    "glam_failed": _("The picture could not be drawn. Another photo may work better."),
    "unchanged_result": _(
        "The picture came back without the garment. Another photo may work better."
    ),
    "blank_result": _("The picture came back empty. Another photo may work better."),
    "expired": _("This took too long. Please try again."),
    "photo_expired": _("The photo was deleted before it was used. Please choose it again."),
    NEEDS_PERSON: _("The shop is looking into this try-on. You need not do anything."),
}
_ANY_ERROR = _("Something went wrong on our side. Please try again later.")

_NO_GARMENT = _("This product cannot be tried on at the moment.")

#: Refusals of an order, by the code of ``InvalidImage`` or ``GarmentUnavailable``.
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
}


def state_words(job: TryOnJob) -> str:
    """Return where the job stands, in the active language."""
    return str(_STATES.get(job.status, _STATES[Status.PENDING]))


def error_words(job: TryOnJob) -> str:
    """Return why the job brought no picture and what to do; never Glam's own text."""
    return str(_ERRORS.get(job.error_code, _ANY_ERROR))


def refusal_words(code: str) -> str:
    """Return why an order was refused and what to do."""
    return str(_REFUSALS.get(code, _REFUSALS["not_a_picture"]))
