"""Shoppers' photos in the admin: hidden, shown on a click, and each look logged."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.test import Client

from example_project.shop.models import Product
from glam_tryon import jobs
from glam_tryon.models import DeletionReceipt, PersonPhoto, TryOnJob
from glam_tryon.privacy.deletion import delete_photo, delete_tryon
from glam_tryon.privacy.pruning import prune
from tests.admin.test_jobs import staff
from tests.shop import picture
from tests.storefront.shoppers import files, finish, order

__all__ = ["staff"]

pytestmark = pytest.mark.django_db

JOBS = "/admin/glam_tryon/tryonjob/"


@pytest.fixture
def job(client: Client, product: Product) -> TryOnJob:
    return order(client, product)


def page(who: Client, job: TryOnJob) -> str:
    return who.get(f"{JOBS}{job.pk}/change/").content.decode()


def look(who: Client, job: TryOnJob) -> int:
    return who.post(f"{JOBS}{job.pk}/person-photo/").status_code


def test_the_page_has_a_button_and_not_the_photo(
    staff: Callable[..., Client], job: TryOnJob
) -> None:
    html = page(staff("view_tryonjob", "view_person_photo"), job)
    assert f'formaction="{JOBS}{job.pk}/person-photo/"' in html
    assert "Each look is on record" in html
    assert f'src="{JOBS}{job.pk}/person-photo/' not in html
    assert not LogEntry.objects.exists()


def test_a_click_shows_the_photo_and_writes_down_who_looked_at_which_when(
    staff: Callable[..., Client], job: TryOnJob, caplog: pytest.LogCaptureFixture
) -> None:
    who = staff("view_tryonjob", "view_person_photo")
    with caplog.at_level(logging.INFO, logger="glam_tryon.admin"):
        answer = who.post(f"{JOBS}{job.pk}/person-photo/")
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
    assert "no-store" in answer["Cache-Control"]
    photo = PersonPhoto.objects.get()
    with photo.image.open("rb") as stored:
        assert answer.content == stored.read()
    entry = LogEntry.objects.get()
    user = entry.user
    assert (entry.object_id, user.pk) == (str(job.pk), int(who.session["_auth_user_id"]))
    assert entry.get_change_message() == "Looked at the shopper's photo."
    (said,) = [record.getMessage() for record in caplog.records]
    assert said == f"the photo of job={job.pk} was looked at by user={user.pk}"
    assert str(photo.image.name) not in caplog.text
    look(who, job)
    assert LogEntry.objects.count() == 2


@pytest.mark.parametrize(
    "permissions", [(), ("view_tryonjob",), ("view_person_photo",), ("view_personphoto",)]
)
def test_without_both_permissions_there_is_neither_button_nor_photo(
    staff: Callable[..., Client], job: TryOnJob, permissions: tuple[str, ...]
) -> None:
    who = staff(*permissions)
    assert "person-photo" not in page(who, job)
    assert look(who, job) == 403
    assert not LogEntry.objects.exists()


def test_a_link_shows_nothing_and_a_post_needs_the_token(
    staff: Callable[..., Client], job: TryOnJob
) -> None:
    who = staff("view_tryonjob", "view_person_photo")
    assert who.get(f"{JOBS}{job.pk}/person-photo/").status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = who.cookies
    assert look(strict, job) == 403
    assert look(Client(), job) == 302
    assert not LogEntry.objects.exists()


def test_a_photo_that_is_gone_and_a_house_model_have_no_button(
    admin_client: Client, client: Client, product: Product, job: TryOnJob, house_model: PersonPhoto
) -> None:
    photo = PersonPhoto.objects.get(kind="shopper")
    with_model = order(client, product, house_model=house_model.pk)
    delete_photo(photo)
    for each in (job, with_model):
        assert "person-photo" not in page(admin_client, each)
        assert look(admin_client, each) == 404
    assert not LogEntry.objects.exists()


# Deleting rows in the admin deletes what they name.


def delete(client: Client, model: str, key: object) -> int:
    address = f"/admin/glam_tryon/{model}/{key}/delete/"
    return client.post(address, {"post": "yes"}).status_code


def test_deleting_a_job_in_the_admin_deletes_its_pictures_and_leaves_a_receipt(
    admin_client: Client, job: TryOnJob, media_root: Path
) -> None:
    finish(job)
    assert delete(admin_client, "tryonjob", job.pk) == 302
    assert files(media_root) == set()
    assert not TryOnJob.objects.exists()
    receipt = DeletionReceipt.objects.get()
    assert (receipt.why, receipt.photos, receipt.results) == ("staff", 1, 1)


def test_deleting_a_house_model_deletes_its_picture_and_leaves_a_receipt(
    admin_client: Client, house_model: PersonPhoto, media_root: Path
) -> None:
    assert len(files(media_root)) == 1
    assert delete(admin_client, "personphoto", house_model.pk) == 302
    assert files(media_root) == set()
    assert not PersonPhoto.objects.exists()
    assert DeletionReceipt.objects.get().hashes() == [house_model.sha256]


def test_a_house_model_whose_file_is_left_is_offered_no_more_and_tried_again(
    admin_client: Client,
    house_model: PersonPhoto,
    media_root: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(self: object, name: str) -> None:
        raise OSError("denied")

    with monkeypatch.context() as away:
        away.setattr(FileSystemStorage, "delete", refuse)
        delete(admin_client, "personphoto", house_model.pk)
    house_model.refresh_from_db()
    assert not house_model.is_there
    assert not PersonPhoto.objects.house_models().exists()
    assert prune().photos == 1
    assert files(media_root) == set()


def test_a_photo_that_staff_gave_goes_with_the_last_job_of_it(
    admin_client: Client, product: Product, media_root: Path
) -> None:
    photo = jobs.add_photo(ContentFile(picture()), consent=jobs.NoConsentNeeded("a test"))
    first, last = (jobs.request_tryon(product, photo=photo) for _ in range(2))
    delete_tryon(first, why="staff")
    assert len(files(media_root)) == 1
    delete_tryon(last, why="staff")
    assert files(media_root) == set()


def test_a_row_stays_hidden_while_the_storage_keeps_its_picture(
    admin_client: Client, job: TryOnJob, media_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish(job)

    def refuse(self: object, name: str) -> None:
        raise OSError("denied")

    monkeypatch.setattr(FileSystemStorage, "delete", refuse)
    delete(admin_client, "tryonjob", job.pk)
    job.refresh_from_db()
    assert job.deleted_at is not None
    assert DeletionReceipt.objects.get().left == 2
