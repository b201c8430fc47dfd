"""System checks: wrong settings and storages are reported before a shopper notices."""

from glam_tryon.checks.production import check_production
from glam_tryon.checks.setting_checks import check_settings, check_time_zones
from glam_tryon.checks.storage_checks import check_public_media, check_storage

__all__ = [
    "check_production",
    "check_public_media",
    "check_settings",
    "check_storage",
    "check_time_zones",
]
