"""How long 300 jobs take, against the ideal and against public clients.

The ideal is the sum of all times over the slots. No order of jobs of unknown length reaches it: at
the end some slots are empty while others still draw; the second column counts that.

Real HTTP, real database, the sandbox with log-normal times. ``BENCH_PARALLEL`` (1,3,10),
``BENCH_JOBS`` (300) and ``BENCH_MEDIAN_SECONDS`` (10) choose the run; it lasts about
jobs x median / parallel seconds for each.
"""

from __future__ import annotations

import heapq
import io
import math
import multiprocessing
import os
import random
import socketserver
import threading
import time
import wsgiref.simple_server
from multiprocessing.connection import Connection
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.wsgi import get_wsgi_application
from django.db import connection, connections
from PIL import Image, ImageDraw

from benchmarks.database import tidied
from benchmarks.table import table
from example_project.shop.models import Product
from glam_tryon import jobs
from glam_tryon.models import Account, PersonPhoto, TryOnJob, TryOnSubmission
from glam_tryon.models.status import OPEN
from glam_tryon.sandbox import Sandbox
from glam_tryon.worker.poller import Poller

SIGMA = 0.4
KEY = "sandbox-key"
#: How public clients wait: the seconds between two questions, one job at a time.
PUBLIC_CLIENTS = (1.5, 2.0, 10.0)


class _Server(socketserver.ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    daemon_threads = True


class _Quiet(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Say nothing."""


def _serve(pipe: Connection, seconds: list[float], parallel: int) -> None:
    """The shop's web server and Glam, in a process of their own, as they are in life."""
    shop = wsgiref.simple_server.make_server(
        "127.0.0.1", 0, get_wsgi_application(), _Server, _Quiet
    )
    threading.Thread(target=shop.serve_forever, daemon=True).start()
    left = iter(seconds)
    sandbox = Sandbox(seconds_per_tryon=lambda _random: next(left, 1.0), max_parallel=parallel)
    with sandbox:
        pipe.send((sandbox.base_url, sandbox.result_hosts, shop.server_address[1]))
        pipe.recv()
        pipe.send((len(sandbox.accepted), sandbox.most_parallel, sandbox.rejected_429))


def _picture(colour: str) -> bytes:
    image = Image.new("RGB", (240, 320), "white")
    ImageDraw.Draw(image).rectangle((60, 60, 180, 260), fill=colour)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG")
    return buffer.getvalue()


def order(count: int) -> None:
    """Put a product and a house model in the shop, and order so many try-ons."""
    product = Product(name="Shirt", slug="shirt", price="49.00", fit="upper")
    product.photo.save("shirt.jpg", ContentFile(_picture("#4466aa")), save=True)
    model = jobs.add_photo(
        io.BytesIO(_picture("#c68863")), kind=PersonPhoto.Kind.HOUSE_MODEL, title="Mina"
    )
    for number in range(count):
        jobs.request_tryon(product, photo=model, visitor=f"visitor {number}")


def one_run(parallel: int, seconds: list[float]) -> tuple[float, tuple[int, int, int]]:
    """Return the seconds from the first submit to the last job's end, and Glam's own counts."""
    for model in (TryOnSubmission, TryOnJob, PersonPhoto, Product, Account):
        model.objects.all().delete()
    connections.close_all()
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("fork").Process(
        target=_serve, args=(theirs, seconds, parallel), daemon=True
    )
    server.start()
    base_url, hosts, port = ours.recv()
    settings.GLAM_TRYON = {
        **settings.GLAM_TRYON,
        "API_KEY": KEY,
        "BASE_URL": base_url,
        "PUBLIC_BASE_URL": f"http://127.0.0.1:{port}",
        "RESULT_HOSTS": hosts,
        "MAX_PARALLEL": parallel,
        "NOTICE_UNCHANGED": False,
    }
    order(len(seconds))
    with tidied():
        begun = time.perf_counter()
        Poller().run(drain=True)
        took = time.perf_counter() - begun
    left = TryOnJob.objects.filter(status__in=OPEN).count()
    if left or TryOnJob.objects.filter(status="ready").count() != len(seconds):
        raise RuntimeError(f"{left} jobs are open, not all are ready")
    ours.send("end")
    counts = ours.recv()
    server.join()
    return took, counts


def lossless(seconds: list[float], parallel: int) -> float:
    """Return what slots need that never idle while a job waits: at the end some run empty first."""
    ends = [0.0] * parallel
    for time_of_one in seconds:
        heapq.heappush(ends, heapq.heappop(ends) + time_of_one)
    return max(ends)


def sequential(seconds: list[float], interval: float) -> float:
    """Return what a public client needs: submit, sleep, ask, sleep, ask, then the next job."""
    return sum(math.ceil(time_of_one / interval) * interval for time_of_one in seconds)


def main(arguments: list[str]) -> None:
    """Print the table for the database that ``TEST_DATABASE`` names."""
    count = int(os.environ.get("BENCH_JOBS", "300"))
    median = float(os.environ.get("BENCH_MEDIAN_SECONDS", "10"))
    rows = []
    for parallel in map(int, os.environ.get("BENCH_PARALLEL", "1,3,10").split(",")):
        chance = random.Random(parallel)
        seconds = [chance.lognormvariate(math.log(median), SIGMA) for _ in range(count)]
        took, (accepted, most, refused) = one_run(parallel, seconds)
        ideal = sum(seconds) / parallel
        rows.append(
            (
                parallel,
                f"{ideal:.1f}",
                f"{(best := lossless(seconds, parallel)):.1f}",
                f"{took:.1f}",
                f"{ideal / took:.3f}",
                f"{best / took:.3f}",
                *(f"{sequential(seconds, wait) / took:.1f}" for wait in PUBLIC_CLIENTS),
                accepted,
                most,
                refused,
            )
        )
    heads = (
        "parallel",
        "ideal s",
        "lossless s",
        "ours s",
        "ideal/ours",
        "lossless/ours",
        *(f"x loop {wait:g} s" for wait in PUBLIC_CLIENTS),
        "POSTs",
        "most at once",
        "429s",
    )
    title = f"{count} jobs, log-normal, median {median:g} s, sigma {SIGMA}, {connection.vendor}"
    print(table(title, heads, rows))
