"""The retention schedule as text, from the settings as they are."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from glam_tryon.conf import conf
from glam_tryon.privacy.duration_words import DAY_SECONDS, duration_words


@dataclass(frozen=True, slots=True)
class Rule:
    """The retention of one kind of data; ``settings`` are the names that change it."""

    what: str
    kept: str
    settings: tuple[str, ...]


def schedule() -> list[Rule]:
    """Return every rule, in the active language."""
    return [
        Rule(
            _("Your photo"),
            _photo_words(),
            ("PHOTO_GRACE_SECONDS", "PHOTO_SECONDS", "KEPT_PHOTO_SECONDS"),
        ),
        Rule(_("Previews of visitors"), _days("VISITOR_RESULT_DAYS"), ("VISITOR_RESULT_DAYS",)),
        Rule(_("Previews of signed-in shoppers"), _days("RESULT_DAYS"), ("RESULT_DAYS",)),
        Rule(
            _("Links that you shared"),
            _("%(days)s, and no longer than the preview") % {"days": _days("SHARE_DAYS")},
            ("SHARE_DAYS",),
        ),
        Rule(_("Records of try-ons, without pictures"), _days("JOB_DAYS"), ("JOB_DAYS",)),
        Rule(_("Proof of your consent"), _days("CONSENT_DAYS"), ("CONSENT_DAYS",)),
        Rule(
            _("Receipts of deletions, which name nobody"), _days("RECEIPT_DAYS"), ("RECEIPT_DAYS",)
        ),
    ]


def _days(name: str) -> str:
    return duration_words(getattr(conf, name) * DAY_SECONDS)


def _photo_words() -> str:
    words = {
        "grace": duration_words(conf.PHOTO_GRACE_SECONDS),
        "longest": duration_words(conf.PHOTO_SECONDS),
        "kept": duration_words(conf.KEPT_PHOTO_SECONDS),
    }
    if conf.PHOTO_GRACE_SECONDS:
        text = _(
            "until %(grace)s after the try-on ended, %(longest)s at most; %(kept)s where you "
            "ticked to keep it"
        )
    else:
        text = _("until the try-on ends, %(longest)s at most; %(kept)s where you ticked to keep it")
    return text % words
