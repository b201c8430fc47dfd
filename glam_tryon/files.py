"""The one door to storages: reads, saves once, lists and deletes, and translates their errors.

Nothing else in the package speaks to a storage. Back ends raise what they like, at ``open`` or not
before ``read``, name files as they like and do not offer every method. Everything they raise
arrives as ``FileUnavailable``, and as ``FileMissing`` where the file is not there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages
from django.core.files.storage.handler import InvalidStorageError
from django.db.models.fields.files import FieldFile
from django.utils import timezone

from glam_tryon.exceptions import FileMissing, FileUnavailable

#: The alias in ``STORAGES`` that holds photos and results.
ALIAS = "glam_tryon"
#: Most characters of a stored file's name: what the columns hold.
LONGEST_NAME = 255

#: What S3 services answer when an object is not there, and when they keep no versions.
_MISSING_CODES = {"404", "NoSuchKey", "NotFound"}
_NO_VERSIONS = {"NotImplemented", "MethodNotAllowed", "NotSupported"}
#: Errors for a missing object that carry no code: those of libcloud.
_MISSING_NAMES = {"ObjectDoesNotExistError"}
#: S3 deletes so many objects in one request.
_BATCH = 1000


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


def read_file(file: Any) -> bytes:
    """Return what a file holds: a model's file, a picture of the shop's, or whatever reads.

    Raises:
        FileMissing: it is not there.
        FileUnavailable: the storage does not give it.
    """
    with translated_errors(getattr(file, "name", None)):
        opener = getattr(file, "open", None)
        # Some open themselves and return nothing.
        opened = (opener("rb") if opener else None) or file
        try:
            content: bytes = opened.read()
        finally:
            # sorl's file has neither open nor close.
            if close := getattr(opened, "close", None):
                close()
    return content


def read_stored(name: str) -> bytes:
    """Return what the file of this name in the private storage holds. Raises as ``read_file``."""
    storage = private_storage()
    with translated_errors(name), storage.open(name, "rb") as opened:
        content: bytes = opened.read()
    return content


def is_stored(name: str) -> bool:
    """Say whether the private storage has this name; False where it cannot say.

    Raises:
        FileUnavailable: the storage does not answer.
    """
    with translated_errors(name):
        try:
            return private_storage().exists(name)
        except NotImplementedError:
            return False


def save_file(name: str, content: bytes) -> str:
    """Save into the private storage. Returns the name that the storage gave.

    Raises:
        FileUnavailable: the storage does not take it.
    """
    with translated_errors(name):
        return str(private_storage().save(name, ContentFile(content), max_length=LONGEST_NAME))


def save_field(file: FieldFile, name: str, content: bytes) -> None:
    """Save the file of a model's field; the row is not written. Raises as ``save_file``."""
    with translated_errors(name):
        file.save(name, ContentFile(content), save=False)


def save_once(name: str, content: bytes, sha256: str) -> str:
    """Save under a name that follows from the content. Returns the name that the storage gave.

    May run twice: a file that an earlier try left there is kept when it is whole, and replaced when
    it is not.

    Raises:
        FileUnavailable: the storage does not take it, or kept something else than it was given.
    """
    if is_stored(name):
        if _is_whole(name, sha256):
            return name
        delete_file(name)
    try:
        saved = save_file(name, content)
    except FileUnavailable:
        # A full disk keeps what fitted. Another worker's whole file stays.
        with suppress(FileUnavailable):
            if not _is_whole(name, sha256):
                delete_file(name)
        raise
    kept = _size(saved)
    # A storage that encrypts or compresses may count what it wrote, so the content decides.
    if kept is not None and kept != len(content) and not _is_whole(saved, sha256):
        raise FileUnavailable(f"the storage kept {kept} of {len(content)} bytes")
    if len(saved) > LONGEST_NAME:
        delete_file(saved)
        raise FileUnavailable(f"the storage made a name of {len(saved)} characters")
    return saved


