"""A Glam without sockets: it takes, fetches and answers when a test says so."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from django.test import Client
from PIL import Image

from glam_tryon.exceptions import DownloadFailed
from glam_tryon.models import TryOnSubmission
from glam_tryon.providers.base import Polled, Submitted
from glam_tryon.providers.glam.outcomes import judge_poll, judge_submit
from glam_tryon.providers.http import Answer, Silence
from tests.worker.actors import actor, halt

#: What may become of a POST; the first word is what usually happens.
POSTS = (
    "taken",
    "answer lost",
    "taken, 502",
    "late",
    "vanished",
    "unreachable",
    "throttled",
    "bad key",
    "rejected",
    "duplicate",
)
_REFUSALS = {"throttled": 429, "bad key": 401, "rejected": 422}


@dataclass
class Event:
    """One submission that Glam took."""

    name: str
    media_url: str
    state: str = "IN_QUEUE"
    drawn_from: bool = False

    @property
    def signed(self) -> str:
        """What identifies the submission: the signed part of its photo link."""
        return self.media_url.rsplit("/", 1)[-1].removesuffix(".jpg")

    def picture(self) -> bytes:
        """Return the result: other bytes for each event."""
        colour = "#" + hashlib.sha256(self.name.encode()).hexdigest()[:6]
        buffer = io.BytesIO()
        Image.new("RGB", (16, 16), colour).save(buffer, "PNG")
        return buffer.getvalue()


def _answer(status: int, body: object = None) -> Answer:
    content = json.dumps(body).encode()
    return Answer(status=status, body=content, problem="", retry_after="", date="", received_at=0.0)


def _known_event() -> str | None:
    """Return the id of another's event, for Glam to give out twice.

    Of an id that the shop does not have, as its own answer was lost, nobody could tell.
    """
    known = TryOnSubmission.objects.exclude(event_id=None).order_by("-started_at", "event_id")
    return known.values_list("event_id", flat=True).first()


@dataclass
class FakeGlam:
    """Stands where the engine asks for its client."""

    events: list[Event] = field(default_factory=list)
    #: Photo links of POSTs that are still on their way.
    on_the_way: list[str] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def take(self, media_url: str) -> Event:
        event = Event(f"event-{next(self._numbers)}", media_url)
        self.events.append(event)
        return event

    # What the engine calls.

    def submit(
        self,
        *,
        photo_url: str,
        garment_url: str,
        mask_type: str,
        before_write: Callable[[], bool],
    ) -> Submitted:
        me = actor()
        wish = me.wishes.get("post", POSTS[0]) if me else POSTS[0]
        if wish == "unreachable":
            return judge_submit(Silence(written=False, code="connect_failed", detail=""))
        if not before_write():
            return judge_submit(Silence(written=False, code="fenced", detail=""))
        halt("the first byte leaves")
        if wish in _REFUSALS:
            return judge_submit(_answer(_REFUSALS[wish]))
        lost = Silence(written=True, code="read_timeout", detail="")
        if wish == "vanished":
            return judge_submit(lost)
        if wish == "late":
            self.on_the_way.append(photo_url)
            return judge_submit(lost)
        event = self.take(photo_url)
        halt("Glam has taken it")
        if wish == "answer lost":
            return judge_submit(lost)
        if wish == "taken, 502":
            return judge_submit(_answer(502))
        name = (wish == "duplicate" and _known_event()) or event.name
        return judge_submit(_answer(200, {"event_id": name}))

    def poll(self, event_id: str) -> Polled:
        me = actor()
        if me and me.wishes.get("broken"):
            return judge_poll(_answer(503))
        event = next((each for each in self.events if each.name == event_id), None)
        if event is None:
            return judge_poll(_answer(404))
        address = f"http://localhost/{event.name}.png"
        urls = [address] if event.state == "READY" else []
        return judge_poll(_answer(200, {"status": event.state, "media_urls": urls}))

    def fetch_bytes(self, address: str, **_limits: object) -> bytes:
        me = actor()
        if me and me.wishes.get("broken"):
            raise DownloadFailed("the host of the results is away", gone=True)
        name = urlsplit(address).path.strip("/").removesuffix(".png")
        return next(each for each in self.events if each.name == name).picture()

    # What Glam does by itself.

    def fetch_photo(self, event: Event, method: str = "GET") -> None:
        """Fetch the person photo; without it there is nothing to draw."""
        answer = Client().generic(method, urlsplit(event.media_url).path)
        if method == "HEAD":
            return
        if answer.status_code == 200:
            event.drawn_from = True
            event.state = "IN_PROGRESS" if event.state == "IN_QUEUE" else event.state
        elif not event.drawn_from:
            event.state = "FAILED"

    def draw(self, event: Event, *, well: bool) -> None:
        """End one whose photo is here."""
        if event.state == "IN_PROGRESS":
            event.state = "READY" if well else "FAILED"
