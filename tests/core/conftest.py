"""A shop with a product, a sandbox Glam that can reach it, and a poller in hand."""

from tests.shop import asked_at_once, drain, glam, house_model, order, product

__all__ = ["asked_at_once", "drain", "glam", "house_model", "order", "product"]
