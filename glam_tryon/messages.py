"""Messages for shoppers: a job's state, why it brought no picture, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from glam_tryon.exceptions import InvalidImage, PhotoRefused
from glam_tryon.models import TryOnJob
from glam_tryon.models.job import NEEDS_PERSON
from glam_tryon.models.status import Status

#: Code of a job whose pictures were kept as long as the shop keeps them.
RESULTS_DELETED = "results_deleted"


class NextAction(StrEnum):
    """Next action of a shopper after a failure; the widget offers just that."""

    AGAIN = "again"  #: the same once more
    PHOTO = "photo"  #: another photo or model
    CHOICE = "choice"  #: complete the form
    GARMENT = "garment"  #: another product
    LATER = "later"  #: the shop must wait, or the shopper must
    NOTHING = "nothing"  #: the shop does what is to be done


@dataclass(frozen=True)
class ErrorMessage:
    """The text for one code; ``until`` is said instead where it is known when it ends."""

    text: Promise
    next: NextAction
    until: Promise | None = None


_STATES: dict[str, Promise] = {
    Status.PENDING: _("Getting ready"),
    Status.SUBMITTING: _("Being sent"),
    Status.UNCONFIRMED: _("Waiting for an answer"),
    Status.IN_QUEUE: _("In the queue"),
    Status.IN_PROGRESS: _("Drawing"),
    Status.STORING: _("Saving"),
    Status.READY: _("Ready"),
    Status.FAILED: _("This did not work"),
    Status.CANCELED: _("Canceled"),
}

_NO_GARMENT = ErrorMessage(
    _("This product cannot be tried on now. Please choose another one."), NextAction.GARMENT
)
_TOO_OLD = ErrorMessage(
    _("This page was open for too long. Please load it again and try once more."), NextAction.AGAIN
)


def _no_photo(kind: str) -> ErrorMessage:
    text = _("A {kind} file cannot be used. Please choose a JPEG, PNG or WebP picture.")
    return ErrorMessage(format_lazy(text, kind=kind), NextAction.PHOTO)


#: Of a code that is not below: of the engine, or of a version that is gone.
_ANY = ErrorMessage(
    _("Something went wrong on our side. Please try again later."), NextAction.AGAIN
)

#: Every failure that a shopper can meet, by its stable code.
ERROR_MESSAGES: Mapping[str, ErrorMessage] = MappingProxyType(
    {
        # The form is not complete.
        "no_choice": ErrorMessage(_("Choose a model or your own photo."), NextAction.CHOICE),
        "no_consent": ErrorMessage(
            _("Please agree to how your photo is used, or choose a model."), NextAction.CHOICE
        ),
        "no_adult": ErrorMessage(
            _("Please say that you are 18 or older, or choose a model."), NextAction.CHOICE
        ),
        "consent_changed": ErrorMessage(
            _("The text about your photo has changed. Please read it and agree again."),
            NextAction.CHOICE,
        ),
        "session": _TOO_OLD,
        "csrf": _TOO_OLD,
        "invalid": ErrorMessage(
            _("This did not work. Please load the page again."), NextAction.AGAIN
        ),
        # The photo cannot be used.
        "empty": ErrorMessage(
            _("The file is empty. Please choose another photo."), NextAction.PHOTO
        ),
        "too_large": ErrorMessage(
            _("The photo is too large. Please choose a smaller one."), NextAction.PHOTO
        ),
        "not_a_picture": ErrorMessage(
            _("This file is not a photo. Please choose a JPEG, PNG or WebP picture."),
            NextAction.PHOTO,
        ),
        "format": ErrorMessage(
            _("This kind of picture cannot be used. Please choose a JPEG, PNG or WebP."),
            NextAction.PHOTO,
        ),
        **{kind: _no_photo(kind.upper()) for kind in ("gif", "heic", "pdf", "svg", "tiff")},
        "pixels": ErrorMessage(
            _("The picture has too many pixels. Please choose a smaller one."), NextAction.PHOTO
        ),
        "busy": ErrorMessage(
            _("Many photos are being read just now. Please try again in a moment."),
            NextAction.AGAIN,
        ),
        "truncated": ErrorMessage(
            _("The photo is damaged or incomplete. Please choose another."), NextAction.PHOTO
        ),
        "too_small": ErrorMessage(
            _("The photo is too small. Please choose a larger one."), NextAction.PHOTO
        ),
        "photo_unavailable": ErrorMessage(
            _("This photo is no longer there. Please choose another."), NextAction.PHOTO
        ),
        "invalid_choice": ErrorMessage(
            _("This model is no longer there. Please choose another."), NextAction.PHOTO
        ),
        "no_person_shape": ErrorMessage(
            _(
                "No person can be seen in the photo. Please choose one that shows you from the "
                "head to the knees."
            ),
            NextAction.PHOTO,
        ),
        "moderated": ErrorMessage(
            _("The shop cannot use this photo. Please choose another one."), NextAction.PHOTO
        ),
        "hook_failed": ErrorMessage(
            _("This cannot be checked now. Please try again later."), NextAction.AGAIN
        ),
        # The product cannot be tried on.
        "no_picture": _NO_GARMENT,
        "unreadable_picture": _NO_GARMENT,
        "mask_type": _NO_GARMENT,
        "registration": _NO_GARMENT,
        "excluded": ErrorMessage(
            _("The shop does not offer try-ons of this product. Please choose another one."),
            NextAction.GARMENT,
        ),
        # The shop takes no try-on now.
        "limit_owner_day": ErrorMessage(
            _("You have had all your try-ons for today. Please come back later."),
            NextAction.LATER,
            _("You have had all your try-ons for today. You can go on from %(until)s."),
        ),
        "limit_address": ErrorMessage(
            _("There were too many try-ons from your connection. Please come back later."),
            NextAction.LATER,
            _("There were too many try-ons from your connection. It goes on from %(until)s."),
        ),
        "limit_open": ErrorMessage(
            _("Some of your try-ons are still under way. Please wait until one of them is ready."),
            NextAction.LATER,
        ),
        "limit_shop": ErrorMessage(
            _("The shop has had all its try-ons for now. Please come back later."),
            NextAction.LATER,
            _("The shop has had all its try-ons for now. It goes on from %(until)s."),
        ),
        "budget": ErrorMessage(
            _("The shop has had all its try-ons for this month. Please come back later."),
            NextAction.LATER,
            _("The shop has had all its try-ons for this month. It goes on from %(until)s."),
        ),
        "paused": ErrorMessage(
            _("The shop takes no try-ons at the moment. Please come back later."), NextAction.LATER
        ),
        # This person, or this request, may not order.
        "staff_only": ErrorMessage(
            _("Try-ons are not open to everybody yet. Please come back later."), NextAction.LATER
        ),
        "login_required": ErrorMessage(_("Please log in, then try again."), NextAction.AGAIN),
        "not_allowed": ErrorMessage(
            _("This try-on was not allowed. Please load the page again."), NextAction.AGAIN
        ),
        # The try-on brought no picture.
        "glam_failed": ErrorMessage(
            _("The picture could not be drawn. Another photo may work better."), NextAction.PHOTO
        ),
        "rejected": ErrorMessage(
            _("The picture could not be drawn. Another photo may work better."), NextAction.PHOTO
        ),
        "unchanged_result": ErrorMessage(
            _("The picture came back without the garment. Another photo may work better."),
            NextAction.PHOTO,
        ),
        "blank_result": ErrorMessage(
            _("The picture came back empty. Another photo may work better."), NextAction.PHOTO
        ),
        "photo_expired": ErrorMessage(
            _("The photo was deleted before it was used. Please choose it again."), NextAction.PHOTO
        ),
        "expired": ErrorMessage(_("This took too long. Please try again."), NextAction.AGAIN),
        "result_expired": ErrorMessage(
            _("The picture could not be fetched in time. Please try again."), NextAction.AGAIN
        ),
        RESULTS_DELETED: ErrorMessage(
            _("The pictures were deleted when their time was over. Please try again."),
            NextAction.AGAIN,
        ),
        NEEDS_PERSON: ErrorMessage(
            _("The shop is looking into this try-on. You need not do anything."), NextAction.NOTHING
        ),
    }
)


def state_message(job: TryOnJob) -> str:
    """Return where the job stands, in the active language."""
    return str(_STATES.get(job.status, _STATES[Status.PENDING]))


def job_error_message(job: TryOnJob) -> str:
    """Return why the job brought no picture and what to do; never Glam's own text."""
    return error_message_for(job.error_code)


def error_message_for(code: str, until: datetime | None = None) -> str:
    """Return what went wrong and what to do; with ``until``, when a limit ends."""
    failure = ERROR_MESSAGES.get(code, _ANY)
    if until is not None and failure.until is not None:
        return str(failure.until) % {"until": moment_text(until)}
    return str(failure.text)


def error_payload(code: str, until: datetime | None = None) -> dict[str, str | None]:
    """Return what a page may know of a failure: its code, the text, and what comes next."""
    return {
        "code": code,
        "message": error_message_for(code, until),
        "next": ERROR_MESSAGES.get(code, _ANY).next.value,
        "ends_at": until.isoformat(timespec="seconds") if until else None,
    }


def photo_error_payload(error: InvalidImage) -> dict[str, str | None]:
    """Return the same for a photo that was refused: with a hook's own text, if it has any."""
    payload = error_payload(error.code if error.code in ERROR_MESSAGES else "moderated")
    payload["code"] = error.code
    if isinstance(error, PhotoRefused) and error.message:
        payload["message"] = error.message
    return payload


def moment_text(moment: datetime) -> str:
    """Return a moment in the active language and time zone."""
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT")
