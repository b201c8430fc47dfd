"""Actions that end a job."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from glam_tryon import jobs
from glam_tryon.admin.actions.run import change_each
from glam_tryon.models import TryOnJob


@admin.action(description=_("Cancel"), permissions=["change"])
def cancel_jobs(page: Any, request: HttpRequest, queryset: QuerySet[TryOnJob]) -> None:
    """Stop those that are open."""
    note = f"by staff {request.user.pk}"
    change_each(page, request, queryset, lambda job: jobs.cancel(job, note=note))
