"""The admin of try-on jobs: list, page of one job, and who may do what with them."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import AdminSite
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet, prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from glam_tryon.admin.formatting import NOTHING, age, badge, figure, hidden, instant, thumbnail
from glam_tryon.admin.jobs.admin_action import AdminAction
from glam_tryon.admin.jobs.advice import job_advice, job_state, waits_for
from glam_tryon.admin.jobs.changelist import JobChangeList, find
from glam_tryon.admin.jobs.filters import (
    DayFilter,
    ErrorFilter,
    HouseModelFilter,
    ProductModelFilter,
)
from glam_tryon.admin.jobs.job_actions import ACTIONS, BUTTONS
from glam_tryon.admin.jobs.order_form import ORDER_FIELDS, OrderForm
from glam_tryon.admin.jobs.timeline import timeline
from glam_tryon.admin.operations.alerts import blocker_message, paused_message
from glam_tryon.admin.pages import GARMENT, PERSON, admin_url, link, picture_url
from glam_tryon.limits.pricing import money_text
from glam_tryon.models import (
    Account,
    PersonPhoto,
    TryOnJob,
    TryOnResult,
)
from glam_tryon.models.owner import ERASED, SHOP
from glam_tryon.models.receipt import Why
from glam_tryon.models.status import CLOSED, Status
from glam_tryon.privacy.deletion import delete_tryon
from glam_tryon.privacy.retention import may_show_results, results_of
from glam_tryon.providers.selection import with_provider
from glam_tryon.views.pictures import read_picture

logger = logging.getLogger("glam_tryon.admin")

#: Needed beside the permission to view try-ons, to look at a shopper's photo.
VIEW_PHOTO = "glam_tryon.view_person_photo"
#: The attribute in which a job's page keeps its advice.
SHOWN_ADVICE = "shown_advice"
#: Statuses in which a job may have results.
DRAWN = (Status.STORING, *CLOSED)


_ABOUT = ("pictures", "product_link", "person", "who", "mask_type", "priority")
#: What the program that ordered calls the job and says of it; shown where it does.
_OF_THE_CALLER = ("reference", "metadata")
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


def consent_message(job: TryOnJob) -> str:
    """Return on what ground the job's photo may be used, empty of a house model and without one."""
    photo = job.person_photo
    if photo is None or photo.kind == PersonPhoto.Kind.HOUSE_MODEL:
        return ""
    if photo.consent is not None:
        given = date_format(timezone.localtime(photo.consent.created_at), "DATETIME_FORMAT")
        return _("given on %(date)s") % {"date": given}
    reason = photo.no_consent_reason
    return _("none needed: %(reason)s") % {"reason": reason} if reason else ""


def shown_person(job: TryOnJob) -> PersonPhoto | None:
    """Return the job's person when staff may see the picture: a house model, never a shopper."""
    person = job.person_photo
    shown = person and person.is_there and person.kind == PersonPhoto.Kind.HOUSE_MODEL
    return person if shown else None


def hidden_photo(job: TryOnJob) -> PersonPhoto | None:
    """Return the job's photo when it is a shopper's own and still there."""
    photo = job.current_photo()
    own = photo is not None and photo.kind == PersonPhoto.Kind.SHOPPER
    return photo if own else None


