"""A shopper's photo on the page of a job: hidden, shown on a click, and each look is on record."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from glam_tryon.models import PersonPhoto, TryOnJob
from glam_tryon.views.pictures import read_picture

logger = logging.getLogger("glam_tryon.admin")

#: Needed beside the permission to view try-ons.
PERMISSION = "glam_tryon.view_person_photo"


def hidden_photo(job: TryOnJob) -> PersonPhoto | None:
    """Return the job's photo when it is a shopper's own and still there."""
    photo = job.current_photo()
    own = photo is not None and photo.kind == PersonPhoto.Kind.SHOPPER
    return photo if own else None


class PersonPhotoOnClick:
    """For ``TryOnJobAdmin``: a button that posts, so no link and no prefetch shows the photo."""

    admin_site: admin.AdminSite

    @admin.display(description=gettext_lazy("own photo"))
    def show_person_photo(self, job: TryOnJob) -> SafeString:
        # The button stands in the page's own form, which has the token.
        return format_html(
            '<button class="glam-tryon-button" type="submit" formnovalidate formtarget="_blank" '
            'formaction="{}">{}</button> <span class="glam-tryon-quiet">{}</span>',
            reverse("admin:glam_tryon_tryonjob_person_photo", args=[job.pk]),
            _("Show the photo"),
            _("Each look is on record, with your name."),
        )

    def offers_person_photo(self, request: HttpRequest, job: TryOnJob) -> bool:
        """Say whether the page has the button."""
        # Of what the page read already; the look itself asks where it is written.
        photo = job.person_photo
        own = photo is not None and photo.kind == PersonPhoto.Kind.SHOPPER and photo.is_there
        return own and request.user.has_perm(PERMISSION)

    def person_photo_urls(self) -> list[Any]:
        """Return the address behind the button."""
        return [
            path(
                "<uuid:pk>/person-photo/",
                self.admin_site.admin_view(self.person_photo),
                name="glam_tryon_tryonjob_person_photo",
            )
        ]

    def person_photo(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """The photo, to staff with the permission; who looked at it is written down first."""
        page: Any = self
        if not (page.has_view_permission(request) and request.user.has_perm(PERMISSION)):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        job = get_object_or_404(TryOnJob, pk=pk)
        photo = hidden_photo(job)
        if photo is None:
            raise Http404
        page.log_change(request, job, _("Looked at the shopper's photo."))
        logger.info("the photo of job=%s was looked at by user=%s", job.pk, request.user.pk)
        return read_picture(photo.image)
