"""Storages that behave as those of some shops do, on this machine's disk."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage

HEADER = b"sealed:"


class Encrypting(FileSystemStorage):
    """Keeps more bytes than it was given, and says so when asked for the size."""

    def _save(self, name: str, content: Any) -> str:
        sealed = HEADER + bytes(byte ^ 0x5A for byte in content.read())
        return str(super()._save(name, ContentFile(sealed)))

    def _open(self, name: str, mode: str = "rb") -> File[bytes]:
        sealed = Path(self.path(name)).read_bytes()
        plain = bytes(byte ^ 0x5A for byte in sealed.removeprefix(HEADER))
        return File(io.BytesIO(plain), name=name)


class Compressing(FileSystemStorage):
    """Keeps other bytes than it was given, of another length."""

    def _save(self, name: str, content: Any) -> str:
        return str(super()._save(name, ContentFile(gzip.compress(content.read()))))

    def _open(self, name: str, mode: str = "rb") -> File[bytes]:
        plain = gzip.decompress(Path(self.path(name)).read_bytes())
        return File(io.BytesIO(plain), name=name)


class ResourceNotFoundError(Exception):
    """Azure's word for a missing file, which is no ``OSError``."""

    status_code = 404


class Lazy(io.RawIOBase):
    """A file that is looked for when it is read, as Azure's and libcloud's are."""

    def __init__(self, path: str) -> None:
        self._path, self._content = Path(path), io.BytesIO()
        self._is_read = False

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if not self._is_read:
            if not self._path.exists():
                raise ResourceNotFoundError("The specified blob does not exist.")
            self._content, self._is_read = io.BytesIO(self._path.read_bytes()), True
        return self._content.read(size)


class OwnErrors(FileSystemStorage):
    """Opens lazily, raises errors of its own, and lists whole names."""

    def _open(self, name: str, mode: str = "rb") -> File[bytes]:
        return File(Lazy(self.path(name)), name=name)  # type: ignore[type-var]

    def delete(self, name: str) -> None:
        if not self.exists(name):
            raise ResourceNotFoundError("The specified blob does not exist.")
        super().delete(name)

    def size(self, name: str) -> int:
        if not self.exists(name):
            raise ResourceNotFoundError("The specified blob does not exist.")
        return super().size(name)

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        folders, files = super().listdir(path)
        return folders, [f"{path.rstrip('/')}/{name}" for name in files]
