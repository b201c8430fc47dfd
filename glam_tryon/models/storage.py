"""Which storage holds photos and results."""

from __future__ import annotations

from django.core.files.storage import Storage, storages
from django.core.files.storage.handler import InvalidStorageError

ALIAS = "glam_tryon"


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
