"""What each storage back end does differently, evened out by ``files.py``: docs/storages.md.

Each of these does on disk what the back end was seen to do; the real S3 has tests of its own.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage
from django.test import Client
from django.urls import reverse

from example_project.shop.models import Product
from glam_tryon import files, jobs
from glam_tryon.exceptions import FileMissing
from glam_tryon.images.validated_open import content_type
from glam_tryon.models import PersonPhoto, PossibleOrphan, TryOnJob, TryOnResult
from glam_tryon.models.result import result_folder, result_name
from glam_tryon.privacy.deletion import delete_photo, delete_tryon
from glam_tryon.privacy.pruning import prune
from glam_tryon.worker.steps.store import delete_orphaned_files, save_result, write_results
from tests.images.pictures import encoded, scene
from tests.servers import ROOT
from tests.shop import picture

CONTENT = picture()
GARMENT = "garment_image"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class _Lazy(io.RawIOBase):
    """A file that is looked for when it is read."""

    def __init__(self, path: str, error: Exception) -> None:
        super().__init__()
        self._path, self._error = path, error

    def read(self, _size: int = -1) -> bytes:
        try:
            return Path(self._path).read_bytes()
        except FileNotFoundError:
            raise self._error from None


class ResourceNotFoundError(Exception):
    status_code = 404


class ObjectDoesNotExistError(Exception):
    """Libcloud's: no code, only its name."""


class NotFound(Exception):
    code = 404


