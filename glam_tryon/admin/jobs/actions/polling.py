"""Actions that cost nothing: ask Glam again, fetch results again."""

from __future__ import annotations

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
from glam_tryon.models.status import AT_GLAM, REFETCHABLE, Status


def _ask(request: HttpRequest, keys: Keys) -> int:
    return jobs.ask_all_again(keys, note=f"asked again {by_staff(request)}")


def _refetch(request: HttpRequest, keys: Keys) -> int:
    return jobs.refetch_all(keys, note=f"fetched again {by_staff(request)}")


ASK = Deed(
    name="ask_again",
    title=_("Ask Glam again"),
    eligible=TryOnJobQuerySet.known_to_glam,
    change=_ask,
    done=_("%(count)d asked about"),
    statuses=(Status.FAILED, *AT_GLAM),
    otherwise=_("Glam never took it"),
)
REFETCH = Deed(
    name="refetch_results",
    title=_("Fetch results again"),
    eligible=TryOnJobQuerySet.refetchable,
    change=_refetch,
    done=_("%(count)d fetched again"),
    statuses=REFETCHABLE,
    otherwise=_("no picture at Glam"),
)


@admin.action(description=ASK.title, permissions=["change"])
def ask_again(page: Any, request: HttpRequest, queryset: QuerySet[TryOnJob]) -> HttpResponse | None:
    """Ask Glam now about those that it knows."""
    return run(ASK, page, request, queryset)


@admin.action(description=REFETCH.title, permissions=["change"])
def refetch_results(
    page: Any, request: HttpRequest, queryset: QuerySet[TryOnJob]
) -> HttpResponse | None:
    """Fetch pictures from Glam once more; what is there stays until others are."""
    return run(REFETCH, page, request, queryset)
