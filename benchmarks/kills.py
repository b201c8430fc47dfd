"""Generations per job and recovery time while pollers are killed again and again."""

from __future__ import annotations

import argparse
import io
import itertools
import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.files.base import ContentFile
from django.core.handlers.wsgi import WSGIHandler
from django.test.testcases import LiveServerThread
from django.test.utils import override_settings

from benchmarks.table import table
from example_project.shop.models import Product
from glam_tryon import jobs
from glam_tryon.conf import given
from glam_tryon.models import PersonPhoto, TryOnJob
from glam_tryon.sandbox import LogNormal, Sandbox
from tests.shop import KEY, picture
from tests.worker import storm
from tests.worker.invariants import check_invariants
from tests.worker.pollers import Pollers


class Handler(WSGIHandler):
    """Takes the arguments by which Django's live server hands over where static files are."""

    def __init__(self, *_arguments: object) -> None:
        super().__init__()


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args(argv)

    print(f"kills: --seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory() as name, shop(Path(name)) as (glam, order):
        with Pollers(Path(name)) as pollers:
            told = storm.Storm(pollers, glam, order, seed=options.seed, kills=options.kills).run()
        # The figures first: they are wanted most when something was not as promised.
        print(report(told))
        storm.check(told, glam)
        check_invariants(glam, Path(name) / "media", limit=storm.PARALLEL)


@contextmanager
def shop(folder: Path) -> Iterator[tuple[Sandbox, Callable[[], TryOnJob]]]:
    """A shop on a port of its own, a sandbox Glam, and a function that orders one try-on."""
    server = LiveServerThread("127.0.0.1", Handler, port=0)
    server.daemon = True
    server.start()
    server.is_ready.wait()
    if server.error:
        raise server.error
    try:
        with (
            Sandbox(
                seconds_per_tryon=LogNormal(0.3, 0.6), max_parallel=storm.PARALLEL, seed=7
            ) as glam,
            override_settings(
                MEDIA_ROOT=str(folder / "media"),
                GLAM_TRYON={
                    **given(),
                    "API_KEY": KEY,
                    "BASE_URL": glam.base_url,
                    "PUBLIC_BASE_URL": f"http://127.0.0.1:{server.port}",
                    "RESULT_HOSTS": glam.result_hosts,
                    **storm.SETTINGS,
                },
            ),
        ):
            product = Product(name="Linen shirt", slug="linen-shirt", price="49.00", fit="upper")
            product.photo.save("shirt.jpg", ContentFile(picture()), save=True)
            person = jobs.add_photo(
                io.BytesIO(picture(colour="#c68863")), kind=PersonPhoto.Kind.HOUSE_MODEL
            )
            numbers = itertools.count(1)

            def order() -> TryOnJob:
                return jobs.request_tryon(product, photo=person, visitor=f"v {next(numbers)}")

            yield glam, order
    finally:
        server.terminate()


def report(told: storm.Told) -> str:
    """Return the table of what a storm came to."""
    generations = sum(number * jobs for number, jobs in told.generations.items())
    rows = [
        ("kills", told.kills),
        *((f"  at {place}", number) for place, number in told.places.most_common()),
        ("jobs", told.jobs),
        ("generations per job", f"{generations / told.jobs:.3f}"),
        ("ready", told.statuses["ready"]),
        ("sent once more by itself", told.resent),
        ("waiting for a person", sum(told.waiting.values())),
        *((f"  {code}", number) for code, number in told.waiting.most_common()),
        ("leases that died with a worker", len(told.recoveries)),
        ("recovery p50, s (lease 2)", f"{told.recovery(0.5):.2f}"),
        ("recovery p95, s", f"{told.recovery(0.95):.2f}"),
        ("seconds", f"{told.seconds:.0f}"),
    ]
    return table("Pollers killed while jobs stream in", ("what", "number"), rows)
