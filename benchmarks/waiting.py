"""From the stored picture to the painted one in Chromium, and what status answers cost.

``python -m benchmarks waiting [--against CHECKOUT]`` runs this checkout and, for a comparison in
the same minutes, another one. Four shoppers order at once; try-ons take log-normal times of
``BENCH_MEDIAN_SECONDS`` (12). ``BENCH_ROUNDS`` (6, and no more) is how often; half as many before
that teach the worker and are not counted. Then ``wrk`` asks two gunicorn workers for the status of
one running try-on, each checkout ``BENCH_TURNS`` (3) times in turn, as a page that knows nothing
yet and as one that sends the tag of the answer before.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import requests
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.table import table
from example_project.demo_family import Family
from example_project.demo_ports import HOST, free_pair, free_ports
from example_project.shoot import BROWSERS

HERE = Path(__file__).resolve().parent.parent
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "6"))
TURNS = int(os.environ.get("BENCH_TURNS", "3"))
MEDIAN = float(os.environ.get("BENCH_MEDIAN_SECONDS", "12"))
SIGMA, SHOPPERS, SEED = 0.4, 4, 7
WORST_SECONDS = 120.0
GARMENTS = sorted(file.stem for file in (HERE / "example_project/shop/pictures/garments").glob("*"))
STATUS = re.compile(r"/tryon/jobs/[0-9a-f-]{36}/$")

SANDBOX = """
import sys
from glam_tryon.sandbox import LogNormal, Sandbox
port, result_port, parallel, seed, median, sigma = map(float, sys.argv[1:])
Sandbox(
    port=int(port), result_port=int(result_port), max_parallel=int(parallel), seed=int(seed),
    seconds_per_tryon=LogNormal(median, sigma), api_keys=["sandbox-key"],
).serve_forever()
"""
# Painted is the first frame after the one with the decoded picture in sight.
WATCH = """
document.addEventListener("glam-tryon:requested", (event) => { window.job = event.detail.job; });
window.watch = () => {
  window.painted = null;
  const look = () => {
    const picture = document.querySelector("dialog[open] [data-view=result] [data-result]");
    if (picture?.complete && picture.naturalWidth && picture.checkVisibility()) {
      requestAnimationFrame(() => requestAnimationFrame(() => { window.painted = Date.now(); }));
    } else {
      requestAnimationFrame(look);
    }
  };
  look();
};
"""
# One try-on that runs, of a visitor whose session is printed with it.
RUNNING = """
import io
from django.contrib.sessions.backends.db import SessionStore
from PIL import Image
from example_project.shop.models import Product
from glam_tryon import jobs
from glam_tryon.models import PersonPhoto, TryOnJob
from glam_tryon.models.clock import after
session = SessionStore()
session["glam_tryon_visitor"] = "a visitor"
session.save()
photo = PersonPhoto.objects.house_models().first()
job = jobs.request_tryon(Product.objects.first(), photo=photo, visitor="a visitor")
TryOnJob.objects.filter(pk=job.pk).update(
    status="in_progress", queue=0, next_step_at=after(86400), submitted_at=after(-3))
