"""Registry: which product models can be tried on, and where a product's garment facts are."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured, ObjectDoesNotExist
from django.core.files.base import File
from django.db.models import Field, FileField, Manager, Model, QuerySet

from glam_tryon.exceptions import AlreadyRegistered, GarmentUnavailable, NotRegistered
from glam_tryon.plain_text import clean_text
from glam_tryon.providers.base import MaskType

#: A literal, an attribute or method name, a dotted path through relations, or a callable.
Source = str | Callable[[Any], Any] | None
#: The same for names and values, which may also be given as they are.
Fields = Mapping[str, object] | Source

MASK_TYPES = frozenset(mask.value for mask in MaskType)


logger = logging.getLogger("glam_tryon.garments")

#: What a source raises where it does not fit the product: an attribute that is not there, a method
#: that wants arguments, a key that is missing.
_DOES_NOT_FIT = (AttributeError, LookupError, TypeError, ValueError)
_MOST_NAMES = 24


def resolve(product: Model, source: Source) -> Any:
    """Return what ``source`` says of ``product``; None as soon as a step of the path is missing.

    A step is an attribute, which is called if it can be, or a key of a dict.

    Raises:
        GarmentUnavailable: ``registration``: the path does not fit, or its callable fails.
    """
    if source is None:
        return None
    if callable(source):
        return _called(product, source, lambda: source(product))
    value: Any = product
    for step in source.split("."):
        if isinstance(value, Mapping):
            # Oscar's picture of a product without one: a file that says "no picture".
            value = None if value.get("is_missing") else value.get(step)
        else:
            try:
                value = getattr(value, step)
            except ObjectDoesNotExist:
                return None
            except AttributeError as error:
                raise _unfit(product, source, missing(value, step)) from error
        # Managers of related rows are callable for Django's own use only.
        if callable(value) and not getattr(value, "do_not_call_in_templates", False):
            value = _called(product, source, value)
        if value is None:
            return None
    return value


def _called(product: Model, source: Source, call: Callable[[], Any]) -> Any:
    try:
        return call()
    except GarmentUnavailable:
        raise
    except ObjectDoesNotExist:
        return None
    except _DOES_NOT_FIT as error:
        raise _unfit(product, source, f"it raised {type(error).__name__}: {error}") from error


def _unfit(product: Model, source: Source, problem: str) -> GarmentUnavailable:
    name = source if isinstance(source, str) else getattr(source, "__name__", repr(source))
    label = product._meta.label
    return GarmentUnavailable(
        "registration", f"{label} is registered with {name!r}, which does not fit: {problem}."
    )


def missing(owner: object, name: str) -> str:
    """Return that ``owner``, a row or a model, has no attribute of this name, and what it has."""
    model = owner if isinstance(owner, type) else type(owner)
    said = f"{model.__name__} has no {name!r}"
    if not issubclass(model, Model):
        return said
    names = {field.name for field in model._meta.get_fields() if not field.auto_created}
    names |= {str(each.get_accessor_name()) for each in model._meta.related_objects}
    shown = sorted(names - {"None"})
    more = ", …" if len(shown) > _MOST_NAMES else ""
    return f"{said}; it has: {', '.join(shown[:_MOST_NAMES])}{more}"


def _has(product: Model, source: Source, default: str) -> bool:
    """Say whether a source can be asked: a model need not have what only a default names."""
    return source != default or hasattr(product, default)


def can_be_opened(value: object) -> bool:
    """Say whether this is a file, or what thumbnail libraries give in place of one."""
    return callable(getattr(value, "open", None)) or callable(getattr(value, "read", None))


def why_no_file(value: object, source: Source) -> str:
    """Return what ``value`` is instead of a picture's file, and the line that would work."""
    name = source if isinstance(source, str) else "..."
    if isinstance(value, str):
        return (
            f"{name!r} is text, not a file: name a file field, or give a callable that returns a "
            "file"
        )
    if isinstance(value, (Manager, QuerySet, list, tuple)):
        return f"{name!r} is several rows: name the file of one, such as '{name}.first.image'"
    if isinstance(value, Model):
        fields = [each.name for each in value._meta.get_fields() if isinstance(each, FileField)]
        hint = f"'{name}.{fields[0]}'" if fields else "a callable that returns a file"
        return (
            f"{name!r} is a {type(value).__name__}, which cannot be opened: name its file, {hint}"
        )
    return (
        f"{name!r} is a {type(value).__name__}, which cannot be opened: give a callable that "
        "returns a file, such as lambda product: ContentFile(download(product), name='photo.jpg')"
    )


