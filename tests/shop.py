"""Fixtures of a shop with a product, a house model, a sandbox Glam and a poller in hand.

A conftest that wants them imports them by name. They use whichever database fixture the test asked
for; with ``glam`` that is a committing one, for its server runs in another thread.
"""

from __future__ import annotations

import importlib
import io
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.files.base import ContentFile
from PIL import Image, ImageDraw

from example_project.shop.models import Product
from glam_tryon import jobs
from glam_tryon.models import PersonPhoto, TryOnJob
from glam_tryon.sandbox import Sandbox
from glam_tryon.worker.poller import Poller

KEY = "sandbox-key"

__all__ = ["KEY", "asked_at_once", "drain", "glam", "house_model", "order", "picture", "product"]


def picture(size: tuple[int, int] = (240, 320), colour: str = "#4466aa") -> bytes:
    """A small JPEG with a plain shape on white."""
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).rectangle(
        (size[0] // 4, size[1] // 5, size[0] * 3 // 4, size[1] * 4 // 5), fill=colour
    )
    buffer = io.BytesIO()
    image.save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture
def product(db: None) -> Product:
    made = Product(name="Linen shirt", slug="linen-shirt", price="49.00", fit="upper")
    made.photo.save("shirt.jpg", ContentFile(picture()), save=True)
    return made


@pytest.fixture
def house_model(db: None) -> PersonPhoto:
    return jobs.add_photo(
        io.BytesIO(picture(colour="#c68863")),
        kind=PersonPhoto.Kind.HOUSE_MODEL,
        title="Mina",
    )


@pytest.fixture
def order(product: Product, house_model: PersonPhoto) -> Callable[..., TryOnJob]:
    """Order one more try-on, each by another visitor."""
    numbers = itertools.count(1)

    def order(**extra: Any) -> TryOnJob:
        given = {"photo": house_model, "visitor": f"visitor {next(numbers)}", **extra}
        return jobs.request_tryon(given.pop("product", product), **given)

    return order


@pytest.fixture
def glam(live_server: Any, settings: Any) -> Iterator[Sandbox]:
    """A sandbox Glam which the shop talks to and which can fetch the shop's pictures."""
    with Sandbox(seconds_per_tryon=0.0, max_parallel=2, seed=7) as sandbox:
        settings.GLAM_TRYON = {
            **settings.GLAM_TRYON,
            "API_KEY": KEY,
            "BASE_URL": sandbox.base_url,
            "PUBLIC_BASE_URL": live_server.url,
            "RESULT_HOSTS": sandbox.result_hosts,
            "MAX_PARALLEL": 2,
        }
        yield sandbox


@pytest.fixture
def asked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the time at which a new shop would expect its picture."""
    for name in ("submit", "poll"):
        # The package hides each module behind the function of the same name.
        module = importlib.import_module(f"glam_tryon.worker.steps.{name}")
        monkeypatch.setattr(module, "next_poll_seconds", lambda *_facts: 0.05)


@pytest.fixture
def drain(glam: Sandbox, asked_at_once: None) -> Callable[..., None]:
    """Run a poller until nothing moves any more."""

    def drain(seconds: float = 30.0) -> None:
        Poller().run(drain=True, max_seconds=seconds)

    return drain
