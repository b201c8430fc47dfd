"""Receipts of deletions in the admin, and the page that exports or erases one person's data."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from glam_tryon.admin.formatting import NOTHING, instant
from glam_tryon.admin.pages import AppList, ReadOnly, admin_url
from glam_tryon.admin.privacy.personal_data import PURGE, PersonForm, erased_message, export_answer
from glam_tryon.models import DeletionReceipt
from glam_tryon.privacy import erase_tryon_data
from glam_tryon.views.privacy_pages import kind_counts


@admin.register(DeletionReceipt)
class DeletionReceiptAdmin(ReadOnly, AppList):
    """Receipts: the admin shows what was deleted, when and why."""

    list_display = ("deleted", "why", "what", "left", "number")
    list_filter = ("why",)
    search_fields = ("id",)
    search_help_text = gettext_lazy("Number of the receipt, or sha256 of a picture")
    show_full_result_count = False
    list_per_page = 50
    change_list_template = "admin/glam_tryon/deletionreceipt/change_list.html"
    fields = ("deleted", "why", "what", "left", "number", "page", "fingerprints")
    readonly_fields = fields

    @admin.display(description=gettext_lazy("deleted"), ordering="deleted_at")
    def deleted(self, receipt: DeletionReceipt) -> SafeString:
        return instant(receipt.deleted_at)

    @admin.display(description=gettext_lazy("what"))
    def what(self, receipt: DeletionReceipt) -> str | SafeString:
        return ", ".join(f"{name}: {count}" for name, count in kind_counts(receipt)) or NOTHING

    @admin.display(description=gettext_lazy("number"))
    def number(self, receipt: DeletionReceipt) -> SafeString:
        return format_html("<code>{}</code>", receipt.pk)

    @admin.display(description=gettext_lazy("the shopper's page"))
    def page(self, receipt: DeletionReceipt) -> SafeString:
        url = reverse("glam_tryon:receipt", args=[receipt.pk])
        return format_html('<a href="{}">{}</a>', url, _("Receipt"))

    @admin.display(description=gettext_lazy("sha256 of the pictures"))
    def fingerprints(self, receipt: DeletionReceipt) -> SafeString:
        return (
            format_html_join("", "<code>{}</code><br>", ([each] for each in receipt.hashes()))
            or NOTHING
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[DeletionReceipt], search_term: str
    ) -> tuple[QuerySet[DeletionReceipt], bool]:
        text = search_term.strip().lower()
        if not text:
            return queryset, False
        found = Q(pk__in=DeletionReceipt.objects.about([text]).values("pk"))
        with suppress(ValueError):
            found |= Q(pk=UUID(text))
        return queryset.filter(found), False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        page = {"may_purge": request.user.has_perm(PURGE)}
        return super().changelist_view(request, {**page, **(extra_context or {})})

    # Personal data: a page that needs no user admin of the shop's own.

    def get_urls(self) -> list[Any]:
        """Add the page on which staff export or erase one person's data."""
        page = path(
            "personal-data/",
            self.admin_site.admin_view(self.personal_data),
            name="glam_tryon_personal_data",
        )
        return [page, *super().get_urls()]

    def personal_data(self, request: HttpRequest) -> HttpResponseBase:
        """Export or erase what is kept of one user."""
        if not request.user.has_perm(PURGE):
            raise PermissionDenied
        form = PersonForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            user = form.cleaned_data["person"]
            if "export" in request.POST:
                return export_answer(user)
            if form.cleaned_data["sure"]:
                receipt = erase_tryon_data(user)
                messages.success(request, erased_message(receipt))
                return redirect(admin_url(self.admin_site, "glam_tryon_personal_data"))
            form.add_error("sure", _("Tick this to erase."))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Try-on data of a person"),
            "opts": self.opts,
            "form": form,
            "media": self.media,
        }
        return TemplateResponse(request, "admin/glam_tryon/personal_data.html", context)
