"""System checks: what is wrong with settings, storages, registrations, URLs and templates.

Each is reported before a shopper notices.
"""

from glam_tryon.checks.production import check_production
from glam_tryon.checks.registration_checks import check_registrations
from glam_tryon.checks.setting_checks import check_settings, check_time_zones
from glam_tryon.checks.site_checks import (
    check_csp,
    check_middleware,
    check_templates,
    check_urls,
)
from glam_tryon.checks.storage_checks import check_public_media, check_storage

__all__ = [
    "check_csp",
    "check_middleware",
    "check_production",
    "check_public_media",
    "check_registrations",
    "check_settings",
    "check_storage",
    "check_templates",
    "check_time_zones",
    "check_urls",
]