class Garment:
    """Registration of a product model. Subclass it if attribute names do not suffice.

    Each method may be overridden, gets one product, may query the database, may run more than once
    for one try-on, and must not change anything. Without a picture or a mask type there is no
    try-on; of the others a source that does not fit counts as empty, and is logged.
    """

    def __init__(
        self,
        *,
        image: Source = "photo",
        mask_type: Source = MaskType.UPPER.value,
        title: Source = "name",
        url: Source = "get_absolute_url",
        add_to_cart_url: Source = None,
        add_to_cart_fields: Fields = None,
        add_to_cart_method: str = "post",
        basket_form: str = "",
        category: Source = "category",
        enabled: Source = None,
    ) -> None:
        self.image = image
        self.mask_type = mask_type
        self.title = title
        self.url = url
        self.add_to_cart_url = add_to_cart_url
        self.add_to_cart_fields = add_to_cart_fields
        self.add_to_cart_method = check_cart_method(add_to_cart_method)
        self.basket_form = basket_form
        self.category = category
        self.enabled = enabled
        self._picture_columns: dict[type[Model], str] = {}

    def get_image(self, product: Model) -> File[bytes]:
        """Return the garment's picture as a file that can be opened.

        Raises:
            GarmentUnavailable: the product has no picture.
        """
        picture = resolve(product, self.image)
        if not can_be_opened(picture) and can_be_opened(getattr(picture, "file", None)):
            # A row of a media library: Wagtail's Image, filer's.
            picture = picture.file
        if not picture:
            raise GarmentUnavailable(
                "no_picture", f"{product} has no picture to try on ({self.image!r} is empty)."
            )
        if not can_be_opened(picture):
            problem = why_no_file(picture, self.image)
            raise GarmentUnavailable(
                "no_picture", f"{product} has no picture to try on: {problem}."
            )
        found: File[bytes] = picture
        return found

    def may_have_picture(self, product: Model) -> bool:
        """Say False when the row at hand says that there is none; asks the database nothing."""
        try:
            column = self._picture_columns[product.__class__]
        except KeyError:
            model = product.__class__
            column = self._picture_columns[model] = self._picture_column(model)
        # A field that was not read says nothing, nor does a row that is not saved.
        if not column or product._state.adding or column not in product.__dict__:
            return True
        return bool(product.__dict__[column])

    def _picture_column(self, model: type[Model]) -> str:
        """Return the column that is empty where there is no picture; empty if none tells."""
        own = type(self).get_image is Garment.get_image
        if not own or not isinstance(self.image, str):
            return ""
        try:
            field = model._meta.get_field(self.image.partition(".")[0])
        except FieldDoesNotExist:
            return ""
        return field.attname if isinstance(field, Field) and field.concrete else ""

    def get_mask_type(self, product: Model) -> str:
        """Return ``overall``, ``upper`` or ``lower``.

        Raises:
            GarmentUnavailable: the product names another word.
        """
        word = self.mask_type
        if isinstance(word, str) and word in MASK_TYPES:
            return check_mask_type(word)
        try:
            return check_mask_type(resolve(product, word))
        except GarmentUnavailable as error:
            if error.code != "registration" or not isinstance(word, str):
                raise
            raise GarmentUnavailable(
                "mask_type",
                f"{word!r} is no mask type ('overall', 'upper' or 'lower'). {error}",
            ) from error

    def get_title(self, product: Model) -> str:
        """Return the garment's name, at most 255 characters."""
        found = self._told(product, self.title) if _has(product, self.title, "name") else ""
        return clean_text(found or product, 255)

    def get_url(self, product: Model) -> str:
        """Return the address of the product's page, empty when it has none."""
        found = self._told(product, self.url) if _has(product, self.url, "get_absolute_url") else ""
        return clean_text(found or "")

    def get_add_to_cart_url(self, product: Model) -> str:
        """Return where the product is put into the basket, empty when it cannot be bought.

        What begins with "#" is no address: the shop's own script hears of it by an event.
        """
        return str(self._told(product, self.add_to_cart_url) or "")

    def get_add_to_cart_fields(self, product: Model) -> dict[str, str]:
        """Return what is sent to that address beside the CSRF token: names and values."""
        fields = self.add_to_cart_fields
        found = fields if isinstance(fields, Mapping) else self._told(product, fields)
        return {str(name): str(value) for name, value in (found or {}).items()}

    def get_categories(self, product: Model) -> list[str]:
        """Return the names of the categories that the product is in; asked by every button."""
        found = (
            self._told(product, self.category) if _has(product, self.category, "category") else ""
        )
        if isinstance(found, Manager):
            found = found.all()
        several = isinstance(found, (list, tuple, set, frozenset, QuerySet))
        return [str(each) for each in (found if several else [found]) if each]

    def is_enabled(self, product: Model) -> bool:
        """Say whether the shop offers try-ons of this product: True unless its source says no."""
        return self.enabled is None or bool(self._told(product, self.enabled))

    def _told(self, product: Model, source: Source) -> Any:
        """Return what a try-on can do without; None, and a line in the log, if it does not fit."""
        try:
            return resolve(product, source)
        except GarmentUnavailable as error:
            logger.warning("%s Run manage.py check.", error)
            return None


def check_cart_method(value: str) -> str:
    """Return ``value`` when it is "post" or "get".

    Raises:
        ImproperlyConfigured: it is neither.
    """
    if value not in ("post", "get"):
        raise ImproperlyConfigured(f"add_to_cart_method is {value!r}; use 'post' or 'get'")
    return value


def check_mask_type(value: object) -> str:
    """Return ``value`` when it is one of Glam's mask types.

    Raises:
        GarmentUnavailable: it is none of them.
    """
    text = value.value if isinstance(value, MaskType) else value
    if not isinstance(text, str) or text not in MASK_TYPES:
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
    add_to_cart_fields: Fields = None,
    add_to_cart_method: str = "post",
    basket_form: str = "",
    category: Source = "category",
    enabled: Source = None,
) -> None:
    """Make products of ``model`` ones that can be tried on.

    Each argument is a literal mask type, the name of an attribute or method, a dotted path through
    relations, or a callable that takes the product. ``garment`` is a subclass of ``Garment``.
    ``add_to_cart_fields`` may also be a dict, ``add_to_cart_method`` is "post" or "get", and
    ``basket_form`` the CSS selector of the form on the product's page that fills the basket.

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
        add_to_cart_fields=add_to_cart_fields,
        add_to_cart_method=add_to_cart_method,
        basket_form=basket_form,
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
    if children := [each._meta.label for each in _registry if issubclass(each, model)]:
        raise NotRegistered(
            f"{model._meta.label} cannot be tried on, but {', '.join(children)} can: give the row "
            "of that model (of a Wagtail page: page.specific)"
        )
    raise NotRegistered(
        f"{model._meta.label} cannot be tried on: call "
        f"glam_tryon.garments.register({model.__name__}, ...) in your app's tryon.py"
    )
