"""Job-polls a second through the whole step, against a bare loop of the same client and threads."""

from __future__ import annotations

import http.server
import multiprocessing
import os
import resource
import socketserver
import threading
import time
import uuid
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from typing import Any

from django.conf import settings
from django.db import connection, connections

from benchmarks.table import table
from glam_tryon.models import TryOnJob, TryOnSubmission
from glam_tryon.models.status import Queue, Status
from glam_tryon.providers.selection import provider_for
from glam_tryon.worker.poller import Poller

THREADS = 8
ANSWER_SECONDS = 0.05
ANSWER = b'{"status": "IN_PROGRESS", "media_urls": []}'


class _Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128
    answer_seconds = 0.0


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body in one packet: otherwise 40 ms of delayed acknowledgement flatter the poller.
    wbufsize = -1
    server: _Server

    def do_GET(self) -> None:
        time.sleep(self.server.answer_seconds)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


def _serve(port: multiprocessing.Queue[int], answer_seconds: float) -> None:
    server = _Server(("127.0.0.1", 0), _Handler)
    server.answer_seconds = answer_seconds
    port.put(server.server_address[1])
    server.serve_forever()


def start_glam(answer_seconds: float) -> BaseProcess:
    """Start a Glam that is never done, in a process of its own, and talk to it from now on."""
    ports: multiprocessing.Queue[int] = multiprocessing.Queue()
    connections.close_all()
    server = multiprocessing.get_context("fork").Process(
        target=_serve, args=(ports, answer_seconds), daemon=True
    )
    server.start()
    settings.GLAM_TRYON = {
        **settings.GLAM_TRYON,
        "BASE_URL": f"http://127.0.0.1:{ports.get()}/api/v1",
        "MAX_POLLS_PER_SECOND": 10_000,
    }
    return server


def make_active(jobs: int) -> None:
    """Put ``jobs`` jobs that Glam is drawing, all due, in the place of whatever is there."""
    TryOnSubmission.objects.all().delete()
    TryOnJob.objects.all().delete()
    now = datetime.now(UTC)
    made = TryOnJob.objects.bulk_create(
        [
            TryOnJob(
                status=Status.IN_PROGRESS,
                mask_type="upper",
                product_key=str(number),
                garment_title="Shirt",
                dispatched="submitted",
                queue=Queue.UNDER_WAY,
                submitted_at=now,
                next_step_at=now - timedelta(minutes=1),
            )
            for number in range(jobs)
        ],
        batch_size=1000,
    )
    TryOnSubmission.objects.bulk_create(
        [
            TryOnSubmission(
                job=job,
                job_key=job.pk,
                number=1,
                outcome="accepted",
                event_id=uuid.uuid4().hex,
                started_at=now,
                sent_at=now,
            )
            for job in made
        ],
        batch_size=1000,
    )


def bare(seconds: float) -> float:
    """Return the answers a second of a bare loop: the same client, as many threads, no database."""
    client = provider_for()
    end = time.perf_counter() + seconds
    done = [0] * THREADS

    def work(number: int) -> None:
        while time.perf_counter() < end:
            client.poll(f"event-{number}")
            done[number] += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / (time.perf_counter() - begun)


def whole(seconds: float) -> float:
    """Return the polls a second of a poller: claim, question, write-back."""
    before = sum(TryOnJob.objects.values_list("polls", flat=True))
    poller = Poller(threads=THREADS)
    begun = time.perf_counter()
    poller.run(max_seconds=seconds)
    took = time.perf_counter() - begun
    return (sum(TryOnJob.objects.values_list("polls", flat=True)) - before) / took


def main(arguments: list[str]) -> None:
    """Print the table for the database that ``TEST_DATABASE`` names."""
    jobs = int(os.environ.get("BENCH_JOBS", "10000"))
    seconds = float(os.environ.get("BENCH_SECONDS", "10"))
    server = start_glam(ANSWER_SECONDS)
    rows = []
    for _ in range(3):
        make_active(jobs)
        naked = bare(seconds)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        dressed = whole(seconds)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024
        rows.append((f"{naked:.0f}", f"{dressed:.0f}", f"{dressed / naked:.3f}", f"{grown:.1f}"))
    server.terminate()
    title = f"Polls a second, {jobs} active jobs, {THREADS} threads, {connection.vendor}"
    print(table(title, ("bare loop", "poller", "ratio", "peak memory, MB more"), rows))
