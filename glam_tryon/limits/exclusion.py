"""Which products are not tried on: by their own switch, or by the names of their categories."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from django.db.models import Model

from glam_tryon.conf import conf
from glam_tryon.garments import garment_of


def is_excluded(product: Model) -> bool:
    """Say whether the product is switched off, or one of its categories is.

    A category is switched off by a word of ``TRYON_EXCLUDED`` that stands, as whole words, in its
    name. It asks the database nothing, unless the registered sources do.

    Raises:
        NotRegistered: no ``tryon.py`` registers the product's model.
    """
    garment = garment_of(product)
    if not garment.is_enabled(product):
        return True
    categories = garment.get_categories(product)
    if not categories or not (words := conf.TRYON_EXCLUDED):
        return False
    return any(_any_of(tuple(words)).search(name) for name in categories)


@lru_cache(maxsize=8)
def _any_of(words: Sequence[str]) -> re.Pattern[str]:
    choice = "|".join(re.escape(word.strip()) for word in words)
    return re.compile(rf"(?<!\w)(?:{choice})(?!\w)", re.IGNORECASE)
