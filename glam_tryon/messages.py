"""What a shopper reads about a job: its state, why it brought no picture, and what to do next."""

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


class Next(StrEnum):
    """What a shopper can do after a failure; the widget offers just that."""

    AGAIN = "again"  #: the same once more
    PHOTO = "photo"  #: another photo or model
    CHOICE = "choice"  #: complete the form
    GARMENT = "garment"  #: another product
    LATER = "later"  #: the shop must wait, or the shopper must
    NOTHING = "nothing"  #: the shop does what is to be done


@dataclass(frozen=True)
class Failure:
    """The words for one code; ``until`` is said instead where it is known when it ends."""

    words: Promise
    next: Next
    until: Promise | None = None


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

_NO_GARMENT = Failure(
    _("This product cannot be tried on now. Please choose another one."), Next.GARMENT
)
_TOO_OLD = Failure(
    _("This page was open for too long. Please load it again and try once more."), Next.AGAIN
)


def _no_photo(kind: str) -> Failure:
    words = _("A {kind} file cannot be used. Please choose a JPEG, PNG or WebP picture.")
    return Failure(format_lazy(words, kind=kind), Next.PHOTO)


#: Of a code that is not below: of the engine, or of a version that is gone.
_ANY = Failure(_("Something went wrong on our side. Please try again later."), Next.AGAIN)

#: Every failure that a shopper can meet, by its stable code.
FAILURES: Mapping[str, Failure] = MappingProxyType(
    {
        # The form is not complete.
        "no_choice": Failure(_("Choose a model or your own photo."), Next.CHOICE),
        "no_consent": Failure(
            _("Please agree to how your photo is used, or choose a model."), Next.CHOICE
        ),
        "no_adult": Failure(
            _("Please say that you are 18 or older, or choose a model."), Next.CHOICE
        ),
        "consent_changed": Failure(
            _("The text about your photo has changed. Please read it and agree again."), Next.CHOICE
        ),
        "session": _TOO_OLD,
        "csrf": _TOO_OLD,
        "invalid": Failure(_("This did not work. Please load the page again."), Next.AGAIN),
        # The photo cannot be used.
        "empty": Failure(_("The file is empty. Please choose another photo."), Next.PHOTO),
        "too_large": Failure(_("The photo is too large. Please choose a smaller one."), Next.PHOTO),
        "not_a_picture": Failure(
            _("This file is not a photo. Please choose a JPEG, PNG or WebP picture."), Next.PHOTO
        ),
        "format": Failure(
            _("This kind of picture cannot be used. Please choose a JPEG, PNG or WebP."), Next.PHOTO
        ),
        **{kind: _no_photo(kind.upper()) for kind in ("gif", "heic", "pdf", "svg", "tiff")},
        "pixels": Failure(
            _("The picture has too many pixels. Please choose a smaller one."), Next.PHOTO
        ),
        "truncated": Failure(
            _("The photo is damaged or incomplete. Please choose another."), Next.PHOTO
        ),
        "too_small": Failure(_("The photo is too small. Please choose a larger one."), Next.PHOTO),
        "photo_unavailable": Failure(
            _("This photo is no longer there. Please choose another."), Next.PHOTO
        ),
        "invalid_choice": Failure(
            _("This model is no longer there. Please choose another."), Next.PHOTO
        ),
        "no_person_shape": Failure(
            _(
                "No person can be seen in the photo. Please choose one that shows you from the "
                "head to the knees."
            ),
            Next.PHOTO,
        ),
        "moderated": Failure(
            _("The shop cannot use this photo. Please choose another one."), Next.PHOTO
        ),
        "hook_failed": Failure(
            _("This cannot be checked now. Please try again later."), Next.AGAIN
        ),
        # The product cannot be tried on.
        "no_picture": _NO_GARMENT,
        "unreadable_picture": _NO_GARMENT,
        "mask_type": _NO_GARMENT,
        "excluded": Failure(
            _("The shop does not offer try-ons of this product. Please choose another one."),
            Next.GARMENT,
        ),
        # The shop takes no try-on now.
        "limit_owner_day": Failure(
            _("You have had all your try-ons for today. Please come back later."),
            Next.LATER,
            _("You have had all your try-ons for today. You can go on from %(until)s."),
        ),
        "limit_address": Failure(
            _("There were too many try-ons from your connection. Please come back later."),
            Next.LATER,
            _("There were too many try-ons from your connection. It goes on from %(until)s."),
        ),
        "limit_open": Failure(
            _("Some of your try-ons are still under way. Please wait until one of them is ready."),
            Next.LATER,
        ),
        "limit_shop": Failure(
            _("The shop has had all its try-ons for now. Please come back later."),
            Next.LATER,
            _("The shop has had all its try-ons for now. It goes on from %(until)s."),
        ),
        "budget": Failure(
            _("The shop has had all its try-ons for this month. Please come back later."),
            Next.LATER,
            _("The shop has had all its try-ons for this month. It goes on from %(until)s."),
        ),
        "paused": Failure(
            _("The shop takes no try-ons at the moment. Please come back later."), Next.LATER
        ),
        # This person, or this request, may not order.
        "staff_only": Failure(
            _("Try-ons are not open to everybody yet. Please come back later."), Next.LATER
        ),
        "login_required": Failure(_("Please log in, then try again."), Next.AGAIN),
        "not_allowed": Failure(
            _("This try-on was not allowed. Please load the page again."), Next.AGAIN
        ),
        # The try-on brought no picture.
        "glam_failed": Failure(
            _("The picture could not be drawn. Another photo may work better."), Next.PHOTO
        ),
        "rejected": Failure(
            _("The picture could not be drawn. Another photo may work better."), Next.PHOTO
        ),
        "unchanged_result": Failure(
            _("The picture came back without the garment. Another photo may work better."),
            Next.PHOTO,
        ),
        "blank_result": Failure(
            _("The picture came back empty. Another photo may work better."), Next.PHOTO
        ),
        "photo_expired": Failure(
            _("The photo was deleted before it was used. Please choose it again."), Next.PHOTO
        ),
        "expired": Failure(_("This took too long. Please try again."), Next.AGAIN),
        "result_expired": Failure(
            _("The picture could not be fetched in time. Please try again."), Next.AGAIN
        ),
        RESULTS_DELETED: Failure(
            _("The pictures were deleted when their time was over. Please try again."), Next.AGAIN
        ),
        NEEDS_PERSON: Failure(
            _("The shop is looking into this try-on. You need not do anything."), Next.NOTHING
        ),
    }
)


