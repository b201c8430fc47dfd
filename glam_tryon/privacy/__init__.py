"""The shop's rules: what a shopper agrees to, how much may be spent, how long data is kept."""

from glam_tryon.privacy.erasure import erase_tryon_data
from glam_tryon.privacy.export import export_tryon_data

__all__ = ["erase_tryon_data", "export_tryon_data"]
