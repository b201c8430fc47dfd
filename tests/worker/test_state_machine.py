"""A job's life in every order of events that hypothesis can think of, with the real engine.

Workers and Glam's fetches of photos stand still before any of their database statements, and are
continued, overtaken by others, or killed there. ``LONG=1`` searches for longer.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar

import pytest
from django.db import connection, transaction
from django.db.models import F
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from example_project.shop.models import Product
from glam_tryon import jobs
from glam_tryon.exceptions import OrderRefused
from glam_tryon.files import private_storage
from glam_tryon.limits.availability import is_paused
from glam_tryon.models import (
    Account,
    PersonPhoto,
    TryOnBatch,
    TryOnJob,
    TryOnResult,
    TryOnSubmission,
)
from glam_tryon.models.clock import database_time
from glam_tryon.models.job import NEEDS_PERSON
from glam_tryon.models.owner import owner_key
from glam_tryon.models.result import result_folder
from glam_tryon.models.status import CLOSED, OPEN, Queue, Status
from glam_tryon.signed_urls import PHOTO, token_in
from glam_tryon.worker.bulk_update import write_poll_updates
from glam_tryon.worker.claim import claim_steps
from glam_tryon.worker.slots import claim_submissions, release_lost_slots
from glam_tryon.worker.steps import advance, store
from tests.worker.actors import Actor, HaltBeforeStatements, halt
from tests.worker.fake_glam import POSTS, Event, FakeGlam

LONG = bool(os.environ.get("LONG"))
#: Each search is one transaction, in which PostgreSQL gets slower with every savepoint.
SEARCHES, EXAMPLES, STEPS = (24, 50, 80) if LONG else (4, 25, 40)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db,
    # Long enough to shrink what it finds.
    pytest.mark.timeout(3600 if LONG else 900),
]

PARALLEL, MAX_AGE_SECONDS = 2, 3600
MOST_JOBS, MOST_ACTORS = 4, 3
#: Less than a lease, more than one, more than the grace, more than any back-off, the longest life.
TIMES = (5, 61, 125, 430, 3700)
#: Most POSTs go well, or the deeper states would never be reached.
posts = st.sampled_from((POSTS[0],) * 6 + ("answer lost",) * 3 + POSTS)
index = st.integers(0, 7)
#: So many points has a claim with a submit, a claim with a poll and a download, and a fetch.
submit_points, step_points, fetch_points = (st.integers(1, most) for most in (20, 17, 3))


class Staff:
    """Somebody who may send an unconfirmed job again."""

    pk = 1

    def has_perm(self, _permission: str) -> bool:
        return True


def time_passes(seconds: float) -> None:
    """Let the database's clock go on: all that it ever said is so much longer ago."""
    for model in (TryOnJob, TryOnSubmission, Account):
        model.objects.update(
            **{
                field.name: F(field.name) - timedelta(seconds=seconds)
                for field in model._meta.concrete_fields
                if field.get_internal_type() == "DateTimeField"
            }
        )


