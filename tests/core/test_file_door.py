"""Only ``files.py`` speaks to storages, and whatever these raise arrives as one of two errors."""

from __future__ import annotations

import ast
import hashlib
import io
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.http import Http404
from django.test import RequestFactory
from requests import ConnectionError as RequestsConnectionError

import glam_tryon
from example_project.shop.models import Product
from glam_tryon import files, jobs
from glam_tryon.exceptions import FileMissing, FileUnavailable, GarmentUnavailable
from glam_tryon.models import PersonPhoto
from glam_tryon.orders.garment_snapshot import snapshot
from glam_tryon.privacy import export_tryon_data
from glam_tryon.privacy.deletion import delete_photo
from glam_tryon.views import pictures
from tests.shop import picture

PACKAGE = Path(glam_tryon.__file__).parent
CONTENT = b"content"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


# Who speaks to storages.


def _speaks_to_a_storage(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute) and node.attr == "storage":
        return True
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    target = ast.unparse(node.func.value)
    match node.func.attr:
        case "listdir" | "get_available_name":
            return True
        case "open":
            binary = any(
                isinstance(each, ast.Constant) and each.value == "rb" for each in node.args
            )
            return binary or "storage" in target
        case "save" | "delete" | "exists" | "size" | "url":
            takes_a_file = any("ContentFile" in ast.unparse(each) for each in node.args)
            return takes_a_file or "storage" in target or target.endswith("image")
    return False


def _code() -> Iterator[tuple[str, ast.AST]]:
    for path in PACKAGE.rglob("*.py"):
        name = str(path.relative_to(PACKAGE))
        if not name.startswith(("sandbox/", "migrations/")) and name != "files.py":
            yield name, ast.parse(path.read_text())


def test_nothing_but_the_door_speaks_to_a_storage() -> None:
    found = {
        f"{name}:{node.lineno}"
        for name, tree in _code()
        for node in ast.walk(tree)
        if _speaks_to_a_storage(node)
    }
    assert found == set()


#: Who saves into the private storage: all of it is noted first.
SAVES = {"save_file": {"tracked_files.py"}, "save_once": {"worker/steps/store.py"}}


def test_nothing_is_saved_into_the_private_storage_without_a_note() -> None:
    found: dict[str, set[str]] = {name: set() for name in SAVES}
    for path, tree in _code():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module == "glam_tryon.files":
                for alias in node.names:
                    found.get(alias.name, set()).add(path)
    assert found == SAVES


def test_the_rule_sees_what_it_forbids() -> None:
    for line in (
        "photo.image.open('rb').read()",
        "photo.image.storage",
        "storage.delete(name)",
        "photo.image.delete()",
        "photo.image.save('a', ContentFile(b''), save=False)",
        "private_storage().listdir(folder)",
    ):
        assert any(map(_speaks_to_a_storage, ast.walk(ast.parse(line)))), line


def test_a_shop_on_disk_needs_no_library_of_a_storage() -> None:
    code = (
        "import sys, os, django\n"
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'tests.settings'\n"
        "for name in ('boto3', 'botocore', 'storages'): sys.modules[name] = None\n"
        "django.setup()\n"
        "import glam_tryon.files, glam_tryon.worker.poller, glam_tryon.admin\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


# What back ends raise.


class ResourceNotFoundError(Exception):
    """As Azure's: no OSError, with the status of the answer."""

    status_code = 404


class HttpResponseError(Exception):
    status_code = 503


class NotFound(Exception):
    """As Google's."""

    code = 404


class ObjectDoesNotExistError(Exception):
    """As libcloud's: nothing but its name tells."""


class _Answer:
    status_code = 404


class HTTPError(OSError):
    """As that of requests."""

    response = _Answer()


def client_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, "GetObject")


MISSING = [
    FileNotFoundError(2, "No such file"),
    client_error("NoSuchKey"),
    client_error("404"),
    ResourceNotFoundError("the blob is not there"),
    NotFound("no such object"),
    ObjectDoesNotExistError("a.jpg"),
    HTTPError("404"),
]
TROUBLE = [
    PermissionError(13, "Permission denied"),
    client_error("SlowDown"),
    client_error("AccessDenied"),
    EndpointConnectionError(endpoint_url="http://127.0.0.1:9"),
    HttpResponseError("busy"),
    RequestsConnectionError("reset"),
    TimeoutError("slow"),
    RuntimeError("whatever"),
    KeyError("a bug of the back end's"),
]
_ids = [f"{type(each).__name__}-{number}" for number, each in enumerate(MISSING + TROUBLE)]


