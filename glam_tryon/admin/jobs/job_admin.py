"""The list of jobs, and who may do what with them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from glam_tryon.admin.jobs.actions import ACTIONS
from glam_tryon.admin.jobs.changelist import JobChangeList
from glam_tryon.admin.jobs.columns import (
    GARMENT,
    PERSON,
    JobColumns,
    shown_person,
)
from glam_tryon.admin.jobs.filters import (
    DayFilter,
    ErrorFilter,
    HouseModelFilter,
    ProductModelFilter,
)
from glam_tryon.admin.jobs.job_page import JobPage
from glam_tryon.admin.jobs.search import find
from glam_tryon.admin.operations.alerts import blocker_message, paused_message
from glam_tryon.admin.pages import admin_url
from glam_tryon.models import (
    ProviderState,
    TryOnJob,
    TryOnResult,
)
from glam_tryon.models.receipt import Why
from glam_tryon.models.status import Status
from glam_tryon.privacy.deletion import delete_tryon
from glam_tryon.views.pictures import read_picture


@admin.register(TryOnJob)
class TryOnJobAdmin(JobColumns, JobPage):
    """Jobs, newest first. They are ordered with the add form and changed by actions only."""

    list_display = (
        "status_and_problem",
        "thumbnails",
        "product_link",
        "created",
        "cost_and_submissions",
    )
    list_display_links = ("status_and_problem",)
    list_filter = (
        "status",
        ErrorFilter,
        "priority",
        ProductModelFilter,
        HouseModelFilter,
        DayFilter,
    )
    sortable_by = ()
    search_fields = ("=id", "=product_key")
    search_help_text = gettext_lazy("Job id, event id or product id, as a whole")
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    actions = ACTIONS

    class Media:
        css = {"all": ("glam_tryon/admin.css",)}

    def delete_model(self, request: HttpRequest, obj: TryOnJob) -> None:
        # The files first: a row that is gone names them no more. With some left it stays, hidden.
        if not delete_tryon(obj, why=Why.STAFF).left:
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[TryOnJob]) -> None:
        for job in queryset.iterator(chunk_size=500):
            self.delete_model(request, job)

    @admin.display(description=SafeString('<input type="checkbox" id="action-toggle">'))
    def action_checkbox(self, obj: TryOnJob) -> SafeString:
        # Django renders each by a template of its own: a fifth of the time of a page of fifty.
        return format_html(
            '<input type="checkbox" name="{}" value="{}" class="action-select" aria-label="{}">',
            ACTION_CHECKBOX_NAME,
            obj.pk,
            _("Select %(job)s for an action") % {"job": obj},
        )

    def has_resubmit_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("glam_tryon.resubmit_unconfirmed")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # A job that is under way is canceled first, so that its slot is not forgotten.
        over = obj is None or obj.queue is None
        return over and super().has_delete_permission(request, obj)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[JobChangeList]:
        return JobChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[TryOnJob], search_term: str
    ) -> tuple[QuerySet[TryOnJob], bool]:
        text = search_term.strip()
        return (find(queryset, text) if text else queryset), False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        state = ProviderState.load()
        if state.paused_at and request.method == "GET":
            where = admin_url("glam_tryon_providerstate_changelist")
            messages.error(
                request,
                format_html(
                    '{} <a href="{}">{}</a>',
                    paused_message(state.pause_code),
                    where,
                    _("Resume"),
                ),
            )
        title = {"title": capfirst(self.opts.verbose_name_plural)}
        answer = super().changelist_view(request, {**title, **(extra_context or {})})
        if request.method == "GET" and isinstance(answer, TemplateResponse) and not state.paused_at:
            self._say_why_they_wait(request, answer)
        return answer

    def _say_why_they_wait(self, request: HttpRequest, answer: TemplateResponse) -> None:
        shown = (answer.context_data or {}).get("cl")
        # Asked only where one that waits is seen: the sums of a month are not for every page.
        waits = shown and any(job.status == Status.PENDING for job in shown.result_list)
        if waits and (why := blocker_message()):
            messages.warning(request, why)

    # Pictures, for staff who may see jobs.

    def get_urls(self) -> list[Any]:
        own = path(
            "<uuid:pk>/picture/<str:which>/",
            self.admin_site.admin_view(self.picture),
            name="glam_tryon_tryonjob_picture",
        )
        return [own, *self.person_photo_urls(), *super().get_urls()]

    def picture(self, request: HttpRequest, pk: Any, which: str) -> HttpResponse:
        """The garment, the house model, or the result at a position, of any job."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if which in (GARMENT, PERSON):
            job = get_object_or_404(TryOnJob, pk=pk)
            if which == GARMENT:
                return read_picture(job.garment_image)
            person = shown_person(job)
            return read_picture(person.image if person else None)
        if not which.isdecimal():
            raise Http404
        result = TryOnResult.objects.filter(job_id=pk, position=int(which)).first()
        return read_picture(result.image if result else None)
