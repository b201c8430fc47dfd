"""Batches in the admin: how far each is, its contact sheet, its buttons, and publishing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import AdminSite
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from glam_tryon import jobs
from glam_tryon.admin.batches.contact_sheet import SHOWN, filtered, labels_of, page_of
from glam_tryon.admin.batches.progress import (
    Progress,
    progress_of,
    seconds_left,
    state_of,
    time_left_text,
)
from glam_tryon.admin.formatting import age, badge
from glam_tryon.admin.jobs.admin_action import by_staff
from glam_tryon.admin.pages import admin_url
from glam_tryon.admin.products.product_mixin import TryOnAdminMixin
from glam_tryon.conf import conf
from glam_tryon.exceptions import HookFailed, NotPublishable
from glam_tryon.limits.pricing import money_text, price
from glam_tryon.models import TryOnBatch, TryOnJob, TryOnResult
from glam_tryon.providers.selection import with_provider

PUBLISH = "glam_tryon.publish_results"


@admin.register(TryOnBatch)
class TryOnBatchAdmin(admin.ModelAdmin):
    """Batches: staff who may view or change try-ons may view or steer them; products order them."""

    list_display = ("name", "progress", "state", "created_by", "created")
    search_fields = ("name",)
    list_select_related = ("created_by",)
    list_per_page = 50
    show_full_result_count = False

    class Media:
        css = {"all": ("glam_tryon/admin.css", "glam_tryon/batch.css")}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("glam_tryon.view_tryonjob") or self.has_change_permission(
            request
        )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("glam_tryon.change_tryonjob")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    # The list.

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Count the page's batches at once."""
        changelist = super().get_changelist_instance(request)
        rows = list(changelist.result_list)
        for batch, progress in zip(rows, progress_of(rows).values(), strict=True):
            batch.counted = progress
        return changelist

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        title = {"title": capfirst(self.opts.verbose_name_plural)}
        answer = super().changelist_view(request, {**title, **(extra_context or {})})
        shown = (getattr(answer, "context_data", None) or {}).get("cl")
        if shown and not shown.result_count and not request.GET:
            hint = _("A batch begins in the list of products: tick some, and choose “Try on…”.")
            messages.info(request, hint)
        return answer

    @admin.display(description=gettext_lazy("progress"))
    def progress(self, batch: TryOnBatch) -> SafeString:
        counted: Progress = batch.counted  # type: ignore[attr-defined]
        return format_html(
            '<progress class="glam-tryon-progress" max="{}" value="{}"></progress> {}',
            counted.total or 1,
            counted.over,
            counted.as_text(),
        )

    @admin.display(description=gettext_lazy("state"))
    def state(self, batch: TryOnBatch) -> SafeString:
        return badge(*state_of(batch, batch.counted))  # type: ignore[attr-defined]

    @admin.display(description=gettext_lazy("created"), ordering="created_at")
    def created(self, batch: TryOnBatch) -> SafeString:
        return age(batch.created_at)

    # One batch.

    def get_urls(self) -> list[Any]:
        views: dict[str, Callable[..., HttpResponse]] = {
            "progress": require_safe(self.progress_view),
            "steer": require_POST(self.steer_view),
            "publish": require_POST(self.publish_view),
        }
        own = [
            path(
                f"<uuid:pk>/{name}/",
                self.admin_site.admin_view(view),
                name=f"glam_tryon_tryonbatch_{name}",
            )
            for name, view in views.items()
        ]
        return [*own, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """The batch's page: it has nothing to edit."""
        batch = self._batch(request, object_id)
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        (progress,) = progress_of([batch]).values()
        tryons = filtered(batch, request.GET)
        page, entries = page_of(self.admin_site, tryons, request.GET.get("page"))
        may_publish = request.user.has_perm(PUBLISH)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": batch.name,
            "batch": batch,
            "progress": progress,
            "payload": self._payload(batch, progress),
            "retry_price": money_text(price(progress.failed)) if progress.failed else "",
            "may_change": self.has_change_permission(request),
            "may_publish": may_publish
            and any(picture.may_be_published for entry in entries for picture in entry.pictures),
            "shown": [(name, text) for name, (text, _rule) in SHOWN.items()],
            "show": request.GET.get("show", ""),
            "labels": labels_of(batch),
            "filters": request.GET,
            "page": page,
            "entries": entries,
            "media": self.media,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/glam_tryon/tryonbatch/batch.html", context)

    def _batch(self, request: HttpRequest, pk: Any) -> TryOnBatch:
        if not self.has_view_permission(request):
            raise PermissionDenied
        batch: TryOnBatch | None = self.get_object(request, str(pk))
        if batch is None:
            raise Http404
        return batch

    def _url(self, batch: TryOnBatch) -> str:
        return admin_url(self.admin_site, "glam_tryon_tryonbatch_change", batch.pk)

    def _payload(self, batch: TryOnBatch, progress: Progress) -> dict[str, Any]:
        state, text = state_of(batch, progress)
        moves = bool(progress.remaining) and not batch.paused_at
        return {
            "total": progress.total or 1,
            "over": progress.over,
            "ready": progress.ready,
            "text": progress.as_text(),
            "left": time_left_text(seconds_left(progress)) if moves else "",
            "state": state,
            "state_text": text,
            "done": not progress.remaining,
        }

    def progress_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """The batch's progress as JSON, for the page that shows it."""
        batch = self._batch(request, pk)
        (progress,) = progress_of([batch]).values()
        answer = JsonResponse(self._payload(batch, progress))
        answer["Cache-Control"] = "no-store"
        return answer

    # What may be done with it.

    def steer_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Pause, resume, cancel it, or send its failed ones again."""
        batch = self._batch(request, pk)
        if not self.has_change_permission(request, batch):
            raise PermissionDenied
        said = self._steer(request, batch, request.POST.get("do", ""))
        self.log_change(request, batch, said)
        messages.success(request, said)
        return HttpResponseRedirect(self._url(batch))

    def _steer(self, request: HttpRequest, batch: TryOnBatch, what: str) -> str:
        note = by_staff(request)
        if what == "pause":
            paused = jobs.pause_batch(batch)
            return (
                with_provider(_("The batch is paused; what %(provider)s has is finished."))
                if paused
                else _unchanged()
            )
        if what == "resume":
            return _("The batch goes on.") if jobs.resume_batch(batch) else _unchanged()
        if what == "cancel":
            count = jobs.cancel_batch(batch, note=note)
            text = ngettext("%(count)d try-on canceled.", "%(count)d try-ons canceled.", count)
            return text % {"count": count}
        if what == "retry":
            count = jobs.retry_batch(batch, note=note)
            text = ngettext(
                "%(count)d try-on is sent again.", "%(count)d try-ons are sent again.", count
            )
            return text % {"count": count}
        raise Http404

    def publish_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Put the ticked pictures into their products' galleries."""
        batch = self._batch(request, pk)
        if not request.user.has_perm(PUBLISH):
            raise PermissionDenied
        publish_ticked(request, self.admin_site, batch)
        url = self._url(batch)
        query = request.META.get("QUERY_STRING", "")
        return HttpResponseRedirect(f"{url}?{query}" if query else url)


def _unchanged() -> str:
    return _("Nothing changed.")


logger = logging.getLogger("glam_tryon.admin")


def publisher_for(job: TryOnJob, site: AdminSite) -> jobs.Publisher | None:
    """Return the product's ``ModelAdmin`` as what publishes, unless ``PUBLISH_RESULT`` does it."""
    if conf.PUBLISH_RESULT or job.content_type is None:
        return None
    model = job.content_type.model_class()
    admin: object = None
    if model is not None and site.is_registered(model):
        admin = site.get_model_admin(model)
    if isinstance(admin, TryOnAdminMixin) and admin.can_publish_tryon():
        return admin.publish_tryon_result
    return None


def publish_ticked(request: HttpRequest, site: AdminSite, batch: TryOnBatch) -> None:
    """Publish the ticked results of a batch; each has its own fate, told in one message a kind."""
    keys = [key for key in request.POST.getlist("result") if key.isdecimal()]
    rows = TryOnResult.objects.filter(job__batch=batch, pk__in=keys[:1000])
    done = skipped = 0
    for result in rows.select_related("job__person_photo", "job__content_type"):
        try:
            published = jobs.publish_result(
                result,
                by=request.user,
                alt=request.POST.get(f"alt_{result.pk}", ""),
                publisher=publisher_for(result.job, site),
            )
        except (NotPublishable, HookFailed) as error:
            if isinstance(error, HookFailed):
                logger.exception("result=%s could not be published", result.pk)
            messages.error(request, f"{result.job.garment_title}: {error}")
        except Exception as error:
            # The shop's own code may raise anything; the other pictures go on.
            logger.exception("result=%s could not be published", result.pk)
            messages.error(request, f"{result.job.garment_title}: {type(error).__name__}: {error}")
        else:
            done += published
            skipped += not published
    if done:
        text = ngettext("%(count)d picture published.", "%(count)d pictures published.", done)
        messages.success(request, text % {"count": done})
    if skipped:
        text = ngettext(
            "%(count)d was published already.", "%(count)d were published already.", skipped
        )
        messages.info(request, text % {"count": skipped})
    if not keys:
        messages.warning(request, _("Tick the pictures that are good first."))
