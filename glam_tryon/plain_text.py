"""Text from outside, made such that every encoder, page and log can hold it."""

from __future__ import annotations

import re

#: Stands for each character that cannot be kept.
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
#: NUL, which PostgreSQL refuses, and halves of characters, which are no UTF-8.
_UNKEEPABLE = re.compile("[\0\ud800-\udfff]")


def clean_text(value: object, longest: int | None = None) -> str:
    """Return ``value`` as text of at most ``longest`` characters, None as empty text.

    NUL and halves of characters (a service that cuts text at UTF-16 units leaves them) are
    replaced, one for one.
    """
    text = "" if value is None else str(value)
    return _UNKEEPABLE.sub(REPLACEMENT, text if longest is None else text[:longest])
