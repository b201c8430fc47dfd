"""The proofs of consent, to be looked up."""

from __future__ import annotations

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from glam_tryon.admin.formatting import instant
from glam_tryon.admin.pages import AppList, ReadOnly
from glam_tryon.models import ConsentRecord


@admin.register(ConsentRecord)
class ConsentRecordAdmin(ReadOnly, AppList):
    """Proofs, to be looked up; nobody changes them."""

    list_display = ("given", "text_named", "language", "short_hash", "taken_back")
    list_filter = ("version", "language")
    search_fields = ("=text_sha256",)
    search_help_text = gettext_lazy("sha256 of the text")
    show_full_result_count = False
    fields = (
        "given",
        "text_named",
        "language",
        "text",
        "text_sha256",
        "widget_version",
        "ip_hash",
        "taken_back",
    )
    readonly_fields = fields

    @admin.display(description=gettext_lazy("given"), ordering="created_at")
    def given(self, record: ConsentRecord) -> SafeString:
        return instant(record.created_at)

    @admin.display(description=gettext_lazy("version"), ordering="version")
    def text_named(self, record: ConsentRecord) -> str:
        return record.version or "-"

    @admin.display(description=gettext_lazy("sha256 of the text"), ordering="text_sha256")
    def short_hash(self, record: ConsentRecord) -> SafeString:
        return format_html(
            '<code title="{}">{}</code>', record.text_sha256, record.text_sha256[:12]
        )

    @admin.display(description=gettext_lazy("taken back"), ordering="withdrawn_at")
    def taken_back(self, record: ConsentRecord) -> SafeString:
        return instant(record.withdrawn_at)
