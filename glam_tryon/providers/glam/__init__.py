"""Glam's HTTP API; knows HTTP, knows no Django."""

from glam_tryon.providers.glam.client import GlamClient

__all__ = ["GlamClient"]
