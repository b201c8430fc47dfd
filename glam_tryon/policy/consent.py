"""The text under which a shopper gives a photo, and the proof of having agreed to it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from glam_tryon.conf import conf
from glam_tryon.models import ConsentRecord
from glam_tryon.models.consent import text_sha256
from glam_tryon.models.owner import owner_key


def current_text() -> str:
    """Return the consent text in the active language, right for the settings as they are."""
    sentences = [
        _(
            "I agree that this shop sends my photo and the product's picture to Glam AI, which "
            "draws a preview of how I might look."
        ),
        _("The photo shows me, or a person who agreed to this, and nobody under 18."),
        _(
            "The shop keeps photo and preview in a private place, shows them to nobody else, and "
            "deletes them after a short time or when I ask for it."
        ),
        _("The copies that Glam AI makes follow Glam AI's own policy."),
    ]
    if conf.SEND_IMAGES == "upload":
        sentences.append(
            _("To be drawn, the photo is put at a public address that is hard to guess.")
        )
    return " ".join(sentences)


def record_consent(text: str, *, user: Any = None, visitor: str = "") -> ConsentRecord:
    """Keep the proof that this user or visitor agreed to ``text`` as shown."""
    return ConsentRecord.objects.create(
        owner=owner_key(user, visitor),
        user=user if getattr(user, "is_authenticated", False) else None,
        text=text,
        text_sha256=text_sha256(text),
    )
