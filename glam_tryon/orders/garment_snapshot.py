"""The garment's picture as it was at the order, under a name that follows from its bytes."""

from __future__ import annotations

import hashlib
from io import BytesIO

from django.core.files.base import File
from django.db import models

from glam_tryon.conf import conf
from glam_tryon.exceptions import FileUnavailable, GarmentUnavailable, InvalidImage
from glam_tryon.files import is_stored, read_file, save_file
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
        content = read_file(source)
    except FileUnavailable as error:
        raise GarmentUnavailable(
            "no_picture", f"The picture of {product} cannot be read: {error}"
        ) from error
    identity = hashlib.sha256(content).hexdigest()
    name = f"{conf.PREFIX}/garments/{identity}.jpg"
    if not is_stored(name):
        try:
            usable = normalise(BytesIO(content))
        except InvalidImage as error:
            raise GarmentUnavailable(
                "unreadable_picture", f"The picture of {product} cannot be used: {error}"
            ) from error
        name = save_file(name, usable.content)
    return name, identity
