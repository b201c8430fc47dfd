"""A product's key as one segment of an address, whatever characters the key is made of."""

from __future__ import annotations

import re

# "~" is safe in every address, and rarer in keys than "_" or ".".
_PLAIN = re.compile(r"[A-Za-z0-9_.-]")
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
_ESCAPED = re.compile(rb"~([0-9A-F]{2})")


class ProductKey:
    """Converts a path segment: "a/b" stands in an address as ``a~2Fb``.

    Percent signs would not do: servers and proxies decode ``%2F`` and merge what it leaves.
    """

    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        """Return the key. Raises ``ValueError``, which Django takes for "not found"."""
        key = _ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), value.encode()).decode()
        if "\0" in key:
            raise ValueError("no database holds such a key")
        return key

    def to_url(self, value: object) -> str:
        """Return the key as it stands in an address; a template may give it as a number."""
        value = str(value)
        if _PLAIN_KEY.fullmatch(value):
            return value
        if set(value) == {"."}:
            # Browsers would climb up the path.
            return "~2E" * len(value)
        return "".join(
            character
            if _PLAIN.fullmatch(character)
            else "".join(f"~{byte:02X}" for byte in character.encode())
            for character in value
        )
