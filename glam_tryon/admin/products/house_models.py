"""House models: whom the shop offers to try garments on, and until when it may."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from glam_tryon.admin.formatting import NOTHING, badge, thumbnail
from glam_tryon.admin.pages import admin_url
from glam_tryon.conf import conf
from glam_tryon.exceptions import FileUnavailable, InvalidImage
from glam_tryon.images import NormalisedImage, normalise
from glam_tryon.models import PersonPhoto, PossibleOrphan, TryOnResult
from glam_tryon.models.person_photo import photo_name
from glam_tryon.models.receipt import Why
from glam_tryon.privacy.deletion import delete_photo
from glam_tryon.tracked_files import abandon, announce, outside_atomic_requests, save_noted
from glam_tryon.views.pictures import read_picture

logger = logging.getLogger("glam_tryon.admin")


class Suggestions(forms.TextInput):
    """Suggests what other house models have in the field ``name``."""

    template_name = "glam_tryon/suggestions.html"

    def __init__(self, name: str) -> None:
        super().__init__({"class": "vTextField", "autocomplete": "off"})
        self.field_name = name

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        """Add the texts in use, and the id of their list."""
        context: dict[str, Any] = super().get_context(name, value, attrs)
        texts = (
            PersonPhoto.objects.filter(kind=PersonPhoto.Kind.HOUSE_MODEL)
            .exclude(**{self.field_name: ""})
            .order_by(self.field_name)
            .values_list(self.field_name, flat=True)
            .distinct()
        )
        list_id = f"{context['widget']['attrs'].get('id', name)}_suggestions"
        context["widget"]["attrs"]["list"] = list_id
        return {**context, "texts": texts, "list_id": list_id}


#: So many days before its end staff hear of it.
WARNED_DAYS = 14


def licence_label(photo: PersonPhoto) -> SafeString | str:
    """Return until when a house model may be shown, in colour when that is soon or over.

    Empty when there is no end.
    """
    end = photo.licensed_until
    if end is None:
        return ""
    day = date_format(end, "SHORT_DATE_FORMAT")
    if not photo.is_licensed:
        return badge("failed", _("ended %(day)s") % {"day": day})
    if end <= timezone.localdate() + timedelta(days=WARNED_DAYS):
        return badge("unconfirmed", _("ends %(day)s") % {"day": day})
    return _("until %(day)s") % {"day": day}


def licence_warning() -> str:
    """Return whose time is over or soon will be, and how many of their pictures are published."""
    soon = timezone.localdate() + timedelta(days=WARNED_DAYS)
    kind = PersonPhoto.Kind.HOUSE_MODEL
    models = list(PersonPhoto.objects.filter(kind=kind, is_active=True, licensed_until__lte=soon))
    if not models:
        return ""
    over = [model for model in models if not model.is_licensed]
    parts = []
    if over:
        names = ", ".join(map(str, over))
        parts.append(
            _("Not offered any more, for their licence ended: %(names)s.") % {"names": names}
        )
        published = TryOnResult.objects.filter(
            job__person_photo__in=over, published_at__isnull=False
        ).count()
        if published:
            parts.append(
                ngettext(
                    "%(count)d picture of them is published: look at it in the shop.",
                    "%(count)d pictures of them are published: look at them in the shop.",
                    published,
                )
                % {"count": published}
            )
    if rest := [model for model in models if model not in over]:
        names = ", ".join(map(str, rest))
        parts.append(_("The licence ends soon of: %(names)s.") % {"names": names})
    return " ".join(parts)


class HouseModelForm(forms.ModelForm):
    """A new picture passes the same door as a shopper's photo."""

    class Meta:
        model = PersonPhoto
        fields = (
            "title",
            "image",
            "is_active",
            "position",
            "body_type",
            "size",
            "licence",
            "licensed_until",
        )
        widgets = {
            "image": forms.FileInput,
            "body_type": Suggestions("body_type"),
            "size": Suggestions("size"),
            "licence": forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
        }
        help_texts = {
            "title": gettext_lazy("Shoppers read it below the picture."),
            "image": gettext_lazy(
                "One person, facing the camera, from the head to the knees at least."
            ),
            "is_active": gettext_lazy("Take the tick away and shoppers no longer see the model."),
            "position": gettext_lazy("The smallest number comes first."),
            "body_type": gettext_lazy(
                "In your own words, such as “tall” or “curvy”; shoppers read it."
            ),
            "size": gettext_lazy("The size that the model wears, such as “M”; shoppers read it."),
            "licence": gettext_lazy("Who is shown, and what was agreed with them; for staff only."),
            "licensed_until": gettext_lazy(
                "After this day the model is no longer offered. Empty: no end."
            ),
        }

    #: The new picture in the form that is stored.
    picture: NormalisedImage | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.image and "image" in self.fields:
            self.fields["image"].label = _("Another picture")

    def clean_image(self) -> Any:
        """Bring the picture into the form that is stored; ``save_model`` stores it."""
        given = self.cleaned_data["image"]
        if not given:
            raise ValidationError(_("A house model needs a picture."), code="no_picture")
        if "image" not in self.changed_data:
            return given
        try:
            picture = normalise(
                given, max_bytes=conf.MAX_UPLOAD_BYTES, long_side=conf.PHOTO_LONG_SIDE
            )
        except InvalidImage as error:
            raise ValidationError(str(error), code=error.code) from error
        self.picture = picture
        return given


