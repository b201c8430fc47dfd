"""The form with which staff order one try-on."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from glam_tryon import jobs
from glam_tryon.exceptions import (
    GarmentUnavailable,
    HookFailed,
    InvalidImage,
    NotRegistered,
    PhotoUnavailable,
)
from glam_tryon.garments import registered
from glam_tryon.models import PersonPhoto, TryOnJob
from glam_tryon.models.job import MASK_TYPES
from glam_tryon.models.status import Priority
from glam_tryon.privacy.consent import LONGEST_REASON, NoConsentNeeded
from glam_tryon.providers.selection import with_provider_lazy

#: In the order in which staff think of them.
ORDER_FIELDS = ("product", "house_model", "photo", "agreed", "mask_type", "priority")

#: A list of more products than this is typed in, not chosen from.
LONGEST_LIST = 500


class ProductField(forms.CharField):
    """A product of any registered model, written ``app.model:id``."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.widget = self._list() or forms.TextInput()
        if isinstance(self.widget, forms.TextInput):
            self.help_text = _("Model and id of the product, such as shop.product:12")

    def _list(self) -> forms.Select | None:
        models = registered()
        if sum(model._default_manager.count() for model in models) > LONGEST_LIST:
            return None
        groups = [
            (
                str(model._meta.verbose_name_plural),
                [(f"{model._meta.label_lower}:{row.pk}", str(row)) for row in _rows(model)],
            )
            for model in models
        ]
        return forms.Select(choices=[("", "---------"), *groups])

    def clean(self, value: Any) -> Model:
        """Return the product.

        Raises:
            ValidationError: there is none of that name.
        """
        label, _colon, key = str(super().clean(value)).partition(":")
        for model in registered():
            if model._meta.label_lower == label:
                try:
                    return model._default_manager.get(pk=key)
                except (ObjectDoesNotExist, ValueError, ValidationError):
                    break
        raise ValidationError(_("There is no such product."), code="no_product")


def _rows(model: type[Model]) -> Any:
    return model._default_manager.order_by("pk")


class OrderForm(forms.ModelForm):
    """Product, person and what the garment replaces; saving it orders the try-on.

    ``by`` is the member of staff who orders.
    """

    by: Any = None

    product = forms.CharField()
    house_model = forms.ModelChoiceField(
        PersonPhoto.objects.none(), required=False, label=_("House model")
    )
    photo = forms.FileField(
        required=False,
        label=_("or a photo"),
        help_text=with_provider_lazy(
            _("Only of a person who agreed that it is sent to %(provider)s.")
        ),
    )
    agreed = forms.CharField(
        required=False,
        max_length=LONGEST_REASON,
        label=_("How this person agreed"),
        help_text=_("Kept with the photo, such as: signed model release of 3 March."),
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )
    mask_type = forms.ChoiceField(
        choices=[("", _("what the product says")), *MASK_TYPES],
        required=False,
        label=_("Replaces"),
        help_text=_("What of the person's own clothes gives way to the garment."),
    )
    priority = forms.ChoiceField(
        choices=Priority.choices,
        initial=Priority.CATALOGUE,
        label=_("Priority"),
        help_text=_("Whoever waits in the shop comes first; the catalogue takes what is left."),
    )

    class Meta:
        model = TryOnJob
        fields = ("mask_type", "priority")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["product"] = ProductField(label=_("Product"))
        self.fields["house_model"].queryset = PersonPhoto.objects.house_models()  # type: ignore[attr-defined]
        self.order_fields(ORDER_FIELDS)

    def clean(self) -> dict[str, Any]:
        """Order the try-on: what it is refused for stands beside the form."""
        data: dict[str, Any] = super().clean() or {}
        if self.errors:
            return data
        if bool(data["house_model"]) == bool(data["photo"]):
            raise ValidationError(_("Choose a house model or a photo."), code="no_person")
        if data["photo"] and not data["agreed"]:
            self.add_error(
                "agreed", ValidationError(_("Say how this person agreed."), code="no_consent")
            )
            return data
        try:
            self.instance = jobs.place(
                data["product"],
                photo=data["house_model"],
                upload=data["photo"],
                consent=NoConsentNeeded(data["agreed"]) if data["photo"] else None,
                title=str(_("by staff")),
                by=self.by,
                mask_type=data["mask_type"] or None,
                priority=data["priority"],
            )
        except (
            GarmentUnavailable,
            HookFailed,
            InvalidImage,
            NotRegistered,
            PhotoUnavailable,
        ) as error:
            raise ValidationError(str(error), code=getattr(error, "code", "refused")) from error
        return data

    def _post_clean(self) -> None:
        """The job is made and checked by ``jobs.place``, not by the model form."""

    def save(self, commit: bool = True) -> TryOnJob:
        """Return the ordered job; it is saved already."""
        job: TryOnJob = self.instance
        return job

    def save_m2m(self) -> None:
        """A job has no such relations."""
