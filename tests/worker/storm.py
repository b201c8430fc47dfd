"""A kill storm: pollers that die at random instants and named places while jobs are ordered."""

from __future__ import annotations

import json
import queue
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import OperationalError

from glam_tryon.models import TryOnJob, TryOnSubmission
from glam_tryon.models.clock import database_time
from glam_tryon.models.job import NEEDS_PERSON
from glam_tryon.models.status import Status
from glam_tryon.sandbox import FaultScript, Sandbox
from glam_tryon.signed_urls import PHOTO, token_in
from tests.worker.pollers import Child, Pollers, wait_until

PARALLEL = 24
LEASE_SECONDS = 2
ANYWHERE = "anywhere"
#: What changes in ``GLAM_TRYON`` for a storm. A job that is unconfirmed and fetched holds its slot
#: for ``JOB_MAX_AGE_SECONDS``.
SETTINGS: dict[str, Any] = {
    "LEASE_SECONDS": LEASE_SECONDS,
    "UNFETCHED_GRACE_SECONDS": 1,
    "MAX_PARALLEL": PARALLEL,
    "JOB_MAX_AGE_SECONDS": 60,
    "POLLER_THREADS": 4,
}
#: The kills come from outside, so no job is poison however many of its workers die.
CONSTANTS: dict[str, Any] = {
    "glam_tryon.worker.steps.MAX_ATTEMPTS": 100,
    "glam_tryon.worker.steps.reconcile.MAX_SUBMISSIONS": 100,
}
PLACES = (
    "after_claim",
    "before_post",
    "before_write",
    "after_post",
    "after_accept",
    "before_poll",
    "after_poll",
    "after_ready",
    "after_download",
    "after_save",
    "after_ready_row",
)


def faults(seed: int) -> FaultScript:
    """Return the faults of the sandbox: lost answers, broken ones, and photos fetched late."""
    return FaultScript.from_rules(
        [
            {"on": "submit", "probability": 0.05, "do": {"accept_then": "reset"}},
            {"on": "submit", "probability": 0.02, "do": {"accept_then": {"status": 502}}},
            {"on": "submit", "probability": 0.3, "do": {"fetch": {"delay_seconds": 2.5}}},
            {"on": "status", "probability": 0.02, "do": {"status": 502}},
            {"on": "result", "probability": 0.02, "do": {"truncate": 1000}},
        ],
        seed=seed,
    )


@dataclass
class Told:
    """What a storm came to."""

    seed: int
    kills: int = 0
    #: Where the killed pollers were: a named place, or anywhere.
    places: Counter[str] = field(default_factory=Counter)
    jobs: int = 0
    #: How many jobs had how many generations: taken by Glam, and its photo fetched.
    generations: Counter[int] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    #: Why jobs wait for a person: the code of the submission that stayed unclear.
    waiting: Counter[str] = field(default_factory=Counter)
    #: From the kill of the worker that held a job's lease to the next claim of that job, in
    #: seconds of the database's clock.
    recoveries: list[float] = field(default_factory=list)
    resent: int = 0
    seconds: float = 0.0

    def recovery(self, share: float) -> float:
        """Return the quantile ``share`` of the recoveries."""
        return sorted(self.recoveries)[
            min(int(share * len(self.recoveries)), len(self.recoveries) - 1)
        ]


