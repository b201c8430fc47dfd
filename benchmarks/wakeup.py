"""How long after its commit a shopper's job reaches Glam when a slot is free.

A poller in a process of its own, idle between orders but for the polls of earlier ones; the orders
come at random moments. ``BENCH_JOBS`` (200) is how many. Measured from the commit to the moment
at which Glam has read the POST.
"""

from __future__ import annotations

import http.server
import json
import multiprocessing
import os
import random
import socketserver
import statistics
import time
import uuid
from typing import Any

from django.conf import settings
from django.db import connection, connections, transaction
from django.db.models.signals import post_save

from benchmarks.makespan import order
from benchmarks.table import table
from example_project.shop.models import Product
from glam_tryon import jobs
from glam_tryon.models import PersonPhoto, TryOnJob
from glam_tryon.worker.poller import Poller

#: The shopper's clicks are so far apart, in seconds.
GAPS = (0.1, 0.6)
WORST_SECONDS = 30.0


class _Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    arrivals: multiprocessing.Queue[float]


class _Handler(http.server.BaseHTTPRequestHandler):
    """A Glam that takes everything and is never done."""

    server: _Server

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.arrivals.put(time.monotonic())
        self._answer({"event_id": uuid.uuid4().hex})

    def do_GET(self) -> None:
        self._answer({"status": "IN_PROGRESS", "media_urls": []})

    def _answer(self, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


def _serve(ports: multiprocessing.Queue[int], arrivals: multiprocessing.Queue[float]) -> None:
    server = _Server(("127.0.0.1", 0), _Handler)
    server.arrivals = arrivals
    ports.put(server.server_address[1])
    server.serve_forever()


def _poll() -> None:
    Poller().run()


def main(arguments: list[str]) -> None:
    """Print the table for the database that ``TEST_DATABASE`` names.

    Raises:
        queue.Empty: a job was not sent within 30 s.
    """
    count = int(os.environ.get("BENCH_JOBS", "200"))
    fork = multiprocessing.get_context("fork")
    ports, arrivals = fork.Queue(), fork.Queue()
    order(1)
    product, model = Product.objects.get(), PersonPhoto.objects.get()
    connections.close_all()
    glam = fork.Process(target=_serve, args=(ports, arrivals), daemon=True)
    glam.start()
    settings.GLAM_TRYON = {
        **settings.GLAM_TRYON,
        "API_KEY": "key",
        "BASE_URL": f"http://127.0.0.1:{ports.get()}/api/v1",
        "PUBLIC_BASE_URL": "http://127.0.0.1:9",
        "MAX_PARALLEL": count + 1,
    }
    poller = fork.Process(target=_poll, daemon=True)
    poller.start()
    # The first one warms everything up, and is not counted.
    arrivals.get(timeout=WORST_SECONDS)
    chance = random.Random(7)
    committed: list[float] = []

    def note(**_facts: Any) -> None:
        transaction.on_commit(lambda: committed.append(time.monotonic()))

    post_save.connect(note, TryOnJob)
    waits = []
    for number in range(count):
        time.sleep(chance.uniform(*GAPS))
        jobs.request_tryon(product, photo=model, visitor=f"shopper {number}")
        waits.append(1000 * (arrivals.get(timeout=WORST_SECONDS) - committed.pop()))
    poller.terminate()
    poller.join()
    glam.terminate()
    percentiles = statistics.quantiles(waits, n=100)
    rows = [(f"p{percent}", f"{percentiles[percent - 1]:.0f}") for percent in (50, 90, 95, 99)]
    rows.append(("worst", f"{max(waits):.0f}"))
    print(table(f"Commit to POST, {count} jobs, {connection.vendor}", ("", "ms"), rows))
