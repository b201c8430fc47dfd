"""What staff read about how long house models may be shown."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from glam_tryon.admin.formatting import badge
from glam_tryon.models import PersonPhoto, TryOnResult

#: So many days before its end staff hear of it.
WARNED_DAYS = 14


def licence_words(photo: PersonPhoto) -> SafeString | str:
    """Return until when a house model may be shown, in colour when that is soon or over.

    Empty when there is no end.
    """
    end = photo.licensed_until
    if end is None:
        return ""
    day = date_format(end, "SHORT_DATE_FORMAT")
    if not photo.is_licensed:
        return badge("failed", _("ended %(day)s") % {"day": day})
    if end <= timezone.localdate() + timedelta(days=WARNED_DAYS):
        return badge("unconfirmed", _("ends %(day)s") % {"day": day})
    return _("until %(day)s") % {"day": day}


def licence_warning() -> str:
    """Return whose time is over or soon will be, and how many of their pictures are published."""
    soon = timezone.localdate() + timedelta(days=WARNED_DAYS)
    kind = PersonPhoto.Kind.HOUSE_MODEL
    models = list(PersonPhoto.objects.filter(kind=kind, is_active=True, licensed_until__lte=soon))
    if not models:
        return ""
    over = [model for model in models if not model.is_licensed]
    words = []
    if over:
        names = ", ".join(map(str, over))
        words.append(
            _("Not offered any more, for their licence ended: %(names)s.") % {"names": names}
        )
        published = TryOnResult.objects.filter(
            job__person_photo__in=over, published_at__isnull=False
        ).count()
        if published:
            words.append(
                ngettext(
                    "%(count)d picture of them is published: look at it in the shop.",
                    "%(count)d pictures of them are published: look at them in the shop.",
                    published,
                )
                % {"count": published}
            )
    if rest := [model for model in models if model not in over]:
        names = ", ".join(map(str, rest))
        words.append(_("The licence ends soon of: %(names)s.") % {"names": names})
    return " ".join(words)
