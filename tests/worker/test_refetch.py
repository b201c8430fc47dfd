"""Pictures that staff fetch from Glam once more: nothing is lost until others are there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.base import ContentFile

from glam_tryon import jobs
from glam_tryon.files import private_storage
from glam_tryon.models import TryOnJob, TryOnResult
from glam_tryon.sandbox import Sandbox
from glam_tryon.signals import job_ready

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ready(order: Callable[..., TryOnJob], drain: Callable[..., None]) -> TryOnJob:
    """A job whose picture is stored."""
    job = order()
    drain()
    return now(job)


def now(job: TryOnJob) -> TryOnJob:
    job.refresh_from_db()
    return job


def content(job: TryOnJob) -> bytes:
    with job.results.get().image.open("rb") as opened:
        return bytes(opened.read())


def test_a_picture_that_the_storage_lost_comes_back(
    ready: TryOnJob, drain: Callable[..., None]
) -> None:
    before = content(ready)
    private_storage().delete(ready.results.get().image.name)
    jobs.refetch(ready)
    drain()
    assert now(ready).status == "ready"
    assert content(ready) == before


def test_it_costs_nothing_keeps_its_age_and_nobody_is_told_twice(
    ready: TryOnJob, glam: Sandbox, drain: Callable[..., None]
) -> None:
    told = []

    def receive(job: TryOnJob, **_others: object) -> None:
        told.append(job.pk)

    finished_at, posts = ready.finished_at, len(glam.accepted)
    job_ready.connect(receive)
    try:
        jobs.refetch(ready)
        drain()
    finally:
        job_ready.disconnect(receive)
    assert (now(ready).status, ready.finished_at, told) == ("ready", finished_at, [])
    assert len(glam.accepted) == posts
    assert ready.submissions.count() == 1


def test_what_is_there_stays_when_glam_has_it_no_more(
    ready: TryOnJob, glam: Sandbox, drain: Callable[..., None]
) -> None:
    before = content(ready)
    ready.submissions.update(event_id="gone-1")
    jobs.refetch(ready)
    drain()
    assert (now(ready).status, ready.error_code, ready.queue) == ("ready", "result_expired", None)
    assert ready.error_message == "The provider does not have this picture any more."
    assert content(ready) == before


def test_another_picture_takes_the_place_of_the_old_file_and_row(
    ready: TryOnJob, drain: Callable[..., None], media_root: Path
) -> None:
    result = ready.results.get()
    before = content(ready)
    old = private_storage().save(f"glam_tryon/{ready.pk}/0-old.jpg", ContentFile(before))
    TryOnResult.objects.filter(pk=result.pk).update(image=old, sha256="0" * 64, alt="Mina")
    jobs.refetch(ready)
    drain()
    after = now(ready).results.get()
    assert (after.pk, after.alt) == (result.pk, "Mina")
    assert content(ready) == before
    assert [file.name for file in (media_root / "glam_tryon" / str(ready.pk)).iterdir()] == [
        Path(str(after.image.name)).name
    ]


def test_one_that_failed_while_it_was_stored_becomes_ready(
    ready: TryOnJob, drain: Callable[..., None]
) -> None:
    ready.results.all().delete()
    TryOnJob.objects.filter(pk=ready.pk).update(
        status="failed", error_code="storage", dispatched="failed"
    )
    jobs.refetch(now(ready))
    drain()
    assert (now(ready).status, ready.error_code) == ("ready", "")
    assert ready.results.count() == 1


def test_one_that_failed_and_that_glam_has_no_more_stays_failed_and_says_so(
    ready: TryOnJob, drain: Callable[..., None]
) -> None:
    ready.results.all().delete()
    TryOnJob.objects.filter(pk=ready.pk).update(status="failed", error_code="storage")
    ready.submissions.update(event_id="gone-1")
    jobs.refetch(now(ready))
    drain()
    assert (now(ready).status, ready.error_code) == ("failed", "result_expired")


def test_a_storage_that_is_away_for_a_while_is_waited_for(
    ready: TryOnJob, drain: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    private_storage().delete(ready.results.get().image.name)
    storage = type(private_storage())
    save, failures = storage.save, iter([OSError("away")])

    def troubled(self: object, *arguments: object, **options: object) -> object:
        for error in failures:
            raise error
        return save(self, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(storage, "save", troubled)
    jobs.refetch(ready)
    drain()
    assert now(ready).status == "ready"
    assert content(ready)
