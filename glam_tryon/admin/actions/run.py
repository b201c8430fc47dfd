"""Runs a change on each chosen job and says how many were changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from glam_tryon.exceptions import IllegalTransition, PhotoUnavailable
from glam_tryon.models import TryOnJob


def change_each(
    page: Any,
    request: HttpRequest,
    queryset: QuerySet[TryOnJob],
    change: Callable[[TryOnJob], None],
) -> None:
    """Call ``change`` for each job; those that do not allow it are skipped."""
    done = skipped = 0
    for job in queryset.iterator(chunk_size=500):
        try:
            change(job)
        except (IllegalTransition, PhotoUnavailable):
            skipped += 1
        else:
            done += 1
    report(page, request, done, skipped)


def report(page: Any, request: HttpRequest, done: int, skipped: int) -> None:
    """Say how many jobs were changed and how many skipped."""
    text = ngettext("%(count)d try-on changed.", "%(count)d try-ons changed.", done) % {
        "count": done
    }
    if skipped:
        text += " " + _("%(count)d skipped: not in a status that allows it.") % {"count": skipped}
    page.message_user(request, text, messages.SUCCESS if done else messages.WARNING)
