"""Fault 63: text from outside that a database, its charset or its driver cannot hold."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import DataError, IntegrityError, InterfaceError, InternalError, OperationalError
from django.db import connection as default
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glam_tryon.exceptions import PhotoRefused
from glam_tryon.models import PersonPhoto, TryOnJob, TryOnTransition
from glam_tryon.models.database_errors import is_about_value, is_conflict, is_passing
from glam_tryon.orders.place import place
from glam_tryon.plain_text import clean_text
from glam_tryon.providers.base import Outcome, Polled, RemoteStatus, Submitted, Verdict
from glam_tryon.sandbox import Sandbox
from glam_tryon.worker import worker_pool
from glam_tryon.worker.bulk_update import PollUpdate, write_poll_updates
from tests.faults.charsets import tables_in
from tests.faults.outcome import outcomes, posts, state
from tests.faults.virtual import Engine

pytestmark = [pytest.mark.database, pytest.mark.timeout(900)]

Order = Callable[..., TryOnJob]
Faults = Callable[..., None]
Hold = Callable[..., None]

#: Half a character, NUL, four bytes in UTF-8, three, two, and what hides among them.
NASTY = [
    "\ud83d",
    "\udc00x",
    "\0",
    "Face 😀",
    "顔",
    "gesichtslös",
    "a\u202eb",
    "ÿ" * 600,
    "'\"\\%s",
]
CHARSETS = ["utf8mb3", "latin1"] if default.vendor == "mysql" else ["its own"]

words = st.sampled_from(NASTY) | st.text(st.characters(exclude_categories=()), max_size=30)
leaves = (
    words
    | st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(2**63), 2**64])
    | st.floats(allow_nan=True, allow_infinity=True)
)
anything = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(params=CHARSETS)
def charset(db: None, request: pytest.FixtureRequest) -> Iterator[str]:
    with tables_in(request.param):
        yield request.param


def _refused(said: Any) -> list[dict[str, Any]]:
    return [{"on": "submit", "nth": 1, "do": {"status": 422, "body": {"detail": said}}}]


def _failed(said: Any) -> list[dict[str, Any]]:
    body = {"status": "FAILED", "error_message": said, "message": said}
    return [{"on": "status", "times": 1, "do": {"body": body}}]


def _unknown_status(said: Any) -> list[dict[str, Any]]:
    return [{"on": "status", "times": 1, "do": {"body": {"status": ["", said]}}}]


def _other_urls(said: Any) -> list[dict[str, Any]]:
    return [{"on": "submit", "nth": 1, "do": {"media_urls": ["{result}", said, {"url": said}]}}]


def _no_answer_at_all(said: Any) -> list[dict[str, Any]]:
    return [{"on": "status", "times": 2, "do": {"status": 500, "body": {"detail": said}}}]


def _whole_answer(said: Any) -> list[dict[str, Any]]:
    return [{"on": "status", "times": 2, "do": {"body": {"": said}}}]


@pytest.mark.parametrize(
    ("rules", "end"),
    [
        (_refused, ("failed", "rejected")),
        (_failed, ("failed", "glam_failed")),
        (_unknown_status, ("ready", "")),
        (_other_urls, ("ready", "")),
        (_no_answer_at_all, ("ready", "")),
        (_whole_answer, ("ready", "")),
    ],
)
def test_whatever_glam_says_one_job_has_one_post_its_verdict_and_no_other_job_waits(
    rules: Callable[[Any], list[dict[str, Any]]],
    end: tuple[str, str],
    charset: str,
    order: Order,
    engine: Engine,
    faults: Faults,
    glam: Sandbox,
    hold_invariants: Hold,
) -> None:
    def one(said: Any) -> None:
        faults(*rules(said))
        before, mine, other = posts(glam), order(), order()
        engine.pump()
        mine.refresh_from_db()
        other.refresh_from_db()
        # Which of the two it was that met the words is the engine's business.
        ends = sorted([state(mine), state(other)])
        assert ends == sorted([end, ("ready", "")]), f"{said!a}: {mine.error_message}"
        assert posts(glam) - before == 2
        assert len(outcomes(mine)) == len(outcomes(other)) == 1
        assert {mine.attempts, other.attempts} == {0}

    for said in NASTY:
        one(said)
    check = given(anything)(one)
    settings(
        max_examples=100 if os.environ.get("LONG") else 6,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )(check)()
    hold_invariants()


DEEP = "[" * 100_000


@pytest.mark.parametrize("body", [DEEP, '{"status": ' * 90_000, "NaN", "-Infinity", "1" * 5000, ""])
def test_an_answer_that_no_parser_takes_is_asked_for_again(
    body: str, order: Order, engine: Engine, faults: Faults, glam: Sandbox, hold_invariants: Hold
) -> None:
    faults({"on": "status", "times": 2, "do": {"body": body}})
    job = order()
    engine.pump()
    assert (state(job), posts(glam)) == (("ready", ""), 1)
    hold_invariants()


def test_a_500_with_any_words_stays_unclear_and_is_not_sent_again(
    charset: str, order: Order, engine: Engine, faults: Faults, glam: Sandbox, hold_invariants: Hold
) -> None:
    said = {"detail": "".join(NASTY)}
    faults({"on": "submit", "nth": 1, "do": {"accept_then": {"status": 500, "body": said}}})
    job, other = order(), order()
    engine.pump(stuck=1)
    assert state(job) == ("unconfirmed", "needs_person")
    assert (state(other)[0], posts(glam)) == ("ready", 2)
    hold_invariants()


class Blunt:
    """A provider of a shop's own that cleans nothing and keeps to no limit."""

    fetches_links = True
    display_name = "Blunt"

    def __init__(self, **_given: Any) -> None:
        pass

    def submit(self, *, before_write: Callable[[], bool], **_urls: Any) -> Submitted:
        assert before_write()
        why = "".join(NASTY)
        return Submitted(Outcome(Verdict.FATAL, "\0" + "c" * 90, why, http_status=-5))

    def close(self) -> None:
        pass

    poll = upload = probe = close


