"""Checks of the storage of photos and results: it is private, and its URLs are signed well."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.files.storage import Storage

from glam_tryon.files import private_storage


@register(Tags.security)
def check_storage(app_configs: object, **kwargs: Any) -> Sequence[CheckMessage]:
    """Check the storage's options; neither the network nor a file is read."""
    try:
        storage = private_storage()
    except Exception as error:  # noqa: BLE001  (a back end raises what it likes)
        return [
            Error(
                f"The storage of photos and results cannot be used: {error}",
                hint='Look at STORAGES["glam_tryon"], or "default" where there is none.',
                id="glam_tryon.E005",
            )
        ]
    return [*_public(storage), *_signature(storage)]


def _public(storage: Storage) -> list[CheckMessage]:
    parameters = getattr(storage, "object_parameters", None) or {}
    acls = [getattr(storage, "default_acl", None), parameters.get("ACL")]
    acl = next((each for each in acls if str(each or "").startswith("public")), None)
    if acl is not None:
        problem = f"gives every file the access {acl!r}"
    elif getattr(storage, "querystring_auth", True) is False:
        problem = "has querystring_auth off, which suits public buckets only"
    else:
        return []
    return [
        checks.Warning(
            f"The bucket of photos and results {problem}: anybody may see shoppers' photos.",
            hint='Set default_acl to None and querystring_auth to True in STORAGES["glam_tryon"], '
            "and block public access to the bucket.",
            id="glam_tryon.W006",
        )
    ]


def _signature(storage: Storage) -> list[CheckMessage]:
    if not getattr(storage, "endpoint_url", None):
        return []
    config = getattr(storage, "client_config", None)
    version = getattr(config, "signature_version", None)
    if version and str(version).startswith("s3v4"):
        return []
    return [
        checks.Warning(
            "The bucket of photos and results has an endpoint of its own and no "
            "signature_version: boto3 signs its links by a scheme that leaves the host out.",
            hint='Set signature_version to "s3v4" in its OPTIONS, or in its client_config.',
            id="glam_tryon.W007",
        )
    ]


@register(Tags.security, deploy=True)
def check_public_media(app_configs: object, **kwargs: Any) -> Sequence[CheckMessage]:
    """Find photos in the folder that web servers serve; in development there is often no other."""
    try:
        location = getattr(private_storage(), "location", None)
    except Exception:  # noqa: BLE001  (the check above says so)
        return []
    if not location or not settings.MEDIA_ROOT:
        return []
    public, private = Path(settings.MEDIA_ROOT).resolve(), Path(str(location)).resolve()
    if public != private and public not in private.parents:
        return []
    return [
        checks.Warning(
            f"Photos and results lie in {private}, below MEDIA_ROOT: web servers and "
            "django.conf.urls.static hand that folder out to anybody.",
            hint='Give STORAGES["glam_tryon"] a location of its own, outside of MEDIA_ROOT.',
            id="glam_tryon.W008",
        )
    ]