class Storm:
    """Keeps two pollers alive and kills one after another until ``kills`` are done."""

    def __init__(
        self,
        pollers: Pollers,
        glam: Sandbox,
        order: Callable[[], TryOnJob],
        *,
        seed: int,
        kills: int,
        gap_seconds: tuple[float, float] = (0.1, 1.2),
        backlog: int = 6,
    ) -> None:
        self.pollers = pollers
        pollers.constants = CONSTANTS
        self.glam = glam
        self.order = order
        self.random = random.Random(seed)
        self.kills = kills
        self.gap_seconds = gap_seconds
        self.backlog = backlog
        self.told = Told(seed)
        self._held: list[tuple[float, int, dict[str, str]]] = []
        self._places: dict[int, str] = {}

    def run(self) -> Told:
        """Kill, order, then let two pollers finish what is left, and count."""
        begun = time.monotonic()
        self.glam.faults = faults(self.told.seed)
        for _ in range(2):
            self._start()
        while self.told.kills < self.kills:
            self._order_some()
            self._bury(self.random.uniform(*self.gap_seconds))
            alive = self.pollers.alive()
            if len(alive) == 2 and self.told.kills < self.kills:
                struck = self.random.choice(alive)
                self._places[struck.pid] = ANYWHERE
                struck.send(signal.SIGKILL)
                self._bury(30.0)
        self.glam.faults = FaultScript()
        for child in self.pollers.alive():
            child.send(signal.SIGTERM)
            child.wait()
        self.pollers.drain(120.0)
        wait_until(lambda: not self.glam.open_generations)
        self._count()
        self.told.seconds = time.monotonic() - begun
        return self.told

    def _start(self) -> None:
        place, nth = self.random.choice(PLACES), self.random.randint(1, 4)
        named = self.random.random() < 0.5
        variables = {"GLAM_TRYON_CRASH_AT": f"{place}@{nth}"} if named else {}
        child = self.pollers.start(note_claims=True, **variables)
        self._places[child.pid] = place

    def _bury(self, seconds: float) -> None:
        """Wait for a death, for at most so long; note what it held, and start the next poller."""
        try:
            child = self.pollers.ends.get(timeout=seconds)
        except queue.Empty:
            return
        self._note(child)
        self._start()

    def _note(self, child: Child) -> None:
        assert child.status == -signal.SIGKILL, (child.status, child.said()[-5000:])
        self.told.kills += 1
        self.told.places[self._places[child.pid]] += 1
        leases = dict(
            retry_on_db_error(
                lambda: list(
                    TryOnJob.objects.exclude(lease_token="").values_list("pk", "lease_token")
                )
            )
        )
        held = {str(pk): token for pk, token in leases.items()}
        self._held.append((database_time("default").timestamp(), child.pid, held))

    def _order_some(self) -> None:
        waiting = TryOnJob.objects.filter(status=Status.PENDING).count()
        for _ in range(self.backlog - waiting):
            retry_on_db_error(self.order)
            self.told.jobs += 1

    def _count(self) -> None:
        told = self.told
        jobs_by_token = dict(TryOnSubmission.objects.values_list("token", "job_key"))
        drawn = Counter(
            jobs_by_token[token_in(PHOTO, signed_part(taken.media_url)) or ""]
            for taken in self.glam.accepted
            if taken.fetched_photo
        )
        jobs = list(TryOnJob.objects.all())
        told.generations = Counter(drawn[job.pk] for job in jobs)
        told.statuses = Counter(
            NEEDS_PERSON if job.error_code == NEEDS_PERSON else job.status for job in jobs
        )
        for job in jobs:
            if job.error_code == NEEDS_PERSON:
                submission = job.current_submission()
                assert submission is not None
                told.waiting[submission.code] += 1
        told.resent = TryOnSubmission.objects.filter(outcome="revoked").count()
        told.recoveries = self._recoveries()

    def _recoveries(self) -> list[float]:
        """Match each lease that died with its worker with the next claim of the same job."""
        claims: dict[str, list[tuple[int, str, float]]] = {}
        for line in self.pollers.claims.read_text().splitlines():
            pid, job, token, at = json.loads(line)
            claims.setdefault(job, []).append((pid, token, at))
        found = []
        for killed_at, pid, held in self._held:
            for job, token in held.items():
                noted = claims.get(job, [])
                mine = [i for i, claim in enumerate(noted) if claim[:2] == (pid, token)]
                if mine and len(noted) > mine[0] + 1:
                    found.append(noted[mine[0] + 1][2] - killed_at)
        return found


def signed_part(link: str) -> str:
    """Return what of a photo link is signed."""
    return link.rsplit("/", 1)[-1].removesuffix(".jpg")


def retry_on_db_error(work: Callable[[], Any]) -> Any:
    """Do it again while SQLite says that it is locked: the killers share its one write lock."""
    for _ in range(20):
        try:
            return work()
        except OperationalError as error:
            last = error
    raise last


def check(told: Told, glam: Sandbox) -> None:
    """Hold the storm's end against what was promised."""
    jobs = list(TryOnJob.objects.all())
    assert len(jobs) == told.jobs, "a job was lost"
    assert set(told.generations) == {1}, f"generations a job: {told.generations}"
    assert set(told.statuses) <= {Status.READY, NEEDS_PERSON}, told.statuses
    for job in jobs:
        submissions = list(job.submissions.all())
        if job.status == Status.READY:
            assert job.results.count() == 1
        else:
            # Waiting for a person: only where Glam fetched the photo and its answer was lost.
            last = submissions[-1]
            assert last.fetched_at, job
            assert last.event_id is None, job
            assert job.results.count() == 0
        for submission in submissions:
            closed = submission.outcome in ("not_sent", "refused", "revoked")
            assert not (closed and submission.fetched_at), submission
