"""The caller's own data at a job: a reference to find it by, and a little metadata."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from django.db import connections

from glam_tryon.models import TryOnJob
from glam_tryon.models.outside_text import holdable

#: As many characters as a reference may have.
LONGEST_REFERENCE = 100
#: As many bytes as metadata may have, as compact JSON in UTF-8; and as many levels.
LARGEST_METADATA = 4096
DEEPEST_METADATA = 8


def checked_reference(reference: str | None) -> str | None:
    """Return the reference, None where there is none.

    Raises:
        TypeError: it is no text.
        ValueError: it is longer than ``LONGEST_REFERENCE``, or holds what the database does not: a
            NUL, half of a character, one that its charset lacks. It is looked for by this text, so
            none of it is replaced.
    """
    if reference is None or reference == "":
        return None
    if not isinstance(reference, str):
        raise TypeError(f"reference must be text, not {type(reference).__name__}; use str()")
    if len(reference) > LONGEST_REFERENCE:
        raise ValueError(
            f"reference must have at most {LONGEST_REFERENCE} characters, not {len(reference)}"
        )
    using = TryOnJob.objects.write_alias()
    column = TryOnJob._meta.get_field("reference")
    if holdable(column, reference, connections[using]) != reference:
        raise ValueError(
            "reference must have characters that the database can keep, so no NUL and no half of "
            f"a character, not {reference!a}"
        )
    return reference


def checked_metadata(metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a copy of the metadata as plain JSON, empty where there is none.

    Raises:
        TypeError: it is no JSON object, or holds what JSON does not know.
        ValueError: it is larger than ``LARGEST_METADATA`` or deeper than ``DEEPEST_METADATA``, or
            holds what no database keeps: NaN, an infinite number, a NUL, half of a character.
    """
    if metadata is None:
        return {}
    if not isinstance(metadata, Mapping):
        raise TypeError(f"metadata must be a JSON object, a dict, not {type(metadata).__name__}")
    plain: dict[str, Any] = _plain(metadata, DEEPEST_METADATA)
    try:
        size = len(json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode())
    except UnicodeEncodeError as error:
        raise ValueError(f"metadata holds text that is no UTF-8: {error}") from None
    if size > LARGEST_METADATA:
        raise ValueError(f"metadata must have at most {LARGEST_METADATA} bytes as JSON, not {size}")
    return plain


def _plain(value: Any, levels: int) -> Any:
    if levels < 0:
        raise ValueError(f"metadata must have at most {DEEPEST_METADATA} levels")
    if isinstance(value, Mapping):
        if wrong := [key for key in value if not isinstance(key, str)]:
            raise TypeError(f"metadata must have text as keys, not {wrong[0]!r:.80}")
        return {_plain(key, levels): _plain(each, levels - 1) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each, levels - 1) for each in value]
    if isinstance(value, str):
        if "\0" in value:
            raise ValueError("metadata must not hold a NUL character")
        # Also of a lazy or an enumeration's text: what is stored is the text.
        return str(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("metadata must not hold NaN or an infinite number")
        return value
    raise TypeError(f"metadata must hold JSON only, not {type(value).__name__}; convert it first")
