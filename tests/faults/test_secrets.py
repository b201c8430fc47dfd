"""The watch over log records itself: it must be able to see what it looks for."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from glam_tryon.models import TryOnJob
from glam_tryon.sandbox import Sandbox
from glam_tryon.signed_urls import PHOTO, link_for_glam
from tests.faults.secrets import everything_logged, leaks, secrets_of
from tests.faults.virtual import Engine
from tests.shop import KEY


def test_the_watch_sees_the_key_each_part_of_a_link_and_where_results_lie(
    order: Callable[..., TryOnJob], engine: Engine, glam: Sandbox
) -> None:
    job = order()
    engine.pump()
    secrets = secrets_of(glam)
    sent = glam.accepted[0].media_url
    signed = sent.rpartition("/")[2].removesuffix(".jpg")
    submission = job.submissions.get()
    for said in [
        f"X-API-Key: {KEY}",
        f"GET {sent} 404",
        f"signature {signed.rpartition(':')[2]}",
        f"token {submission.token}",
        link_for_glam(submission, PHOTO),
        job.results.get().source_url,
    ]:
        assert leaks([said], secrets) == [said]
    assert leaks([f"job {job.pk}", "a plain line"], secrets) == []


def test_every_test_of_the_faults_is_watched_without_asking(
    request: pytest.FixtureRequest,
) -> None:
    assert "logged" in request.fixturenames


@pytest.mark.parametrize("name", ["", "urllib3.connectionpool", "django.server", "some.library"])
def test_the_watch_hears_every_logger_and_every_traceback(name: str) -> None:
    with everything_logged() as records:
        logger = logging.getLogger(name)
        logger.debug("said %s", "quietly")
        try:
            raise ValueError("with a secret in its words")
        except ValueError:
            logger.exception("it broke")
    assert any("said quietly" in line for line in records.lines)
    assert any("with a secret in its words" in line for line in records.lines)
