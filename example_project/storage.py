"""Where files live: a directory on this machine, or a private S3 bucket."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from botocore.config import Config

from example_project.environment import text

LINK_SECONDS = 300


def private_directory(directory: Path) -> dict[str, Any]:
    """Files that no web server hands out and no other account of the machine reads."""
    return {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": directory,
            "base_url": "/private-files-are-served-by-glam-tryon-only/",
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    }


def private_bucket(name: str) -> dict[str, Any]:
    """An S3 bucket, on AWS or any service that speaks S3, that answers signed requests only."""
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": name,
            "endpoint_url": text("AWS_S3_ENDPOINT_URL") or None,
            "region_name": text("AWS_S3_REGION_NAME", "us-east-1"),
            "access_key": text("AWS_ACCESS_KEY_ID") or None,
            "secret_key": text("AWS_SECRET_ACCESS_KEY") or None,
            "default_acl": None,
            "querystring_auth": True,
            "querystring_expire": LINK_SECONDS,
            # django-storages overwrites by default; a second file of one name must not.
            "file_overwrite": False,
            "client_config": Config(
                # Without it boto3 signs links for us-east-1 by the old scheme, which leaves the
                # host name out of the signature.
                signature_version="s3v4",
                # Several services that speak S3 refuse the checksums that botocore adds.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                # Custom endpoints seldom have a host name for each bucket.
                s3={"addressing_style": "path" if text("AWS_S3_ENDPOINT_URL") else "auto"},
            ),
        },
    }
