"""Checks of ``garments.register``: what is named is there, opens, and is a mask type."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Field, FileField, Model

from glam_tryon.conf import conf
from glam_tryon.exceptions import SettingError
from glam_tryon.garments import (
    MASK_TYPES,
    Garment,
    Source,
    can_be_opened,
    garment_of,
    missing,
    registered,
    why_no_file,
)

#: What a model need not have, because only a default names it.
_DEFAULTS = {"title": "name", "url": "get_absolute_url", "category": "category"}
_GETTERS = {
    "image": "get_image",
    "mask_type": "get_mask_type",
    "title": "get_title",
    "url": "get_url",
    "add_to_cart_url": "get_add_to_cart_url",
    "add_to_cart_fields": "get_add_to_cart_fields",
    "category": "get_categories",
    "enabled": "is_enabled",
}
#: How fields are stored whose values are certainly no files.
_PLAIN = {
    *("BooleanField", "CharField", "DateField", "DateTimeField", "DecimalField", "FloatField"),
    *("IntegerField", "JSONField", "SlugField", "TextField", "URLField"),
}


@register(Tags.models)
def check_registrations(app_configs: object, **kwargs: Any) -> Sequence[CheckMessage]:
    """Look at each registered model's sources; nothing is called and no row is read."""
    models = registered()
    if not models:
        return [
            checks.Warning(
                "No product is registered, so there is nothing to try on.",
                hint="In a tryon.py of an installed app: "
                'glam_tryon.garments.register(Product, image="photo", mask_type="upper").',
                id="glam_tryon.W014",
            )
        ]
    return [message for model in models for message in _registration(model)]


def _registration(model: type[Model]) -> Iterator[CheckMessage]:
    garment = garment_of(model)
    for name, getter in _GETTERS.items():
        source: Source = getattr(garment, name)
        own = getattr(type(garment), getter) is not getattr(Garment, getter)
        if not own and isinstance(source, str):
            yield from _source(model, name, source)
    if type(garment).get_categories is Garment.get_categories:
        yield from _category(model, garment.category)


def _source(model: type[Model], name: str, source: str) -> Iterator[CheckMessage]:
    if source == _DEFAULTS.get(name) and not hasattr(model, source):
        return
    if name == "mask_type" and source in MASK_TYPES:
        return
    problem, end = _walk(model, source)
    where = f"{model._meta.label} is registered with {name}={source!r}"
    if name == "mask_type":
        if problem:
            problem = f"that is no mask type ('overall', 'upper' or 'lower'), and {problem}"
        elif wrong := _choices(end) - MASK_TYPES:
            problem = f"it may be {', '.join(map(repr, sorted(wrong)))}, which is no mask type"
        if problem:
            hint = "Name one of the three words, or what gives one of them."
            yield Error(f"{where}: {problem}.", hint=hint, obj=model, id="glam_tryon.E008")
    elif problem:
        hint = "Name an attribute, a method, a path through relations, or give a callable."
        yield Error(f"{where}: {problem}.", hint=hint, obj=model, id="glam_tryon.E006")
    elif name == "image" and (problem := _no_file(end, source)):
        hint = "The provider gets what the file holds."
        yield Error(f"{where}: {problem}.", hint=hint, obj=model, id="glam_tryon.E007")


def _walk(model: type[Model], source: str) -> tuple[str, Any]:
    """Follow a path as far as models tell. Return what is missing, and where the path ends.

    That is a field, a model for a row, a list with a model for rows, or None when nobody can tell.
    """
    end: Any = model
    for step in source.split("."):
        if isinstance(end, Field) and end.is_relation:
            end = end.related_model
        if isinstance(end, list):
            end = end[0] if step in ("first", "last") else None
        elif isinstance(end, type) and issubclass(end, Model):
            end = _step(end, step)
            if isinstance(end, str):
                return end, None
        else:
            end = None
        if end is None:
            break
    return "", end


def _step(model: type[Model], step: str) -> Any:
    for relation in model._meta.related_objects:
        if relation.get_accessor_name() == step:
            return relation.related_model if relation.one_to_one else [relation.related_model]
    try:
        field = model._meta.get_field(step)
    except FieldDoesNotExist:
        # What a row finds by itself cannot be known from its model.
        known = hasattr(model, step) or hasattr(model, "__getattr__")
        return None if known else missing(model, step)
    if getattr(field, "many_to_many", False):
        return [field.related_model]
    return field if isinstance(field, Field) else None


def _choices(end: Any) -> set[str]:
    return {str(value) for value, _label in getattr(end, "flatchoices", ())}


def _no_file(end: Any, source: str) -> str:
    if isinstance(end, list):
        return why_no_file(end, source)
    row = end.related_model if isinstance(end, Field) and end.is_relation else end
    if isinstance(row, type) and issubclass(row, Model):
        library = {field.name for field in row._meta.fields if isinstance(field, FileField)}
        is_file = can_be_opened(row) or "file" in library
        return "" if is_file else why_no_file(row(), source)
    if not isinstance(end, Field) or isinstance(end, FileField):
        return ""
    kind = type(end).__name__
    if end.get_internal_type() not in _PLAIN:
        return ""
    if type(end).__module__.startswith("django."):
        return why_no_file("", source)
    return (
        f"{source!r} is a {kind}, which cannot be opened: give a callable that returns a file, as "
        f"lambda product: ContentFile(requests.get(product.{source}.url, timeout=10).content, "
        "name='photo.jpg')"
    )


def _category(model: type[Model], source: Source) -> Iterator[CheckMessage]:
    """Find a category that ``TRYON_EXCLUDED`` can never match."""
    try:
        words = {word.casefold() for word in conf.TRYON_EXCLUDED}
    except SettingError:
        return
    if not words or not isinstance(source, str):
        return
    label = model._meta.label
    if source == _DEFAULTS["category"] and not hasattr(model, source):
        if hasattr(model, "categories"):
            yield checks.Warning(
                f"TRYON_EXCLUDED does nothing for {label}: it has no 'category', but 'categories'.",
                hint='Register it with category="categories", or with category=None.',
                obj=model,
                id="glam_tryon.W013",
            )
        return
    _problem, end = _walk(model, source)
    for value, shown in getattr(end, "flatchoices", ()):
        if str(shown).casefold() in words and str(value).casefold() not in words:
            yield checks.Warning(
                f"TRYON_EXCLUDED does not match {label}: {source!r} holds {value!r} for {shown!r}.",
                hint=f'Register it with category="get_{source}_display".',
                obj=model,
                id="glam_tryon.W013",
            )
            return