class _Lazy(io.BytesIO):
    """Opens without a question, and raises when it is read."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def read(self, *_size: Any) -> bytes:
        raise self._error


class Faulty(FileSystemStorage):
    """Raises ``error`` at the methods that ``at`` names; ``read`` is an ``open`` that is lazy."""

    error: Exception = RuntimeError()
    at: frozenset[str] = frozenset()

    def _meet(self, method: str) -> None:
        if method in self.at:
            raise self.error

    def _open(self, name: str, mode: str = "rb") -> Any:
        self._meet("open")
        return _Lazy(self.error) if "read" in self.at else super()._open(name, mode)

    def _save(self, name: str, content: Any) -> str:
        self._meet("save")
        return str(super()._save(name, content))

    def delete(self, name: str) -> None:
        self._meet("delete")
        super().delete(name)

    def exists(self, name: str) -> bool:
        self._meet("exists")
        return super().exists(name)

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        self._meet("listdir")
        return super().listdir(path)

    def size(self, name: str) -> int:
        self._meet("size")
        return super().size(name)

    def url(self, name: str | None) -> str:
        self._meet("url")
        return "https://files.test/a"


Fault = Callable[..., None]


@pytest.fixture
def fault(monkeypatch: pytest.MonkeyPatch) -> Fault:
    """Let every storage raise an error at some methods, whichever field or alias holds it."""

    def fault(error: Exception, *at: str) -> None:
        def broken(*_arguments: Any, **_options: Any) -> Any:
            raise error

        for method in at:
            instead = (lambda *_: _Lazy(error)) if method == "read" else broken
            name = {"read": "_open", "open": "_open"}.get(method, method)
            monkeypatch.setattr(FileSystemStorage, name, instead)

    return fault


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Faulty:
    storage = Faulty(location=str(tmp_path))
    monkeypatch.setattr(files, "private_storage", lambda: storage)
    return storage


CALLS: dict[str, tuple[Callable[[], object], tuple[str, ...]]] = {
    "read_stored": (lambda: files.read_stored("f/a.jpg"), ("open", "read")),
    "is_stored": (lambda: files.is_stored("f/a.jpg"), ("exists",)),
    "save_file": (lambda: files.save_file("f/b.jpg", CONTENT), ("save", "exists")),
    "save_once": (
        lambda: files.save_once("f/b.jpg", CONTENT, SHA256),
        ("save", "exists", "size"),
    ),
    "list_files": (lambda: files.list_files("f"), ("listdir",)),
    "url_of": (lambda: files.url_of("f/a.jpg"), ("url",)),
    "delete_file": (lambda: files.delete_file("f/a.jpg"), ("delete",)),
}


@pytest.mark.parametrize("error", MISSING + TROUBLE, ids=_ids)
@pytest.mark.parametrize(
    ("call", "method"), [(name, method) for name, (_call, at) in CALLS.items() for method in at]
)
def test_whatever_a_back_end_raises_is_one_of_two_errors(
    faulty: Faulty, call: str, method: str, error: Exception
) -> None:
    files.save_file("f/a.jpg", CONTENT)
    faulty.error, faulty.at = error, frozenset({method})
    if error in MISSING and call in ("delete_file", "list_files"):
        # What is not there is deleted, and a folder that is not there is empty.
        assert not CALLS[call][0]()
        return
    with pytest.raises(FileMissing if error in MISSING else FileUnavailable) as raised:
        CALLS[call][0]()
    assert type(raised.value) is (FileMissing if error in MISSING else FileUnavailable)
    assert raised.value.__cause__ is error or raised.value.__context__ is not None


@pytest.mark.parametrize("error", [MISSING[3], TROUBLE[1], TROUBLE[7]])
@pytest.mark.parametrize("at", ["open", "read"])
def test_no_caller_meets_what_a_back_end_raises(
    db: None,
    product: Product,
    fault: Fault,
    error: Exception,
    at: str,
) -> None:
    user = User.objects.create_user("ada")
    photo = jobs.add_photo(io.BytesIO(picture()), user=user, consent=jobs.NoConsentNeeded("a test"))
    fault(error, at, *(["delete"] if error not in MISSING else []))
    with pytest.raises(GarmentUnavailable, match="cannot be read"):
        snapshot(product)
    with export_tryon_data(user) as made:
        assert "missing" in zipfile.ZipFile(made).read("tryons.json").decode()
    request = RequestFactory().get("/")
    if error in MISSING:
        with pytest.raises(Http404):
            pictures.read_picture(photo.image)
    else:
        answer = pictures.read_picture(photo.image)
        assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    with pytest.raises(Http404):
        pictures.garment(request, "shop.product", str(product.pk))
    receipt = delete_photo(photo)
    assert receipt.left == (error not in MISSING)
    assert PersonPhoto.objects.get(pk=photo.pk).is_there is False


# What differs between back ends that work.


class Encrypting(Faulty):
    """Counts what it wrote, which is more than it was given."""

    def size(self, name: str) -> int:
        return super().size(name) + 32


class WholeNames(Faulty):
    """Lists whole names, as Azure's storage does."""

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        folders, names = super().listdir(path)
        return folders, [f"{path}/{name}" for name in names]


def test_a_storage_that_encrypts_may_count_more_than_it_was_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(files, "private_storage", lambda: Encrypting(location=str(tmp_path)))
    assert files.save_once("f/a.jpg", CONTENT, SHA256) == "f/a.jpg"
    with pytest.raises(FileUnavailable, match="kept 39 of 7 bytes"):
        files.save_once("f/b.jpg", CONTENT, "0" * 64)


@pytest.mark.parametrize("kind", [Faulty, WholeNames])
def test_files_are_listed_by_their_whole_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: type[Faulty]
) -> None:
    monkeypatch.setattr(files, "private_storage", lambda: kind(location=str(tmp_path)))
    files.save_file("f/a.jpg", CONTENT)
    assert files.list_files("f") == ["f/a.jpg"]
    assert files.list_files("nowhere") == []


def test_a_picture_that_opens_itself_and_returns_nothing_is_read() -> None:
    class CacheFile(ContentFile):
        def open(self, mode: str | None = None) -> Any:
            self.seek(0)

    assert files.read_file(CacheFile(CONTENT)) == CONTENT
    assert files.read_file(io.BytesIO(CONTENT)) == CONTENT


def test_a_file_is_saved_once_and_one_that_is_not_whole_is_replaced(faulty: Faulty) -> None:
    name = files.save_once("f/a.jpg", CONTENT, SHA256)
    assert files.save_once("f/a.jpg", CONTENT, SHA256) == name
    assert files.list_files("f") == ["f/a.jpg"]
    faulty.delete(name)
    files.save_file("f/a.jpg", CONTENT[:3])
    assert files.save_once("f/a.jpg", CONTENT, SHA256) == name
    assert files.read_stored(name) == CONTENT
