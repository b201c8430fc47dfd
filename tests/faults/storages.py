"""Storages that misbehave; each is local files otherwise."""

from __future__ import annotations

import errno
import secrets
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, storages

Save = Callable[[str, Any], str]


class Troubled(FileSystemStorage):
    """The first saves go wrong as ``troubles`` say, one after the other; later ones are right."""

    def __init__(self, troubles: Iterable[Callable[[Save, str, Any], str]] = ()) -> None:
        super().__init__()
        self._troubles = list(troubles)
        self.saves = 0

    def _save(self, name: str, content: Any) -> str:
        self.saves += 1
        save: Save = super()._save  # type: ignore[misc]
        return self._troubles.pop(0)(save, name, content) if self._troubles else save(name, content)


def half(save: Save, name: str, content: Any) -> str:
    """Keep half of it and say that all is well."""
    everything = content.read()
    return save(name, ContentFile(everything[: len(everything) // 2]))


def full(save: Save, name: str, content: Any) -> str:
    """Keep what fits on the disk, then say that it is full."""
    half(save, name, content)
    raise OSError(errno.ENOSPC, "No space left on device")


def raises(error: BaseException) -> Callable[[Save, str, Any], str]:
    def trouble(save: Save, name: str, content: Any) -> str:
        raise error

    return trouble


def first(hook: Callable[[], None]) -> Callable[[Save, str, Any], str]:
    """Call ``hook`` before the file is saved."""

    def trouble(save: Save, name: str, content: Any) -> str:
        hook()
        return save(name, content)

    return trouble


class Renaming(Troubled):
    """Gives each file another name than was asked for."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        path = Path(name)
        return str(path.with_name(f"{path.stem}_{secrets.token_hex(4)}{path.suffix}"))


class LongNames(Troubled):
    """Gives names that are too long for any column, unless it is asked to keep them short."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        path = Path(name)
        long = "x" * (40 if max_length else 400)
        return str(path.with_name(f"{path.stem}_{long}{path.suffix}"))


class Endless(Troubled):
    """Gives names that are too long whatever it is asked for; they are not those of its files."""

    def save(self, name: str | None, content: Any, max_length: int | None = None) -> str:
        return super().save(name, content, max_length) + "?" * 300

    def delete(self, name: str) -> None:
        super().delete(name.rstrip("?"))

    def size(self, name: str) -> int:
        return super().size(name.rstrip("?"))


class Bare(FileSystemStorage):
    """Can save, open and delete, and nothing else, as a storage may."""

    def exists(self, name: str) -> bool:
        raise NotImplementedError("subclasses of Storage must provide an exists() method")

    def listdir(self, path: str) -> Any:
        raise NotImplementedError("subclasses of Storage must provide a listdir() method")

    def size(self, name: str) -> int:
        raise NotImplementedError("subclasses of Storage must provide a size() method")

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name

    def _save(self, name: str, content: Any) -> str:
        path = Path(self.path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.read())
        return name


class Away(Troubled):
    """Cannot even say what it has, for so many questions."""

    def __init__(self, questions: int, **options: Any) -> None:
        super().__init__(**options)
        self.left = questions

    def _ask(self) -> None:
        if self.left:
            self.left -= 1
            raise ConnectionError("the storage does not answer")

    def exists(self, name: str) -> bool:
        self._ask()
        return super().exists(name)

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        self._ask()
        return super().listdir(path)


def current() -> Any:
    """Return the storage that the engine uses now."""
    return storages["glam_tryon"]
