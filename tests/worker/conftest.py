"""A shop with a product, a sandbox Glam that can reach it, and a poller in hand."""

from tests.shop import KEY, drain, glam, house_model, order, picture, product

__all__ = ["KEY", "drain", "glam", "house_model", "order", "picture", "product"]
