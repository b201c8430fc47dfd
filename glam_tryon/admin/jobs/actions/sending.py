"""Actions that may cost money: submit now, retry failed, resubmit unconfirmed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from glam_tryon import jobs
from glam_tryon.admin.formatting import exact
from glam_tryon.admin.jobs.actions.admin_action import Deed, Keys, by_staff
from glam_tryon.admin.jobs.actions.confirmation import reason
from glam_tryon.admin.jobs.actions.runner import run
from glam_tryon.exceptions import IllegalTransition
from glam_tryon.models import TryOnJob, TryOnSubmission
from glam_tryon.models.job_queryset import TryOnJobQuerySet
from glam_tryon.models.status import Status


def _submit(request: HttpRequest, keys: Keys) -> int:
    return jobs.hurry_all(keys)


def _retry(request: HttpRequest, keys: Keys) -> int:
    return jobs.retry_all(keys, note=by_staff(request))


def _resubmit(request: HttpRequest, keys: Keys) -> int:
    done = 0
    for job in TryOnJob.objects.filter(pk__in=keys).resubmittable():
        with suppress(IllegalTransition):
            jobs.resubmit(job, by=request.user, why=reason(request))
            done += 1
    return done


def _fetched(rows: Sequence[TryOnJob]) -> dict[uuid.UUID, str]:
    """Say of each when Glam fetched its photo."""
    sent = TryOnSubmission.objects.filter(job__in=rows).order_by("number")
    facts = {}
    for line in sent:
        if line.fetched_at:
            facts[line.job_key] = _("photo fetched %(when)s") % {"when": exact(line.fetched_at)}
        elif not line.revocable:
            facts[line.job_key] = _("photo uploaded: when Glam read it is not known")
    return facts


SUBMIT = Deed(
    name="submit_now",
    title=gettext_lazy("Submit now"),
    eligible=TryOnJobQuerySet.to_be_sent,
    change=_submit,
    done=gettext_lazy("%(count)d submitted now"),
    statuses=(Status.PENDING,),
    otherwise=gettext_lazy("deleted by its owner"),
    warning=gettext_lazy("These wait no longer: they are sent to Glam as slots become free."),
    buys=True,
)
RETRY = Deed(
    name="retry_failed",
    title=gettext_lazy("Retry failed"),
    eligible=TryOnJobQuerySet.retryable,
    change=_retry,
    done=gettext_lazy("%(count)d retried"),
    statuses=(Status.FAILED,),
    otherwise=gettext_lazy("its photo is gone"),
    warning=gettext_lazy(
        "These are sent to Glam once more. It may bill each as a new picture, also where it billed "
        "the try that failed."
    ),
    buys=True,
)
RESUBMIT = Deed(
    name="resubmit_unconfirmed",
    title=gettext_lazy("Resubmit unconfirmed"),
    eligible=TryOnJobQuerySet.resubmittable,
    change=_resubmit,
    done=gettext_lazy("%(count)d resubmitted"),
    statuses=(Status.UNCONFIRMED,),
    otherwise=gettext_lazy("settles by itself within minutes"),
    warning=gettext_lazy(
        "Glam fetched these photos, and its answer was lost: the pictures may be drawn. Look for "
        "them in the Glam account first. Each that is sent again may be billed twice."
    ),
    buys=True,
    asks_why=True,
    facts=_fetched,
)


@admin.action(description=SUBMIT.title, permissions=["change"])
def submit_now(
    page: Any, request: HttpRequest, queryset: QuerySet[TryOnJob]
) -> HttpResponse | None:
    """Let those that wait to be sent wait no longer."""
    return run(SUBMIT, page, request, queryset)


@admin.action(description=RETRY.title, permissions=["change"])
def retry_failed(
    page: Any, request: HttpRequest, queryset: QuerySet[TryOnJob]
) -> HttpResponse | None:
    """Send failed ones once more."""
    return run(RETRY, page, request, queryset)


@admin.action(description=RESUBMIT.title, permissions=["resubmit"])
def resubmit_unconfirmed(
    page: Any, request: HttpRequest, queryset: QuerySet[TryOnJob]
) -> HttpResponse | None:
    """Send unconfirmed ones again although Glam may have them."""
    return run(RESUBMIT, page, request, queryset)