@admin.register(TryOnJob)
class TryOnJobAdmin(admin.ModelAdmin):
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
    search_fields = ("=id", "=product_key", "=reference")
    search_help_text = gettext_lazy("Job id, event id, product id or reference, as a whole")
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
        state = Account.load()
        if state.paused_at and request.method == "GET":
            text = paused_message(state.pause_code)
            if where := admin_url(self.admin_site, "glam_tryon_account_changelist"):
                text = format_html("{} {}", text, link(where, _("Resume")))
            messages.error(request, text)
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

    # The page of one job.

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            cost = with_provider(_("Saving orders the picture. %(provider)s may bill it."))
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
        about += [name for name in _OF_THE_CALLER if getattr(obj, name)]
        if consent_message(obj):
            about.insert(about.index("person") + 1, "consent")
        times = [name for name, attribute in _TIMES.items() if getattr(obj, attribute)]
        return [(None, {"fields": about}), (_("Times"), {"fields": times})]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ()
        sometimes = (
            "advice",
            "waits",
            "problem_in_full",
            "consent",
            "show_person_photo",
            *_OF_THE_CALLER,
        )
        return ("status_badge", *sometimes, *_ABOUT, *_TIMES)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if obj is not None:
            return super().get_form(request, obj, change, **kwargs)
        return type("OrderForm", (OrderForm,), {"by": request.user})

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> TryOnJob | None:
        # What the page shows of others comes with it, in the same statement.
        rows = self.get_queryset(request).select_related("user", "person_photo__consent")
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
                "compare": _compared(self.admin_site, obj),
                "buttons": self._buttons(request, obj),
                "checkbox": ACTION_CHECKBOX_NAME,
            }
        return super().render_change_form(request, context, add, change, form_url, obj)

    def _buttons(self, request: HttpRequest, job: TryOnJob) -> list[AdminAction]:
        """Return the actions that this member of staff may run on a job in this state."""
        allowed = self.get_actions(request)
        return [each for each in BUTTONS if each.name in allowed and each.takes(job)]

    # What staff see of one job, in the list and on its page; nothing asks the storage.

    @admin.display(description=gettext_lazy("status"))
    def status_badge(self, job: TryOnJob) -> SafeString:
        return badge(*job_state(job))

    @admin.display(description=gettext_lazy("status"))
    def status_and_problem(self, job: TryOnJob) -> SafeString:
        shown = self.status_badge(job)
        if not job.error_code:
            return shown
        problem = format_html('<span title="{}">{}</span>', job.error_message, job.error_code)
        return format_html('{}<span class="glam-tryon-problem">{}</span>', shown, problem)

    @admin.display(description=gettext_lazy("created"))
    def created(self, job: TryOnJob) -> SafeString:
        return format_html(
            '{}<div class="glam-tryon-quiet">{}</div>',
            age(job.created_at),
            self.who(job),
        )

    @admin.display(description=gettext_lazy("person, garment, result"))
    def thumbnails(self, job: TryOnJob) -> SafeString:
        found = []
        if person := shown_person(job):
            found.append(thumbnail(self._picture_url(job, PERSON), str(person)))
        elif job.person_photo and job.person_photo.is_there:
            found.append(hidden(_("own photo, hidden")))
        if job.garment_image:
            found.append(thumbnail(self._picture_url(job, GARMENT), job.garment_title))
        first = getattr(job, "first_result", None)
        if first is not None and may_show_results(job):
            found.append(thumbnail(self._picture_url(job, first), _("Result")))
        return self._side_by_side(found)

    @admin.display(description=gettext_lazy("who"))
    def who(self, job: TryOnJob) -> str:
        if job.user is not None:
            return str(job.user)
        if job.owner == ERASED:
            return _("nobody any more")
        return _("the shop") if job.owner == SHOP else _("visitor")

    @admin.display(description=gettext_lazy("cost"))
    def cost_and_submissions(self, job: TryOnJob) -> SafeString:
        sent: int = getattr(job, "sent", None) or 0
        if not sent:
            return NOTHING
        cost = getattr(job, "cost", None)
        times = ngettext("sent %(count)d time", "sent %(count)d times", sent) % {"count": sent}
        return format_html(
            '{}<div class="glam-tryon-quiet">{}</div>', money_text(cost) or NOTHING, times
        )

    @admin.display(description=gettext_lazy("pictures"))
    def pictures(self, job: TryOnJob) -> SafeString:
        found = []
        if job.garment_image:
            found.append(figure(self._picture_url(job, GARMENT), _("Garment")))
        if person := shown_person(job):
            found.append(figure(self._picture_url(job, PERSON), str(person)))
        results = results_of(job) if job.status in DRAWN else []
        found += [
            figure(
                self._picture_url(job, result.position),
                _("Result") if len(results) == 1 else _("Result %(number)d") % {"number": number},
            )
            for number, result in enumerate(results, start=1)
        ]
        return self._side_by_side(found)

    def _picture_url(self, job: TryOnJob, which: object) -> str:
        return picture_url(self.admin_site, job.pk, which)

    def _side_by_side(self, found: list[SafeString]) -> SafeString:
        if not found:
            return NOTHING
        inside = format_html_join("", "{}", ([each] for each in found))
        return format_html('<div class="glam-tryon-pictures">{}</div>', inside)

    @admin.display(description=gettext_lazy("product"))
    def product_link(self, job: TryOnJob) -> SafeString | str:
        if job.content_type_id is None:
            return job.garment_title
        # Known to this process after the first time, which the job's own attribute is not.
        kind = ContentType.objects.get_for_id(job.content_type_id)
        page = f"{kind.app_label}_{kind.model}_change"
        return link(admin_url(self.admin_site, page, job.product_key), job.garment_title)

    @admin.display(description=gettext_lazy("person"))
    def person(self, job: TryOnJob) -> SafeString | str:
        person = job.person_photo
        if person is None or not person.is_there:
            return _("the photo was deleted")
        if person.kind != PersonPhoto.Kind.HOUSE_MODEL:
            return _("own photo, hidden")
        return link(admin_url(self.admin_site, "glam_tryon_personphoto_change", person.pk), person)

    @admin.display(description=gettext_lazy("consent"))
    def consent(self, job: TryOnJob) -> str:
        return consent_message(job)

    @admin.display(description=gettext_lazy("problem"))
    def problem_in_full(self, job: TryOnJob) -> str:
        return ": ".join(filter(None, [job.error_code, job.error_message]))

    @admin.display(description=gettext_lazy("what now"))
    def advice(self, job: TryOnJob) -> str:
        return str(getattr(job, SHOWN_ADVICE, ""))

    @admin.display(description=gettext_lazy("waits for"))
    def waits(self, job: TryOnJob) -> str:
        return waits_for(job)

    @admin.display(description=gettext_lazy("created"))
    def created_exactly(self, job: TryOnJob) -> SafeString:
        return instant(job.created_at)

    @admin.display(description=gettext_lazy("submitted"))
    def submitted(self, job: TryOnJob) -> SafeString:
        return instant(job.submitted_at)

    @admin.display(description=gettext_lazy("drawn"))
    def drawn(self, job: TryOnJob) -> SafeString:
        return instant(job.ready_at)

    @admin.display(description=gettext_lazy("finished"))
    def finished(self, job: TryOnJob) -> SafeString:
        return instant(job.finished_at)

    @admin.display(description=gettext_lazy("next step"))
    def next_step(self, job: TryOnJob) -> SafeString:
        return instant(job.next_step_at)

    # Pictures, for staff who may see jobs.

    def get_urls(self) -> list[Any]:
        view, name = self.admin_site.admin_view, "glam_tryon_tryonjob"
        own = [
            path("<uuid:pk>/picture/<str:which>/", view(self.picture), name=f"{name}_picture"),
            path("<uuid:pk>/person-photo/", view(self.person_photo), name=f"{name}_person_photo"),
        ]
        return [*own, *super().get_urls()]

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
        results = TryOnResult.objects.writer().visible()
        result = results.filter(job_id=pk, position=int(which)).first()
        return read_picture(result.image if result else None)

    # A shopper's photo: hidden, shown on a click, and each look is on record.

    @admin.display(description=gettext_lazy("own photo"))
    def show_person_photo(self, job: TryOnJob) -> SafeString:
        # The button stands in the page's own form, which has the token.
        return format_html(
            '<button class="glam-tryon-button" type="submit" formnovalidate formtarget="_blank" '
            'formaction="{}">{}</button> <span class="glam-tryon-quiet">{}</span>',
            admin_url(self.admin_site, "glam_tryon_tryonjob_person_photo", job.pk),
            _("Show the photo"),
            _("Each look is on record, with your name."),
        )

    def offers_person_photo(self, request: HttpRequest, job: TryOnJob) -> bool:
        """Say whether the page has the button."""
        # Of what the page read already; the look itself asks where it is written.
        photo = job.person_photo
        own = photo is not None and photo.kind == PersonPhoto.Kind.SHOPPER and photo.is_there
        return own and request.user.has_perm(VIEW_PHOTO)

    def person_photo(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """The photo, to staff with the permission; who looked at it is written down first."""
        if not (self.has_view_permission(request) and request.user.has_perm(VIEW_PHOTO)):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        job = get_object_or_404(TryOnJob, pk=pk)
        photo = hidden_photo(job)
        if photo is None:
            raise Http404
        self.log_change(request, job, _("Looked at the shopper's photo."))
        logger.info("the photo of job=%s was looked at by user=%s", job.pk, request.user.pk)
        return read_picture(photo.image)


def _compared(site: AdminSite, job: TryOnJob) -> dict[str, str] | None:
    """Return the URLs of before and after, None unless both may be seen."""
    if job.status != Status.READY or shown_person(job) is None:
        return None
    results = results_of(job)
    if not results:
        return None
    return {
        "before": picture_url(site, job.pk, PERSON),
        "after": picture_url(site, job.pk, results[0].position),
    }
