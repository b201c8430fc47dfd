"""The admin's pages with a million jobs against ten thousand, and against a stock ModelAdmin."""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from benchmarks.admin_counts import count_all
from benchmarks.admin_rows import Made, make
from benchmarks.table import table
from glam_tryon.admin.jobs.keyset import Position
from glam_tryon.models import TryOnJob

FEW = 10_000
PAGE, DEEP = 50, 5_000
ROUNDS, STOCK_ROUNDS, ACTION_ROUNDS = 40, 3, 5
ACTED_ON = 1_000
DASHBOARD = "/admin/glam_tryon/dailycount/"
JOBS, STOCK = "/admin/glam_tryon/tryonjob/", "/stock/glam_tryon/tryonjob/"

#: What was measured: how long each try took, in milliseconds, and how many queries it made.
Measured = tuple[list[float], int]


def _deep(count: int) -> int:
    """Return the page to look at: with few jobs the last but one."""
    return min(DEEP, count // PAGE - 1)


def pages(made: Made) -> dict[str, tuple[str, str]]:
    """Return the query of each page of the list, of ours and of the stock one."""
    deep = _deep(made.count)
    start = (deep - 1) * PAGE
    before = TryOnJob.objects.order_by("-created_at", "-pk")[start - 1]
    day = timezone.localdate() - timedelta(days=1)
    stock_day = f"?created_at__gte={day}&created_at__lt={timezone.localdate()}"
    model = made.house_model
    return {
        "list": ("", ""),
        f"page {DEEP:,}, by link": (f"?older={_quoted(before)}", f"?p={deep}"),
        f"page {DEEP:,}, by number": (f"?p={deep}", f"?p={deep}"),
        "oldest page": ("?oldest=1", f"?p={made.count // PAGE}"),
        "status ready": ("?status__exact=ready",) * 2,
        "status being drawn": ("?status__exact=in_progress",) * 2,
        "error lost": ("?error=lost", "?error_code=lost"),
        "priority catalogue": ("?priority__exact=catalogue",) * 2,
        "product model": (
            "?product_model=shop.product",
            f"?content_type__id__exact={made.job.content_type_id}",
        ),
        "house model": (f"?house_model={model}", f"?person_photo__id__exact={model}"),
        "day": (f"?day={day}", stock_day),
        "search job id": (f"?q={made.job.pk}",) * 2,
        "search event id": (f"?q={made.event_id}",) * 2,
        "search product": (f"?q={made.job.product_key}",) * 2,
    }


def _quoted(job: TryOnJob) -> str:
    return str(Position.of(job)).replace("+", "%2B")


def _timed(work: Callable[[], Any], rounds: int) -> list[float]:
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        work()
        times.append((time.perf_counter() - begun) * 1000)
    return times


def _get(client: Client, address: str, rounds: int) -> Measured:
    def get() -> None:
        answer = client.get(address)
        if answer.status_code != 200:
            raise RuntimeError(f"{address}: {answer.status_code}")

    get()
    with CaptureQueriesContext(connection) as queries:
        get()
    # Counted now: the next request clears what was captured.
    count = len(queries)
    return _timed(get, rounds), count


def _act(client: Client) -> Measured:
    """Retry a thousand failed jobs, chosen by a filter and agreed to."""

    def prepare() -> None:
        # Few jobs fail, so some that are ready are made to have failed.
        over = TryOnJob.objects.filter(status__in=["failed", "ready"]).exclude(error_code="chosen")
        keys = list(over.values_list("pk", flat=True)[:ACTED_ON])
        TryOnJob.objects.filter(pk__in=keys).update(error_code="chosen", status="failed")

    def act() -> None:
        answer = client.post(
            f"{JOBS}?error=chosen",
            {
                "action": "retry_failed",
                "select_across": "1",
                "_selected_action": "x",
                "confirmed": str(ACTED_ON),
            },
        )
        if answer.status_code != 302:
            raise RuntimeError(f"the action answered {answer.status_code}")

    times = []
    for _ in range(ACTION_ROUNDS):
        prepare()
        times += _timed(act, 1)
    retried = TryOnJob.objects.filter(transitions__note__startswith="by staff").count()
    if retried < ACTED_ON:
        raise RuntimeError(f"only {retried} were retried")
    prepare()
    with CaptureQueriesContext(connection) as queries:
        act()
    return times, len(queries)


def measure(client: Client, count: int, *, stock: bool) -> dict[str, tuple[Measured, Measured]]:
    """Make ``count`` jobs and measure each page; the stock admin's too if ``stock``."""
    made = make(count)
    nothing: Measured = ([], 0)
    found = {}
    for name, (ours, usual) in pages(made).items():
        beside = _get(client, STOCK + usual, STOCK_ROUNDS) if stock else nothing
        found[name] = (_get(client, JOBS + ours, ROUNDS), beside)
        print(f"{count:,}: {name} {statistics.median(found[name][0][0]):.0f} ms", file=sys.stderr)
    found["detail"] = (_get(client, f"{JOBS}{made.job.pk}/change/", ROUNDS), nothing)
    count_all()
    for days in (30, 365):
        found[f"dashboard, {days} days"] = (
            _get(client, f"{DASHBOARD}?days={days}", ROUNDS),
            nothing,
        )
    found[f"action on {ACTED_ON:,}"] = (_act(client), nothing)
    return found


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1] if len(times) > 1 else times[0]


def main(arguments: list[str]) -> None:
    """Print the table; PostgreSQL only, where a shop of that size is."""
    if connection.vendor != "postgresql":
        print("The admin is measured on PostgreSQL: set TEST_DATABASE=postgres.")
        return
    many = int(os.environ.get("BENCH_JOBS", "1000000"))
    boss = User.objects.create_superuser("boss")
    client = Client()
    client.force_login(boss)
    with override_settings(ROOT_URLCONF="benchmarks.admin_urls"):
        small = measure(client, FEW, stock=False)
        large = measure(client, many, stock=True)
    rows = []
    for name, ((times, queries), (usual, _queries)) in large.items():
        median, before = statistics.median(times), statistics.median(small[name][0][0])
        beside = statistics.median(usual) if usual else 0.0
        rows.append(
            (
                name,
                f"{median:.0f}",
                f"{_p95(times):.0f}",
                f"{median / before:.2f}",
                queries,
                f"{beside:.0f}" if usual else "",
                f"{beside / median:.1f} x" if usual else "",
            )
        )
    heads = ("", "median", "p95", f"to {FEW:,}", "queries", "stock", "stock / ours")
    print(table(f"The admin with {many:,} jobs, milliseconds", heads, rows))
