"""The one door to storages: where pictures are kept, and how a file is deleted for good."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError
from django.core.files.storage import Storage, storages
from django.core.files.storage.handler import InvalidStorageError

#: The alias in ``STORAGES`` that holds photos and results.
ALIAS = "glam_tryon"

#: What services that keep no versions answer to the question for them.
_NO_VERSIONS = {"NotImplemented", "MethodNotAllowed", "NotSupported"}
#: S3 deletes so many objects in one request.
_BATCH = 1000


def delete_for_good(storage: Storage, name: str) -> None:
    """Delete a file; in a bucket with versioning also its older versions and delete markers.

    Raises:
        Exception: whatever the storage raises, ``PermissionError`` when the bucket does not say
            which versions there are. What is left can be deleted by calling this again.
    """
    storage.delete(name)
    bucket = getattr(storage, "bucket", None)
    if bucket is not None and hasattr(bucket, "object_versions"):
        _delete_versions(bucket, _key(storage, name))


def _key(storage: Any, name: str) -> str:
    # As django-storages names the object; its own method is private.
    folder = str(getattr(storage, "location", "") or "").strip("/")
    return f"{folder}/{name}" if folder else name


def _delete_versions(bucket: Any, key: str) -> None:
    try:
        versions = [
            {"Key": version.object_key, "VersionId": version.id}
            for version in bucket.object_versions.filter(Prefix=key)
            # The prefix also finds "a.jpg.old" for "a.jpg".
            if version.object_key == key
        ]
        for start in range(0, len(versions), _BATCH):
            wanted = {"Objects": versions[start : start + _BATCH], "Quiet": True}
            errors = bucket.delete_objects(Delete=wanted).get("Errors", [])
            if errors:
                raise OSError(f"{len(errors)} versions are left: {errors[0].get('Code')}")
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in _NO_VERSIONS:
            return
        if code == "AccessDenied":
            raise PermissionError(
                "The bucket refuses to list or delete old versions: allow s3:ListBucketVersions "
                "and s3:DeleteObjectVersion, or nothing is deleted for good."
            ) from error
        raise


def private_storage() -> Storage:
    """Return ``STORAGES["glam_tryon"]``, or the default storage when there is no such alias.

    A file field takes this callable, so migrations do not depend on a shop's storage.
    """
    try:
        return storages[ALIAS]
    except InvalidStorageError:
        if ALIAS in storages.backends:
            raise
        return storages["default"]
