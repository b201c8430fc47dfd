"""The signed, expiring links by which Glam fetches the two pictures of one submission."""

from __future__ import annotations

import hashlib
import secrets

from django.conf import settings
from django.core import signing
from django.urls import get_script_prefix, reverse, set_script_prefix
from django.utils.translation import get_supported_language_variant, override

from glam_tryon.conf import conf
from glam_tryon.exceptions import SettingError
from glam_tryon.models import TryOnSubmission
from glam_tryon.models.clock import database_time

PHOTO = "photo"
GARMENT = "garment"
#: Behind such a link are a few bytes that say nothing of anybody.
PROBE = "probe"


class _Signer(signing.TimestampSigner):
    """Signs with the database's time, for the worker's clock and the web server's may be wrong."""

    def __init__(self, what: str) -> None:
        super().__init__(salt=f"glam_tryon.signed_urls.{what}")

    def timestamp(self) -> str:
        return signing.b62_encode(int(_now()))

    def unsign_within(self, signed: str, seconds: float) -> str:
        """Return what was signed at most ``seconds`` ago.

        Raises:
            BadSignature: it is forged or too old.
        """
        token = self.unsign(signed)
        # The signature is right, so this is what ``timestamp`` made.
        signed_at = signing.b62_decode(signed.rsplit(self.sep, 2)[1])
        if _now() - signed_at > seconds:
            raise signing.SignatureExpired("the link is too old")
        return token


def _now() -> float:
    return database_time(TryOnSubmission.objects.write_alias()).timestamp()


def link_for_glam(submission: TryOnSubmission, what: str) -> str:
    """Return the absolute address of the submission's photo or garment picture.

    Raises:
        SettingError: ``PUBLIC_BASE_URL`` is missing.
    """
    return _link(what, submission.token)


def _link(what: str, token: str) -> str:
    base = conf.PUBLIC_BASE_URL
    if not base:
        raise SettingError(
            "PUBLIC_BASE_URL",
            "is missing; set it to the shop's address as the provider can reach it",
        )
    script_name = (settings.FORCE_SCRIPT_NAME or "").rstrip("/")
    path = path_without_request("glam_tryon:for_glam", what, _Signer(what).sign(token))
    # The shop's address may name the path below which the whole site lies, or leave it out.
    return base.removesuffix(script_name) + path


def path_without_request(name: str, *args: object) -> str:
    """Return the path of a page as a request finds it, whatever this thread knows of requests.

    A poller has none, and a thread of its own has no script name. Where ``i18n_patterns`` are
    around the include, the path names a language, which must be one that the shop offers:
    ``LANGUAGE_CODE`` is "en-us" by default, and the shop's may be "en".
    """
    try:
        language = get_supported_language_variant(settings.LANGUAGE_CODE)
    except LookupError:
        language = settings.LANGUAGE_CODE
    script_name = get_script_prefix()
    set_script_prefix(f"{(settings.FORCE_SCRIPT_NAME or '').rstrip('/')}/")
    try:
        with override(language):
            return reverse(name, args=args)
    finally:
        set_script_prefix(script_name)


def probe_link() -> tuple[str, bytes]:
    """Return a link made like those for Glam, and what this shop answers to it.

    Raises:
        SettingError: ``PUBLIC_BASE_URL`` is missing.
    """
    token = secrets.token_urlsafe(24)
    return _link(PROBE, token), probe_answer(token)


def probe_answer(token: str) -> bytes:
    """Return what stands behind the probe link with this token; only this shop can tell."""
    return hashlib.sha256(b"glam_tryon probe" + token.encode()).hexdigest().encode()


def token_in(what: str, signed: str) -> str | None:
    """Return the submission's token in a signed link; None when it is forged or too old."""
    try:
        return _Signer(what).unsign_within(signed, conf.LINK_SECONDS)
    except signing.BadSignature:
        return None
