"""What a worker writes after it lost its lease: the holes that the model of docs/models found."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connections

from glam_tryon import jobs
from glam_tryon.files import is_stored
from glam_tryon.models import PossibleOrphan, TryOnJob, TryOnSubmission
from glam_tryon.models.clock import DatabaseNow, after
from glam_tryon.models.job import BEGUN
from glam_tryon.providers.base import Outcome, Submitted, Verdict
from glam_tryon.tracked_files import announce, save_noted
from glam_tryon.worker import slots
from glam_tryon.worker.claim import Claimed, claim_steps
from glam_tryon.worker.slots import claim_submissions
from glam_tryon.worker.steps import MAX_ATTEMPTS, advance
from glam_tryon.worker.steps.reconcile import reconcile
from glam_tryon.worker.steps.store import discard_unless_wanted
from glam_tryon.worker.steps.submit import _may_send, _write

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

ACCEPTED = Submitted(Outcome(Verdict.OK, "ok", http_status=200), "event-1")
FENCED = Submitted(Outcome(Verdict.NOT_SENT, "fenced"))
REFUSED = Submitted(Outcome(Verdict.FATAL, "rejected", http_status=422))
SILENCE = Submitted(Outcome(Verdict.AMBIGUOUS, "read_timeout"))


def to_send() -> tuple[TryOnJob, TryOnSubmission]:
    """Claim the one pending job; return it with the intent."""
    (claimed,) = claim_submissions(1)
    assert claimed.submission is not None
    return claimed.job, claimed.submission


def claimed_again() -> Claimed:
    """Let the lease, or the wait, end and claim the job's next step."""
    TryOnJob.objects.update(next_step_at=DatabaseNow())
    (claimed,) = claim_steps(1)
    return claimed


def test_a_withheld_post_leaves_nothing_for_a_person_to_decide(
    order: Callable[..., TryOnJob],
) -> None:
    order()
    late, submission = to_send()
    successor = claimed_again()
    assert not _may_send(late, submission)
    _write(late, submission, FENCED)
    reconcile(successor.job)
    job = TryOnJob.objects.get()
    assert (job.status, job.error_code) == ("pending", "worker_died")


def test_a_crash_between_taking_back_the_intent_and_moving_the_job_is_made_good(
    order: Callable[..., TryOnJob],
) -> None:
    order()
    _job, submission = to_send()
    TryOnSubmission.objects.close(
        submission.pk, TryOnSubmission.Outcome.NOT_SENT, Outcome(Verdict.NOT_SENT, "storage")
    )
    reconcile(claimed_again().job)
    assert TryOnJob.objects.get().status == "pending"


def test_a_late_settling_does_not_revoke_the_link_of_a_newer_submission(
    order: Callable[..., TryOnJob],
) -> None:
    order()
    first, submission = to_send()
    assert _may_send(first, submission)
    _write(first, submission, SILENCE)
    late = claimed_again()
    reconcile(claimed_again().job)
    second, newer = to_send()
    assert _may_send(second, newer)
    reconcile(late.job)
    newer.refresh_from_db()
    assert (newer.outcome, newer.revoked_at) == ("intended", None)


def test_an_answer_that_comes_after_the_longest_age_is_still_asked_about(
    order: Callable[..., TryOnJob],
) -> None:
    order()
    late, submission = to_send()
    assert _may_send(late, submission)
    assert TryOnSubmission.objects.fetch_photo(submission.token)
    reconcile(claimed_again().job)
    TryOnSubmission.objects.update(started_at=after(-999_999))
    reconcile(claimed_again().job)
    reconcile(claimed_again().job)
    assert TryOnJob.objects.get().queue is None
    _write(late, submission, ACCEPTED)
    job = TryOnJob.objects.get()
    assert (job.status, job.queue) == ("in_queue", 0)