def list_files(folder: str) -> list[str]:
    """Return the whole names of the files in a folder; none where the storage cannot list.

    Raises:
        FileUnavailable: the storage does not answer.
    """
    try:
        with translated_errors(folder):
            try:
                _folders, names = private_storage().listdir(folder)
            except NotImplementedError:
                return []
    except FileMissing:
        return []
    # Azure's storage gives whole names, the others those within the folder.
    return [name if name.startswith(f"{folder}/") else f"{folder}/{name}" for name in names if name]


def modified_at(name: str) -> datetime | None:
    """Return when a file of the private storage was saved; None where the storage cannot say.

    Raises:
        FileUnavailable: the storage does not answer.
    """
    with translated_errors(name):
        try:
            found: datetime = private_storage().get_modified_time(name)
        except NotImplementedError:
            return None
    return found if timezone.is_aware(found) else timezone.make_aware(found)


def url_of(name: str) -> str | None:
    """Return the URL that the private storage gives for a name; None where it has none.

    Raises:
        FileUnavailable: the storage does not answer.
    """
    with translated_errors(name):
        try:
            return str(private_storage().url(name))
        except (NotImplementedError, ValueError):
            return None


def file_url(file: Any) -> str | None:
    """Return the URL that a file's own storage gives for it; None where it has none.

    Raises:
        FileUnavailable: the storage does not answer.
    """
    with translated_errors(getattr(file, "name", None)):
        try:
            return str(file.url)
        except (AttributeError, NotImplementedError, ValueError):
            return None


def delete_file(file: FieldFile | str, *, storage: Storage | None = None) -> None:
    """Delete for good, in a bucket with versioning also the older versions and delete markers.

    ``file`` is a model's file, or a name in the private storage or in ``storage``. May run twice: a
    file that is not there is deleted. What is left after an error can be deleted by calling again.

    Raises:
        FileUnavailable: the storage does not delete it, or the bucket does not say which versions
            there are.
    """
    name = str(file if isinstance(file, str) else file.name)
    holder = storage or (private_storage() if isinstance(file, str) else file.storage)
    with suppress(FileMissing), translated_errors(name):
        holder.delete(name)
    bucket = getattr(holder, "bucket", None)
    if bucket is not None and hasattr(bucket, "object_versions"):
        with translated_errors(name):
            _delete_versions(bucket, _key(holder, name))


@contextmanager
def translated_errors(name: str | None) -> Iterator[None]:
    """Raise what a storage raises as ``FileMissing`` or ``FileUnavailable``."""
    try:
        yield
    except FileUnavailable:
        raise
    except Exception as error:
        text = f"{name or 'a file'}: {type(error).__name__}: {error}"
        raise (FileMissing(text) if _is_missing(error) else FileUnavailable(text)) from error


def _is_missing(error: Exception) -> bool:
    """Say whether a back end means by this that there is no such file.

    By what the errors carry, for none of these libraries need be installed: the ``response`` of
    botocore's and of ``requests``', the ``status_code`` of Azure's, the ``code`` of Google's.
    """
    if isinstance(error, FileNotFoundError):
        return True
    response = getattr(error, "response", None)
    codes = [getattr(each, "status_code", None) for each in (error, response)]
    codes += [getattr(error, "code", None), _s3_code(error)]
    names = {each.__name__ for each in type(error).__mro__}
    return bool(_MISSING_CODES.intersection(map(str, codes)) or names & _MISSING_NAMES)


def _s3_code(error: Exception) -> str:
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def _is_whole(name: str, sha256: str) -> bool:
    return hashlib.sha256(read_stored(name)).hexdigest() == sha256


def _size(name: str) -> int | None:
    with translated_errors(name):
        try:
            return int(private_storage().size(name))
        except NotImplementedError:
            return None


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
                raise FileUnavailable(f"{len(errors)} versions are left: {errors[0].get('Code')}")
    except FileUnavailable:
        raise
    except Exception as error:
        code = _s3_code(error)
        if code in _NO_VERSIONS:
            return
        if code == "AccessDenied":
            raise FileUnavailable(
                "The bucket refuses to list or delete old versions: allow s3:ListBucketVersions "
                "and s3:DeleteObjectVersion, or nothing is deleted for good."
            ) from error
        raise
