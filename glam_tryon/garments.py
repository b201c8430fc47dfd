"""Registry: which product models can be tried on, and where a product's garment facts are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ImproperlyConfigured, ObjectDoesNotExist
from django.core.files.base import File
from django.db.models import Manager, Model, QuerySet

from glam_tryon.exceptions import AlreadyRegistered, GarmentUnavailable, NotRegistered
from glam_tryon.plain_text import clean_text
from glam_tryon.providers.base import MaskType

#: A literal, an attribute or method name, a dotted path through relations, or a callable.
Source = str | Callable[[Any], Any] | None

_MASK_TYPES = frozenset(mask.value for mask in MaskType)


def resolve(product: Model, source: Source) -> Any:
    """Return what ``source`` says of ``product``; None as soon as a step of the path is missing."""
    if source is None:
        return None
    if callable(source):
        return source(product)
    value: Any = product
    for step in source.split("."):
        try:
            value = getattr(value, step)
        except ObjectDoesNotExist:
            return None
        # Managers of related rows are callable for Django's own use only.
        if callable(value) and not getattr(value, "do_not_call_in_templates", False):
            value = value()
        if value is None:
            return None
    return value


def _has(product: Model, source: Source, default: str) -> bool:
    """Say whether a source can be asked: a model need not have what only a default names."""
    return source != default or hasattr(product, default)


class Garment:
    """Registration of a product model. Subclass it if attribute names do not suffice.

    Each method may be overridden, gets one product, may query the database, may run more than once
    for one try-on, and must not change anything.
    """

    def __init__(
        self,
        *,
        image: Source = "photo",
        mask_type: Source = MaskType.UPPER.value,
        title: Source = "name",
        url: Source = "get_absolute_url",
        add_to_cart_url: Source = None,
        category: Source = "category",
        enabled: Source = None,
    ) -> None:
        self.image = image
        self.mask_type = mask_type
        self.title = title
        self.url = url
        self.add_to_cart_url = add_to_cart_url
        self.category = category
        self.enabled = enabled

    def get_image(self, product: Model) -> File[bytes]:
        """Return the garment's picture as a file that can be opened.

        Raises:
            GarmentUnavailable: the product has no picture.
        """
        picture = resolve(product, self.image)
        if not picture or not hasattr(picture, "open"):
            raise GarmentUnavailable(
                "no_picture", f"{product} has no picture to try on ({self.image!r} is empty)."
            )
        found: File[bytes] = picture
        return found

    def get_mask_type(self, product: Model) -> str:
        """Return ``overall``, ``upper`` or ``lower``.

        Raises:
            GarmentUnavailable: the product names another word.
        """
        literal = isinstance(self.mask_type, str) and self.mask_type in _MASK_TYPES
        value = self.mask_type if literal else resolve(product, self.mask_type)
        return check_mask_type(value)

    def get_title(self, product: Model) -> str:
        """Return the garment's name, at most 255 characters."""
        found = resolve(product, self.title) if _has(product, self.title, "name") else ""
        return clean_text(found or product, 255)

    def get_url(self, product: Model) -> str:
        """Return the address of the product's page, empty when it has none."""
        found = resolve(product, self.url) if _has(product, self.url, "get_absolute_url") else ""
        return clean_text(found or "")

    def get_add_to_cart_url(self, product: Model) -> str:
        """Return where a POST puts the product into the basket, empty when there is none."""
        return str(resolve(product, self.add_to_cart_url) or "")

    def get_categories(self, product: Model) -> list[str]:
        """Return the names of the categories that the product is in; asked by every button."""
        found = resolve(product, self.category) if _has(product, self.category, "category") else ""
        if isinstance(found, Manager):
            found = found.all()
        several = isinstance(found, (list, tuple, set, frozenset, QuerySet))
        return [str(each) for each in (found if several else [found]) if each]

    def is_enabled(self, product: Model) -> bool:
        """Say whether the shop offers try-ons of this product: True unless its source says no."""
        return self.enabled is None or bool(resolve(product, self.enabled))


def check_mask_type(value: object) -> str:
    """Return ``value`` when it is one of Glam's mask types.

    Raises:
        GarmentUnavailable: it is none of them.
    """
    text = value.value if isinstance(value, MaskType) else value
    if not isinstance(text, str) or text not in _MASK_TYPES:
        raise GarmentUnavailable(
            "mask_type", f"{value!r} is no mask type; use 'overall', 'upper' or 'lower'."
        )
    return text


_registry: dict[type[Model], Garment] = {}


def register(
    model: type[Model],
    garment: type[Garment] = Garment,
    *,
    image: Source = "photo",
    mask_type: Source = MaskType.UPPER.value,
    title: Source = "name",
    url: Source = "get_absolute_url",
    add_to_cart_url: Source = None,
    category: Source = "category",
    enabled: Source = None,
) -> None:
    """Make products of ``model`` ones that can be tried on.

    Each argument is a literal mask type, the name of an attribute or method, a dotted path through
    relations, or a callable that takes the product. ``garment`` is a subclass of ``Garment``.

    Raises:
        AlreadyRegistered: the model was registered before.
        ImproperlyConfigured: ``model`` is abstract or no model.
    """
    if not (isinstance(model, type) and issubclass(model, Model)) or model._meta.abstract:
        raise ImproperlyConfigured(f"glam_tryon.garments.register: {model!r} is no concrete model")
    if model in _registry:
        raise AlreadyRegistered(f"{model._meta.label} is registered for try-ons already")
    _registry[model] = garment(
        image=image,
        mask_type=mask_type,
        title=title,
        url=url,
        add_to_cart_url=add_to_cart_url,
        category=category,
        enabled=enabled,
    )


def unregister(model: type[Model]) -> None:
    """Forget a model, so that it can be registered in another way.

    Raises:
        NotRegistered: the model is not registered.
    """
    if model not in _registry:
        raise NotRegistered(f"{model._meta.label} is not registered for try-ons")
    del _registry[model]


def registered() -> list[type[Model]]:
    """Return the registered models."""
    return list(_registry)


def garment_of(product: Model | type[Model]) -> Garment:
    """Return what was registered for the product's model or the nearest of its parents.

    Raises:
        NotRegistered: no ``tryon.py`` names the model.
    """
    model = product if isinstance(product, type) else type(product)
    for parent in model.__mro__:
        if parent in _registry:
            return _registry[parent]
    raise NotRegistered(
        f"{model._meta.label} cannot be tried on: call "
        f"glam_tryon.garments.register({model.__name__}, ...) in your app's tryon.py"
    )