def test_an_answer_to_what_was_resubmitted_does_not_take_over_the_newer_submission(
    order: Callable[..., TryOnJob], admin_user: Any
) -> None:
    admin_user.user_permissions.set(Permission.objects.filter(codename="resubmit_unconfirmed"))
    order()
    late, submission = to_send()
    assert _may_send(late, submission)
    assert TryOnSubmission.objects.fetch_photo(submission.token)
    reconcile(claimed_again().job)
    jobs.resubmit(TryOnJob.objects.get(), by=admin_user, why="the shopper waits")
    to_send()
    _write(late, submission, ACCEPTED)
    assert TryOnJob.objects.get().status == "submitting"
    submission.refresh_from_db()
    assert submission.event_id == "event-1"


def test_a_job_that_kills_its_workers_waits_for_a_person_while_glam_may_be_drawing_it(
    order: Callable[..., TryOnJob],
) -> None:
    order()
    job, submission = to_send()
    assert _may_send(job, submission)
    assert TryOnSubmission.objects.fetch_photo(submission.token)
    TryOnJob.objects.update(attempts=MAX_ATTEMPTS * BEGUN)
    advance(claimed_again())
    advance(claimed_again())
    job = TryOnJob.objects.get()
    assert (job.status, job.error_code) == ("unconfirmed", "needs_person")


@pytest.mark.database("postgres", "mysql")
def test_a_job_that_is_canceled_while_it_is_claimed_stays_canceled(
    order: Callable[..., TryOnJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    job, other = order(), order()

    def cancel() -> None:
        jobs.cancel(TryOnJob.objects.get(pk=job.pk))
        connections.close_all()

    def cancel_first() -> uuid.UUID:
        # The claim has read which jobs are pending, and has written nothing of them.
        monkeypatch.undo()
        shopper = threading.Thread(target=cancel)
        shopper.start()
        shopper.join()
        return uuid.uuid4()

    monkeypatch.setattr(slots.uuid, "uuid4", cancel_first)
    claimed = claim_submissions(2)
    assert [one.job.pk for one in claimed] == [other.pk]
    assert TryOnJob.objects.get(pk=job.pk).status == "canceled"
    assert list(TryOnSubmission.objects.values_list("job_id", flat=True)) == [other.pk]


def test_a_cancellation_kills_the_photo_link_of_a_submission_that_outlived_its_age(
    order: Callable[..., TryOnJob],
) -> None:
    order()
    job, submission = to_send()
    assert _may_send(job, submission)
    TryOnSubmission.objects.update(started_at=after(-999_999))
    assert slots.release_lost_slots() == 1
    jobs.cancel(job)
    assert not TryOnSubmission.objects.fetch_photo(submission.token)


def test_the_cleanup_of_a_canceled_job_frees_a_slot_that_outlived_its_age_at_once(
    order: Callable[..., TryOnJob],
) -> None:
    order()
    job, submission = to_send()
    assert _may_send(job, submission)
    TryOnSubmission.objects.update(started_at=after(-999_999))
    jobs.cancel(job)
    assert TryOnSubmission.objects.holding_slots().exists()
    advance(claimed_again())
    assert not TryOnSubmission.objects.holding_slots().exists()
    assert TryOnJob.objects.get().queue is None


@pytest.mark.parametrize(("status", "stays"), [("storing", True), ("canceled", False)])
def test_what_a_late_worker_saved_goes_unless_another_one_is_storing_it(
    order: Callable[..., TryOnJob], status: str, stays: bool
) -> None:
    job = order()
    note = announce(f"glam_tryon/{job.pk}/0.jpg", job_key=job.pk)
    save_noted(note, b"picture")
    TryOnJob.objects.update(status=status)
    discard_unless_wanted(job, [note])
    assert is_stored(note.name) is stays
    assert PossibleOrphan.objects.filter(name=note.name).exists() is stays


def test_a_refused_submissions_photo_link_dies_with_it(order: Callable[..., TryOnJob]) -> None:
    order()
    job, submission = to_send()
    assert _may_send(job, submission)
    _write(job, submission, REFUSED)
    assert TryOnJob.objects.get().status == "failed"
    assert not TryOnSubmission.objects.fetch_photo(submission.token)
