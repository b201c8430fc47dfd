"""Privacy: consent, retention, pruning, deletion, erasure and export."""

from glam_tryon.privacy.erasure import erase_tryon_data
from glam_tryon.privacy.export import export_tryon_data

__all__ = ["erase_tryon_data", "export_tryon_data"]
