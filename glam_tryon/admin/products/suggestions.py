"""A text field that suggests the words which the shop uses already."""

from __future__ import annotations

from typing import Any

from django import forms

from glam_tryon.models import PersonPhoto


class Suggestions(forms.TextInput):
    """Suggests what other house models have in the field ``name``."""

    template_name = "glam_tryon/suggestions.html"

    def __init__(self, name: str) -> None:
        super().__init__({"class": "vTextField", "autocomplete": "off"})
        self.field_name = name

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        """Add the words in use, and the id of their list."""
        context: dict[str, Any] = super().get_context(name, value, attrs)
        words = (
            PersonPhoto.objects.filter(kind=PersonPhoto.Kind.HOUSE_MODEL)
            .exclude(**{self.field_name: ""})
            .order_by(self.field_name)
            .values_list(self.field_name, flat=True)
            .distinct()
        )
        list_id = f"{context['widget']['attrs'].get('id', name)}_words"
        context["widget"]["attrs"]["list"] = list_id
        return {**context, "words": words, "list_id": list_id}