def test_a_provider_that_cleans_nothing_is_cleaned_at_the_seam(
    charset: str, order: Order, engine: Engine, settings: Any
) -> None:
    job = order()
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "PROVIDER": f"{__name__}.Blunt"}
    engine.pump()
    assert state(job)[0] == "failed"
    submission = job.submissions.get()
    assert (submission.outcome, submission.http_status) == ("refused", None)


@pytest.mark.parametrize("event_id", ["", "\ud83d", "é", "x" * 129, "a\0b", 5])
def test_an_event_id_that_cannot_be_kept_is_an_unclear_answer(event_id: Any) -> None:
    judged = Submitted(Outcome(Verdict.OK, "ok"), event_id)
    assert (judged.outcome.verdict, judged.event_id) == (Verdict.AMBIGUOUS, "")


def test_what_leaves_the_seam_is_clean() -> None:
    outcome = Outcome(Verdict.AGAIN, "c" * 50, "\ud83d", 5, float("nan"))
    assert (outcome.code, outcome.detail, outcome.retry_after_seconds) == ("c" * 40, "�", None)
    urls = ("http://a/\0", 5, {"a": 1})
    polled = Polled(outcome, RemoteStatus.READY, "\0" * 70, True, urls, "\ud83d" * 600)
    assert polled.raw_status == "�" * 64
    assert polled.media_urls == ("http://a/�", 5, {"a": 1})
    assert polled.reason == "�" * 500
    assert clean_text(None) == ""


# The last resort: what got past every door.


