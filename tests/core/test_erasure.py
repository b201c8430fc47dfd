"""Erasing all that is kept of a person, while nothing and while everything is under way."""

from __future__ import annotations

import io
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.db import transaction
from django.test import Client
from django.urls import reverse

from example_project.shop.models import Product
from glam_tryon import jobs
from glam_tryon.models import (
    ConsentRecord,
    DeletionReceipt,
    PersonPhoto,
    TryOnJob,
    TryOnResult,
    TryOnSubmission,
)
from glam_tryon.models.status import AT_PROVIDER, Status
from glam_tryon.privacy import erase_tryon_data
from glam_tryon.privacy.deletion import delete_tryon
from glam_tryon.privacy.pruning import prune
from glam_tryon.sandbox import Sandbox
from glam_tryon.signed_urls import PHOTO, link_for_glam
from glam_tryon.worker.poller import Poller
from tests.shop import picture
from tests.storefront.shoppers import files, finish

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

#: The module; the package gives its function that name.
store_step = import_module("glam_tryon.worker.steps.store")

Try = Callable[..., TryOnJob]


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_user("ada.lovelace", email="ada@example.com")


@pytest.fixture
def try_on(product: Product) -> Try:
    """Order a try-on with a photo of the user's own."""

    def try_on(user: User, **options: Any) -> TryOnJob:
        return jobs.request_tryon_with_upload(
            product,
            ContentFile(picture(colour="#aa7755")),
            user=user,
            consent=jobs.current_consent(),
            ip="203.0.113.9",
            **options,
        )

    return try_on


def anything_of(user: User) -> list[str]:
    """The tables of the app that still know whose something was."""
    key = f"user:{user.pk}"
    return [
        model.__name__
        for model in (TryOnJob, PersonPhoto, ConsentRecord)
        if model._default_manager.filter(owner=key).exists()
        or model._default_manager.filter(user_id=user.pk).exists()
    ]


# Rows and files.


def test_erasing_leaves_no_picture_and_no_name(ada: User, try_on: Try, media_root: Path) -> None:
    (result,) = finish(try_on(ada, request_id="click"))
    moving = try_on(ada, keep=True)
    hashes = [result.sha256, *PersonPhoto.objects.values_list("sha256", flat=True)]
    receipt = erase_tryon_data(ada)
    assert (receipt.why, receipt.photos, receipt.results, receipt.jobs) == ("erasure", 2, 1, 2)
    assert receipt.hashes() == sorted(set(hashes))
    assert DeletionReceipt.objects.get() == receipt
    assert files(media_root) == set()
    assert anything_of(ada) == []
    assert not PersonPhoto.objects.exists()
    assert not TryOnResult.objects.exists()
    moving.refresh_from_db()
    assert (moving.status, moving.owner) == (Status.CANCELED, "erased")
    rows = TryOnJob.objects.values_list("request_key", "person_photo", "media_urls")
    assert set(map(str, rows)) == {"(None, None, [])"}
    record = ConsentRecord.objects.first()
    assert record is not None
    assert record.withdrawn_at is not None
    assert (record.text, record.ip_hash) == (jobs.current_consent().whole, "")


def test_erasing_touches_nobody_else(
    ada: User, try_on: Try, house_model: PersonPhoto, product: Product, media_root: Path
) -> None:
    eve = User.objects.create_user("eve")
    theirs, shops = try_on(eve), jobs.request_tryon(product, photo=house_model)
    finish(theirs)
    finish(shops)
    finish(try_on(ada))
    before = files(media_root)
    erase_tryon_data(ada)
    assert len(before - files(media_root)) == 2
    assert {job.owner for job in TryOnJob.objects.exclude(owner="erased")} == {
        "shop",
        f"user:{eve.pk}",
    }
    assert ConsentRecord.objects.standing().get().user == eve


def test_erasing_somebody_without_data_or_nobody_erases_nothing(
    ada: User, order: Callable[..., TryOnJob]
) -> None:
    order(visitor="")
    order()
    for nobody in (ada, AnonymousUser()):
        assert erase_tryon_data(nobody).is_empty
    assert not DeletionReceipt.objects.exists()
    assert not TryOnJob.objects.filter(deleted_at__isnull=False).exists()


def test_what_was_deleted_before_loses_its_owner_as_well(ada: User, try_on: Try) -> None:
    delete_tryon(try_on(ada))
    erase_tryon_data(ada)
    assert anything_of(ada) == []


