"""Saves one file whole and once, whatever the storage is like."""

from __future__ import annotations

import hashlib
from contextlib import suppress

from django.core.files.base import ContentFile
from django.core.files.storage import Storage

from glam_tryon.files import private_storage

#: What the column of a result's name holds.
LONGEST_NAME = 255


def save_once(name: str, content: bytes, sha256: str) -> str:
    """Save under a name that follows from the content. Returns the name that the storage gave.

    A file that an earlier try left there is kept when it is whole, replaced when it is not.

    Raises:
        Exception: whatever the storage raises; ``OSError`` when it kept less than it was given.
    """
    storage = private_storage()
    if _exists(storage, name):
        if _is_whole(storage, name, sha256):
            return name
        storage.delete(name)
    try:
        saved: str = storage.save(name, ContentFile(content), max_length=LONGEST_NAME)
    except Exception:
        # A full disk keeps what fitted. Another worker's whole file stays.
        with suppress(Exception):
            if not _is_whole(storage, name, sha256):
                storage.delete(name)
        raise
    with suppress(NotImplementedError):
        if (kept := storage.size(saved)) != len(content):
            raise OSError(f"the storage kept {kept} of {len(content)} bytes")
    if len(saved) > LONGEST_NAME:
        storage.delete(saved)
        raise OSError(f"the storage made a name of {len(saved)} characters")
    return saved


def _exists(storage: Storage, name: str) -> bool:
    try:
        return storage.exists(name)
    except NotImplementedError:
        return False


def _is_whole(storage: Storage, name: str, sha256: str) -> bool:
    with storage.open(name, "rb") as earlier:
        return hashlib.sha256(earlier.read()).hexdigest() == sha256
