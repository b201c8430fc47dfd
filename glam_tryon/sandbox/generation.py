"""One submission that the sandbox took: its facts, and where it stands."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from .fault_actions import Do
from .records import Accepted

#: Share of a try-on's time during which it says IN_QUEUE at the least.
QUEUED_SHARE = 0.15


@dataclass(slots=True, eq=False)
class Generation:
    """One submission that was taken. Fields change under the ledger's lock only."""

    number: int
    event_id: str
    media_url: str
    garment_url: str
    mask_type: str
    do: Do
    at: float
    seconds: float
    result_names: tuple[str, ...]
    phase: str = "queued"  #: queued, started, ready or failed.
    started_at: float = 0.0
    fetched_photo: bool = False
    fetched: bool = False
    picture: bytes | None = None
    reason: str = ""
    released: bool = False
    lost: bool = False
    questions: int = 0
    steps: int = 0
    may_fetch: bool = False
    fetching: bool = False

    @property
    def never_fetches(self) -> bool:
        """Whether a fault keeps it from asking for its pictures."""
        return bool(self.do.fetch and self.do.fetch["never"])

    @property
    def remote_status(self) -> str:
        """Glam's word for where it stands; IN_QUEUE until both pictures are here."""
        if self.phase in ("ready", "failed"):
            return self.phase.upper()
        early = time.monotonic() < self.started_at + QUEUED_SHARE * self.seconds
        waits = self.phase == "queued" or self.do.stuck or not self.fetched or early
        return "IN_QUEUE" if waits else "IN_PROGRESS"

    @property
    def open(self) -> bool:
        """Whether it counts against the plan's parallel requests."""
        return self.phase == "started"

    def accepted(self) -> Accepted:
        """Its record for a test."""
        return Accepted(
            self.event_id,
            self.media_url,
            self.garment_url,
            self.mask_type,
            self.at,
            self.fetched_photo,
            self.picture is not None,
        )


class Report(Protocol):
    """Where the work says how far it is; each method may be called from any thread."""

    def photo_fetched(self, generation: Generation) -> None:
        """The whole person photo is here."""

    def both_fetched(self, generation: Generation) -> None:
        """Photo and garment are here, drawing begins."""

    def drawn(self, generation: Generation, picture: bytes) -> None:
        """The picture is there."""

    def broken(self, generation: Generation, reason: str) -> None:
        """It cannot be drawn, and why."""


class Work(Protocol):
    """Fetches and draws; ``run`` is called once per generation, from a few threads."""

    def run(self, generation: Generation, report: Report) -> None:
        """Do it; must not raise."""

    def close(self) -> None:
        """Break off what is under way."""
