"""Export and erasure of one person's data by staff: the form, and actions for a user admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from glam_tryon.models import DeletionReceipt
from glam_tryon.privacy import erase_tryon_data, export_tryon_data

#: Needed for both; it stands alone, so that a shop can give it to one person.
PURGE = "glam_tryon.purge_tryon_data"


def export_answer(user: Any) -> FileResponse:
    """Answer with the zip of a user."""
    response = FileResponse(
        export_tryon_data(user),
        as_attachment=True,
        filename=f"tryons-{user.pk}.zip",
        content_type="application/zip",
    )
    response["Cache-Control"] = "private, no-store"
    return response


def erased_message(receipt: DeletionReceipt) -> str:
    """Return what staff are told, with the way to the receipt."""
    if not receipt.is_kept:
        return _("There is no try-on data of this person.")
    return format_html(
        '{} <a href="{}">{}</a>',
        _("All try-on data of this person is erased."),
        reverse("glam_tryon:receipt", args=[receipt.pk]),
        _("Receipt"),
    )


class PersonForm(forms.Form):
    """Names one user, by user name, e-mail address or id, exactly."""

    person = forms.CharField(
        label=gettext_lazy("User"),
        help_text=gettext_lazy("User name, e-mail address or id, in full"),
        max_length=254,
    )
    sure = forms.BooleanField(
        label=gettext_lazy("Erase for good; nothing can be brought back"), required=False
    )

    def clean_person(self) -> Any:
        """Return the user.

        Raises:
            ValidationError: nobody has that name, or more than one.
        """
        model = get_user_model()
        name = self.cleaned_data["person"]
        wanted = Q(**{model.USERNAME_FIELD: name})
        fields = {field.name for field in model._meta.get_fields()}
        if (email := model.get_email_field_name()) in fields:
            wanted |= Q(**{email: name})
        if name.isdecimal():
            wanted |= Q(pk=name)
        found = list(model._default_manager.filter(wanted)[:2])
        if len(found) != 1:
            raise ValidationError(
                _("More than one user is named so; give the id.")
                if found
                else _("There is no such user."),
                code="no_user",
            )
        return found[0]


class TryOnDataActions:
    """Actions for a shop's own ``UserAdmin``: ``class ShopUserAdmin(TryOnDataActions, UserAdmin)``.

    Export takes one user at a time; both need the permission ``purge_tryon_data``.
    """

    actions = ("export_tryon_data", "erase_tryon_data")

    def has_purge_permission(self, request: HttpRequest) -> bool:
        """Say whether this member of staff may do so."""
        return bool(request.user.has_perm(PURGE))

    @admin.action(description=gettext_lazy("Export try-on data"), permissions=["purge"])
    def export_tryon_data(
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> HttpResponseBase | None:
        """Answer with the zip of the chosen user."""
        chosen = list(queryset[:2])
        if len(chosen) == 1:
            return export_answer(chosen[0])
        messages.error(request, _("Choose one user."))
        return None

    @admin.action(description=gettext_lazy("Erase try-on data for good"), permissions=["purge"])
    def erase_tryon_data(
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> HttpResponse | None:
        """Erase what is kept of the chosen users, once staff confirmed it."""
        if "confirmed" not in request.POST:
            page: Any = self
            context = {
                **page.admin_site.each_context(request),
                "title": _("Erase try-on data for good"),
                "opts": page.opts,
                "users": queryset,
                "media": page.media,
            }
            return TemplateResponse(request, "admin/glam_tryon/erase_confirm.html", context)
        for user in queryset:
            messages.success(request, erased_message(erase_tryon_data(user)))
        return None
