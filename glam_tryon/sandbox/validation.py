"""What a request must look like: Glam's errors as FastAPI words them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from .delivery import Reply

MASK_TYPES = ("overall", "upper", "lower")
FIELDS = ("media_url", "garment_url", "mask_type")


class Invalid(Exception):
    """The request is refused with 422; ``errors`` is FastAPI's list."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        self.errors = errors
        super().__init__(f"{len(errors)} errors")


def said(status: int, content: Any) -> Reply:
    """A JSON answer."""
    return Reply(status, json.dumps(content).encode())


def detail(status: int, text: str) -> Reply:
    """An error as FastAPI says it."""
    return said(status, {"detail": text})


def read_submission(body: bytes, content_type: str) -> dict[str, str]:
    """The three fields of a submission. Raises ``Invalid``."""
    content: Any = None
    if content_type.partition(";")[0].strip().lower() == "application/json":
        try:
            content = json.loads(body)
        except ValueError as error:
            raise Invalid([_error("json_invalid", "JSON decode error", 0)]) from error
    if not isinstance(content, dict):
        raise Invalid([_error("model_attributes_type", "Input should be a valid dictionary")])
    errors = [wrong for name in FIELDS if (wrong := _wrong(name, content))]
    if errors:
        raise Invalid(errors)
    return {name: content[name] for name in FIELDS}


def read_file(body: bytes, content_type: str) -> bytes:
    """The multipart field ``file``. Raises ``Invalid``."""
    kind, _, rest = content_type.partition(";")
    boundary = rest.partition("boundary=")[2].partition(";")[0].strip().strip('"')
    if kind.strip().lower() == "multipart/form-data" and boundary:
        # The first delimiter has no line break before it.
        for part in (b"\r\n" + body).split(b"\r\n--" + boundary.encode("latin-1"))[1:]:
            head, blank, content = part.partition(b"\r\n\r\n")
            if blank and b'name="file"' in head.replace(b"name=file", b'name="file"'):
                return content
    raise Invalid([_error("missing", "Field required", "file")])


def _wrong(name: str, content: dict[str, Any]) -> dict[str, Any] | None:
    if name not in content:
        return _error("missing", "Field required", name)
    value = content[name]
    if name == "mask_type":
        if value not in MASK_TYPES:
            return _error("enum", "Input should be 'overall', 'upper' or 'lower'", name)
        return None
    if not isinstance(value, str):
        return _error("string_type", "Input should be a valid string", name)
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        usable = False
    return None if usable else _error("url_parsing", "Input should be a valid URL", name)


def _error(kind: str, message: str, *where: str | int) -> dict[str, Any]:
    return {"type": kind, "loc": ["body", *where], "msg": message}
