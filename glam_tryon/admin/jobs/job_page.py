"""The page of one job: what is known of it, what happened to it, and what may be done."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ValidationError
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from glam_tryon.admin.jobs.actions import DEEDS
from glam_tryon.admin.jobs.actions.admin_action import Deed
from glam_tryon.admin.jobs.advice import job_advice
from glam_tryon.admin.jobs.columns import DRAWN, PERSON, SHOWN_ADVICE, picture_url, shown_person
from glam_tryon.admin.jobs.order_form import ORDER_FIELDS, OrderForm
from glam_tryon.admin.jobs.timeline import timeline
from glam_tryon.admin.privacy.shopper_photo import PersonPhotoOnClick
from glam_tryon.models import TryOnJob
from glam_tryon.models.job import NEEDS_PERSON
from glam_tryon.models.status import Status

_ABOUT = ("pictures", "product_link", "person", "who", "mask_type", "priority")
#: What the page shows when there is something to show, and what that depends on.
_TIMES = {
    "created_exactly": "created_at",
    "submitted": "submitted_at",
    "drawn": "ready_at",
    "finished": "finished_at",
    "next_step": "next_step_at",
    "polls": "polls",
    "remote_status": "remote_status",
}


class JobPage(PersonPhotoOnClick, admin.ModelAdmin):
    """A job's fields are nobody's to edit; the same address without a job orders one."""

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            cost = _("Saving orders the picture. Glam may bill it.")
            return [(None, {"fields": ORDER_FIELDS, "description": cost})]
        about = ["status_badge", *_ABOUT]
        if obj.error_code:
            about.insert(1, "problem_in_full")
        if obj.queue is not None:
            about.insert(1, "waits")
        if getattr(obj, SHOWN_ADVICE, ""):
            about.insert(1, "advice")
        if self.offers_person_photo(request, obj):
            about.insert(about.index("person") + 1, "show_person_photo")
        times = [name for name, attribute in _TIMES.items() if getattr(obj, attribute)]
        return [(None, {"fields": about}), (_("Times"), {"fields": times})]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ()
        sometimes = ("advice", "waits", "problem_in_full", "show_person_photo")
        return ("status_badge", *sometimes, *_ABOUT, *_TIMES)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        return OrderForm if obj is None else super().get_form(request, obj, change, **kwargs)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> TryOnJob | None:
        # What the page shows of others comes with it, in the same statement.
        rows = self.get_queryset(request).select_related("user", "person_photo")
        try:
            job: TryOnJob = rows.get(pk=object_id)
        except (TryOnJob.DoesNotExist, ValidationError):
            return None
        if job.status in DRAWN:
            # Before a picture is on its way there is none: one question less.
            prefetch_related_objects([job], "results")
        # Asked once: whether the page has the line, and what stands in it.
        setattr(job, SHOWN_ADVICE, job_advice(job))
        return job

    def save_model(self, request: HttpRequest, obj: TryOnJob, form: Any, change: bool) -> None:
        """Nothing to save: the form ordered the job."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        # The page of a job has nothing to save, so it has no button that says so.
        shown: dict[str, Any] = {"show_save_and_continue": False}
        if object_id is not None:
            shown |= {"show_save": False, "show_save_and_add_another": False, "title": _("Try-on")}
        return super().changeform_view(
            request, object_id, form_url, {**shown, **(extra_context or {})}
        )

    def render_change_form(
        self,
        request: HttpRequest,
        context: Any,
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        if obj is not None:
            context |= {
                "timeline": timeline(obj),
                "compare": _compared(obj),
                "deeds": self._deeds(request, obj),
                "checkbox": ACTION_CHECKBOX_NAME,
            }
        return super().render_change_form(request, context, add, change, form_url, obj)

    def _deeds(self, request: HttpRequest, job: TryOnJob) -> list[Deed]:
        """Return what this member of staff may do with a job in this state."""
        allowed = self.get_actions(request)
        return [deed for deed in DEEDS if deed.name in allowed and _fits(deed, job)]


def _fits(deed: Deed, job: TryOnJob) -> bool:
    if job.deleted_at or job.status not in deed.statuses:
        return False
    match deed.name:
        case "resubmit_unconfirmed":
            return job.error_code == NEEDS_PERSON
        case "refetch_results":
            return job.status == Status.READY or job.ready_at is not None
        case "retry_failed":
            return job.person_photo is not None and job.person_photo.is_there
    return True


def _compared(job: TryOnJob) -> dict[str, str] | None:
    """Return the addresses of before and after, None unless both may be seen."""
    if job.status != Status.READY or shown_person(job) is None:
        return None
    results = list(job.results.all())
    if not results:
        return None
    return {"before": picture_url(job, PERSON), "after": picture_url(job, results[0].position)}