print("FOUND", session.session_key, job.pk)
"""


@dataclass
class Measured:
    """Figures of one checkout: times in milliseconds."""

    name: str
    painted: list[float] = field(default_factory=list)
    requests: list[int] = field(default_factory=list)
    rates: dict[str, list[tuple[float, float]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Shop:
    """The example shop of one checkout in a directory of its own."""

    root: Path
    directory: Path
    family: Family
    environment: dict[str, str]
    address: str

    @property
    def database(self) -> Path:
        return self.directory / "shop.sqlite3"

    def manage(self, *arguments: str) -> list[str]:
        return [sys.executable, str(self.root / "manage.py"), *arguments]


def main(arguments: Sequence[str] = ()) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks waiting")
    parser.add_argument("--against", type=Path, help="another checkout to compare with")
    options = parser.parse_args(arguments)
    roots = {"this": HERE}
    if options.against:
        roots = {"other": options.against.resolve(), **roots}
    measured = {name: Measured(name) for name in roots}
    for name, root in roots.items():
        _watch_pictures(root, measured[name])
    _print_waits(list(measured.values()))
    _ask_with_wrk(roots, measured)
    _print_rates(list(measured.values()))


@contextmanager
def _shop(root: Path, *, debug: bool) -> Iterator[Shop]:
    port, sandbox = free_ports(1)[0], free_pair()
    address = f"http://{HOST}:{port}"
    with (
        tempfile.TemporaryDirectory(prefix="glam-tryon-waiting-") as name,
        Family(Path(name) / "logs") as family,
    ):
        environment = {
            **{key: value for key, value in os.environ.items() if key != "TEST_DATABASE"},
            "DJANGO_SETTINGS_MODULE": "example_project.settings",
            "DEBUG": "1" if debug else "0",
            "SECRET_KEY": "benchmark only " * 4,
            "LOG_LEVEL": "WARNING",
            "EXAMPLE_DATA_DIR": name,
            "PYTHONPATH": str(root),
            "PUBLIC_BASE_URL": address,
            "GLAM_BASE_URL": f"http://{HOST}:{sandbox}/api/v1",
            "GLAM_RESULT_HOSTS": f"localhost:{sandbox + 1}",
            "GLAM_MAX_PARALLEL": str(SHOPPERS),
        }
        shop = Shop(root, Path(name), family, environment, address)
        family.run("migrate", shop.manage("migrate", "--no-input"), environment)
        family.run("load", shop.manage("load_example_shop"), environment)
        numbers = map(str, (sandbox, sandbox + 1, SHOPPERS, SEED, MEDIAN, SIGMA))
        family.start("sandbox", [sys.executable, "-c", SANDBOX, *numbers], environment)
        yield shop


def _answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=5).ok
    except requests.RequestException:
        return False


# Seen.


def _watch_pictures(root: Path, measured: Measured) -> None:
    with _shop(root, debug=True) as shop, sync_playwright() as playwright:
        port = shop.address.rpartition(":")[2]
        serve = shop.manage("runserver", "--noreload", f"{HOST}:{port}")
        shop.family.start("web", serve, shop.environment)
        shop.family.start("poller", shop.manage("poll_tryon_jobs"), shop.environment)
        shop.family.wait_for("the shop", lambda: _answers(shop.address), 60.0)
        program = next(filter(None, map(shutil.which, BROWSERS)), "")
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox"] if os.geteuid() == 0 else []
        )
        shoppers = [_Shopper(browser, shop.address, number) for number in range(SHOPPERS)]
        for number in range(-(ROUNDS // 2), ROUNDS):
            jobs = _one_round(shoppers, GARMENTS[number])
            if number >= 0:
                stored = _stored_ms(shop.database, [job for job, _painted, _asked in jobs])
                measured.painted += [at - stored[job] for job, at, _asked in jobs]
                measured.requests += [asked for _job, _at, asked in jobs]
            shop.family.check()
        browser.close()


class _Shopper:
    """One person with a browser profile of her own."""

    def __init__(self, browser: Browser, address: str, number: int) -> None:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(WORST_SECONDS * 1000)
        context.add_init_script(WATCH)
        self.page: Page = context.new_page()
        self.shop = address
        self.number = number
        self.asked = 0
        self.page.on("request", lambda request: self._count(request.url))

    def _count(self, url: str) -> None:
        self.asked += bool(STATUS.search(url))

    def order(self, slug: str) -> None:
        """Try a garment on a model of her own: the same pair again would only be copied."""
        self.page.goto(f"{self.shop}/clothes/{slug}/")
        self.page.locator(".product__actions a.glam-tryon-button").click()
        self.page.locator("dialog[open] [name=house_model]").nth(self.number).check(force=True)
        self.asked = 0
        self.page.evaluate("window.watch()")
        self.page.locator("dialog[open] form[data-view=form] [type=submit]").click()

    def see(self) -> tuple[str, float, int]:
        """Return the job, when its picture was painted, and how often its status was asked for."""
        self.page.wait_for_function("window.painted")
        job, painted = self.page.evaluate("[window.job, window.painted]")
        asked = self.asked
        self.page.goto("about:blank")
        return job, painted, asked


def _one_round(shoppers: Sequence[_Shopper], slug: str) -> list[tuple[str, float, int]]:
    for shopper in shoppers:
        shopper.order(slug)
    return [shopper.see() for shopper in shoppers]


def _stored_ms(database: Path, jobs: Sequence[str]) -> dict[str, float]:
    """Return when each job became ready, by the clock that the browser has as well."""
    stored = {}
    with sqlite3.connect(database) as connection:
        for job in jobs:
            (text,) = connection.execute(
                "SELECT finished_at FROM glam_tryon_tryonjob WHERE id = ?", [job.replace("-", "")]
            ).fetchone()
            moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
            stored[job] = moment.timestamp() * 1000
    return stored


def _print_waits(measured: Sequence[Measured]) -> None:
    rows = [
        (
            each.name,
            len(each.painted),
            *(f"{figure / 1000:.2f}" for figure in _percentiles(each.painted)),
            f"{statistics.mean(each.requests):.1f}",
            max(each.requests),
        )
        for each in measured
    ]
    heads = ("checkout", "try-ons", "p50 s", "p95 s", "worst s", "requests, mean", "most")
    title = f"Stored to painted, median {MEDIAN:g} s, sigma {SIGMA}, {SHOPPERS} at once"
    print(table(title, heads, rows), flush=True)


def _percentiles(times: Sequence[float]) -> tuple[float, float, float]:
    return statistics.median(times), statistics.quantiles(times, n=20)[18], max(times)


# Asked.


def _ask_with_wrk(roots: dict[str, Path], measured: dict[str, Measured]) -> None:
    for name in list(roots) * TURNS:
        with _shop(roots[name], debug=False) as shop:
            said = shop.family.run("job", shop.manage("shell", "-c", RUNNING), shop.environment)
            _, session, job = said[said.index("FOUND") :].split()[:3]
            serve = ["-m", "gunicorn", "--workers", "2", "--bind", shop.address.partition("//")[2]]
            command = [sys.executable, *serve, "example_project.wsgi"]
            web = shop.family.start("web", command, shop.environment)
            shop.family.wait_for("the shop", lambda shop=shop: _answers(shop.address), 60.0)  # type: ignore[misc]
            url = f"{shop.address}/tryon/jobs/{job}/"
            headers = {"Accept": "application/json", "Cookie": f"sessionid={session}"}
            answer = requests.get(url, headers=headers, timeout=10)
            answer.raise_for_status()
            rates, master = measured[name].rates, web.process.pid
            rates.setdefault("new to the page", []).append(_wrk(url, headers, master))
            if "ETag" in answer.headers:
                headers["If-None-Match"] = answer.headers["ETag"]
            rates.setdefault("unchanged", []).append(_wrk(url, headers, master))


def _wrk(url: str, headers: dict[str, str], master: int) -> tuple[float, float]:
    """Return the answers a second, and the milliseconds of a processor that one took."""
    given = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    command = ["wrk", "-t1", "-c8", "-d6s", *given, url]
    before = _processor_seconds(master)
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    took = _processor_seconds(master) - before
    if "Non-2xx" in said:
        raise RuntimeError(said)
    answers = int(re.findall(r"(\d+) requests in", said)[0])
    return float(said.partition("Requests/sec:")[2].split()[0]), 1000 * took / answers


def _processor_seconds(master: int) -> float:
    """Return how long the workers of this gunicorn had a processor (Linux)."""
    ticks = 0
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = file.read_text().rpartition(")")[2].split()
            if int(fields[1]) == master:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _print_rates(measured: Sequence[Measured]) -> None:
    rows = [
        (each.name, what, *(f"{statistics.median(clock):.2f}" for clock in zip(*runs, strict=True)))
        for each in measured
        for what, runs in each.rates.items()
    ]
    title = f"Status answers a second, two workers, median of {TURNS}"
    print(table(title, ("checkout", "answer", "a second", "processor ms"), rows))
