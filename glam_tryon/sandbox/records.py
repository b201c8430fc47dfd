"""What the sandbox tells a test about what happened to it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Accepted:
    """One POST that the sandbox took, as it stood when it was asked for.

    ``at`` is ``time.monotonic()`` seconds in the sandbox's process. ``fetched_photo`` says that
    the whole person photo came back with status 200. ``generated`` says that a picture was drawn:
    that is what Glam would bill for.
    """

    event_id: str
    media_url: str
    garment_url: str
    mask_type: str
    at: float
    fetched_photo: bool
    generated: bool


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request on either port, noted before its answer leaves.

    ``status`` is ``None`` when a fault keeps HTTP out of the answer. ``port`` is ``"api"`` or
    ``"result"``. ``connection`` numbers the TCP connections of both ports from 1, so that a test
    can see a fresh one. Header values are never kept, only whether ``X-API-Key`` was there.
    """

    method: str
    path: str
    status: int | None
    at: float
    has_key: bool
    port: str
    connection: int
