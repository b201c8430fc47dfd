"""Actions that end something: cancel jobs, delete pictures."""

from __future__ import annotations

import time
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from glam_tryon import jobs
from glam_tryon.admin.jobs.actions.admin_action import Deed, Keys, by_staff
from glam_tryon.admin.jobs.actions.runner import run
from glam_tryon.models import TryOnJob
from glam_tryon.models.job_queryset import TryOnJobQuerySet
from glam_tryon.models.receipt import Why
from glam_tryon.models.status import CLOSED, OPEN
from glam_tryon.privacy.deletion import delete_tryon

#: So long staff wait for the files of one chunk; the pollers delete the rest.
PATIENCE_SECONDS = 10.0


def _cancel(request: HttpRequest, keys: Keys) -> int:
    return jobs.cancel_all(keys, note=by_staff(request))


def _delete(request: HttpRequest, keys: Keys) -> int:
    # Nobody sees them from here on, however long the storage takes.
    rows = TryOnJob.objects.filter(pk__in=keys)
    chosen = list(rows.with_pictures())
    hidden = rows.with_pictures().hide_all()
    deadline = time.monotonic() + PATIENCE_SECONDS
    for job in chosen:
        if time.monotonic() > deadline:
            break
        delete_tryon(job, why=Why.STAFF)
    return hidden


CANCEL = Deed(
    name="cancel_jobs",
    title=_("Cancel"),
    eligible=TryOnJobQuerySet.cancelable,
    change=_cancel,
    done=_("%(count)d canceled"),
    statuses=OPEN,
    otherwise=_("deleted by its owner"),
    warning=_("These stop. What Glam draws already is billed, and its picture is not kept."),
)
DELETE = Deed(
    name="delete_pictures",
    title=_("Delete pictures"),
    eligible=TryOnJobQuerySet.with_pictures,
    change=_delete,
    done=_("pictures of %(count)d deleted"),
    statuses=CLOSED,
    otherwise=_("no pictures"),
    warning=_(
        "The results, and shoppers' photos that no other try-on needs, are deleted for good. Their "
        "owners do not see these try-ons any more; the ledger stays."
    ),
)


@admin.action(description=CANCEL.title, permissions=["change"])
def cancel_jobs(
    page: Any, request: HttpRequest, queryset: QuerySet[TryOnJob]
) -> HttpResponse | None:
    """Stop those that are open."""
    return run(CANCEL, page, request, queryset)


@admin.action(description=DELETE.title, permissions=["delete"])
def delete_pictures(
    page: Any, request: HttpRequest, queryset: QuerySet[TryOnJob]
) -> HttpResponse | None:
    """Delete the pictures of those that are over."""
    return run(DELETE, page, request, queryset)
