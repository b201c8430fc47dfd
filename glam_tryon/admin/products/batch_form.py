"""The form with which staff order a batch: on whom, which picture, what the garments replace."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from glam_tryon.exceptions import GarmentUnavailable, NotRegistered
from glam_tryon.garments import garment_of
from glam_tryon.jobs import MOST_PAIRS
from glam_tryon.limits.availability import is_excluded
from glam_tryon.models import PersonPhoto
from glam_tryon.models.job import MASK_TYPES
from glam_tryon.views.product import garment_url

#: Products whose further pictures are offered; with more of them the page would be too long.
MOST_GALLERIES = 24

#: Gives the key and the file of each further picture of a product.
Gallery = Callable[[Model], Sequence[tuple[str, Any]]]


_REASONS = {
    "no_picture": _("it has no picture"),
    "excluded": _("its category is left out"),
    "unregistered": _("it is not registered for try-ons"),
}


def why_not(product: Model) -> str:
    """Return the code of why a product cannot be tried on, empty when it can.

    Its picture's file is not opened.
    """
    try:
        if is_excluded(product):
            return "excluded"
        garment_of(product).get_image(product)
    except GarmentUnavailable:
        return "no_picture"
    except NotRegistered:
        return "unregistered"
    return ""


class BatchForm(forms.Form):
    """Each chosen house model wears each product. ``key`` makes a second sending harmless."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    house_models = forms.ModelMultipleChoiceField(
        PersonPhoto.objects.none(),
        label=_("House models"),
        error_messages={"required": _("Choose at least one house model.")},
    )
    mask_type = forms.ChoiceField(
        choices=[("", _("what the product says")), *MASK_TYPES],
        required=False,
        label=_("Replaces"),
        help_text=_("What of the person's own clothes gives way to the garment."),
    )
    name = forms.CharField(
        max_length=120,
        label=_("Name of the batch"),
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )

    def __init__(
        self, products: Sequence[Model], get_gallery: Gallery, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.products = products
        self.galleries: dict[str, dict[str, Any]] = {}
        self.fields["house_models"].queryset = PersonPhoto.objects.house_models()  # type: ignore[attr-defined]
        self.codes = {str(product.pk): why_not(product) for product in products}
        for product in products[:MOST_GALLERIES]:
            found = dict(get_gallery(product))
            code = self.codes[str(product.pk)]
            if found and code in ("", "no_picture"):
                self.galleries[str(product.pk)] = found
                self.fields[f"garment_{product.pk}"] = forms.ChoiceField(
                    choices=[("", ""), *((key, key) for key in found)],
                    required=False,
                    label=str(product),
                )

    def clean(self) -> dict[str, Any]:
        """Refuse more pairs than a batch may have."""
        data: dict[str, Any] = super().clean() or {}
        pairs = self.pairs
        if pairs > MOST_PAIRS:
            raise ValidationError(
                ngettext(
                    "That is %(count)d try-on; a batch has %(most)d at most.",
                    "Those are %(count)d try-ons; a batch has %(most)d at most.",
                    pairs,
                )
                % {"count": pairs, "most": MOST_PAIRS},
                code="too_many",
            )
        if not self.errors and not self.usable:
            raise ValidationError(_("None of these products can be tried on."), code="none")
        return data

    @property
    def pairs(self) -> int:
        """Number of pictures that are ordered."""
        return len(self.usable) * len(self.cleaned_data.get("house_models") or [])

    @property
    def usable(self) -> list[Model]:
        """The products that can be tried on."""
        other = self._other
        return [
            each for each in self.products if str(each.pk) in other or not self.codes[str(each.pk)]
        ]

    @property
    def left_out(self) -> list[tuple[Model, Any]]:
        """The products that cannot be tried on, and why."""
        usable = self.usable
        return [
            (each, _REASONS[self.codes[str(each.pk)]])
            for each in self.products
            if each not in usable
        ]

    @property
    def _other(self) -> dict[str, str]:
        chosen = {key: self.cleaned_data.get(f"garment_{key}") or "" for key in self.galleries}
        return {key: picture for key, picture in chosen.items() if picture}

    def pictures(self) -> dict[Any, Any]:
        """Return the chosen garment pictures that are not the registered ones, by product key."""
        keys = {str(product.pk): product.pk for product in self.products}
        return {keys[key]: self.galleries[key][chosen] for key, chosen in self._other.items()}

    # What the page draws as cards.

    def model_cards(self) -> list[dict[str, Any]]:
        """Return each house model with its picture and whether it is chosen."""
        bound = self["house_models"]
        chosen = {str(value) for value in bound.value() or []}
        return [
            {
                "value": str(model.pk),
                "title": str(model),
                "labels": model.labels,
                "src": reverse("glam_tryon:house_model", args=[model.pk]),
                "checked": str(model.pk) in chosen,
                "until": model.licensed_until,
            }
            for model in PersonPhoto.objects.house_models()
        ]

    def garment_cards(self) -> list[dict[str, Any]]:
        """Return each product that has further pictures, with all its pictures to choose from."""
        cards = []
        for product in self.products:
            files = self.galleries.get(str(product.pk))
            if not files:
                continue
            name = f"garment_{product.pk}"
            chosen = str(self[name].value() or "")
            main = not self.codes[str(product.pk)]
            choices = [("", garment_url(product))] if main else []
            choices += [(key, file.url) for key, file in files.items()]
            if chosen not in dict(choices):
                chosen = choices[0][0]
            pictures = [
                {"value": value, "src": src, "checked": value == chosen} for value, src in choices
            ]
            cards.append({"name": name, "product": product, "pictures": pictures})
        return cards


def name_of(products: Sequence[Model]) -> str:
    """Return "Linen shirt", or "Linen shirt and 3 more"."""
    first, rest = str(products[0])[:100], len(products) - 1
    if not rest:
        return first
    text = ngettext("%(first)s and %(rest)d more", "%(first)s and %(rest)d more", rest)
    return text % {"first": first, "rest": rest}


def new_batch(products: Sequence[Model]) -> dict[str, Any]:
    """Return what a fresh form holds: a key of its own, and a name."""
    return {"key": uuid.uuid4(), "name": name_of(products)}
