"""The garment's picture as it was at the order, under a name that follows from its bytes."""

from __future__ import annotations

import hashlib

from django.core.files.base import ContentFile, File
from django.db import models

from glam_tryon.conf import conf
from glam_tryon.exceptions import GarmentUnavailable, InvalidImage
from glam_tryon.files import private_storage
from glam_tryon.garments import garment_of
from glam_tryon.images import normalise


def snapshot(product: models.Model, picture: File[bytes] | None = None) -> tuple[str, str]:
    """Store the garment's picture as it is now. Returns its storage name and its identity.

    ``picture`` is another one of the product's pictures than the registered one.

    The name follows from the source's bytes, so many jobs share one file, and a product that is
    changed or deleted while its job runs harms nothing.
    """
    source = picture or garment_of(product).get_image(product)
    try:
        with source.open("rb") as opened:
            content = opened.read()
    except OSError as error:
        raise GarmentUnavailable(
            "no_picture", f"The picture of {product} cannot be read: {error}"
        ) from error
    identity = hashlib.sha256(content).hexdigest()
    name = f"{conf.PREFIX}/garments/{identity}.jpg"
    storage = private_storage()
    if not storage.exists(name):
        try:
            usable = normalise(ContentFile(content))
        except InvalidImage as error:
            raise GarmentUnavailable(
                "unreadable_picture", f"The picture of {product} cannot be used: {error}"
            ) from error
        name = storage.save(name, ContentFile(usable.content))
    return name, identity
