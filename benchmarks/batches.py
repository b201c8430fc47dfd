"""Ordering, pausing and canceling 500 try-ons at once, in seconds, beside one order at a time."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from pathlib import Path

from django.core.files.base import ContentFile
from django.db import connection

from benchmarks.table import table
from example_project.shop.catalogue import GARMENTS
from example_project.shop.loading import load_house_models
from example_project.shop.models import Product
from glam_tryon import jobs
from glam_tryon.models import PersonPhoto, TryOnBatch, TryOnJob

PRODUCTS, ROUNDS = 125, 3


def _products() -> list[Product]:
    """Return products with a picture each, no two the same, of 900 by 1200 pixels."""
    files = sorted(Path(GARMENTS).glob("*.jpg"))
    made = []
    for number in range(PRODUCTS):
        product = Product(name=f"Shirt {number}", slug=uuid.uuid4().hex, price=1)
        # What follows a JPEG's end is ignored, and makes it another file.
        content = files[number % len(files)].read_bytes() + uuid.uuid4().bytes
        product.photo.save("shirt.jpg", ContentFile(content), save=False)
        product.save()
        made.append(product)
    return made


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _round() -> dict[str, float]:
    photos = list(PersonPhoto.objects.house_models())
    products = _products()
    found = {"order 500": _timed(lambda: jobs.request_batch(products, photos, name="new"))}
    batch = TryOnBatch.objects.get(name="new")
    found["order the same again"] = _timed(
        lambda: jobs.request_batch(products, photos, key=batch.pk)
    )
    found["pause 500"] = _timed(lambda: jobs.pause_batch(batch))
    found["resume 500"] = _timed(lambda: jobs.resume_batch(batch))
    found["cancel 500"] = _timed(lambda: jobs.cancel_batch(batch))
    products = _products()
    found["500 orders one at a time"] = _timed(
        lambda: [
            jobs.request_tryon(product, photo=photo, priority="catalogue")
            for product in products
            for photo in photos
        ]
    )
    TryOnJob.objects.all().delete()
    TryOnBatch.objects.all().delete()
    return found


def main(_arguments: list[str]) -> None:
    """Print the table for the database that ``TEST_DATABASE`` names."""
    load_house_models()
    rounds = [_round() for _ in range(ROUNDS)]
    rows = []
    for name in rounds[0]:
        values = sorted(each[name] for each in rounds)
        rows.append((name, f"{values[1]:.2f}", f"{values[0]:.2f} to {values[-1]:.2f}"))
    title = f"A batch of {PRODUCTS} products on 4 house models, {connection.vendor}, seconds"
    print(table(title, ("", "median", "range"), rows))
