"""Actions that send jobs to Glam, or ask Glam about them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from glam_tryon import jobs
from glam_tryon.admin.actions.run import change_each, report
from glam_tryon.models import TryOnJob


@admin.action(description=_("Submit now"), permissions=["change"])
def submit_now(page: Any, request: HttpRequest, queryset: QuerySet[TryOnJob]) -> None:
    """Let those that wait to be sent wait no longer."""
    # By keys: MySQL updates no table that the same statement reads.
    chosen = list(queryset.values_list("pk", flat=True))
    done = sum(
        TryOnJob.objects.filter(pk__in=chosen[start : start + 500]).hurry()
        for start in range(0, len(chosen), 500)
    )
    report(page, request, done, len(chosen) - done)


@admin.action(description=_("Ask Glam again"), permissions=["change"])
def ask_again(page: Any, request: HttpRequest, queryset: QuerySet[TryOnJob]) -> None:
    """Ask Glam now about those that it knows."""
    change_each(page, request, queryset, jobs.ask_again)


@admin.action(description=_("Retry failed"), permissions=["change"])
def retry_failed(page: Any, request: HttpRequest, queryset: QuerySet[TryOnJob]) -> None:
    """Send failed ones once more."""
    change_each(page, request, queryset, jobs.retry)