class Overwrites(FileSystemStorage):
    """Keeps the name, and the last of two files."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name

    def _save(self, name: str, content: Any) -> str:
        Path(self.path(name)).unlink(missing_ok=True)
        return str(super()._save(name, content))


class Azure(FileSystemStorage):
    """Lists whole names, opens lazily, and raises what is no OSError."""

    def _open(self, name: str, mode: str = "rb") -> Any:
        return File(_Lazy(self.path(name), ResourceNotFoundError("BlobNotFound")), name)

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        folders, names = super().listdir(path)
        return folders, [f"{path}/{name}" for name in names]

    def size(self, name: str) -> int:
        if not Path(self.path(name)).exists():
            raise ResourceNotFoundError("BlobNotFound")
        return super().size(name)


class Google(Overwrites):
    """Overwrites; what is missing is a NotFound."""

    def _open(self, name: str, mode: str = "rb") -> Any:
        if not Path(self.path(name)).exists():
            raise NotFound("404 GET")
        return super()._open(name, mode)

    def delete(self, name: str) -> None:
        if not Path(self.path(name)).exists():
            raise NotFound("404 DELETE")
        super().delete(name)


class Libcloud(FileSystemStorage):
    """Renames a second file, raises at the read, and at the deletion of what is not there."""

    def _open(self, name: str, mode: str = "rb") -> Any:
        return File(_Lazy(self.path(name), ObjectDoesNotExistError(name)), name)

    def delete(self, name: str) -> None:
        if not Path(self.path(name)).exists():
            raise ObjectDoesNotExistError(name)
        super().delete(name)


class Encrypting(FileSystemStorage):
    """Writes a header before what it was given, so its sizes are larger."""

    def _save(self, name: str, content: Any) -> str:
        changed = bytes(byte ^ 0x55 for byte in content.read())
        return str(super()._save(name, ContentFile(b"header" + changed)))

    def _open(self, name: str, mode: str = "rb") -> Any:
        kept = Path(self.path(name)).read_bytes()[6:]
        return ContentFile(bytes(byte ^ 0x55 for byte in kept), name)


class Compressing(FileSystemStorage):
    """Writes gzip, so its sizes are others."""

    def _save(self, name: str, content: Any) -> str:
        return str(super()._save(name, ContentFile(gzip.compress(content.read()))))

    def _open(self, name: str, mode: str = "rb") -> Any:
        return ContentFile(gzip.decompress(Path(self.path(name)).read_bytes()), name)


class NamesItself(FileSystemStorage):
    """Gives names of its own, as those do that hash what they store."""

    def _save(self, name: str, content: Any) -> str:
        folder, _slash, stem = name.rpartition("/")
        return str(super()._save(f"{folder}/own-{stem}", content))


class Bare(FileSystemStorage):
    """Offers no more than a storage must: no sizes, no lists, no times, no address."""

    def _no(self, *_arguments: Any) -> Any:
        raise NotImplementedError

    size = listdir = url = get_modified_time = _no


BACK_ENDS = (Azure, Google, Libcloud, Encrypting, Compressing, NamesItself, Bare, FileSystemStorage)
back_ends = pytest.mark.parametrize("back_end", BACK_ENDS)


@pytest.fixture
def storage(settings: Any, tmp_path: Path, back_end: type, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "glam_tryon": {
            "BACKEND": f"{back_end.__module__}.{back_end.__qualname__}",
            "OPTIONS": {"location": str(tmp_path / "private")},
        },
    }
    # The fields have the storage that there was when the models were loaded.
    for model, field in ((PersonPhoto, "image"), (TryOnResult, "image"), (TryOnJob, GARMENT)):
        monkeypatch.setattr(model._meta.get_field(field), "storage", files.private_storage())


@back_ends
def test_the_door_does_the_same_with_each(storage: None, back_end: type) -> None:
    with pytest.raises(FileMissing):
        files.read_stored("f/a.jpg")
    files.delete_file("f/a.jpg")
    assert files.list_files("f") == []
    name = files.save_once("f/a.jpg", CONTENT, SHA256)
    assert files.read_stored(name) == CONTENT
    assert files.is_stored(name)
    if back_end is not NamesItself:
        # The same once more is the same file.
        assert files.save_once("f/a.jpg", CONTENT, SHA256) == name == "f/a.jpg"
    assert files.list_files("f") == ([] if back_end is Bare else [name])
    files.delete_file(name)
    assert not files.is_stored(name)
    files.delete_file(name)


@back_ends
@pytest.mark.django_db
def test_a_photo_and_its_try_on_come_and_go_with_each(
    storage: None, back_end: type, product: Product, tmp_path: Path, client: Client
) -> None:
    user = User.objects.create_user("ada")
    client.force_login(user)
    photo = jobs.add_photo(
        io.BytesIO(CONTENT), user=user, consent=jobs.current_consent(), keep=True
    )
    job = jobs.request_tryon(product, photo=photo, user=user)
    name = result_name(job.pk, 0, SHA256, "jpg")
    note = save_result(job, name, CONTENT, SHA256)
    TryOnJob.objects.update(status="ready", queue=None)
    result = TryOnResult(job=job, position=0, image=note.name, width=240, height=320, sha256=SHA256)
    write_results(job, [result], [note])
    # What an earlier try left is found among the files of the job.
    files.save_file(f"{result_folder(job.pk)}/0-earlier.jpg", CONTENT)
    delete_orphaned_files(job)
    shown = client.get(reverse("glam_tryon:result", args=[job.pk, 0]))
    assert (shown.status_code, shown.content) == (200, CONTENT)
    assert shown["Content-Type"] == "image/jpeg"
    assert delete_tryon(job).left == 0
    assert delete_photo(PersonPhoto.objects.get(pk=photo.pk)).left == 0
    TryOnJob.objects.all().delete()
    prune()
    left = [path.name for path in (tmp_path / "private").rglob("*") if path.is_file()]
    # A storage that cannot list keeps what no note names; it was saved past the door here.
    assert left == (["0-earlier.jpg"] if back_end is Bare else [])
    assert not PossibleOrphan.objects.exclude(is_deleted=True).exists()


# Content types.

KINDS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "AVIF": "image/avif"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_is_named_by_its_bytes(kind: str) -> None:
    assert content_type(encoded(scene(), kind)) == KINDS[kind]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"GIF89a", "image/gif"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", "image/avif"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "image/heic"),
        (b"<svg onload=alert(1)>", "application/octet-stream"),
        (b"<!doctype html>", "application/octet-stream"),
        (b"", "application/octet-stream"),
    ],
)
def test_what_is_no_picture_is_named_as_bytes(content: bytes, kind: str) -> None:
    assert content_type(content) == kind


@pytest.mark.django_db
@pytest.mark.parametrize("kind", KINDS)
def test_a_result_is_shown_as_what_it_is_whatever_the_system_knows(
    product: Product,
    house_model: PersonPhoto,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    monkeypatch.setattr("mimetypes.guess_type", lambda *_name, **_options: (None, None))
    user = User.objects.create_user("ada")
    client.force_login(user)
    job = jobs.request_tryon(product, photo=house_model, user=user)
    content = encoded(scene(), kind)
    name = files.save_file(f"{result_folder(job.pk)}/0-without-ending", content)
    TryOnResult.objects.create(
        job=job, position=0, image=name, width=4, height=3, sha256="0" * 64, source_url=""
    )
    TryOnJob.objects.update(status="ready", queue=None)
    shown = client.get(reverse("glam_tryon:result", args=[job.pk, 0]))
    assert (shown["Content-Type"], shown["X-Content-Type-Options"]) == (KINDS[kind], "nosniff")


def test_the_page_names_each_back_end_that_is_tried_here() -> None:
    page = (ROOT / "docs" / "storages.md").read_text()
    named = set(re.findall(r"^\| ([\w ]+?) \|", page, re.MULTILINE))
    assert named >= {"Azure", "Google", "libcloud", "one that encrypts", "one that compresses"}
