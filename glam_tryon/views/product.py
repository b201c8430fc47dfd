"""The product that an address names; only registered models have any."""

from __future__ import annotations

from collections.abc import Iterable

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db.models import Model, prefetch_related_objects
from django.http import Http404
from django.urls import reverse

from glam_tryon.exceptions import NotRegistered
from glam_tryon.garments import garment_of
from glam_tryon.models import TryOnJob


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


def start_url(product: Model) -> str:
    """Return the address at which a try-on of the product begins."""
    return reverse("glam_tryon:start", args=[product._meta.label_lower, str(product.pk)])


def garment_url(product: Model) -> str:
    """Return the address of the product's garment picture."""
    return reverse("glam_tryon:garment", args=[product._meta.label_lower, str(product.pk)])
