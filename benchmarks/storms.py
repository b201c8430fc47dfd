"""Everything at once: shoppers, kills, stops, cut connections, a flaky storage, a lying provider.

Two gunicorn workers and three pollers, on PostgreSQL: ``TEST_DATABASE=postgres``. At the end the
invariants of the engine are held against database, storage, log and the sandbox's own record.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import Error, connection, connections
from django.test.utils import override_settings
from PIL import Image

from benchmarks.flaky import VARIABLE
from benchmarks.table import table
from example_project.shop.models import Product
from glam_tryon import jobs
from glam_tryon.models import PersonPhoto, PossibleOrphan, TryOnJob, TryOnResult, TryOnSubmission
from glam_tryon.models.consent_record import text_sha256
from glam_tryon.models.status import OPEN
from glam_tryon.privacy.consent import current_text
from glam_tryon.privacy.erasure import erase_everything_of
from glam_tryon.sandbox import FaultScript, LogNormal, Sandbox
from glam_tryon.views.product import start_url
from tests.servers import ROOT, child_environment
from tests.shop import KEY, picture
from tests.worker.invariants import RESUBMITTED, generations
from tests.worker.pollers import Child, Pollers
from tests.worker.storm import CONSTANTS

PARALLEL, SHOPPERS, POLLERS, WEB_WORKERS = 24, 4, 3, 2
#: Between two blows, in seconds.
BLOWS = (0.5, 3.0)
#: Most that a process may have grown since the first tenth, in MB.
GROWTH_MB = 5.0
ODD = "half \ud83d, NUL \0, whole 😀"
LIES: list[dict[str, Any]] = [
    {"on": "submit", "probability": 0.03, "do": {"accept_then": "reset"}},
    {"on": "submit", "probability": 0.02, "do": {"accept_then": {"status": 502}}},
    {"on": "submit", "probability": 0.03, "do": {"status": 422, "body": {"detail": ODD}}},
    {"on": "submit", "probability": 0.02, "do": {"status": 429, "retry_after": 1}},
    {"on": "submit", "probability": 0.02, "do": {"fail": ODD.replace("\ud83d", "")}},
    {"on": "submit", "probability": 0.02, "do": {"media_urls": ["{result}", ODD, None, 5]}},
    {"on": "submit", "probability": 0.1, "do": {"fetch": {"delay_seconds": 2.0}}},
    {"on": "submit", "probability": 0.02, "do": {"unchanged": True}},
    {"on": "status", "probability": 0.02, "do": {"status": 502}},
    {"on": "status", "probability": 0.02, "do": {"body": {"status": ODD}}},
    {"on": "status", "probability": 0.01, "do": {"body": [ODD]}},
    {"on": "result", "probability": 0.02, "do": {"truncate": 1000}},
    {"on": "result", "probability": 0.02, "do": {"status": 503}},
]


@dataclass
class Told:
    """What happened, counted."""

    counts: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, *words: object) -> None:
        with self.lock:
            self.counts[" ".join(map(str, words))] += 1


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks storms", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--jobs", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args(argv)
    if connection.vendor != "postgresql":
        sys.exit("storms: set TEST_DATABASE=postgres and TEST_POSTGRES_URL")
    random.seed(options.seed)
    print(f"storms: --seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        problems = Storm(Path(name), options.minutes, options.jobs).run()
    for problem in problems:
        print(f"NOT AS PROMISED: {problem}")
    sys.exit(1 if problems else 0)


class Storm:
    def __init__(self, folder: Path, minutes: float, wanted: int) -> None:
        self.folder = folder
        self.seconds, self.wanted = minutes * 60, wanted
        self.told = Told()
        self.calm = threading.Event()
        self.memory: dict[str, list[tuple[float, float]]] = {}
        self.flag = folder / "flaky"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]

    def run(self) -> list[str]:
        """Let it storm, calm down, and return what was not as promised."""
        os.environ[VARIABLE] = str(self.flag)
        os.environ["TEST_STORAGE"] = "benchmarks.flaky.FlakyStorage"
        media = self.folder / "media"
        with Sandbox(
            seconds_per_tryon=LogNormal(0.4, 0.6), max_parallel=PARALLEL, seed=7
        ) as self.glam:
            given = {
                **settings.GLAM_TRYON,
                "API_KEY": KEY,
                "BASE_URL": self.glam.base_url,
                "PUBLIC_BASE_URL": f"http://127.0.0.1:{self.port}",
                "RESULT_HOSTS": self.glam.result_hosts,
                "MAX_PARALLEL": PARALLEL,
                "LEASE_SECONDS": 5,
                "UNFETCHED_GRACE_SECONDS": 2,
                "JOB_MAX_AGE_SECONDS": 60,
                "POLLER_THREADS": 4,
                "LIMITS": {"open": None, "visitor_day": None, "user_day": None, "ip_day": None},
            }
            with override_settings(MEDIA_ROOT=str(media), GLAM_TRYON=given):
                return self._storm(media)

    def _storm(self, media: Path) -> list[str]:
        self.products = self._shop()
        log = self.folder / "web.log"
        with log.open("w") as to, Pollers(self.folder) as self.pollers:
            web = self._web(to)
            try:
                self._wait_for_web()
                self.pollers.constants = CONSTANTS
                steady = self.pollers.start()
                others = [self.pollers.start() for _ in range(POLLERS - 1)]
                self.glam.faults = FaultScript.from_rules(LIES, seed=7)
                self.flag.touch()
                self.began = time.monotonic()
                work = [self._blows, *[self._shop_on] * SHOPPERS]
                threads = [threading.Thread(target=each) for each in work]
                watch = threading.Thread(target=self._watch, args=(web.pid, steady))
                for thread in [*threads, watch]:
                    thread.start()
                for thread in threads:
                    thread.join()
                self.calm.set()
                watch.join()
                self.flag.unlink()
                self.glam.faults = FaultScript()
                print(f"calm after {time.monotonic() - self.began:.0f} s", flush=True)
                del others
                for child in self.pollers.alive():
                    child.send(signal.SIGCONT)
                    child.send(signal.SIGTERM)
                for child in self.pollers.alive():
                    self.told.add("ended with", child.wait(60))
                self.pollers.drain(300)
                call_command("prune_tryon_data")
            finally:
                web.terminate()
                web.wait(30)
        print(self._report())
        return self._problems(media, [log, self.pollers.log])

    def _shop(self) -> list[Product]:
        made = []
        for number in range(20):
            product = Product(
                name=f"Shirt {number} 😀", slug=f"shirt-{number}", price="49.00", fit="upper"
            )
            colour = f"#{random.randrange(16**6):06x}"
            product.photo.save(f"{number}.jpg", ContentFile(picture(colour=colour)), save=True)
            made.append(product)
        kind = PersonPhoto.Kind.HOUSE_MODEL
        self.model = jobs.add_photo(io.BytesIO(picture(colour="#c68863")), kind=kind)
        return made

    def _web(self, log: Any) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "gunicorn", "example_project.wsgi", "--threads", "4"]
        command += ["--workers", str(WEB_WORKERS), "--bind", f"127.0.0.1:{self.port}"]
        return subprocess.Popen(
            [*command, "--timeout", "60"],
            cwd=ROOT,
            env=child_environment(settings.GLAM_TRYON),
            stdout=log,
            stderr=log,
        )

    def _wait_for_web(self) -> None:
        for _ in range(300):
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.1)
        raise TimeoutError("gunicorn does not answer: pip install gunicorn")

    def _is_over(self) -> bool:
        enough = self.told.counts["order 201"] >= self.wanted
        return enough or time.monotonic() - self.began > self.seconds

    # The shoppers.

    def _shop_on(self) -> None:
        base = f"http://127.0.0.1:{self.port}"
        pace = self.seconds / self.wanted * SHOPPERS
        while not self._is_over():
            began = time.monotonic()
            try:
                self._visit(base)
            except requests.RequestException as error:
                self.told.add("request", type(error).__name__)
            time.sleep(max(0.0, random.uniform(0, 2 * pace) - (time.monotonic() - began)))
        connections.close_all()

    def _visit(self, base: str) -> None:
        session = requests.Session()
        address = base + start_url(random.choice(self.products))
        session.get(address, timeout=30)

        def post(where: str, **given: Any) -> requests.Response:
            token = session.cookies.get("csrftoken", "")
            data = {"csrfmiddlewaretoken": token, **given.pop("data", {})}
            headers = {"Accept": "application/json"}
            return session.post(where, data=data, headers=headers, timeout=60, **given)

        if random.random() < 0.4:
            colour = f"#{random.randrange(16**6):06x}"
            form = {"consent": "on", "consent_sha256": text_sha256(current_text())}
            if random.random() < 0.3:
                form["keep"] = "on"
            files = {"photo": ("me.jpg", picture(colour=colour), "image/jpeg")}
            answer = post(address, data=form, files=files)
        else:
            answer = post(address, data={"house_model": str(self.model.pk)})
        self.told.add("order", answer.status_code)
        if answer.status_code != 201:
            return
        url = base + answer.json()["url"]
        time.sleep(random.uniform(0, 3))
        chance = random.random()
        if chance < 0.08:
            self.told.add("cancel", post(url + "cancel/").status_code)
        elif chance < 0.16:
            self.told.add("delete", post(url + "delete/").status_code)
        elif chance < 0.20:
            self.told.add("delete all", post(base + "/tryon/mine/delete/").status_code)
        elif chance < 0.23:
            self.told.add("withdraw", post(base + "/tryon/mine/withdraw/").status_code)
        elif chance < 0.26:
            job = TryOnJob.objects.filter(pk=answer.json()["id"]).first()
            with suppress(Error):
                if job is not None:
                    erase_everything_of(job.owner)
                    self.told.add("erased")
            connections.close_all()
        else:
            seen = session.get(url, headers={"Accept": "application/json"}, timeout=30)
            self.told.add("status", seen.status_code)

    # The blows.

    def _blows(self) -> None:
        while not self._is_over():
            time.sleep(random.uniform(*BLOWS))
            alive = self.pollers.alive()[1:]
            while len(alive) < POLLERS - 1:
                alive.append(self.pollers.start())
            struck = random.choice(alive)
            what = random.choice(["kill", "kill", "stop", "pause", "cut", "cut"])
            self.told.add("blow:", what)
            with suppress(Error):
                self._strike(what, struck)
            connections.close_all()

    def _strike(self, what: str, struck: Child) -> None:
        if what == "kill":
            struck.send(signal.SIGKILL)
        elif what == "stop":
            struck.send(signal.SIGTERM)
        elif what == "pause":
            struck.send(signal.SIGSTOP)
            time.sleep(random.uniform(0.5, 8.0))
            struck.send(signal.SIGCONT)
        else:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid() "
                    "ORDER BY random() LIMIT 3) AS some"
                )

    # What is seen.

    def _watch(self, web: int, steady: Child) -> None:
        while not self.calm.wait(2.0):
            at = time.monotonic() - self.began
            children = Path(f"/proc/{web}/task/{web}/children").read_text().split()
            watched = {f"gunicorn {number}": pid for number, pid in enumerate(children, 1)}
            for name, pid in {**watched, "poller": str(steady.pid)}.items():
                with suppress(OSError, TypeError):
                    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
                    if found:
                        self.memory.setdefault(name, []).append((at, int(found[1]) / 1024))

    def _grown(self, name: str) -> tuple[float, float]:
        """Return a process's memory after the first tenth, and at the end, in MB."""
        seen = self.memory[name]
        tenth = seen[-1][0] / 10
        early = [size for at, size in seen if tenth <= at <= 2 * tenth] or [seen[0][1]]
        late = [size for at, size in seen if at >= 9 * tenth]
        return sum(early) / len(early), sum(late) / len(late)

    def _report(self) -> str:
        statuses = Counter(TryOnJob.objects.values_list("status", "error_code"))
        rows: list[tuple[object, object]] = sorted(self.told.counts.items())
        rows += [(f"{status} {code}", number) for (status, code), number in statuses.most_common()]
        rows.append(("generations", sum(generations(self.glam).values())))
        for name in sorted(self.memory):
            early, late = self._grown(name)
            rows.append((f"memory of {name}, MB", f"{early:.0f} to {late:.0f}"))
        return table("A storm of everything", ("what", "number"), rows)

    def _problems(self, media: Path, logs: list[Path]) -> list[str]:
        found = []
        fetched = Counter(
            TryOnSubmission.objects.filter(fetched_at__isnull=False).values_list(
                "job_key", flat=True
            )
        )
        resubmitted = set(
            TryOnJob.objects.filter(transitions__note__startswith=RESUBMITTED).values_list(
                "pk", flat=True
            )
        )
        if twice := [key for key, n in fetched.items() if n > 1 and key not in resubmitted]:
            found.append(f"I1: {len(twice)} jobs may have been drawn twice")
        if any(count > 1 for count in generations(self.glam).values()):
            found.append("I1: Glam drew one submission twice")
        accepted = TryOnSubmission.Outcome.ACCEPTED
        stuck = TryOnJob.objects.filter(status__in=OPEN, submissions__outcome=accepted)
        if stuck.exists():
            found.append(f"I2: {stuck.count()} jobs with an event id are not over")
        bad = 0
        for result in TryOnResult.objects.all():
            path = media / str(result.image.name)
            if not path.exists() or not Image.open(path).size[0]:
                bad += 1
        if bad:
            found.append(f"I3: {bad} results have no picture")
        ready = TryOnJob.objects.filter(status="ready", deleted_at=None, results=None)
        if ready.exists():
            found.append(f"I3: {ready.count()} jobs are ready without a picture")
        if lost := self._unnamed(media):
            found.append(f"I4: {len(lost)} files have no row, such as {lost[0]}")
        if self.glam.most_parallel > PARALLEL:
            found.append(f"I5: {self.glam.most_parallel} at once")
        if TryOnJob.objects.filter(error_code="poison").exists():
            found.append("a job is poison, though no worker died of it")
        if failed := [word for word in self.told.counts if re.search(r" 50[0124-9]$", word)]:
            found.append(f"a shopper met {failed}")
        tokens = set(TryOnSubmission.objects.values_list("token", flat=True))
        for log in logs:
            text = log.read_text(errors="replace")
            if KEY in text or tokens & set(re.findall(r"[\w-]{32}", text)):
                found.append(f"I8: {log.name} holds a key or a link")
        for name in self.memory:
            early, late = self._grown(name)
            if late - early > GROWTH_MB:
                found.append(f"{name} grew from {early:.0f} to {late:.0f} MB")
        return found

    def _unnamed(self, media: Path) -> list[str]:
        named = {
            *TryOnResult.objects.values_list("image", flat=True),
            *PersonPhoto.objects.values_list("image", flat=True),
            *TryOnJob.objects.values_list("garment_image", flat=True),
            *PossibleOrphan.objects.values_list("name", flat=True),
        }
        root = media / "glam_tryon"
        files = [str(path.relative_to(media)) for path in root.rglob("*") if path.is_file()]
        return [name for name in files if name not in named]