@pytest.fixture
def not_cleaned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no column fit its text: as if a charset were not what the database says."""
    monkeypatch.setattr("glam_tryon.models.outside_text.holdable", _refuses)
    monkeypatch.setattr("glam_tryon.worker.bulk_update.holdable", lambda _field, text, _to: text)


def _refuses(_field: Any, text: str, _connection: Any) -> str:
    if "😀" in text:
        raise DataError("no such character")
    return text


@pytest.mark.usefixtures("not_cleaned")
@pytest.mark.parametrize(
    ("rules", "end"), [(_refused, ("failed", "rejected")), (_failed, ("failed", "glam_failed"))]
)
def test_a_verdict_whose_words_are_refused_is_written_without_them(
    rules: Callable[[Any], list[dict[str, Any]]],
    end: tuple[str, str],
    order: Order,
    engine: Engine,
    faults: Faults,
    glam: Sandbox,
    hold_invariants: Hold,
) -> None:
    faults(*rules("Face 😀"))
    job, other = order(), order()
    engine.pump()
    assert sorted([state(job), state(other)]) == sorted([end, ("ready", "")])
    assert posts(glam) == 2
    assert job.error_message == other.error_message == ""
    hold_invariants()


def test_one_answer_that_is_refused_holds_up_no_other(
    order: Order, engine: Engine, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults({"on": "submit", "do": {"remote_status": ["IN_QUEUE"] * 3 + ["READY"]}})
    bad, good = order(), order()
    refused: list[PollUpdate] = []

    def write(rows: list[PollUpdate]) -> int:
        if found := [row for row in rows if row.job_id == bad.pk and row.remote_status]:
            refused.extend(found)
            raise OperationalError(1366, "Incorrect string value")
        return write_poll_updates(rows)

    monkeypatch.setattr(worker_pool, "write_poll_updates", write)
    engine.pump()
    assert refused
    assert state(bad) == state(good) == ("ready", "")


# Forms, hooks, titles and notes.


def test_a_shops_own_texts_are_kept_as_far_as_the_columns_can(
    charset: str, order: Order, engine: Engine, product: Any
) -> None:
    product.name = "Hemd 😀 \ud83d"
    job = order(product=product)
    job.refresh_from_db()
    assert job.garment_title.startswith("Hemd ")
    TryOnTransition.objects.create(job=job, status="pending", note="😀\0\ud83d", at=job.created_at)
    photo = PersonPhoto.objects.first()
    assert photo is not None
    photo.title = "Mina 😀\0"
    photo.full_clean(exclude=["licence", "image"])
    photo.save()
    shown = photo.title
    photo.refresh_from_db()
    # What a form's object says of itself, such as to the admin's history, is what was kept.
    assert photo.title == shown
    assert "\0" not in shown
    assert ("😀" in shown) is (charset == "its own")


def _refuse_in_half_an_emoji(content: bytes, job: TryOnJob) -> None:
    raise PhotoRefused("moderated", message="no \ud83d\0")


def test_a_hooks_message_is_cleaned(
    charset: str, order: Order, engine: Engine, settings: Any, house_model: PersonPhoto
) -> None:
    settings.GLAM_TRYON = {
        **settings.GLAM_TRYON,
        "MODERATE_PHOTO": f"{__name__}._refuse_in_half_an_emoji",
    }
    PersonPhoto.objects.filter(pk=house_model.pk).update(kind="shopper", owner="shop")
    job = order(visitor="")
    engine.pump()
    assert state(job) == ("failed", "moderated")
    assert job.error_message.startswith("no ")


@pytest.mark.parametrize("reference", ["\ud83d", "a\0b"])
def test_a_reference_is_refused_rather_than_changed(
    reference: str, product: Any, house_model: PersonPhoto
) -> None:
    with pytest.raises(ValueError, match="can keep"):
        place(product, photo=house_model, visitor="v", reference=reference)
    # A request's id is kept as a hash, so any text will do.
    assert place(product, photo=house_model, visitor="v", request_id=reference)


# The one place that tells errors apart.


class _Cause(Exception):
    def __init__(self, sqlstate: str) -> None:
        self.sqlstate = sqlstate


def _with(error: Exception, sqlstate: str) -> Exception:
    error.__cause__ = _Cause(sqlstate)
    return error


@pytest.mark.parametrize(
    ("error", "passing", "value", "conflict"),
    [
        (OperationalError(1366, "Incorrect string value"), False, True, False),
        (OperationalError(1406, "Data too long"), False, True, False),
        (OperationalError(1264, "Out of range"), False, True, False),
        (DataError("value too long"), False, True, False),
        (IntegrityError("duplicate key"), False, True, False),
        (UnicodeEncodeError("utf-8", "\ud83d", 0, 1, "surrogates not allowed"), False, True, False),
        (OverflowError("Python int too large"), False, True, False),
        (_with(OperationalError("row is too big"), "54000"), False, True, False),
        (OperationalError(2006, "MySQL server has gone away"), True, False, False),
        (OperationalError(1040, "Too many connections"), True, False, False),
        (OperationalError(1213, "Deadlock found"), True, False, True),
        (OperationalError(1205, "Lock wait timeout exceeded"), True, False, True),
        (OperationalError(1020, "Record has changed since last read"), True, False, True),
        (OperationalError("server closed the connection unexpectedly"), True, False, False),
        (_with(OperationalError("serialize"), "40001"), True, False, True),
        (_with(OperationalError("deadlock"), "40P01"), True, False, True),
        (_with(InternalError("cannot execute in a read-only"), "25006"), True, False, False),
        (_with(InternalError("aborted"), "25P02"), False, False, False),
        (InterfaceError("connection already closed"), True, False, False),
        (OperationalError("database is locked"), True, False, True),
        (TypeError("a bug"), False, False, False),
    ],
)
def test_errors_of_a_value_and_of_a_connection_are_told_apart(
    error: Exception, passing: bool, value: bool, conflict: bool
) -> None:
    assert (is_passing(error), is_about_value(error), is_conflict(error)) == (
        passing,
        value,
        conflict,
    )
