"""House models: whom the shop offers to try garments on."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import ContentFile
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from glam_tryon.admin.formatting import NOTHING, thumbnail
from glam_tryon.admin.products.licences import licence_warning, licence_words
from glam_tryon.admin.products.suggestions import Suggestions
from glam_tryon.conf import conf
from glam_tryon.exceptions import InvalidImage
from glam_tryon.images import normalise
from glam_tryon.models import PersonPhoto
from glam_tryon.models.receipt import Why
from glam_tryon.privacy.deletion import delete_photo
from glam_tryon.views.pictures import read_picture


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
            "title": _("Shoppers read it below the picture."),
            "image": _("One person, facing the camera, from the head to the knees at least."),
            "is_active": _("Take the tick away and shoppers no longer see the model."),
            "position": _("The smallest number comes first."),
            "body_type": _("In your own words, such as “tall” or “curvy”; shoppers read it."),
            "size": _("The size that the model wears, such as “M”; shoppers read it."),
            "licence": _("Who is shown, and what was agreed with them; for staff only."),
            "licensed_until": _("After this day the model is no longer offered. Empty: no end."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.image and "image" in self.fields:
            self.fields["image"].label = _("Another picture")

    def clean_image(self) -> Any:
        """Bring the picture into the form that is stored."""
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
        self.instance.sha256 = picture.sha256
        self.instance.width, self.instance.height = picture.width, picture.height
        return ContentFile(picture.content, name="model.jpg")


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

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        title = {"title": _("House model") if object_id else _("New house model")}
        return super().changeform_view(
            request, object_id, form_url, {**title, **(extra_context or {})}
        )

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
        super().save_model(request, obj, form, change)

    @admin.display(description=_("title"), ordering="title")
    def about(self, photo: PersonPhoto) -> SafeString:
        """The name, below it what the shop says of the body, and until when it may be shown."""
        more = [text for text in (photo.labels, licence_words(photo)) if text]
        lines = format_html_join("", '<div class="glam-tryon-quiet">{}</div>', zip(more))
        return format_html("{}{}", photo, lines)

    @admin.display(description=_("picture"))
    def picture(self, photo: PersonPhoto) -> SafeString | str:
        if not photo.image:
            return NOTHING
        url = reverse("admin:glam_tryon_personphoto_picture", args=[photo.pk])
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
        return read_picture(photo.image if photo else None)
