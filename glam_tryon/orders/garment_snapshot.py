"""The garment's picture as it was at the order, under a name that follows from its bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from io import BytesIO

from django.core.files.base import File
from django.db import models

from glam_tryon.conf import conf
from glam_tryon.exceptions import (
    DecodersBusy,
    FileUnavailable,
    GarmentUnavailable,
    InvalidImage,
)
from glam_tryon.files import is_stored, read_file
from glam_tryon.garments import garment_of
from glam_tryon.images import normalise
from glam_tryon.models import PossibleOrphan
from glam_tryon.tracked_files import abandon, announce, renamed, save_noted


@dataclass(frozen=True, slots=True)
class GarmentCopy:
    """A stored garment picture: its name, its identity, and its note until a job names it."""

    name: str
    identity: str
    note: PossibleOrphan


def snapshot(product: models.Model, picture: File[bytes] | None = None) -> GarmentCopy:
    """Store the garment's picture as it is now. Settle the note with the job, or abandon it.

    ``picture`` is another one of the product's pictures than the registered one.

    The name follows from the source's bytes, so many jobs share one file, and a product that is
    changed or deleted while its job runs harms nothing.

    Raises:
        GarmentUnavailable: ``no_picture`` or ``unreadable_picture``.
        DecodersBusy: there is no memory to decode it now.
        FileUnavailable: the storage does not take it.
    """
    source = picture or garment_of(product).get_image(product)
    try:
        content = read_file(source)
    except FileUnavailable as error:
        raise GarmentUnavailable(
            "no_picture", f"The picture of {product} cannot be read: {error}"
        ) from error
    identity = hashlib.sha256(content).hexdigest()
    shared = f"{conf.PREFIX}/garments/{identity}.jpg"
    note = announce(shared)
    try:
        # Within a caller's transaction nobody sees the note, so there a file is shared only while
        # a job names it.
        if note.name != shared and PossibleOrphan(name=shared).is_named():
            renamed(note, shared)
        if not is_stored(note.name):
            save_noted(note, _usable(product, content))
    except BaseException:
        abandon(note)
        raise
    return GarmentCopy(note.name, identity, note)


def _usable(product: models.Model, content: bytes) -> bytes:
    try:
        return normalise(BytesIO(content)).content
    except DecodersBusy:
        raise
    except InvalidImage as error:
        raise GarmentUnavailable(
            "unreadable_picture", f"The picture of {product} cannot be used: {error}"
        ) from error
