"""Checks for ``check --deploy``: settings that are right in development and wrong in production."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core import checks
from django.core.checks import CheckMessage, Tags, register

from glam_tryon.conf import conf
from glam_tryon.exceptions import SettingError
from glam_tryon.validators import is_loopback_url

#: Longer than this is as good as for ever.
LONGEST_DAYS = 365


@register(Tags.security, deploy=True)
def check_production(app_configs: object, **kwargs: Any) -> Sequence[CheckMessage]:
    """Find a sandbox in place of the provider, and pictures that are kept for a year or longer."""
    try:
        return [*_sandbox(), *_retention()]
    except SettingError:
        # E001 says which one is wrong.
        return []


def _sandbox() -> list[CheckMessage]:
    if not is_loopback_url(conf.BASE_URL):
        return []
    return [
        checks.Warning(
            f'GLAM_TRYON["BASE_URL"] is {conf.BASE_URL}, the sandbox: its pictures are drawings.',
            hint="Take BASE_URL and RESULT_HOSTS out of the settings of the real shop.",
            id="glam_tryon.W011",
        )
    ]


def _retention() -> list[CheckMessage]:
    kept = {
        "VISITOR_RESULT_DAYS": conf.VISITOR_RESULT_DAYS,
        "RESULT_DAYS": conf.RESULT_DAYS,
        "KEPT_PHOTO_SECONDS": conf.KEPT_PHOTO_SECONDS // 86_400,
    }
    return [
        checks.Warning(
            f'GLAM_TRYON["{name}"] keeps pictures of people for {days} days.',
            hint=f"Keep them for as long as they are needed, at most {LONGEST_DAYS} days.",
            id="glam_tryon.W009",
        )
        for name, days in kept.items()
        if days >= LONGEST_DAYS
    ]
