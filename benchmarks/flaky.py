"""A storage that fails now and then, for as long as a file is there that says so."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

from django.core.files.storage import FileSystemStorage

#: Names the file, and how often a call fails.
VARIABLE, SHARE = "STORM_FLAKY_WHILE", 0.03


class FlakyStorage(FileSystemStorage):
    """Each call fails before it does anything, or after it has done it."""

    def _perhaps_fail(self) -> None:
        if random.random() < SHARE and Path(os.environ.get(VARIABLE, "/nowhere")).exists():
            raise ConnectionError("the storage is away for a moment")

    def _open(self, name: str, mode: str = "rb") -> Any:
        self._perhaps_fail()
        return super()._open(name, mode)  # type: ignore[misc]

    def _save(self, name: str, content: Any) -> Any:
        self._perhaps_fail()
        saved = super()._save(name, content)  # type: ignore[misc]
        self._perhaps_fail()
        return saved

    def delete(self, name: str) -> None:
        self._perhaps_fail()
        super().delete(name)
        self._perhaps_fail()

    def exists(self, name: str) -> bool:
        self._perhaps_fail()
        return super().exists(name)

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        self._perhaps_fail()
        return super().listdir(path)
