"""Products of try-ons: how their keys stand in URLs, and the URLs of their pages and pictures."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from django.apps import apps
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db.models import Model, prefetch_related_objects
from django.http import Http404
from django.urls import get_script_prefix, get_urlconf, reverse
from django.utils.translation import get_language

from glam_tryon.exceptions import FileUnavailable, GarmentUnavailable, NotRegistered
from glam_tryon.files import file_url
from glam_tryon.garments import garment_of
from glam_tryon.models import TryOnJob

# "~" is safe in every address, and rarer in keys than "_" or ".".
_PLAIN = re.compile(r"[A-Za-z0-9_.-]")
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
_ESCAPED = re.compile(rb"~([0-9A-F]{2})")


class ProductKey:
    """Converts a path segment: "a/b" stands in an address as ``a~2Fb``.

    Percent signs would not do: servers and proxies decode ``%2F`` and merge what it leaves.
    """

    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        """Return the key. Raises ``ValueError``, which Django takes for "not found"."""
        key = _ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), value.encode()).decode()
        if "\0" in key:
            raise ValueError("no database holds such a key")
        return key

    def to_url(self, value: object) -> str:
        """Return the key as it stands in an address; a template may give it as a number."""
        value = str(value)
        if _PLAIN_KEY.fullmatch(value):
            return value
        if set(value) == {"."}:
            # Browsers would climb up the path.
            return "~2E" * len(value)
        return "".join(
            character
            if _PLAIN.fullmatch(character)
            else "".join(f"~{byte:02X}" for byte in character.encode())
            for character in value
        )


def product_or_404(model: str, key: str) -> Model:
    """Return the product ``key`` of the model with the label ``model``, or one of its parents'.

    Raises:
        Http404: the model cannot be tried on, or has no such product.
    """
    try:
        candidate = apps.get_model(model)
        garment_of(candidate)
        product: Model | None = candidate._default_manager.filter(pk=key).first()
    except (LookupError, NotRegistered, ValueError, ValidationError) as error:
        raise Http404 from error
    if product is None:
        raise Http404
    return product


def product_of(job: TryOnJob) -> Model | None:
    """Return the job's product as it is now; None when it is gone or cannot be tried on any more.

    Its model may be gone as well: the app was taken out of the shop.
    """
    product: Model | None = job.product if _model_of(job) is not None else None
    return product


def fetch_products(jobs: Iterable[TryOnJob]) -> None:
    """Read the products of these jobs for ``product_of``: a query a model, not a query a job."""
    readable = [job for job in jobs if _model_of(job) is not None]
    prefetch_related_objects(readable, "product")


def _model_of(job: TryOnJob) -> type[Model] | None:
    """Return the model of the job's product; None when it cannot be tried on any more."""
    if job.content_type_id is None:
        return None
    kind = ContentType.objects.db_manager(job._state.db).get_for_id(job.content_type_id)
    model: type[Model] | None = kind.model_class()
    try:
        return model if model and garment_of(model) else None
    except NotRegistered:
        return None


@lru_cache(maxsize=1024)
def _around_key(urlconf: str, prefix: str, language: str | None, label: str) -> tuple[str, str]:
    """Return what stands before and after the key in the addresses of one model's products.

    ``prefix`` and ``language`` are what else ``reverse`` looks at.
    """
    address = reverse("glam_tryon:start", args=[label, "any-key"], urlconf=urlconf)
    before, _, after = address.rpartition("any-key")
    return before, after


_key = ProductKey()


def around_key(product: Model) -> tuple[str, str]:
    """Return what stands before and after the key in the address of this product's model."""
    urlconf = get_urlconf() or settings.ROOT_URLCONF
    return _around_key(urlconf, get_script_prefix(), get_language(), product._meta.label_lower)


def key_of(product: Model) -> str:
    """Return the product's key as it stands in an address."""
    return _key.to_url(str(product.pk))


def start_url(product: Model) -> str:
    """Return the address at which a try-on of the product begins.

    A page may hold a hundred of them, and ``reverse`` takes longer than all else of a button.
    """
    before, after = around_key(product)
    return f"{before}{key_of(product)}{after}"


def garment_url(product: Model) -> str:
    """Return the address of the product's garment picture."""
    return reverse("glam_tryon:garment", args=[product._meta.label_lower, str(product.pk)])


def picture_url(product: Model) -> str:
    """Return the address at which the shop's own pages may show the garment picture; or nothing.

    A page that has it already need not load the same bytes from ``garment_url``.
    """
    try:
        picture = garment_of(product).get_image(product)
        return file_url(picture) or ""
    except (GarmentUnavailable, FileUnavailable):
        return ""
