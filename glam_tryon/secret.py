"""Text that never shows itself: the API key, wherever it is on its way to Glam."""

from __future__ import annotations

from typing import Self


class Secret(str):
    """Equal to its text, and sent as it; shown, formatted and logged as stars.

    So no traceback with the variables of its frames holds it, nor does a dict of headers.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Make a secret of ``text``, which may be one already."""
        # A slice is plain text; of a secret itself the base class would take the stars.
        return super().__new__(cls, text[:])

    def __repr__(self) -> str:
        return "'***'"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return "***"
