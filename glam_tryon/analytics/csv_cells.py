"""The cells of a CSV file, as text that no spreadsheet takes for a formula."""

from __future__ import annotations

from collections.abc import Iterable

#: With these a spreadsheet takes a text for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def safe_cells(values: Iterable[object]) -> list[str]:
    """Return the values as text; what would be a formula has a quotation mark before it."""
    texts = map(str, values)
    return [f"'{text}" if text.startswith(_FORMULA) else text for text in texts]
