"""Consent: the text under which a shopper gives a photo, and the proof of agreement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from glam_tryon import __version__
from glam_tryon.conf import conf
from glam_tryon.exceptions import ConsentRequired
from glam_tryon.limits.client_ip import ip_hash
from glam_tryon.models import ConsentRecord, ConsentText, PersonPhoto
from glam_tryon.models.consent_record import text_sha256
from glam_tryon.models.owner import owner_key
from glam_tryon.privacy.duration_words import DAY_SECONDS, duration_words

#: As many characters as a reason may have for which no consent is needed.
LONGEST_REASON = 500
#: The version of the text that is used until the shop publishes one of its own.
BUILT_IN = "built-in"


@dataclass(frozen=True, slots=True)
class Consent:
    """A text as a page shows it; ``adult`` is what a tick of its own says, empty without one."""

    text: str
    adult: str = ""
    version: str = ""
    language: str = ""

    @property
    def whole(self) -> str:
        """Return all that is agreed to."""
        return "\n".join(filter(None, [self.text, self.adult]))

    @property
    def sha256(self) -> str:
        """Return the name of exactly these words."""
        return text_sha256(self.whole)


@dataclass(frozen=True, slots=True)
class NoConsentNeeded:
    """A photo that may be used without a shopper's consent, and why; kept with the photo.

    Raises:
        ValueError: no reason, or one of more than 500 characters.
    """

    reason: str

    def __post_init__(self) -> None:
        if not 0 < len(self.reason.strip()) <= LONGEST_REASON:
            raise ValueError(
                f"Say in 1 to {LONGEST_REASON} characters why no consent is needed, such as "
                '"signed model release of 3 March".'
            )


def check_consent(consent: Consent | NoConsentNeeded | None) -> None:
    """Let a shopper's photo in that comes with this.

    Raises:
        ConsentRequired: ``no_consent``, or ``consent_changed`` when it is to another text than the
            current one of its language.
    """
    if isinstance(consent, NoConsentNeeded):
        return
    if not isinstance(consent, Consent):
        raise ConsentRequired("no_consent")
    with override(consent.language or get_language()):
        if current_consent().sha256 != consent.sha256:
            raise ConsentRequired("consent_changed")


def check_photo_consent(photo: PersonPhoto) -> None:
    """Let a photo that is there be used now; a house model needs no consent of a shopper.

    Raises:
        ConsentRequired: ``no_consent``, also when it was taken back; or ``consent_changed``.
    """
    if photo.kind == PersonPhoto.Kind.HOUSE_MODEL or photo.no_consent_reason:
        return
    record = photo.consent
    if record is None or record.withdrawn_at is not None:
        raise ConsentRequired("no_consent")
    if not is_current(record):
        raise ConsentRequired("consent_changed")


def current_consent() -> Consent:
    """Return what a shopper agrees to now, in the active language.

    That is the shop's newest published text of the language, or else the built-in one, which
    says what the settings do.
    """
    language = get_language() or settings.LANGUAGE_CODE
    adult = _("I am 18 or older, and so is whoever the photo shows.")
    shown = {"adult": adult if conf.CONSENT_ADULT_TICK else "", "language": language}
    if own := ConsentText.objects.current(language):
        return Consent(own.text, version=str(own.version), **shown)
    return Consent(built_in_text(), version=BUILT_IN, **shown)


def current_text() -> str:
    """Return all the words of the current consent, in the active language."""
    return current_consent().whole


def is_current(record: ConsentRecord) -> bool:
    """Say whether what was agreed to then is what would be agreed to now, in that language."""
    if record.withdrawn_at is not None:
        return False
    with override(record.language or get_language()):
        return current_consent().sha256 == record.text_sha256


def built_in_text() -> str:
    """Return the text that is right for the settings as they are, in the active language."""
    paragraphs = [
        [
            _(
                "I agree that this shop sends my photo and the product's picture to Glam AI, which "
                "draws a preview of me wearing the product."
            ),
            _("The preview is AI-generated: fit and colours may differ."),
            _("The photo shows me, or a person who agreed to this, and nobody under 18."),
        ],
        [
            _("Photo and preview are kept in the shop's own private storage."),
            _photo_sentence(),
            _("The preview is deleted after %(visitor)s, or with an account after %(account)s.")
            % {
                "visitor": duration_words(conf.VISITOR_RESULT_DAYS * DAY_SECONDS),
                "account": duration_words(conf.RESULT_DAYS * DAY_SECONDS),
            },
        ],
        [
            _("Under “My try-ons” I can delete both and take this back at any time."),
            _("The copies that Glam AI makes follow Glam AI's own policy."),
        ],
    ]
    if conf.SEND_IMAGES == "upload":
        public = _("To be drawn, the photo is put at a public address that is hard to guess.")
        paragraphs[0].append(public)
    return "\n".join(" ".join(sentences) for sentences in paragraphs)


def _photo_sentence() -> str:
    words = {
        "grace": duration_words(conf.PHOTO_GRACE_SECONDS),
        "longest": duration_words(conf.PHOTO_SECONDS),
        "kept": duration_words(conf.KEPT_PHOTO_SECONDS),
    }
    if conf.PHOTO_GRACE_SECONDS:
        text = _(
            "The photo is deleted %(grace)s after the try-on ended, after %(longest)s at the "
            "latest, unless I choose to keep it for %(kept)s."
        )
    else:
        text = _(
            "The photo is deleted when the try-on ends, after %(longest)s at the latest, unless "
            "I choose to keep it for %(kept)s."
        )
    return text % words


def record_consent(
    consent: Consent, *, user: Any = None, visitor: str = "", ip: str = ""
) -> ConsentRecord:
    """Keep the proof that this user or visitor agreed to ``consent`` as shown.

    ``ip`` is where the tick came from; no more of it is kept than ``ip_hash`` says.
    """
    return ConsentRecord.objects.create(
        owner=owner_key(user, visitor),
        user=user if getattr(user, "is_authenticated", False) else None,
        version=consent.version,
        language=consent.language[:16],
        text=consent.whole,
        text_sha256=consent.sha256,
        widget_version=__version__,
        ip_hash=ip_hash(ip),
    )