class JobLife(RuleBasedStateMachine):
    """Shoppers, workers, Glam, staff and death, in any order."""

    product: ClassVar[Product]
    image: ClassVar[str]
    glam: ClassVar[FakeGlam]

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.glam.__init__()
        self.actors: list[Actor] = []
        self.keys: list[Any] = []
        #: How often a person asked for another generation of a job.
        self.asked: Counter[Any] = Counter()
        Account.load()
        self.batch = TryOnBatch.objects.create(name="Spring")
        self.points = connection.execute_wrapper(HaltBeforeStatements())
        self.points.__enter__()

    # Helpers.

    def job(self, number: int) -> TryOnJob | None:
        """Return one of the jobs, None when it was deleted."""
        key = self.keys[number % len(self.keys)]
        return TryOnJob.objects.filter(pk=key).first()

    def event(self, number: int) -> Event:
        return self.glam.events[number % len(self.glam.events)]

    def act(self, work: Callable[[], object], halt_after: int | None, **wishes: Any) -> None:
        """Do the work to its end, or up to a point at which it stays."""
        actor = Actor(work, **wishes)
        if halt_after is None or len(self.actors) >= MOST_ACTORS:
            actor.finish()
        else:
            actor.go_on(halt_after)
            if not actor.done:
                self.actors.append(actor)

    # Shoppers.

    @precondition(lambda self: len(self.keys) < MOST_JOBS)
    @rule(priority=st.sampled_from(["shopper", "shopper", "catalogue"]))
    def a_shopper_asks_for_a_tryon(self, priority: str) -> None:
        visitor = f"visitor {len(self.keys)}"
        owner = owner_key(None, visitor)
        photo = PersonPhoto.objects.create(
            image=self.image, owner=owner, no_consent_reason="a drawing"
        )
        ask = partial(jobs.request_tryon, self.product, photo=photo, visitor=visitor)
        if is_paused():
            # A key was refused meanwhile: who asks is told so, and nothing is taken in.
            with pytest.raises(OrderRefused, match="paused"):
                ask(priority=priority)
            return
        job = ask(priority=priority)
        if priority == "catalogue":
            # Staff's own: it is part of the batch, and waits where that waits.
            queue = Queue.PAUSED if self.batch.paused_at else Queue.CATALOGUE
            TryOnJob.objects.filter(pk=job.pk).update(batch=self.batch, queue=queue)
        self.keys.append(job.pk)

    @rule()
    def staff_pause_or_resume_the_batch(self) -> None:
        if self.batch.paused_at:
            jobs.resume_batch(self.batch)
        else:
            jobs.pause_batch(self.batch)
        self.batch.refresh_from_db()

    @precondition(lambda self: self.keys)
    @rule(number=index, what=st.sampled_from(["cancel", "delete photo", "delete", "staff"]))
    def somebody_intervenes(self, number: int, what: str) -> None:
        job = self.job(number)
        if job is None:
            return
        photo = PersonPhoto.objects.filter(pk=job.person_photo_id).first()
        if what == "delete":
            job.delete()
        elif what == "delete photo" and photo:
            photo.delete()
        elif what == "cancel" and job.status in OPEN:
            jobs.cancel(job)
        elif what == "staff" and job.status == Status.UNCONFIRMED:
            jobs.resubmit(job, by=Staff(), why="a test")
            self.asked[job.pk] += 1
        elif what == "staff" and job.status == Status.FAILED and photo:
            jobs.retry(job)
            self.asked[job.pk] += 1

    # Workers.

    @precondition(lambda self: self.keys)
    @rule(post=posts, limit=st.integers(1, 3), halt_after=st.none() | submit_points)
    def a_worker_submits(self, post: str, limit: int, halt_after: int | None) -> None:
        self.act(lambda: self._work(claim_submissions, limit), halt_after, post=post)

    @precondition(lambda self: self.keys)
    @rule(
        broken=st.sampled_from([False, False, False, True]),
        limit=st.integers(1, 3),
        halt_after=st.none() | step_points,
    )
    def a_worker_does_what_is_due(self, broken: bool, limit: int, halt_after: int | None) -> None:
        self.act(lambda: self._work(claim_steps, limit), halt_after, broken=broken)

    def _work(self, claim: Callable[[int], Any], limit: int) -> int:
        claims = claim(limit)
        for claimed in claims:
            if told := advance(claimed):
                write_poll_updates([told])
        return len(claims)

    @precondition(lambda self: self.actors)
    @rule(number=index, steps=submit_points)
    def somebody_goes_on(self, number: int, steps: int) -> None:
        actor = self.actors[number % len(self.actors)]
        actor.go_on(steps)
        if actor.done:
            self.actors.remove(actor)

    @precondition(lambda self: self.actors)
    @rule(number=index, first=st.none() | st.sampled_from(TIMES), dies=st.booleans())
    def somebody_comes_to_an_end(self, number: int, first: float | None, dies: bool) -> None:
        """Its own one or a violent one; perhaps everybody else goes on for a while before."""
        actor = self.actors.pop(number % len(self.actors))
        if first is not None:
            self.all_others_go_on(first)
            self.all_others_go_on(TIMES[2])
        if dies:
            actor.kill()
        else:
            actor.finish()

    # Glam.

    @precondition(lambda self: self.glam.on_the_way)
    @rule()
    def a_late_post_arrives(self) -> None:
        self.glam.take(self.glam.on_the_way.pop(0))

    @precondition(lambda self: self.glam.events)
    @rule(
        number=index,
        method=st.sampled_from(["GET", "GET", "GET", "HEAD"]),
        halt_after=st.none() | fetch_points,
    )
    def glam_fetches_a_photo(self, number: int, method: str, halt_after: int | None) -> None:
        event = self.event(number)
        self.act(lambda: self.glam.fetch_photo(event, method), halt_after)

    @precondition(lambda self: self.glam.events)
    @rule(number=index, well=st.sampled_from([True, True, True, False]))
    def glam_has_drawn(self, number: int, well: bool) -> None:
        self.glam.draw(self.event(number), well=well)

    # Time.

    @precondition(lambda self: self.keys)
    @rule(seconds=st.sampled_from(TIMES))
    def time_goes_on(self, seconds: float) -> None:
        time_passes(seconds)

    @precondition(lambda self: self.keys)
    @rule(seconds=st.sampled_from(TIMES))
    def all_others_go_on(self, seconds: float) -> None:
        """Whoever stands still is overtaken by everybody else."""
        time_passes(seconds)
        Account.resume()
        release_lost_slots()
        self._work(claim_steps, 8)
        self._work(claim_submissions, 8)
        for event in self.glam.events:
            if event.state == "IN_QUEUE":
                self.glam.fetch_photo(event)

    # What must hold.

    @invariant()
    def every_promise_is_kept(self) -> None:
        jobs_now = list(TryOnJob.objects.all())
        ledger = list(TryOnSubmission.objects.order_by("number"))
        results = Counter(TryOnResult.objects.values_list("job_id", flat=True))
        by_token = {submission.token: submission for submission in ledger}
        newest = {submission.job_key: submission for submission in ledger}
        # No job is drawn more often than people asked for.
        taken = [
            (event, by_token[token_in(PHOTO, event.signed) or ""]) for event in self.glam.events
        ]
        drawn = Counter(submission.job_key for event, submission in taken if event.drawn_from)
        for key, number in drawn.items():
            assert number <= 1 + self.asked[key], f"{key} was drawn {number} times"
        # The parallel limit holds, as Glam sees it too.
        assert sum(submission.slot is not None for submission in ledger) <= PARALLEL
        oldest = database_time("default") - timedelta(seconds=MAX_AGE_SECONDS)
        for event, submission in taken:
            if event.state == "IN_PROGRESS" and submission.started_at > oldest:
                assert submission.slot is not None, f"{event} is drawn without a slot"
        for job in jobs_now:
            # What was bought is delivered, or waits for a person for a reason.
            assert job.error_code != "lost", job
            assert results[job.pk] == (job.status == Status.READY), job
            if job.error_code == NEEDS_PERSON and job.status == Status.UNCONFIRMED:
                assert newest[job.pk].fetched_at, f"{job} waits for a person, yet was not fetched"
            # Somebody will look at every open job.
            if job.status not in (*CLOSED, Status.UNCONFIRMED):
                assert job.queue is not None, f"{job} is {job.status} and nobody will look at it"
            # A pending job of the batch rests while that does, and never longer.
            rests = job.batch_id is not None and job.status == Status.PENDING
            rests = rests and self.batch.paused_at is not None
            assert (job.queue == Queue.PAUSED) == rests, f"{job} is in queue {job.queue}"

    def teardown(self) -> None:
        try:
            self._end()
        finally:
            self.points.__exit__(None, None, None)
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    def _end(self) -> None:
        """Let everything come to its end: then nothing moves, and no file is left over."""
        for actor in self.actors:
            actor.finish()
        jobs.resume_batch(self.batch)
        self.batch.refresh_from_db()
        for _round in range(40):
            Account.resume()
            while self.glam.on_the_way:
                self.a_late_post_arrives()
            for event in self.glam.events:
                if event.state == "IN_QUEUE":
                    self.glam.fetch_photo(event)
                self.glam.draw(event, well=True)
            while self._work(claim_submissions, 8) + self._work(claim_steps, 8):
                pass
            release_lost_slots()
            if not TryOnJob.objects.advancing().exists():
                break
            time_passes(400)
        self.every_promise_is_kept()
        for job in TryOnJob.objects.all():
            waits = job.status == Status.UNCONFIRMED and job.error_code == NEEDS_PERSON
            assert job.status in CLOSED or waits, f"{job} never ends: {job.status}"
            folder = result_folder(job.pk)
            try:
                stored = {f"{folder}/{name}" for name in private_storage().listdir(folder)[1]}
            except FileNotFoundError:
                stored = set()
            rows = TryOnResult.objects.filter(job=job).values_list("image", flat=True)
            assert stored == set(rows), f"{job} ({job.status}) has files without a row"


