"""Consent in the admin: texts that shoppers agree to, their preview, and the proofs."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy, override
from django.utils.translation import gettext as _

from glam_tryon.admin.formatting import badge, instant
from glam_tryon.admin.pages import AppList, ReadOnly, admin_url
from glam_tryon.models import ConsentRecord, ConsentText
from glam_tryon.models.consent_record import text_sha256
from glam_tryon.privacy.consent import built_in_text

PUBLISH = "glam_tryon.publish_consenttext"


class ConsentTextForm(forms.ModelForm):
    """A draft begins with the built-in text, or with the version that it is to follow."""

    language = forms.ChoiceField(label=gettext_lazy("language"))

    class Meta:
        model = ConsentText
        fields = ("language", "text")
        widgets = {"text": forms.Textarea(attrs={"rows": 12, "cols": 80})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "language" in self.fields:
            self.fields["language"].choices = list(settings.LANGUAGES)  # type: ignore[attr-defined]


@admin.register(ConsentText)
class ConsentTextAdmin(AppList):
    """Drafts may be changed and deleted; a published text is there to be read."""

    form = ConsentTextForm
    list_display = ("name", "state", "published")
    list_filter = ("language",)
    actions = ("publish_texts",)
    change_form_template = "admin/glam_tryon/consenttext/change_form.html"

    @admin.display(description=gettext_lazy("text"), ordering="language")
    def name(self, text: ConsentText) -> str:
        language = dict(settings.LANGUAGES).get(text.language, text.language)
        version = _("version %(number)d") % {"number": text.version} if text.version else _("draft")
        return f"{language}, {version}"

    @admin.display(description=gettext_lazy("state"))
    def state(self, text: ConsentText) -> SafeString:
        if not text.is_published:
            return badge("draft", _("draft"))
        if ConsentText.objects.current(text.language) == text:
            return badge("ready", _("shoppers see it"))
        return badge("old", _("replaced"))

    @admin.display(description=gettext_lazy("published"), ordering="published_at")
    def published(self, text: ConsentText) -> SafeString:
        return instant(text.published_at)

    @admin.display(description=gettext_lazy("sha256 of the text"))
    def sha256(self, text: ConsentText) -> str:
        return text_sha256(text.text)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        about = ("state", "published", "sha256") if obj and obj.is_published else ()
        return ("language", "text", *about)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("state", "published", "sha256")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        copied = request.GET.get("copy", "")
        if copied.isdecimal() and (old := ConsentText.objects.filter(pk=copied).first()):
            return {"language": old.language, "text": old.text}
        language = request.GET.get("language") or get_language() or settings.LANGUAGE_CODE
        with override(language):
            return {"language": language, "text": built_in_text()}

    # What is published stays.

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        draft = obj is None or not obj.is_published
        return draft and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        draft = obj is None or not obj.is_published
        return draft and super().has_delete_permission(request, obj)

    def has_publish_permission(self, request: HttpRequest) -> bool:
        """Say whether this member of staff may decide what shoppers agree to."""
        return bool(request.user.has_perm(PUBLISH))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        page = {"may_publish": self.has_publish_permission(request)}
        return super().changeform_view(
            request, object_id, form_url, {**page, **(extra_context or {})}
        )

    def response_change(self, request: HttpRequest, obj: ConsentText) -> HttpResponse:
        # Saved first, so what is published is what stands in the form.
        if "_publish" not in request.POST:
            return super().response_change(request, obj)
        if not self.has_publish_permission(request):
            raise PermissionDenied
        self._publish(request, obj)
        return HttpResponseRedirect(admin_url(self.admin_site, "glam_tryon_consenttext_changelist"))

    @admin.action(description=gettext_lazy("Publish"), permissions=["publish"])
    def publish_texts(self, request: HttpRequest, queryset: QuerySet[ConsentText]) -> None:
        drafts = [text for text in queryset if not text.is_published]
        for text in drafts:
            self._publish(request, text)
        if not drafts:
            self.message_user(request, _("They are published already."), messages.WARNING)

    def _publish(self, request: HttpRequest, text: ConsentText) -> None:
        text.publish()
        self.log_change(request, text, f"Published: {text_sha256(text.text)}")
        said = _("%(text)s is what shoppers agree to from now on.") % {"text": self.name(text)}
        self.message_user(request, said, messages.SUCCESS)

    # As shoppers see it.

    def get_urls(self) -> list[Any]:
        own = path(
            "<int:pk>/preview/",
            self.admin_site.admin_view(self.preview),
            name="glam_tryon_consenttext_preview",
        )
        return [own, *super().get_urls()]

    def preview(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The text as the form of a try-on shows it."""
        text = get_object_or_404(ConsentText, pk=pk)
        if not self.has_view_permission(request, text):
            raise PermissionDenied
        with override(text.language):
            return render(request, "glam_tryon/consent_preview.html", {"consent": text})


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