def test_a_storage_that_refuses_is_asked_again_and_shows_nothing_meanwhile(
    ada: User, try_on: Try, media_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish(try_on(ada))

    def refuse(self: object, name: str) -> None:
        raise OSError("the storage is away")

    with monkeypatch.context() as away:
        away.setattr(FileSystemStorage, "delete", refuse)
        receipt = erase_tryon_data(ada)
    assert (receipt.photos, receipt.results, receipt.left) == (0, 0, 2)
    assert anything_of(ada) == []
    assert len(files(media_root)) == 2
    pruned = prune()
    assert (pruned.photos, pruned.results) == (1, 1)
    assert files(media_root) == set()


def test_the_ledger_stays(ada: User, try_on: Try, drain: Callable[..., None]) -> None:
    job = try_on(ada)
    drain()
    erase_tryon_data(ada)
    row = TryOnSubmission.objects.get()
    assert (row.job_key, row.outcome) == (job.pk, TryOnSubmission.Outcome.ACCEPTED)


# The deletion of the user.


def test_deleting_the_user_erases(ada: User, try_on: Try, media_root: Path) -> None:
    finish(try_on(ada))
    key = ada.pk
    ada.delete()
    assert files(media_root) == set()
    assert not TryOnJob.objects.filter(owner=f"user:{key}").exists()
    assert TryOnJob.objects.get().owner == "erased"
    assert DeletionReceipt.objects.get().why == "erasure"


def test_deleting_many_users_at_once_erases_each(try_on: Try, media_root: Path) -> None:
    for name in ("ada", "eve", "mallory"):
        finish(try_on(User.objects.create_user(name)))
    User.objects.filter(username__in=["ada", "eve"]).delete()
    assert len(files(media_root)) == 2
    User.objects.all().delete()
    assert files(media_root) == set()


def test_a_deletion_that_is_rolled_back_deletes_no_file(
    ada: User, try_on: Try, media_root: Path
) -> None:
    job = try_on(ada)
    finish(job)
    before = files(media_root)

    with transaction.atomic():
        ada.delete()
        transaction.set_rollback(True)
    assert files(media_root) == before
    job.refresh_from_db()
    assert (job.owner, job.deleted_at) == (f"user:{User.objects.get().pk}", None)
    assert not DeletionReceipt.objects.exists()


def test_deleting_a_user_without_try_ons_leaves_no_receipt(ada: User) -> None:
    ada.delete()
    assert not DeletionReceipt.objects.exists()


# Links.


def test_glam_gets_no_photo_of_an_erased_person(
    ada: User, try_on: Try, glam: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    glam.hold()
    job = try_on(ada)
    Poller().run(once=True)
    submission = TryOnSubmission.objects.get()
    path = link_for_glam(submission, PHOTO).partition("/tryon/")[2]
    assert Client().get(f"/tryon/{path}").status_code == 200
    erase_tryon_data(ada)
    assert Client().get(f"/tryon/{path}").status_code == 404
    assert Client().get(reverse("glam_tryon:photo", args=[job.pk])).status_code == 404


# Under way.


def gone(job: TryOnJob, media_root: Path) -> None:
    """Nothing of the job is stored, and it says that it was canceled."""
    job.refresh_from_db()
    assert (job.status, job.owner, job.queue) == (Status.CANCELED, "erased", None)
    assert files(media_root) == set()
    assert not TryOnResult.objects.exists()
    assert not PersonPhoto.objects.exists()


def test_erasing_while_glam_draws_beats_the_result(
    ada: User, try_on: Try, glam: Sandbox, drain: Callable[..., None], media_root: Path
) -> None:
    job = try_on(ada)
    Poller().run(once=True)
    job.refresh_from_db()
    assert job.status in AT_PROVIDER
    erase_tryon_data(ada)
    drain()
    gone(job, media_root)
    assert TryOnSubmission.objects.get().slot is None


@pytest.mark.parametrize("when", ["before the fetch", "before the save", "after the save"])
@pytest.mark.parametrize("how", ["erase", "delete the user"])
def test_erasing_after_ready_and_while_it_is_stored_beats_the_result(
    ada: User,
    try_on: Try,
    drain: Callable[..., None],
    media_root: Path,
    monkeypatch: pytest.MonkeyPatch,
    when: str,
    how: str,
) -> None:
    job = try_on(ada)
    done: list[Status] = []

    def erase() -> None:
        if not done:
            done.append(Status(TryOnJob.objects.get(pk=job.pk).status))
            if how == "erase":
                erase_tryon_data(ada)
            else:
                User.objects.get(pk=ada.pk).delete()

    name = "fetch_bytes" if when == "before the fetch" else "save_once"
    really: Callable[..., Any] = getattr(store_step, name)

    def interrupted(*args: Any, **options: Any) -> Any:
        if when == "after the save":
            answer = really(*args, **options)
            erase()
            return answer
        erase()
        return really(*args, **options)

    monkeypatch.setattr(store_step, name, interrupted)
    drain()
    assert done == [Status.STORING]
    gone(job, media_root)


def test_a_worker_that_dies_after_the_save_leaves_no_file_once_the_job_is_wound_down(
    ada: User,
    try_on: Try,
    drain: Callable[..., None],
    media_root: Path,
) -> None:
    job = try_on(ada)
    # What a worker that was killed then left behind.
    FileSystemStorage().save(f"glam_tryon/{job.pk}/0-abc.jpg", io.BytesIO(picture()))
    erase_tryon_data(ada)
    drain()
    gone(job, media_root)


def test_an_erased_job_cannot_be_brought_back(ada: User, try_on: Try) -> None:
    job = try_on(ada)
    TryOnJob.objects.update(status=Status.FAILED)
    erase_tryon_data(ada)
    job.refresh_from_db()
    for change in (jobs.retry, jobs.ask_again):
        with pytest.raises(Exception, match=r"cannot be|photo|Photo"):
            change(job)
    job.refresh_from_db()
    assert job.status == Status.FAILED
