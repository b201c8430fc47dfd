"""The signed, expiring links by which Glam fetches the two pictures of one submission."""

from __future__ import annotations

from django.core import signing
from django.urls import reverse

from glam_tryon.conf import conf
from glam_tryon.exceptions import SettingError
from glam_tryon.models import TryOnSubmission

PHOTO = "photo"
GARMENT = "garment"


def _signer(what: str) -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=f"glam_tryon.media.{what}")


def link_for_glam(submission: TryOnSubmission, what: str) -> str:
    """Return the absolute address of the submission's photo or garment picture.

    Raises:
        SettingError: ``PUBLIC_BASE_URL`` is missing.
    """
    base = conf.PUBLIC_BASE_URL
    if not base:
        raise SettingError(
            "PUBLIC_BASE_URL", "is missing; set it to the shop's address as Glam can reach it"
        )
    token = _signer(what).sign(submission.token)
    return base + reverse("glam_tryon:for_glam", args=[what, token])


def token_in(what: str, signed: str) -> str | None:
    """Return the submission's token in a signed link; None when it is forged or too old."""
    try:
        return _signer(what).unsign(signed, max_age=conf.LINK_SECONDS)
    except signing.BadSignature:
        return None
