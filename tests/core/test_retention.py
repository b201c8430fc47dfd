"""How long photos and results are kept, and that they go when their time is over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.core.management import CommandError, call_command
from django.utils import timezone

from glam_tryon import jobs
from glam_tryon.models import (
    Account,
    ConsentRecord,
    DeletedPicture,
    DeletionReceipt,
    PersonPhoto,
    TryOnJob,
    TryOnResult,
    TryOnSubmission,
    TryOnTransition,
)
from glam_tryon.models.person_photo import PersonPhotoQuerySet
from glam_tryon.privacy.deletion import delete_photo, delete_tryon
from glam_tryon.privacy.pruning import count_due, prune, prune_batches
from glam_tryon.privacy.retention import results_expire_at
from glam_tryon.worker.maintenance import Maintenance
from tests.shop import picture

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

Order = Callable[..., TryOnJob]
HOUR, DAY = 3600, 86_400


def ago(seconds: float) -> Any:
    return timezone.now() - timedelta(seconds=seconds)


def photo(age_seconds: float = 0, **options: Any) -> PersonPhoto:
    """Take a photo of the visitor ada in, so long ago."""
    taken = jobs.add_photo(
        ContentFile(picture()), **{"visitor": "ada", "consent": jobs.current_consent(), **options}
    )
    PersonPhoto.objects.filter(pk=taken.pk).update(created_at=ago(age_seconds))
    return taken


def ended(job: TryOnJob, seconds_ago: float) -> TryOnJob:
    """Let a job be ready with one picture since so long ago."""
    result = TryOnResult(job=job, position=0, width=3, height=4, sha256="f" * 64)
    result.image.save(f"glam_tryon/{job.pk}/0.jpg", ContentFile(picture()))
    TryOnJob.objects.filter(pk=job.pk).update(
        status="ready", queue=None, next_step_at=None, finished_at=ago(seconds_ago)
    )
    job.refresh_from_db()
    return job


def told(receipt: DeletionReceipt) -> dict[str, int]:
    """What a receipt counts, without the zeros."""
    kinds = ("photos", "results", "jobs", "consents", "receipts", "left")
    return {kind: count for kind in kinds if (count := getattr(receipt, kind))}


def is_there(taken: PersonPhoto) -> bool:
    row = PersonPhoto.objects.filter(pk=taken.pk).first()
    return bool(row and row.image) and taken.image.storage.exists(str(row and row.image.name))


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
    assert told(prune()) == {"photos": 1}
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


# Rows.


def old(model: Any, field: str, days: int, **filters: Any) -> None:
    model.objects.filter(**filters).update(**{field: ago(days * DAY + 60)})


def test_the_row_of_a_try_on_goes_after_thirteen_months_and_the_ledger_stays(
    order: Order,
) -> None:
    young, gone = ended(order(visitor="ada"), 395 * DAY), ended(order(visitor="ada"), 397 * DAY)
    submission = TryOnSubmission(job=gone, job_key=gone.pk, number=1, started_at=timezone.now())
    submission.save()
    assert told(prune()) == {"results": 2, "jobs": 1}
    assert list(TryOnJob.objects.all()) == [young]
    assert not TryOnTransition.objects.filter(job_id=gone.pk).exists()
    submission.refresh_from_db()
    assert (submission.job, submission.job_key) == (None, gone.pk)


def test_an_open_job_and_the_shops_own_with_pictures_stay_whatever_their_age(
    order: Order,
) -> None:
    waiting, own = order(visitor="ada"), ended(order(visitor=""), 397 * DAY)
    old(TryOnJob, "created_at", 397)
    assert prune().is_empty
    assert {*TryOnJob.objects.all()} == {waiting, own}


def test_the_row_of_a_photo_goes_with_the_last_job_that_names_it(order: Order) -> None:
    taken = photo()
    job = ended(order(visitor="ada", photo=taken), 60)
    prune()
    assert PersonPhoto.objects.filter(pk=taken.pk).exists()
    TryOnJob.objects.filter(pk=job.pk).update(finished_at=ago(397 * DAY))
    prune()
    assert not PersonPhoto.objects.filter(pk=taken.pk).exists()


def test_a_proof_of_consent_goes_after_three_years_unless_its_photo_is_there() -> None:
    kept = photo(keep=True).consent
    gone = photo()
    delete_photo(gone)
    old(ConsentRecord, "created_at", 1094)
    assert prune().consents == 0
    old(ConsentRecord, "created_at", 1095)
    assert prune().consents == 1
    assert list(ConsentRecord.objects.all()) == [kept]


def test_a_receipt_goes_after_three_years_with_its_hashes() -> None:
    delete_photo(photo())
    old(DeletionReceipt, "deleted_at", 1094)
    assert prune().receipts == 0
    old(DeletionReceipt, "deleted_at", 1095)
    receipt = prune()
    assert told(receipt) == {"receipts": 1}
    assert list(DeletionReceipt.objects.all()) == [receipt]
    assert not DeletedPicture.objects.exists()


def test_a_deleted_try_on_is_nobodys_after_a_day(order: Order) -> None:
    mine, shops = order(visitor="ada"), order(visitor="")
    owner = mine.owner
    for job in (mine, shops):
        delete_tryon(job)
    old(TryOnJob, "deleted_at", 0)
    prune()
    mine.refresh_from_db()
    assert mine.owner == owner
    old(TryOnJob, "deleted_at", 1)
    prune()
    for job in (mine, shops):
        job.refresh_from_db()
    assert (mine.owner, mine.user, mine.request_key, shops.owner) == ("erased", None, None, "shop")


def test_what_goes_for_its_time_leaves_a_receipt_and_a_go_without_any_leaves_none(
    order: Order,
) -> None:
    taken = photo(2 * HOUR)
    ended(order(visitor="ada"), 8 * DAY)
    receipt = prune()
    assert receipt == DeletionReceipt.objects.get()
    assert (receipt.why, told(receipt)) == ("retention", {"photos": 1, "results": 1})
    assert receipt.hashes() == sorted([taken.sha256, "f" * 64])
    prune()
    assert DeletionReceipt.objects.count() == 1


def test_glams_addresses_of_a_picture_go_with_it(order: Order) -> None:
    job = ended(order(visitor="ada"), 8 * DAY)
    TryOnJob.objects.update(media_urls=["https://static.getglam.app/a.jpg"])
    prune()
    job.refresh_from_db()
    assert job.media_urls == []


def test_a_photo_that_is_ordered_with_while_it_is_about_to_go_stays(
    order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = photo()
    ended(order(visitor="ada", photo=taken), 60)
    really = PersonPhotoQuerySet.keep

    def order_first(self: Any, seconds: float) -> int:
        order(visitor="ada", photo=taken)
        return really(self, seconds)

    monkeypatch.setattr(PersonPhotoQuerySet, "keep", order_first)
    assert prune().photos == 0
    assert is_there(taken)


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
        assert told(prune()) == {"photos": 1, "left": 1}
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
    assert prune().is_empty
    assert is_there(own)


def test_one_go_is_bounded_whatever_the_number_of_pictures(order: Order) -> None:
    jobs_ = [ended(order(visitor="ada"), 8 * DAY) for _ in range(3)]
    for job in jobs_:
        job.results.create(position=1, width=1, height=1, sha256="1", image="glam_tryon/x.jpg")
    assert count_due().results == 6
    assert [prune(limit=2).results for _ in range(3)] == [4, 2, 0]


# The command, and the poller.


def test_the_command_says_what_it_does_and_what_it_would_do(order: Order) -> None:
    taken = photo(2 * HOUR)
    ended(order(visitor="ada"), 8 * DAY)
    said = StringIO()
    call_command("prune_tryon_data", "--dry-run", stdout=said)
    assert is_there(taken)
    call_command("prune_tryon_data", stdout=said)
    kinds = ["1 photos", "1 results", "0 jobs", "0 consents", "0 receipts"]
    assert said.getvalue().splitlines() == [
        *(f"would delete {kind}" for kind in kinds),
        *(f"deleted {kind}" for kind in kinds),
    ]


def maintain() -> None:
    maintenance = Maintenance()
    maintenance.perform()
    maintenance.wait(20)


@pytest.mark.usefixtures("with_maintenance")
def test_a_pollers_maintenance_deletes_beside_its_work() -> None:
    taken = photo(2 * HOUR)
    maintain()
    assert not is_there(taken)


def test_a_maintenance_that_is_due_deletes_more_than_one_batch() -> None:
    taken = [photo(2 * HOUR) for _ in range(5)]
    receipts = list(prune_batches(limit=2))
    assert [receipt.photos for receipt in receipts] == [2, 2, 1]
    assert not any(is_there(each) for each in taken)


def test_batches_end_in_time_and_at_what_cannot_be_deleted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken = [photo(2 * HOUR) for _ in range(3)]
    assert len(list(prune_batches(seconds=0, limit=1))) == 1
    with monkeypatch.context() as patch:
        patch.setattr(FileSystemStorage, "delete", _refuse)
        (receipt,) = prune_batches(limit=1)
    assert receipt.left == 1
    assert sum(is_there(each) for each in taken) == 2


def _refuse(*_arguments: object) -> None:
    raise OSError("read-only")


@pytest.mark.usefixtures("with_maintenance")
def test_of_many_pollers_one_deletes_each_minute() -> None:
    taken = photo(2 * HOUR)
    assert Account.claim_pruning(60)
    maintain()
    assert is_there(taken)
    Account.objects.update(pruned_at=ago(55))
    maintain()
    assert not is_there(taken)
