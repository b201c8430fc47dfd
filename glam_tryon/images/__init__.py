"""Pictures: safe, upright and free of metadata on the way in; looked at on the way back."""

from __future__ import annotations

from glam_tryon.images.normalise import NormalisedImage, normalise

__all__ = ["NormalisedImage", "normalise"]