def state_words(job: TryOnJob) -> str:
    """Return where the job stands, in the active language."""
    return str(_STATES.get(job.status, _STATES[Status.PENDING]))


def error_words(job: TryOnJob) -> str:
    """Return why the job brought no picture and what to do; never Glam's own text."""
    return refusal_words(job.error_code)


def refusal_words(code: str, until: datetime | None = None) -> str:
    """Return what went wrong and what to do; with ``until``, when a limit ends."""
    failure = FAILURES.get(code, _ANY)
    if until is not None and failure.until is not None:
        return str(failure.until) % {"until": moment_words(until)}
    return str(failure.words)


def failure_facts(code: str, until: datetime | None = None) -> dict[str, str | None]:
    """Return what a page may know of a failure: its code, the words, and what comes next."""
    return {
        "code": code,
        "message": refusal_words(code, until),
        "next": FAILURES.get(code, _ANY).next.value,
        "ends_at": until.isoformat(timespec="seconds") if until else None,
    }


def photo_facts(error: InvalidImage) -> dict[str, str | None]:
    """Return the same for a photo that was refused: with a hook's own words, if it has any."""
    facts = failure_facts(error.code if error.code in FAILURES else "moderated")
    facts["code"] = error.code
    if isinstance(error, PhotoRefused) and error.message:
        facts["message"] = error.message
    return facts


def moment_words(moment: datetime) -> str:
    """Return a moment in the active language and time zone."""
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT")
