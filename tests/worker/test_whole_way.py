"""A job from the order to the stored picture, over real HTTP."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from glam_tryon.models import TryOnJob, TryOnSubmission
from glam_tryon.sandbox import Sandbox

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def test_an_ordered_job_ends_with_the_bytes_that_glam_served(
    order: Callable[..., TryOnJob], drain: Callable[..., None], glam: Sandbox
) -> None:
    job = order()
    drain()
    job.refresh_from_db()
    assert (job.status, job.error_code) == ("ready", "")
    (result,) = job.results.all()
    with result.image.open("rb") as stored:
        assert hashlib.sha256(stored.read()).hexdigest() == result.sha256
    assert result.sha256 in glam.served.values()
    (submission,) = job.submissions.all()
    assert submission.outcome == TryOnSubmission.Outcome.ACCEPTED
    assert submission.slot is None
    assert submission.fetched_at is not None
    assert [row.status for row in job.transitions.all()][:3] == [
        "pending",
        "submitting",
        "in_queue",
    ]
    assert job.queue is None
    assert len(glam.accepted) == 1


def test_twelve_jobs_never_exceed_the_parallel_limit(
    order: Callable[..., TryOnJob], drain: Callable[..., None], glam: Sandbox
) -> None:
    for _ in range(12):
        order()
    drain()
    assert TryOnJob.objects.filter(status="ready").count() == 12
    assert len(glam.accepted) == 12
    assert glam.most_parallel <= 2
    assert glam.rejected_429 == 0
