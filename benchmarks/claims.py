"""Claim plus finish, in jobs a second: batched leases against one row at a time."""

from __future__ import annotations

import multiprocessing
import os
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.db import connection, connections, transaction

from benchmarks.database import vacuum
from benchmarks.table import table
from glam_tryon.models import TryOnJob
from glam_tryon.models.clock import after
from glam_tryon.models.status import Queue, Status
from glam_tryon.worker.bulk_update import PollUpdate, write_poll_updates
from glam_tryon.worker.claim import lease_due

BATCH = 500
LATER_SECONDS = 3600.0


def make_due(jobs: int) -> None:
    """Put ``jobs`` due jobs in the place of whatever is there."""
    TryOnJob.objects.all().delete()
    past = datetime.now(UTC) - timedelta(minutes=1)
    TryOnJob.objects.bulk_create(
        [
            TryOnJob(
                status=Status.IN_PROGRESS,
                mask_type="upper",
                product_key=str(number),
                garment_title="Shirt",
                queue=Queue.UNDER_WAY,
                next_step_at=past + timedelta(milliseconds=number),
            )
            for number in range(jobs)
        ],
        batch_size=1000,
    )
    vacuum()


def batched() -> int:
    """Claim and finish by the engine's own statements until nothing is due."""
    done = 0
    while jobs := lease_due("default", BATCH, uuid.uuid4().hex, 60):
        done += write_poll_updates(
            [PollUpdate(job.pk, job.lease_token, LATER_SECONDS, "IN_PROGRESS") for job in jobs]
        )
    return done


def one_by_one(limit: int) -> int:
    """Claim and finish as is usual: lock the first row, work, save it, one transaction each."""
    for _ in range(limit):
        with transaction.atomic():
            job = TryOnJob.objects.due().select_for_update(skip_locked=True).first()
            if job is None:
                return 0
            job.lease_token = uuid.uuid4().hex
            job.next_step_at = after(60)
            job.save(update_fields=["lease_token", "next_step_at"])
        with transaction.atomic():
            job.lease_token = ""
            job.next_step_at = after(LATER_SECONDS)
            job.remote_status = "IN_PROGRESS"
            job.save(update_fields=["lease_token", "next_step_at", "remote_status"])
    return limit


def _rate(work: Callable[[], int]) -> float:
    begun = time.perf_counter()
    done = work()
    return done / (time.perf_counter() - begun)


def _worker(start: multiprocessing.synchronize.Event, done: multiprocessing.Queue[int]) -> None:
    connections.close_all()
    connection.ensure_connection()
    start.wait()
    done.put(batched())


def parallel(workers: int) -> float:
    """Return the jobs a second of ``workers`` processes together."""
    context = multiprocessing.get_context("fork")
    connections.close_all()
    start, done = context.Event(), context.Queue()
    processes = [context.Process(target=_worker, args=(start, done)) for _ in range(workers)]
    for process in processes:
        process.start()
    time.sleep(0.3)
    begun = time.perf_counter()
    start.set()
    total = sum(done.get() for _ in processes)
    seconds = time.perf_counter() - begun
    for process in processes:
        process.join()
    return total / seconds


def main(arguments: list[str]) -> None:
    """Print the table for the database that ``TEST_DATABASE`` names."""
    jobs = int(os.environ.get("BENCH_JOBS", "20000"))
    rows = []
    rounds = []
    for _ in range(3):
        make_due(jobs)
        slow = _rate(lambda: one_by_one(1000))
        make_due(jobs)
        fast = _rate(batched)
        make_due(jobs)
        one = parallel(1)
        make_due(jobs)
        four = parallel(4)
        rounds.append((slow, fast, one, four))
    for name, index in (("one by one", 0), ("batched", 1), ("1 poller", 2), ("4 pollers", 3)):
        values = sorted(entry[index] for entry in rounds)
        rows.append((name, f"{values[1]:,.0f}", f"{values[0]:,.0f} to {values[-1]:,.0f}"))
    ratios = sorted(fast / slow for slow, fast, _one, _four in rounds)
    four_to_one = sorted(four / one for _slow, _fast, one, four in rounds)
    rows.append(("batched / one by one", f"{ratios[1]:.1f}", ""))
    rows.append(("4 pollers / 1 poller", f"{four_to_one[1]:.2f}", ""))
    print(
        table(
            f"Claim plus finish, {connection.vendor}, jobs a second", ("", "median", "range"), rows
        )
    )
