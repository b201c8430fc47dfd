"""A product's further pictures: garments to choose from, and the place of published results."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from typing import Any

from django.core.files.base import ContentFile
from django.db import models

from glam_tryon.models import TryOnResult


class TryOnGallery:
    """The gallery half of ``TryOnAdminMixin``; its attributes name what the shop has."""

    #: The product's relation to its further pictures, such as ``"images"``; empty: it has none.
    tryon_gallery: str = ""
    #: The fields of one picture: the file, its alternative text, and what says that AI made it (a
    #: text takes the words, a flag becomes true). Only the first has to be there.
    tryon_gallery_image: str = "image"
    tryon_gallery_alt: str = ""
    tryon_gallery_label: str = ""

    def get_tryon_gallery(self, product: models.Model) -> list[tuple[str, Any]]:
        """Return the key and the file of each further picture of a product."""
        if not self.tryon_gallery:
            return []
        rows: Iterable[models.Model] = getattr(product, self.tryon_gallery).all()
        files = [(str(row.pk), getattr(row, self.tryon_gallery_image)) for row in rows]
        return [(key, file) for key, file in files if file]

    def publish_tryon_result(
        self, result: TryOnResult, product: models.Model, alt: str, label: str
    ) -> None:
        """Copy an approved picture into the product's gallery.

        May be overridden; may run twice for one result, so it must notice what it did before; may
        raise anything, then the result counts as not published and the message is shown to staff.
        """
        rows = getattr(product, self.tryon_gallery)
        stem = f"tryon-{result.sha256[:24]}"
        if rows.filter(**{f"{self.tryon_gallery_image}__contains": stem}).exists():
            return
        row = rows.model(**{rows.field.name: product})
        for name, words in ((self.tryon_gallery_alt, alt), (self.tryon_gallery_label, label)):
            if name:
                field = row._meta.get_field(name)
                flag = isinstance(field, models.BooleanField)
                limit = getattr(field, "max_length", None)
                setattr(row, name, True if flag else words[:limit])
        with result.image.open("rb") as opened:
            content = opened.read()
        extension = PurePath(result.image.name or "").suffix
        file = getattr(row, self.tryon_gallery_image)
        file.save(f"{stem}{extension}", ContentFile(content), save=False)
        row.save()

    def can_publish_tryon(self) -> bool:
        """Say whether there is a place for results: a gallery, or a method of the shop's own."""
        own = type(self).publish_tryon_result is not TryOnGallery.publish_tryon_result
        return own or bool(self.tryon_gallery)
