"""Glam's own words about a failure, made safe to keep: no addresses, no keys, 500 characters."""

from __future__ import annotations

import json
import re

_LONGEST = 500
_LOOKED_AT = 4000
_FIELDS = ("detail", "error_message", "error", "message")

_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]{1,15}://|\bwww\.|\bdata:)[^\s\"'<>]+", re.IGNORECASE)
_NAMED_SECRET = re.compile(
    r"(?i)\b((?:x-)?api[-_ ]?key|token|secret|signature|authorization|bearer|password)"
    r"(\s*[\"']?\s*[:=]\s*|\s+)[\"']?[^\s\"',;]{6,}"
)
# Words have no digits; tokens, signatures and identifiers of this length practically always do.
_LONG_TOKEN = re.compile(r"(?=[A-Za-z_./+=:-]*\d)[A-Za-z0-9_/+=.:-]{20,}")
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")


def parse(body: bytes | None) -> object:
    """Return the JSON value in ``body``, or None when there is none that can be read."""
    try:
        return json.loads(body or b"null")
    except (ValueError, RecursionError):
        return None


def scrub(text: str, secret: str = "") -> str:
    """Return ``text`` as one line of at most 500 characters without addresses or keys.

    ``secret`` is taken out wherever it stands, whatever it looks like.
    """
    if len(text) > _LOOKED_AT:
        # The last word may be half a key, which no pattern would recognise.
        text = text[:_LOOKED_AT].rpartition(" ")[0]
    if secret:
        text = text.replace(secret, "[key]")
    text = _UNPRINTABLE.sub(" ", text)
    text = _ADDRESS.sub("[address]", text)
    text = _NAMED_SECRET.sub(r"\1 [hidden]", text)
    text = _LONG_TOKEN.sub("[hidden]", text)
    text = text.strip()
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def failure_text(body: bytes | None, secret: str = "") -> str:
    """Return what the body of an answer says about its failure, scrubbed; often empty.

    Glam publishes no error format; ``detail`` as text or as FastAPI's list of ``{loc, msg, type}``,
    and ``error_message``, ``error`` and ``message`` are what its peers use.
    """
    value = parse(body)
    if value is None and body:
        text = body[: 4 * _LOOKED_AT].decode("utf-8", "replace").strip()
        return "(a web page instead of an answer)" if text.startswith("<") else scrub(text, secret)
    return failure_text_of(value, secret)


def failure_text_of(value: object, secret: str = "") -> str:
    """Return what an answer that is already parsed says about its failure, scrubbed."""
    if isinstance(value, dict):
        for field in _FIELDS:
            if text := _flat(value.get(field)):
                return scrub(text, secret)
    return scrub(value, secret) if isinstance(value, str) else ""


def _flat(value: object) -> str:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list):
        return "; ".join(filter(None, (_flat(entry) for entry in value[:10])))
    if isinstance(value, dict):
        return _flat_entry(value)
    return ""


def _flat_entry(entry: dict[str, object]) -> str:
    text = next((entry[name] for name in ("msg", *_FIELDS) if isinstance(entry.get(name), str)), "")
    place = entry.get("loc")
    if isinstance(place, list) and place:
        return f"{'.'.join(str(part)[:40] for part in place[:6])}: {text}"
    return str(text)
