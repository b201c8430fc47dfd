"""How long photos and results are kept, and that they go when their time is over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.utils import timezone

from glam_tryon import jobs
from glam_tryon.engine.housekeeping import Housekeeper
from glam_tryon.models import PersonPhoto, TryOnJob, TryOnResult
from glam_tryon.policy.retention import Pruned, prune, results_expire_at
from tests.shop import picture

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

Order = Callable[..., TryOnJob]
HOUR, DAY = 3600, 86_400


def ago(seconds: float) -> Any:
    return timezone.now() - timedelta(seconds=seconds)


def photo(age_seconds: float = 0, **options: Any) -> PersonPhoto:
    """Take a photo of the visitor ada in, so long ago."""
    taken = jobs.add_photo(ContentFile(picture()), **{"visitor": "ada", **options})
    PersonPhoto.objects.filter(pk=taken.pk).update(created_at=ago(age_seconds))
    return taken


def ended(job: TryOnJob, seconds_ago: float) -> TryOnJob:
    """Let a job be ready with one picture since so long ago."""
    result = TryOnResult(job=job, position=0, width=3, height=4, sha256="f" * 64)
    result.image.save(f"glam_tryon/{job.pk}/0.jpg", ContentFile(picture()))
    TryOnJob.objects.filter(pk=job.pk).update(
        status="ready", lane=None, next_step_at=None, finished_at=ago(seconds_ago)
    )
    job.refresh_from_db()
    return job


def is_there(taken: PersonPhoto) -> bool:
    taken.refresh_from_db()
    return bool(taken.image) and taken.image.storage.exists(str(taken.image.name))


# Photos.


def test_a_photo_goes_when_its_last_job_ends(order: Order) -> None:
    taken = photo()
    ended(order(visitor="ada", photo=taken), 1)
    last = order(visitor="ada", photo=taken)
    assert prune().photos == 0
    ended(last, 1)
    name = str(taken.image.name)
    assert prune().photos == 1
    assert not taken.image.storage.exists(name)


@pytest.mark.parametrize(("ended_ago", "stays"), [(HOUR - 60, True), (HOUR + 60, False)])
def test_a_photo_stays_so_long_after_its_last_job_as_the_shop_wishes(
    order: Order, settings: Any, ended_ago: float, stays: bool
) -> None:
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "PHOTO_GRACE_SECONDS": HOUR}
    taken = photo(2 * HOUR)
    ended(order(visitor="ada", photo=taken), 2 * HOUR)
    ended(order(visitor="ada", photo=taken), ended_ago)
    name = str(taken.image.name)
    assert prune().photos == (not stays)
    assert is_there(taken) is stays
    assert taken.image.storage.exists(name) is stays


def test_a_photo_stays_while_a_job_needs_it_but_no_longer_than_a_day(order: Order) -> None:
    taken = photo(DAY - 60)
    order(visitor="ada", photo=taken)
    prune()
    assert is_there(taken)
    PersonPhoto.objects.update(created_at=ago(DAY + 60))
    prune()
    assert not is_there(taken)


def test_a_photo_that_was_never_used_goes_after_an_hour() -> None:
    new, old = photo(HOUR - 60), photo(HOUR + 60)
    assert prune() == Pruned(photos=1, results=0, failed=0)
    assert (is_there(new), is_there(old)) == (True, False)


def test_a_photo_is_kept_as_long_as_its_owner_wished() -> None:
    taken = photo(DAY + 60, keep=True)
    prune()
    assert is_there(taken)
    PersonPhoto.objects.update(kept_until=ago(1))
    prune()
    assert not is_there(taken)


def test_a_house_model_is_kept(house_model: PersonPhoto) -> None:
    PersonPhoto.objects.update(created_at=ago(400 * DAY))
    prune()
    assert is_there(house_model)


def test_a_job_whose_photo_went_before_it_was_sent_ends_and_sends_nothing(
    order: Order, glam: Any, drain: Callable[..., None]
) -> None:
    job = order(visitor="ada", photo=photo(DAY + 60))
    prune()
    drain()
    job.refresh_from_db()
    assert (job.status, job.error_code) == ("canceled", "photo_expired")
    assert not glam.accepted


# Results.


def test_results_go_after_a_week_for_visitors_and_after_thirty_days_for_accounts(
    order: Order,
) -> None:
    user = User.objects.create_user("ada")
    young, old = ended(order(visitor="ada"), 7 * DAY - 60), ended(order(visitor="ada"), 7 * DAY + 9)
    account, past = ended(order(user=user), 30 * DAY - 60), ended(order(user=user), 30 * DAY + 9)
    assert prune().results == 2
    assert [job.results.count() for job in (young, old, account, past)] == [1, 0, 1, 0]


def test_the_page_says_when_as_the_deletion_does_it(order: Order) -> None:
    job = ended(order(visitor="ada"), 0)
    assert job.finished_at is not None
    assert results_expire_at(job) == job.finished_at + timedelta(days=7)


def test_the_shops_own_results_are_kept(order: Order) -> None:
    job = ended(order(visitor=""), 400 * DAY)
    assert prune().results == 0
    assert (job.results.count(), results_expire_at(job)) == (1, None)


# What cannot be deleted.


def test_what_cannot_be_deleted_is_reported_and_deleted_the_next_time(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stuck, free = photo(2 * HOUR), photo(2 * HOUR)
    delete = type(stuck.image.storage).delete

    def refuse(self: Any, name: str) -> None:
        if name == stuck.image.name:
            raise OSError("denied")
        delete(self, name)

    with monkeypatch.context() as broken:
        broken.setattr(type(stuck.image.storage), "delete", refuse)
        assert prune() == Pruned(photos=1, results=0, failed=1)
        with pytest.raises(CommandError, match="1 could not be deleted"):
            call_command("prune_tryon_data", stdout=StringIO())
    assert f"PersonPhoto {stuck.pk} could not be deleted" in caplog.text
    assert (is_there(stuck), is_there(free)) == (True, False)
    prune()
    assert not is_there(stuck)


def test_files_that_never_go_do_not_keep_the_others_waiting_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stuck, free = {photo(3 * HOUR).image.name for _ in range(3)}, photo(2 * HOUR)
    delete = type(free.image.storage).delete

    def refuse(self: Any, name: str) -> None:
        if name in stuck:
            raise OSError("locked")
        delete(self, name)

    monkeypatch.setattr(type(free.image.storage), "delete", refuse)
    for _ in range(200):
        prune(limit=1)
        if not is_there(free):
            return
    pytest.fail("one of four was never tried in 200 goes")


def test_the_shops_own_photo_is_kept(order: Order) -> None:
    own = photo(400 * DAY, visitor="")
    assert own.owner == "shop"
    assert prune() == Pruned(photos=0, results=0, failed=0)
    assert is_there(own)


def test_one_go_is_bounded_whatever_the_number_of_pictures(order: Order) -> None:
    jobs_ = [ended(order(visitor="ada"), 8 * DAY) for _ in range(3)]
    for job in jobs_:
        job.results.create(position=1, width=1, height=1, sha256="1", image="glam_tryon/x.jpg")
    assert prune(dry_run=True).results == 6
    assert [prune(limit=2).results for _ in range(3)] == [4, 2, 0]


# The command, and the poller.


def test_the_command_says_what_it_does_and_what_it_would_do(order: Order) -> None:
    taken = photo(2 * HOUR)
    ended(order(visitor="ada"), 8 * DAY)
    said = StringIO()
    call_command("prune_tryon_data", "--dry-run", stdout=said)
    assert is_there(taken)
    call_command("prune_tryon_data", stdout=said)
    assert said.getvalue().splitlines() == [
        "would delete 1 photos and 1 results",
        "deleted 1 photos and 1 results",
    ]


def test_a_pollers_housekeeper_deletes_beside_its_work() -> None:
    taken = photo(2 * HOUR)
    house = Housekeeper()
    house.begin()
    house.wait(20)
    assert not is_there(taken)
