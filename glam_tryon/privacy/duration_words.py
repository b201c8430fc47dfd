"""A length of time in words, exact, in the active language."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

DAY_SECONDS = 86_400
_YEAR_SECONDS = 365 * DAY_SECONDS


def duration_words(seconds: int) -> str:
    """Return "7 days", "24 hours", "3 years": the largest unit that leaves nothing over.

    One day is said as 24 hours, which nobody takes for "until tomorrow night".
    """
    if seconds >= _YEAR_SECONDS and not seconds % _YEAR_SECONDS:
        count = seconds // _YEAR_SECONDS
        return ngettext("%(count)d year", "%(count)d years", count) % {"count": count}
    if seconds > DAY_SECONDS and not seconds % DAY_SECONDS:
        count = seconds // DAY_SECONDS
        return ngettext("%(count)d day", "%(count)d days", count) % {"count": count}
    if seconds >= 3600 and not seconds % 3600:
        count = seconds // 3600
        return ngettext("%(count)d hour", "%(count)d hours", count) % {"count": count}
    if seconds >= 60 and not seconds % 60:
        count = seconds // 60
        return ngettext("%(count)d minute", "%(count)d minutes", count) % {"count": count}
    return _("%(count)d seconds") % {"count": seconds}