@pytest.fixture
def life(
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    product: Product,
    house_model: PersonPhoto,
) -> type[JobLife]:
    """The machine with the shop's data and the fake Glam in its place."""
    settings.GLAM_TRYON = {
        **settings.GLAM_TRYON,
        "PUBLIC_BASE_URL": "http://shop.test",
        "MAX_PARALLEL": PARALLEL,
        "JOB_MAX_AGE_SECONDS": MAX_AGE_SECONDS,
        "NOTICE_UNCHANGED": False,
        "LINK_SECONDS": 604_800,
    }
    glam = FakeGlam()
    for name, module in list(sys.modules.items()):
        if name.startswith("glam_tryon.worker."):
            if hasattr(module, "provider_for"):
                monkeypatch.setattr(module, "provider_for", lambda _account: glam)
            if hasattr(module, "crashpoint"):
                monkeypatch.setattr(module, "crashpoint", halt)
            # What is due must not depend on how fast this machine is, or on chance.
            for schedule in ("next_poll_seconds", "back_off_seconds"):
                if hasattr(module, schedule):
                    monkeypatch.setattr(module, schedule, lambda *_facts, **_more: 10.0)
    monkeypatch.setattr(sys.modules[store.__module__], "fetch_bytes", glam.fetch_bytes)
    JobLife.product, JobLife.image, JobLife.glam = product, house_model.image.name or "", glam
    return JobLife


