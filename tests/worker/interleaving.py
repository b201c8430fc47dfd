"""Explores every order of two workers, a Glam, a user and a crash over the real code and database.

An actor runs up to its next transaction and is left there: its next statement raises ``Pause``,
which unwinds it. To go on it is run again from the start of its step, each earlier transaction on
the database as it was then, and the next one on the database as it is now. So all the code between
two transactions is the engine's own, and a state can be left, kept and taken up again at will.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib import import_module
from types import SimpleNamespace
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.db.models.expressions import BaseExpression
from django.http import Http404
from django.test import RequestFactory
from django.urls import resolve

from glam_tryon import jobs
from glam_tryon.exceptions import IllegalTransition
from glam_tryon.models import TryOnJob, TryOnSubmission
from glam_tryon.models import submission as submission_module
from glam_tryon.models.job import NEEDS_PERSON
from glam_tryon.models.status import AT_PROVIDER, Status
from glam_tryon.providers.base import Outcome, Polled, RemoteStatus, Submitted, Verdict
from glam_tryon.signed_urls import PHOTO, link_for_glam, token_in
from glam_tryon.views.pictures import for_glam
from glam_tryon.worker import claim, slots
from glam_tryon.worker.steps import advance

T = TypeVar("T")
Row = tuple[Any, ...]

JOB, SUBMISSION = TryOnJob._meta.db_table, TryOnSubmission._meta.db_table
#: Submissions of the one job; the engine gives up after as many unclear ones.
SUBMISSIONS = 2
INSTANT = datetime(2026, 1, 1, tzinfo=UTC)
PAST, NOW, FUTURE = "2000-01-01 00:00:00", "2026-01-01 00:00:00", "2999-01-01 00:00:00"
#: These only stretch waits, count claims or decorate: two states that differ in them are one.
IGNORED = {"attempts", "errors", "polls", "error_message", "dispatched"}
#: Statements with these words decide nothing here, so no actor is left before one of them: other
#: tables, the note of the last signal, and the age of a submission, which stays young.
QUIET = (
    "glam_tryon_account",
    "personphoto",
    "tryonresult",
    "tryontransition",
    'SET "dispatched"',
    '"started_at" <',
)


class Pause(BaseException):
    """The actor has come to its next transaction."""


class Violation(AssertionError):
    """A reached state breaks a rule; the message is the way there."""


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """The database's rows that matter, and what Glam knows; submissions by their numbers.

    ``Machine.known`` gives equal worlds one object, so they compare as fast as objects do.
    """

    job: Row
    submissions: tuple[Row, ...]
    written: frozenset[int] = frozenset()
    taken: frozenset[int] = frozenset()
    refused: frozenset[int] = frozenset()
    drawn: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Actor:
    """Where one actor stands: what the database told it in this step, and where it waits.

    ``seen`` are worlds that tell the same: on them its past is run again.
    """

    told: tuple[str, ...] = ()
    seen: tuple[tuple[World, str], ...] = field(default=(), compare=False)
    waits: str = ""  # empty while idle, else the name of the place
    about: int = 0  # the number of the submission
    claimed: bytes = b""  # a worker's claim, pickled


@dataclass(frozen=True, slots=True)
class State:
    """The world, the actors, and how many crashes, lost leases and cancels may still come."""

    world: World
    crashes: int
    stalls: int
    cancels: int
    workers: tuple[Actor, Actor] = (Actor(), Actor())
    glam: Actor = field(default=Actor())

    def with_worker(self, number: int, actor: Actor, **changes: Any) -> State:
        workers = (actor, self.workers[1]) if number == 0 else (self.workers[0], actor)
        return replace(self, workers=workers, **changes)


def signed_in(link: str) -> str:
    """Return the signed token of a link that Glam was given."""
    return str(resolve(urlsplit(link).path).kwargs["signed"])


def plain(row: Row) -> Row:
    """Return a row without its instants."""
    return tuple("" if isinstance(value, datetime) else value for value in row)


class Machine:
    """Runs the engine's functions piece by piece on one SQLite connection."""

    def __init__(self, job: TryOnJob) -> None:
        self.key = job.pk
        self.job_columns = self._columns(JOB)
        self.submission_columns = self._columns(SUBMISSION)
        self._known: dict[Row, World] = {}
        self._actor = ""
        self._script: Sequence[tuple[World, str]] = ()
        self._position = -1
        self._quiet = True
        self._place, self._about, self._answered = "", 0, False
        self._claimed = b""
        self._pickles: dict[str, bytes] = {}
        self._told: list[str] = []
        self._stored: tuple[Row, tuple[Row, ...]] | None = None
        self._gone: dict[tuple[Actor, str, str, World], tuple[Actor, World]] = {}
        self.world = World((), ())
        self._raw("PRAGMA synchronous = OFF")
        self._raw("PRAGMA journal_mode = MEMORY")
        self.world = self.look()

    # The database.

    def _raw(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        connection.ensure_connection()
        rows: list[Row] = connection.connection.execute(sql, values).fetchall()
        return rows

    def _columns(self, table: str) -> list[str]:
        return [row[1] for row in self._raw(f"PRAGMA table_info({table})")]

    def known(self, world: World, **changes: Any) -> World:
        """Return the one object for this world, with ``changes``."""
        world = replace(world, **changes)
        key = tuple(getattr(world, name) for name in World.__slots__)
        return self._known.setdefault(key, world)

    def look(self) -> World:
        """Return the world as it is, every instant brought to past, now or future."""
        (job,) = self._raw(f"SELECT * FROM {JOB}")
        rows = self._raw(f"SELECT * FROM {SUBMISSION} ORDER BY number")
        (now,) = self._raw("SELECT STRFTIME('%Y-%m-%d %H:%M:%f', 'NOW')")
        return self.known(
            self.world,
            job=self._plain(self.job_columns, job, now[0]),
            submissions=tuple(self._plain(self.submission_columns, row, now[0]) for row in rows),
        )

    def _plain(self, columns: list[str], row: Row, now: str) -> Row:
        return tuple(
            self._plain_value(name, value, now) for name, value in zip(columns, row, strict=True)
        )

    def _plain_value(self, name: str, value: Any, now: str) -> Any:
        if name in IGNORED:
            return 0 if isinstance(value, int) else ""
        if value is None or not name.endswith("_at"):
            return value
        if name == "next_step_at":
            return PAST if value.isoformat(" ", "milliseconds") <= now else FUTURE
        # A submission never grows old by itself here.
        return FUTURE if name == "started_at" else NOW

    def put(self, world: World) -> None:
        """Make the database what ``world`` says."""
        self.world = world
        if (world.job, world.submissions) == self._stored:
            return
        self._stored = (world.job, world.submissions)
        names = ", ".join(f"{name} = ?" for name in self.job_columns)
        self._raw("BEGIN")
        self._raw(f"UPDATE {JOB} SET {names}", world.job)
        self._raw(f"DELETE FROM {SUBMISSION}")
        self._raw("DELETE FROM glam_tryon_tryontransition")
        self._raw("DELETE FROM sqlite_sequence WHERE name = ?", [SUBMISSION])
        self._raw("UPDATE glam_tryon_account SET breaker_failures = 0, breaker_until = NULL")
        marks = ", ".join("?" * len(self.submission_columns))
        for row in world.submissions:
            self._raw(f"INSERT INTO {SUBMISSION} VALUES ({marks})", row)
        self._raw("COMMIT")

    def job_field(self, world: World, name: str) -> Any:
        return world.job[self.job_columns.index(name)]

    def submission_fields(self, world: World) -> list[dict[str, Any]]:
        return [dict(zip(self.submission_columns, row, strict=True)) for row in world.submissions]

    # The actors.

    @contextmanager
    def installed(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """Stand in for the network, the random names and the statements' execution."""
        client = SimpleNamespace(submit=self._submit, poll=self._poll)
        for step in ("submit", "cancel_cleanup"):
            # The package has functions of the same names.
            module = import_module(f"glam_tryon.worker.steps.{step}")
            monkeypatch.setattr(module, "provider_for", lambda _account: client)
            for wait in ("back_off_seconds", "next_poll_seconds"):
                monkeypatch.setattr(module, wait, lambda _of: 300.0, raising=False)
        names = SimpleNamespace(uuid4=lambda: SimpleNamespace(hex=self._actor))
        monkeypatch.setattr(claim, "uuid", names)
        monkeypatch.setattr(slots, "uuid", names)
        tokens = SimpleNamespace(token_urlsafe=lambda _size: f"token-{self._next_number()}")
        monkeypatch.setattr(submission_module, "secrets", tokens)
        with connection.execute_wrapper(self._execute):
            yield

    def _next_number(self) -> int:
        return 1 + int(self._raw(f"SELECT COUNT(*) FROM {SUBMISSION}")[0][0])

    def _execute(
        self, execute: Callable[..., T], sql: str, params: Any, many: bool, context: Any
    ) -> T:
        if not connection.in_atomic_block and not any(word in sql for word in QUIET):
            self.place("transaction")
        told, self._stored = "", None
        if not self._quiet and sql.startswith("SELECT"):
            told = repr([plain(row) for row in self._raw(sql.replace("%s", "?"), params or ())])
        result = execute(sql, params, many, context)
        if not self._quiet:
            self._told.append(told or str(context["cursor"].rowcount))
        return result

    def place(self, name: str) -> str:
        """Let others in here. Returns what was chosen for this place."""
        if self._quiet:
            return ""
        if self._answered:
            # The answer came, and now it is written down.
            self._answered = False
            return ""
        self._position += 1
        if self._position >= len(self._script):
            self._place = name
            raise Pause
        world, choice = self._script[self._position]
        self.put(world)
        self._told = []
        return choice

    def go_on(
        self, world: World, actor: Actor, name: str, choice: str, step: Callable[[], None]
    ) -> tuple[Actor, World]:
        """Run ``actor``'s next piece on ``world``; return where it stands, and the world, then."""
        key = (actor, name, choice, world)
        if key not in self._gone:
            self.put(world)
            self._gone[key] = (self._run(actor, name, choice, step), self.world)
        return self._gone[key]

    def _run(self, actor: Actor, name: str, choice: str, step: Callable[[], None]) -> Actor:
        now = (self.world, choice)
        self._actor, self._script, self._position = name, (*actor.seen, now), -1
        self._quiet = self._answered = False
        self._claimed = actor.claimed
        seen = (*actor.seen, now)
        self._told = []
        self._about = 0
        try:
            step()
        except Pause:
            if not actor.claimed and name != "Glam":
                # The claim is not run again: it is kept itself.
                return Actor((), (), self._place, self._about, self._claimed)
            told = (*actor.told, "\n".join([choice, *self._told]))
            return Actor(told, seen, self._place, self._about or actor.about, self._claimed)
        else:
            if self._position < len(self._script) - 1:
                raise RuntimeError(f"{name} did not do the same again")
            return Actor()
        finally:
            self._quiet = True
            self.world = self.look()

    def work(self) -> None:
        """One step of a worker: claim, then advance."""
        if not self._claimed:
            self.place("claim")
            # The claim's reads are hints; what counts is its one transaction.
            self._quiet = True
            (claimed,) = slots.claim_submissions(1) or claim.claim_steps(1)
            self._quiet = False
            self._claimed = self._pickled(claimed)
        advance(pickle.loads(self._claimed))

    def _pickled(self, claimed: claim.Claimed) -> bytes:
        facts = [f"{claimed.intent}"]
        for row in filter(None, (claimed.job, claimed.submission)):
            row._state.fields_cache.clear()
            for name, value in vars(row).items():
                if isinstance(value, (datetime, BaseExpression)):
                    setattr(row, name, INSTANT)
                elif name != "_state":
                    facts.append(f"{name}={value}")
        # Equal objects pickle differently when they share their parts differently.
        return self._pickles.setdefault(
            "\n".join(facts), pickle.dumps(replace(claimed, now=INSTANT))
        )

    def get_photo(self, number: int) -> None:
        """Glam fetches the photo of one submission by the shop's own view."""
        link = link_for_glam(TryOnSubmission(token=f"token-{number}"), PHOTO)
        try:
            for_glam(RequestFactory().get(link), PHOTO, signed_in(link))
        except Http404:
            return
        self.world = self.known(self.world, drawn=self.world.drawn | {number})

    def cancel(self) -> None:
        with suppress(IllegalTransition):
            jobs.cancel(TryOnJob.objects.get(pk=self.key))
        self.world = self.look()

    # Glam, as the worker meets it.

    def _submit(
        self, *, photo_url: str, before_write: Callable[[], bool], **_ignored: Any
    ) -> Submitted:
        token = token_in(PHOTO, signed_in(photo_url)) or ""
        number = self._about = int(token.removeprefix("token-"))
        if not before_write():
            return Submitted(Outcome(Verdict.NOT_SENT, "fenced"))
        self.place("write")
        self.world = self.known(self.world, written=self.world.written | {number})
        answer = self.place("answer")
        self._answered = True
        match answer:
            case "ok":
                return Submitted(Outcome(Verdict.OK, "ok", http_status=200), f"event-{number}")
            case "later":
                return Submitted(Outcome(Verdict.REFUSED, "throttled", http_status=429))
            case "never":
                return Submitted(Outcome(Verdict.FATAL, "rejected", http_status=422))
            case _:
                return Submitted(Outcome(Verdict.AMBIGUOUS, "read_timeout"))

    def _poll(self, event_id: str) -> Polled:
        number = int(event_id.removeprefix("event-"))
        status = RemoteStatus.READY if number in self.world.drawn else RemoteStatus.FAILED
        return Polled(Outcome(Verdict.OK, "ok"), status=status)


class Explorer:
    """Goes every way from one state, each state once, and checks the rules in all of them."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.before: dict[State, tuple[State, str] | None] = {}
        self.after: dict[State, list[State]] = {}

    def explore(self, first: State) -> None:
        self.before[first] = None
        waiting = [first]
        while waiting:
            state = waiting.pop()
            self._check(state)
            self.after[state] = []
            for name, reached in self._moves(state):
                self.after[state].append(reached)
                if reached not in self.before:
                    self.before[reached] = (state, name)
                    waiting.append(reached)
        self._check_that_all_come_to_rest()

    # What may happen next.

    def _moves(self, state: State) -> Iterator[tuple[str, State]]:
        for number in (0, 1):
            yield from self._worker_moves(state, number)
        yield from self._glam_moves(state)
        yield from self._other_moves(state)

    def _worker_moves(self, state: State, number: int) -> Iterator[tuple[str, State]]:
        actor, name = state.workers[number], f"worker {number + 1}"
        if not actor.waits:
            if not self._claimable(state.world):
                return
            choices = [""]
        elif actor.waits == "answer":
            choices = self._answers(state.world, actor.about)
        else:
            choices = [""]
        for choice in choices:
            moved, world = self.machine.go_on(state.world, actor, name, choice, self.machine.work)
            yield (
                f"{name}: {actor.waits or 'claims'} {choice}",
                state.with_worker(number, moved, world=world),
            )
        if actor.waits and state.crashes:
            yield f"{name} dies", state.with_worker(number, Actor(), crashes=state.crashes - 1)

    def _claimable(self, world: World) -> bool:
        status = self.machine.job_field(world, "status")
        due = self.machine.job_field(world, "next_step_at") == PAST
        if status == Status.PENDING:
            return due and len(world.submissions) < SUBMISSIONS
        # Polling and storing are other tests' matter: here Glam's event id is the end.
        return due and status in (Status.SUBMITTING, Status.UNCONFIRMED, Status.CANCELED)

    def _answers(self, world: World, number: int) -> list[str]:
        if number in world.taken:
            return ["ok", "silence"]
        return ["later", "never", "silence"] if number in world.refused else ["silence"]

    def _glam_moves(self, state: State) -> Iterator[tuple[str, State]]:
        world = state.world
        for number in sorted(world.written - world.taken - world.refused):
            taken = self.machine.known(world, taken=world.taken | {number})
            yield f"Glam takes #{number}", replace(state, world=taken)
            refused = self.machine.known(world, refused=world.refused | {number})
            yield f"Glam refuses #{number}", replace(state, world=refused)
        if state.glam.waits:
            yield self._ask(state, state.glam)
        else:
            for number in sorted(world.taken - world.drawn):
                yield self._ask(state, Actor(about=number))

    def _ask(self, state: State, actor: Actor) -> tuple[str, State]:
        moved, world = self.machine.go_on(
            state.world, actor, "Glam", "", lambda: self.machine.get_photo(actor.about)
        )
        return (
            f"Glam gets the photo of #{actor.about}: {actor.waits or 'begins'}",
            replace(state, glam=moved, world=world),
        )

    def _other_moves(self, state: State) -> Iterator[tuple[str, State]]:
        world, machine = state.world, self.machine
        holder = machine.job_field(world, "lease_token")
        if (
            machine.job_field(world, "next_step_at") == FUTURE
            and machine.job_field(world, "status") not in AT_PROVIDER
        ):
            alive = holder and state.workers[int(holder[-1]) - 1].waits
            if not alive or state.stalls:
                job = list(world.job)
                job[machine.job_columns.index("next_step_at")] = PAST
                yield (
                    "the lease ends" if alive else "the wait ends",
                    replace(
                        state,
                        world=machine.known(world, job=tuple(job)),
                        stalls=state.stalls - 1 if alive else state.stalls,
                    ),
                )
        if state.cancels:
            machine.put(world)
            machine.cancel()
            yield "the user cancels", replace(state, world=machine.world, cancels=0)

    # The rules.

    def _check(self, state: State) -> None:
        world = state.world
        if len(world.drawn) > 1:
            self._fail(state, "P1: two generations")
        submissions = self.machine.submission_fields(world)
        for row in submissions:
            if row["number"] in world.written and not row["sent_at"]:
                self._fail(state, "P2: a POST without its mark")
            if row["revoked_at"] and row["fetched_at"]:
                self._fail(state, "a photo was fetched by a revoked link")
            if row["number"] in world.drawn and not row["fetched_at"]:
                self._fail(state, "a photo was fetched and nobody noted it")
        status = self.machine.job_field(world, "status")
        if status in AT_PROVIDER and not submissions[-1]["event_id"]:
            self._fail(state, "P3: the job polls for a submission without an event")
        for row in submissions:
            lost = row["event_id"] and not row["revoked_at"]
            if lost and status not in (*AT_PROVIDER, Status.CANCELED):
                self._fail(state, f"P3: nobody polls #{row['number']}")

    def _is_rest(self, state: State) -> bool:
        field_of = self.machine.job_field
        status = field_of(state.world, "status")
        if status in (*AT_PROVIDER, Status.FAILED):
            return True
        submissions = self.machine.submission_fields(state.world)
        unclear_and_fetched = bool(
            submissions
            and submissions[-1]["outcome"] == TryOnSubmission.Outcome.AMBIGUOUS
            and submissions[-1]["fetched_at"]
        )
        if status == Status.CANCELED:
            return field_of(state.world, "queue") is None or bool(submissions)
        if status == Status.UNCONFIRMED:
            return unclear_and_fetched and field_of(state.world, "error_code") == NEEDS_PERSON
        return status == Status.PENDING and len(submissions) == SUBMISSIONS

    def rests(self) -> list[State]:
        """Return the states in which the job may stay."""
        return [state for state in self.after if self._is_rest(state)]

    def _check_that_all_come_to_rest(self) -> None:
        """P4: from every state some way leads to rest, and no state that is not rest is an end."""
        leads_to: dict[State, list[State]] = {}
        for state, reached in self.after.items():
            for one in reached:
                leads_to.setdefault(one, []).append(state)
        good = self.rests()
        found = set(good)
        while good:
            for state in leads_to.get(good.pop(), ()):
                if state not in found:
                    found.add(state)
                    good.append(state)
        for state in self.after:
            if state not in found:
                self._fail(state, "P4: it never comes to rest")

    def _fail(self, state: State, what: str) -> None:
        way = []
        at: State | None = state
        while at is not None and (step := self.before[at]) is not None:
            at, name = step
            way.append(name)
        rows = [dict(zip(self.machine.job_columns, state.world.job, strict=True))]
        rows += self.machine.submission_fields(state.world)
        raise Violation(
            "\n".join([what, *reversed(way), *(json.dumps(row, default=str) for row in rows)])
        )
