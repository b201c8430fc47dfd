"""A sandbox for each test, and a shop that talks to it with plain requests."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from PIL import Image, ImageDraw

from glam_tryon.sandbox import FaultScript, Sandbox

KEY = {"X-API-Key": "sandbox-key"}


def jpeg(picture: Image.Image, kind: str = "JPEG") -> bytes:
    target = io.BytesIO()
    picture.save(target, kind)
    return target.getvalue()


def person(size: tuple[int, int] = (300, 400)) -> Image.Image:
    """A figure that stands on a plain ground, with a house model's proportions."""
    width, height = size
    picture = Image.new("RGB", size, "#f2f0ec")
    draw = ImageDraw.Draw(picture)

    def box(left: float, top: float, right: float, bottom: float, fill: str) -> None:
        draw.rectangle((left * width, top * height, right * width, bottom * height), fill=fill)

    draw.ellipse((0.44 * width, 0.07 * height, 0.56 * width, 0.2 * height), fill="#a5673f")
    box(0.47, 0.19, 0.53, 0.23, "#a5673f")
    box(0.33, 0.225, 0.67, 0.3, "#777777")
    box(0.38, 0.3, 0.62, 0.5, "#777777")
    box(0.38, 0.5, 0.49, 0.93, "#333366")
    box(0.51, 0.5, 0.62, 0.93, "#333366")
    return picture


def garment(colour: str = "#cc2222", size: tuple[int, int] = (300, 400)) -> Image.Image:
    """A plain shirt on white."""
    width, height = size
    picture = Image.new("RGB", size, "white")
    ImageDraw.Draw(picture).rectangle(
        (0.25 * width, 0.2 * height, 0.75 * width, 0.8 * height), fill=colour
    )
    return picture


class Shop:
    """What a client of Glam does, in one word each."""

    def __init__(self, glam: Sandbox) -> None:
        self.glam = glam
        self.http = requests.Session()
        self.photo = self.upload(jpeg(person()))
        self.garment = self.upload(jpeg(garment()))

    def upload(self, content: bytes) -> str:
        answer = self.http.post(
            f"{self.glam.base_url}/upload", files={"file": ("a.jpg", content)}, headers=KEY
        )
        return str(answer.json()["file_url"])

    def post(self, timeout: float = 5, **changes: Any) -> requests.Response:
        body = {"media_url": self.photo, "garment_url": self.garment, "mask_type": "upper"}
        # A connection of its own, so that a fault on it does no harm to the next request.
        return requests.post(
            f"{self.glam.base_url}/tryon", json=body | changes, headers=KEY, timeout=timeout
        )

    def submit(self, **changes: Any) -> str:
        answer = self.post(**changes)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["event_id"])

    def ask(self, event_id: str, timeout: float = 5) -> requests.Response:
        return requests.get(f"{self.glam.base_url}/tryon/{event_id}", headers=KEY, timeout=timeout)

    def status(self, event_id: str) -> Any:
        return self.ask(event_id).json()["status"]

    def finish(self, event_id: str) -> dict[str, Any]:
        """Release it and wait until it has ended."""
        self.glam.release(event_id)
        self.glam.wait_for(lambda: self.status(event_id) in ("READY", "FAILED"), 5)
        answer: dict[str, Any] = self.ask(event_id).json()
        return answer

    def result_url(self, **changes: Any) -> str:
        """The address of a new result."""
        answer = self.finish(self.submit(**changes))
        assert answer["status"] == "READY", answer
        return str(answer["media_urls"][0])

    def faults(self, *rules: dict[str, Any]) -> None:
        self.glam.faults = FaultScript.from_rules(rules, seed=1)


@pytest.fixture
def start() -> Iterator[Callable[..., Shop]]:
    shops: list[Shop] = []

    def make(**settings: Any) -> Shop:
        glam = Sandbox(**({"seconds_per_tryon": 0, "seed": 1} | settings)).start()
        shops.append(Shop(glam))
        return shops[-1]

    yield make
    for shop in shops:
        shop.http.close()
        shop.glam.stop()


@pytest.fixture
def shop(start: Callable[..., Shop]) -> Shop:
    return start()


@pytest.fixture
def glam(shop: Shop) -> Sandbox:
    return shop.glam