@pytest.fixture
def one_life(life: type[JobLife]) -> Iterator[JobLife]:
    """One such life with one job in it; at the end everything comes to its end."""
    machine = life()
    machine.a_shopper_asks_for_a_tryon("shopper")
    yield machine
    machine.teardown()


@pytest.mark.database
@pytest.mark.parametrize("dies", [False, True])
@pytest.mark.parametrize("point", range(1, 18))
def test_a_worker_overtaken_at_any_point_of_a_submit_buys_nothing_twice(
    point: int, dies: bool, one_life: JobLife
) -> None:
    one_life.a_worker_submits(post=POSTS[0], limit=1, halt_after=point)
    for first in (TIMES[1], TIMES[2]):
        one_life.all_others_go_on(first)
        one_life.every_promise_is_kept()
    if one_life.actors:
        one_life.somebody_comes_to_an_end(0, None, dies)
    one_life.all_others_go_on(TIMES[0])
    one_life.every_promise_is_kept()


@pytest.mark.database
@pytest.mark.parametrize("point", range(1, 18))
def test_a_worker_that_finds_the_photo_deleted_does_not_cancel_what_another_has_sent(
    point: int, one_life: JobLife
) -> None:
    one_life.a_worker_submits(post=POSTS[0], limit=1, halt_after=point)
    one_life.all_others_go_on(TIMES[1])
    one_life.all_others_go_on(TIMES[2])
    job = TryOnJob.objects.get()
    PersonPhoto.objects.filter(pk=job.person_photo_id).delete()
    if one_life.actors:
        one_life.somebody_comes_to_an_end(0, None, dies=False)
    assert TryOnJob.objects.get().status != Status.CANCELED


@pytest.mark.database
@pytest.mark.parametrize("point", range(1, 5))
def test_a_fetch_overtaken_by_the_revocation_at_any_point_draws_nothing(
    point: int, one_life: JobLife
) -> None:
    one_life.a_worker_submits(post="answer lost", limit=1, halt_after=None)
    one_life.glam_fetches_a_photo(0, "GET", point)
    one_life.all_others_go_on(TIMES[2])
    if one_life.actors:
        one_life.somebody_comes_to_an_end(0, None, dies=False)
    one_life.all_others_go_on(TIMES[0])
    one_life.every_promise_is_kept()


@pytest.mark.parametrize("search", range(SEARCHES))
def test_every_order_of_events_buys_each_job_at_most_once_and_brings_it_to_an_end(
    search: int, life: type[JobLife]
) -> None:
    run_state_machine_as_test(
        life,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
