"""The pictures of the gallery's try-ons, drawn as the sandbox draws them."""

from __future__ import annotations

import io
from functools import lru_cache

from PIL import Image, ImageOps

from example_project.shop.catalogue import GARMENTS, SHOPPER_PHOTO
from glam_tryon.sandbox.drawing import draw_tryon

SLUG = "denim-jacket"
SIZES = {"front": (900, 1200), "near": (900, 1200), "side": (900, 1200)}


@lru_cache(maxsize=4)
def picture(name: str) -> bytes:
    """Return a JPEG: the ``person``, or the result ``front``, ``near`` or ``side``.

    Raises:
        KeyError: there is no picture of this name.
    """
    if name == "person":
        return SHOPPER_PHOTO.read_bytes()
    size = SIZES[name]
    drawn = _drawn()
    if name == "near":
        drawn = drawn.crop((150, 60, 750, 860))
    elif name == "side":
        drawn = ImageOps.mirror(drawn)
    target = io.BytesIO()
    drawn.resize(size).save(target, "JPEG", quality=88)
    return target.getvalue()


@lru_cache(maxsize=1)
def _drawn() -> Image.Image:
    with Image.open(SHOPPER_PHOTO) as person, Image.open(GARMENTS / f"{SLUG}.jpg") as garment:
        return draw_tryon(person, garment, "upper")
