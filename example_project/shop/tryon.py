"""Which products can be tried on; glam_tryon finds this module as Django finds ``admin.py``."""

from __future__ import annotations

from example_project.shop.models import Product
from glam_tryon import garments

garments.register(
    Product,
    image="photo",
    mask_type="fit",
    title="name",
    url="get_absolute_url",
    add_to_cart_url="get_add_to_cart_url",
)
