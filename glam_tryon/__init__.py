"""Try garments on in a Django shop, drawn by Glam AI."""

__version__ = "0.1.0"
