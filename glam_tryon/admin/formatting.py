"""Formats of a status, an instant and a picture in the admin."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

NOTHING = format_html('<span class="glam-tryon-nothing">{}</span>', "-")


def badge(word: str, label: str) -> SafeString:
    """Return a status as words on a coloured ground; the words alone say it all."""
    return format_html('<span class="glam-tryon-badge is-{}">{}</span>', word, label)


def age(moment: datetime | None) -> SafeString:
    """Return "3 minutes ago", with the exact time on hover."""
    if moment is None:
        return NOTHING
    return _time(moment, title=exact(moment), text=since(moment))


def instant(moment: datetime | None) -> SafeString:
    """Return the exact time, with "3 minutes ago" on hover."""
    if moment is None:
        return NOTHING
    return _time(moment, title=since(moment), text=exact(moment))


def exact(moment: datetime) -> str:
    """Return the date as the language writes it and the time to the second."""
    local = _local(moment)
    return f"{date_format(local, 'DATE_FORMAT')}, {date_format(local, 'H:i:s')}"


def _time(moment: datetime, *, title: str, text: str) -> SafeString:
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', _local(moment).isoformat(), title, text
    )


def _local(moment: datetime) -> datetime:
    return timezone.localtime(moment) if timezone.is_aware(moment) else moment


def since(moment: datetime) -> str:
    """Return "3 minutes ago", empty for what is to come."""
    passed = (timezone.now() if timezone.is_aware(moment) else datetime.now()) - moment  # noqa: DTZ005
    if passed < timedelta(0):
        return ""
    if passed < timedelta(minutes=1):
        return _("just now")
    return _("%(time)s ago") % {"time": timesince(moment, depth=1)}


def thumbnail(url: str, what: str) -> SafeString:
    """Return a small picture that links to the whole one; nothing without an address."""
    if not url:
        return SafeString("")
    return format_html(
        '<a class="glam-tryon-thumbnail" href="{}"><img src="{}" alt="{}" loading="lazy"></a>',
        url,
        url,
        what,
    )


def hidden(what: str) -> SafeString:
    """Return the place of a picture that is not shown."""
    return format_html('<span class="glam-tryon-hidden" role="img" aria-label="{}"></span>', what)


def figure(url: str, what: str) -> SafeString:
    """Return a picture with its name below it; the whole picture is one click away."""
    return format_html("<figure>{}<figcaption>{}</figcaption></figure>", thumbnail(url, what), what)