@admin.register(PersonPhoto)
class PersonPhotoAdmin(admin.ModelAdmin):
    """House models only: a shopper's photo is not for browsing."""

    form = HouseModelForm
    list_display = ("picture", "about", "is_active", "position")
    list_display_links = ("about",)
    list_editable = ("is_active", "position")
    search_fields = ("title", "body_type", "size")
    list_filter = ("is_active", "body_type", "size")
    readonly_fields = ("picture",)

    class Media:
        css = {"all": ("glam_tryon/admin.css",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[PersonPhoto]:
        rows: QuerySet[PersonPhoto] = super().get_queryset(request)
        return rows.filter(kind=PersonPhoto.Kind.HOUSE_MODEL).order_by("position", "title")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = HouseModelForm.Meta.fields
        return fields if obj is None else ("picture", *fields)

    # Staff see house models only, so the pages say so, and not "person photos".

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        title = {"title": _("House models")}
        if request.method == "GET" and (said := licence_warning()):
            messages.warning(request, said)
        return super().changelist_view(request, {**title, **(extra_context or {})})

    @outside_atomic_requests
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return super().add_view(request, form_url, extra_context)

    @outside_atomic_requests
    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        return super().change_view(request, object_id, form_url, extra_context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        title = {"title": _("House model") if object_id else _("New house model")}
        # Django saves in a transaction, so the file is noted before that begins.
        note = announce(photo_name()) if request.FILES else None
        request.tryon_note = note  # type: ignore[attr-defined]
        try:
            return super().changeform_view(
                request, object_id, form_url, {**title, **(extra_context or {})}
            )
        except FileUnavailable:
            logger.exception("the picture of a house model could not be saved")
            messages.error(request, _("The storage did not take the picture. Try again later."))
            return redirect(request.get_full_path())
        finally:
            if note is not None:
                abandon(note)

    def delete_model(self, request: HttpRequest, obj: PersonPhoto) -> None:
        # The file first: a row that is gone names it no more.
        if delete_photo(obj, why=Why.STAFF).left:
            PersonPhoto.objects.filter(pk=obj.pk).update(is_active=False)
        else:
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[PersonPhoto]) -> None:
        for photo in queryset:
            self.delete_model(request, photo)

    def save_model(self, request: HttpRequest, obj: PersonPhoto, form: Any, change: bool) -> None:
        obj.kind = PersonPhoto.Kind.HOUSE_MODEL
        picture: NormalisedImage | None = getattr(form, "picture", None)
        if picture is None:
            super().save_model(request, obj, form, change)
            return
        note: PossibleOrphan = request.tryon_note  # type: ignore[attr-defined]
        save_noted(note, picture.content)
        obj.image, obj.sha256 = note.name, picture.sha256
        obj.width, obj.height = picture.width, picture.height
        earlier = PersonPhoto.objects.writer().filter(pk=obj.pk).values_list("image", flat=True)
        PossibleOrphan.objects.writer().note(*earlier)
        super().save_model(request, obj, form, change)
        note.settle()

    @admin.display(description=gettext_lazy("title"), ordering="title")
    def about(self, photo: PersonPhoto) -> SafeString:
        """The name, below it what the shop says of the body, and until when it may be shown."""
        more = [text for text in (photo.labels, licence_label(photo)) if text]
        lines = format_html_join("", '<div class="glam-tryon-quiet">{}</div>', zip(more))
        return format_html("{}{}", photo, lines)

    @admin.display(description=gettext_lazy("picture"))
    def picture(self, photo: PersonPhoto) -> SafeString | str:
        if not photo.is_there:
            return NOTHING
        url = admin_url(self.admin_site, "glam_tryon_personphoto_picture", photo.pk)
        return thumbnail(url, photo.title)

    def get_urls(self) -> list[Any]:
        own = path(
            "<uuid:pk>/picture/",
            self.admin_site.admin_view(self.picture_view),
            name="glam_tryon_personphoto_picture",
        )
        return [own, *super().get_urls()]

    def picture_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """A house model's picture, whether it is offered now or not."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        photo = self.get_queryset(request).filter(pk=pk).first()
        return read_picture(photo.image if photo and photo.is_there else None)
