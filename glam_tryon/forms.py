"""The shopper's form: who tries the garment on, and the consent that a photo needs."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from glam_tryon.messages import error_message_for
from glam_tryon.models import PersonPhoto
from glam_tryon.privacy.consent import current_consent


def _refusal(code: str) -> ValidationError:
    return ValidationError(error_message_for(code), code=code)


class _HouseModelField(forms.ModelChoiceField):
    """Says the same of a key that names nobody and of one that is no key."""

    def to_python(self, value: Any) -> PersonPhoto | None:
        try:
            found: PersonPhoto | None = super().to_python(value)
        except ValidationError as error:
            raise _refusal("invalid_choice") from error
        return found


class TryOnForm(forms.Form):
    """One of the shop's house models, or an own photo with a tick under the text shown."""

    house_model = _HouseModelField(PersonPhoto.objects.none(), required=False)
    kept_photo = forms.UUIDField(required=False)
    keep = forms.BooleanField(required=False)
    photo = forms.FileField(required=False, allow_empty_file=True, max_length=None)
    consent = forms.BooleanField(required=False)
    adult = forms.BooleanField(required=False)
    consent_sha256 = forms.CharField(required=False, max_length=64)
    request_id = forms.CharField(required=False, max_length=64)

    def __init__(self, *args: Any, own_photo: PersonPhoto | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.own_photo = own_photo
        self.fields["house_model"].queryset = PersonPhoto.objects.house_models()  # type: ignore[attr-defined]
        self.agreement = current_consent()
        self.consent_stale = False

    def renew_agreement(self) -> None:
        """Take the text that is current by now, which nobody has agreed to."""
        self.agreement = current_consent()
        self.consent_stale = True

    def clean_kept_photo(self) -> PersonPhoto | None:
        """Return the photo of last time; no other one can be named."""
        named = self.cleaned_data["kept_photo"]
        if named is None:
            return None
        if self.own_photo is None or self.own_photo.pk != named:
            raise _refusal("photo_unavailable")
        return self.own_photo

    def clean(self) -> dict[str, Any]:
        """Ask for exactly one person, and for consent to the current text with an own photo."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("photo") is None:
            chosen = data.get("house_model") or data.get("kept_photo")
            if not chosen and not self.errors:
                raise _refusal("no_choice")
            return data
        # A photo beats a model that happens to be ticked as well.
        data["house_model"] = data["kept_photo"] = None
        if data.get("consent_sha256") != self.agreement.sha256:
            self.consent_stale = True
            raise _refusal("consent_changed")
        if not data.get("consent"):
            raise _refusal("no_consent")
        if self.agreement.adult and not data.get("adult"):
            raise _refusal("no_adult")
        return data
