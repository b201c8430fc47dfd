"""Which products are not tried on, by the names of their categories."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from django.db.models import Model

from glam_tryon.conf import conf
from glam_tryon.garments import garment_of


def is_excluded(product: Model) -> bool:
    """Say whether one of ``TRYON_EXCLUDED`` stands, as whole words, in the name of a category.

    It asks the database nothing, unless the registered source of the category does.

    Raises:
        NotRegistered: no ``tryon.py`` registers the product's model.
    """
    categories = garment_of(product).get_categories(product)
    words = conf.TRYON_EXCLUDED
    return bool(words) and any(_any_of(tuple(words)).search(name) for name in categories)


@lru_cache(maxsize=8)
def _any_of(words: Sequence[str]) -> re.Pattern[str]:
    choice = "|".join(re.escape(word.strip()) for word in words)
    return re.compile(rf"(?<!\w)(?:{choice})(?!\w)", re.IGNORECASE)
