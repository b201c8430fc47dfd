"""A shopper's own try-ons: the list, their deletion, and their way into an account."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.core.files.storage import FileSystemStorage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from example_project.shop.models import Product
from glam_tryon import jobs
from glam_tryon.exceptions import IllegalTransition
from glam_tryon.models import (
    ConsentRecord,
    PersonPhoto,
    TryOnJob,
    TryOnResult,
    TryOnShare,
    TryOnSubmission,
)
from glam_tryon.models.status import AT_PROVIDER, Status
from glam_tryon.privacy.pruning import prune
from glam_tryon.sandbox import Sandbox
from glam_tryon.worker.poller import Poller
from tests.shop import picture
from tests.storefront.shoppers import JSON, ask, files, finish, order, put

pytestmark = pytest.mark.django_db

DAY_SECONDS = 86_400


def listed(client: Client) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = client.get("/tryon/mine/", headers=JSON).json()["tryons"]
    return said


def delete(client: Client, job: TryOnJob) -> dict[str, Any]:
    answer = client.post(f"/tryon/jobs/{job.pk}/delete/", headers=JSON)
    assert answer.status_code == 200
    said: dict[str, Any] = answer.json()
    assert said["deleted"] is True
    receipt: dict[str, Any] = said["receipt"]
    return receipt


# The list.


def test_the_list_has_the_newest_first_as_the_jobs_say_it_themselves(
    client: Client, product: Product, house_model: PersonPhoto
) -> None:
    old, new = (order(client, product, house_model=house_model.pk) for _ in range(2))
    finish(old)
    said = listed(client)
    assert [each["id"] for each in said] == [str(new.pk), str(old.pk)]
    for each in said:
        alone = client.get(each["url"], headers=JSON).json()
        assert {**each, "waited_seconds": 0} == {**alone, "waited_seconds": 0}


def test_the_page_has_each_picture_its_product_its_end_and_its_deletion(
    client: Client, product: Product, house_model: PersonPhoto
) -> None:
    job = order(client, product, house_model=house_model.pk)
    finish(job)
    html = client.get("/tryon/mine/").content.decode()
    said = listed(client)[0]
    assert f'src="/tryon/jobs/{job.pk}/results/0/"' in html
    assert 'href="/clothes/linen-shirt/"' in html
    assert said["expires_words"] in html
    assert f'action="/tryon/jobs/{job.pk}/delete/"' in html
    assert 'action="/tryon/mine/delete/"' in html
    assert "glam_tryon/pages.css" in html


def test_who_has_none_is_told_so_and_gets_no_session(client: Client) -> None:
    answer = client.get("/tryon/mine/")
    assert "There are no try-ons here." in answer.content.decode()
    assert "sessionid" not in answer.cookies
    assert listed(client) == []


def test_a_hundred_are_listed_at_most(
    client: Client, product: Product, house_model: PersonPhoto
) -> None:
    first = order(client, product, house_model=house_model.pk)
    copies = [
        TryOnJob(owner=first.owner, product_key=first.product_key, mask_type="upper")
        for _ in range(100)
    ]
    TryOnJob.objects.bulk_create(copies)
    assert len(listed(client)) == 100


def test_a_long_list_costs_as_few_queries_as_a_short_one(
    client: Client, product: Product, house_model: PersonPhoto
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            listed(client)
        return len(captured)

    finish(order(client, product, house_model=house_model.pk))
    listed(client)
    few = queries()
    for _ in range(5):
        finish(order(client, product, house_model=house_model.pk))
    assert queries() == few


@pytest.mark.parametrize("signed_in", [False, True])
def test_a_result_says_when_it_is_deleted(
    client: Client, product: Product, house_model: PersonPhoto, signed_in: bool
) -> None:
    if signed_in:
        client.force_login(User.objects.create_user("ada"))
    job = order(client, product, house_model=house_model.pk)
    assert listed(client)[0]["expires_at"] is None
    finish(job)
    said = listed(client)[0]
    left = (datetime.fromisoformat(said["expires_at"]) - timezone.now()).total_seconds()
    days = 30 if signed_in else 7
    assert abs(left - days * DAY_SECONDS) < 120
    assert str(datetime.fromisoformat(said["expires_at"]).year) in said["expires_words"]


def test_a_try_on_whose_product_is_gone_is_listed_without_it(
    client: Client, product: Product, house_model: PersonPhoto
) -> None:
    finish(order(client, product, house_model=house_model.pk))
    product.delete()
    assert (listed(client)[0]["title"], listed(client)[0]["again_url"]) == ("Linen shirt", "")
    assert "Linen shirt" in client.get("/tryon/mine/").content.decode()


@pytest.mark.parametrize("pruned", [False, True])
def test_pictures_whose_time_is_over_are_shown_no_more_and_the_page_says_why(
    client: Client, product: Product, house_model: PersonPhoto, pruned: bool
) -> None:
    job = order(client, product, house_model=house_model.pk)
    finish(job, seconds_ago=7 * DAY_SECONDS + 1)
    if pruned:
        assert prune().results == 1
    page = f"/tryon/jobs/{job.pk}/"
    said = client.get(page, headers=JSON).json()
    assert (said["results"], said["expires_at"]) == ([], None)
    assert said["error"]["code"] == "results_deleted"
    assert said["error"]["message"] in client.get(page).content.decode()
    assert said["again_url"] in client.get(page).content.decode()
    assert client.get(f"{page}results/0/").status_code == 404
    assert client.post(f"{page}share/").status_code == 404


def test_what_was_drawn_and_deleted_since_is_not_listed(
    client: Client, product: Product, house_model: PersonPhoto
) -> None:
    finish(order(client, product, house_model=house_model.pk), seconds_ago=8 * DAY_SECONDS)
    prune()
    assert listed(client) == []


# Deleting one.


def test_deleting_a_try_on_leaves_no_file_and_gives_a_receipt(
    client: Client, product: Product, media_root: Path
) -> None:
    job = order(client, product)
    results = finish(job, pictures=2)
    client.post(f"/tryon/jobs/{job.pk}/share/")
    photo = PersonPhoto.objects.get()
    receipt = delete(client, job)
    assert (receipt["photos"], receipt["results"]) == (1, 2)
    assert receipt["sha256"] == sorted([photo.sha256, *(each.sha256 for each in results)])
    made = datetime.fromisoformat(receipt["deleted_at"])
    assert abs((timezone.now() - made).total_seconds()) < 60
    assert files(media_root) == set()
    assert not TryOnResult.objects.exists()
    assert not TryOnShare.objects.alive().exists()
    assert listed(client) == []


def test_deleting_without_a_script_leads_to_the_list_which_says_what_was_deleted(
    client: Client, product: Product
) -> None:
    job = order(client, product)
    finish(job)
    answer = client.post(f"/tryon/jobs/{job.pk}/delete/")
    assert (answer.status_code, answer["Location"]) == (302, "/tryon/mine/")
    html = client.get("/tryon/mine/").content.decode()
    assert html.count("2 pictures were deleted.") == 1


def test_a_photo_that_another_try_on_needs_stays_until_that_one_goes(
    client: Client, product: Product, media_root: Path
) -> None:
    first = order(client, product)
    photo = PersonPhoto.objects.get()
    second = order(client, product, kept_photo=photo.pk)
    assert delete(client, first)["photos"] == 0
    assert files(media_root) == {photo.image.name}
    assert delete(client, second)["photos"] == 1
    assert files(media_root) == set()


def test_a_house_model_stays(
    client: Client, product: Product, house_model: PersonPhoto, media_root: Path
) -> None:
    job = order(client, product, house_model=house_model.pk)
    said = client.get(f"/tryon/jobs/{job.pk}/", headers=JSON).json()
    assert said["person"] == {"kind": "house_model", "title": "Mina"}
    assert said["urls"]["delete_photo"] == ""
    assert client.post(f"/tryon/jobs/{job.pk}/delete-photo/").status_code == 404
    assert delete(client, job)["photos"] == 0
    client.post("/tryon/mine/delete/")
    assert files(media_root) == {house_model.image.name}


def test_an_open_try_on_that_is_deleted_is_canceled_first(client: Client, product: Product) -> None:
    job = order(client, product)
    delete(client, job)
    job.refresh_from_db()
    assert job.status == Status.CANCELED
    assert job.deleted_at is not None


@pytest.mark.parametrize("change", [jobs.retry, jobs.ask_again])
def test_staff_cannot_bring_a_deleted_try_on_back(
    client: Client, product: Product, house_model: PersonPhoto, change: Callable[..., None]
) -> None:
    job = order(client, product, house_model=house_model.pk)
    submission = TryOnSubmission(job=job, job_key=job.pk, number=1, event_id="event")
    submission.started_at = timezone.now()
    submission.save()
    put(job, status=Status.FAILED, error_code="glam_failed")
    delete(client, job)
    job.refresh_from_db()
    with pytest.raises(IllegalTransition):
        change(job)
    job.refresh_from_db()
    assert job.status == Status.FAILED


def refuse(self: object, name: str) -> None:
    raise OSError("the storage is away")


def test_what_the_storage_does_not_delete_now_is_hidden_and_deleted_later(
    client: Client, product: Product, media_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = order(client, product)
    finish(job)
    with monkeypatch.context() as away:
        away.setattr(FileSystemStorage, "delete", refuse)
        receipt = delete(client, job)
    assert (receipt["photos"], receipt["results"], receipt["left"]) == (0, 0, 2)
    assert listed(client) == []
    assert len(files(media_root)) == 2
    pruned = prune()
    assert (pruned.photos, pruned.results, pruned.left) == (1, 1, 0)
    assert files(media_root) == set()


# Deleting the photo alone.


def test_the_photo_can_go_while_its_results_stay(
    client: Client, product: Product, media_root: Path
) -> None:
    job = order(client, product)
    (result,) = finish(job)
    page = f"/tryon/jobs/{job.pk}/"
    before = client.get(page, headers=JSON).json()
    assert before["person"]["kind"] == "shopper"
    said = client.post(before["urls"]["delete_photo"], headers=JSON).json()
    assert said["deleted"] is True
    assert (said["receipt"]["photos"], said["receipt"]["results"]) == (1, 0)
    assert files(media_root) == {result.image.name}
    after = client.get(page, headers=JSON).json()
    assert (after["photo_url"], after["urls"]["delete_photo"]) == ("", "")
    assert len(after["results"]) == 1
    assert client.get(page).status_code == 200
    assert client.get(f"{page}photo.jpg").status_code == 404


def test_open_try_ons_of_a_deleted_photo_are_canceled_with_the_reason(
    client: Client, product: Product
) -> None:
    first = order(client, product, keep="on")
    finish(first)
    second = order(client, product, kept_photo=PersonPhoto.objects.get().pk)
    client.post(f"/tryon/jobs/{first.pk}/delete-photo/")
    said = client.get(f"/tryon/jobs/{second.pk}/", headers=JSON).json()
    assert (said["status"], said["error"]["code"]) == ("canceled", "photo_expired")


def test_deleting_the_photo_twice_deletes_nothing_more(client: Client, product: Product) -> None:
    job = order(client, product)
    for count in (1, 0):
        answer = client.post(f"/tryon/jobs/{job.pk}/delete-photo/", headers=JSON)
        assert answer.json()["receipt"]["photos"] == count


def test_without_a_script_deleting_the_photo_leads_to_the_list_which_says_so(
    client: Client, product: Product
) -> None:
    job = order(client, product)
    finish(job)
    answer = client.post(f"/tryon/jobs/{job.pk}/delete-photo/")
    assert (answer.status_code, answer["Location"]) == (302, "/tryon/mine/")
    assert "1 picture was deleted." in client.get(answer["Location"]).content.decode()


# Deleting all.


def test_deleting_all_leaves_nothing_of_the_shopper_but_the_ledger(
    client: Client, product: Product, house_model: PersonPhoto, media_root: Path
) -> None:
    finish(order(client, product))
    finish(order(client, product, house_model=house_model.pk))
    order(client, product)
    unused = io.BytesIO(picture())
    jobs.add_photo(
        unused, visitor=client.session["glam_tryon_visitor"], consent=jobs.current_consent()
    )
    answer = client.post("/tryon/mine/delete/", headers=JSON)
    receipt = answer.json()["receipt"]
    assert (receipt["photos"], receipt["results"]) == (3, 2)
    assert files(media_root) == {house_model.image.name}
    assert listed(client) == []
    assert not TryOnJob.objects.open().exists()


def test_deleting_all_of_nothing_is_no_error(client: Client) -> None:
    receipt = client.post("/tryon/mine/delete/", headers=JSON).json()["receipt"]
    assert (receipt["photos"], receipt["results"], receipt["sha256"]) == (0, 0, [])
    assert client.post("/tryon/mine/delete/").status_code == 302


# The photo of last time.


def test_the_photo_of_last_time_is_offered_and_used_without_an_upload(
    client: Client, product: Product
) -> None:
    job = order(client, product)
    photo = PersonPhoto.objects.get()
    again = client.get(f"/tryon/jobs/{job.pk}/", headers=JSON).json()["again_url"]
    assert again.endswith(f"?photo={photo.pk}")
    page = client.get(again)
    assert page.context["kept_photo"] == photo
    assert client.get(f"/tryon/photos/{photo.pk}.jpg").status_code == 200
    second = order(client, product, kept_photo=photo.pk)
    assert second.person_photo == photo
    assert PersonPhoto.objects.count() == ConsentRecord.objects.count() == 1


def test_a_photo_of_somebody_else_is_neither_offered_nor_taken(
    client: Client, product: Product
) -> None:
    order(client, product)
    photo = PersonPhoto.objects.get()
    other = Client()
    assert other.get(f"/tryon/new/shop.product/{product.pk}/").context["kept_photo"] is None
    answer = ask(other, product, kept_photo=photo.pk)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "photo_unavailable"
    assert TryOnJob.objects.count() == 1


def test_a_photo_that_is_gone_is_offered_no_more(client: Client, product: Product) -> None:
    job = order(client, product)
    photo = PersonPhoto.objects.get()
    client.post(f"/tryon/jobs/{job.pk}/delete-photo/")
    said = client.get(f"/tryon/jobs/{job.pk}/", headers=JSON).json()
    assert "photo=" not in said["again_url"]
    assert client.get(said["again_url"]).context["kept_photo"] is None
    assert client.get(f"/tryon/photos/{photo.pk}.jpg").status_code == 404
    assert ask(client, product, kept_photo=photo.pk).status_code == 400


@pytest.mark.parametrize("key", ["x", "", "00000000-0000-0000-0000-000000000000"])
def test_a_key_that_names_no_photo_is_refused(client: Client, product: Product, key: str) -> None:
    assert ask(client, product, kept_photo=key).status_code == 400
    assert client.get(f"/tryon/new/shop.product/{product.pk}/?photo={key}").status_code == 200


def test_a_photo_is_kept_by_the_shoppers_own_tick_only(client: Client, product: Product) -> None:
    order(client, product)
    photo = PersonPhoto.objects.get()
    assert photo.kept_until is None
    order(client, product, kept_photo=photo.pk, keep="on")
    photo.refresh_from_db()
    assert photo.kept_until is not None
    left = (photo.kept_until - timezone.now()).total_seconds()
    assert abs(left - DAY_SECONDS) < 120
    other = Client()
    order(other, product, keep="on")
    assert PersonPhoto.objects.exclude(pk=photo.pk).get().kept_until is not None


def test_a_house_model_cannot_be_kept(
    client: Client, product: Product, house_model: PersonPhoto
) -> None:
    order(client, product, house_model=house_model.pk, keep="on")
    house_model.refresh_from_db()
    assert house_model.kept_until is None


# Signing in.


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_user("ada", password="a long word")


def sign_in(client: Client) -> None:
    answer = client.post("/account/login/", {"username": "ada", "password": "a long word"})
    assert answer.status_code == 302


def test_a_visitors_try_ons_photos_and_consent_follow_into_the_account(
    client: Client, product: Product, ada: User
) -> None:
    job = order(client, product)
    finish(job)
    session = client.session.session_key
    sign_in(client)
    assert client.session.session_key != session
    for row in (
        TryOnJob.objects.get(),
        PersonPhoto.objects.get(),
        ConsentRecord.objects.get(),
    ):
        assert (row.owner, row.user) == (f"user:{ada.pk}", ada)
    elsewhere = Client()
    sign_in(elsewhere)
    assert [each["id"] for each in listed(elsewhere)] == [str(job.pk)]


def test_signing_in_takes_nothing_from_other_visitors(
    client: Client, product: Product, ada: User
) -> None:
    other = Client()
    theirs = order(other, product)
    order(client, product)
    sign_in(client)
    assert [each["id"] for each in listed(other)] == [str(theirs.pk)]
    theirs.refresh_from_db()
    assert theirs.user is None
    assert str(theirs.pk) not in str(listed(client))


def test_after_signing_out_the_browser_sees_nothing_of_the_account(
    client: Client, product: Product, ada: User
) -> None:
    job = order(client, product)
    sign_in(client)
    client.post("/account/logout/")
    assert listed(client) == []
    assert client.get(f"/tryon/jobs/{job.pk}/").status_code == 404


def test_a_request_that_is_sent_again_after_signing_in_is_the_same_job(
    client: Client, product: Product, house_model: PersonPhoto, ada: User
) -> None:
    first = order(client, product, house_model=house_model.pk, request_id="click")
    sign_in(client)
    assert order(client, product, house_model=house_model.pk, request_id="click") == first
    assert TryOnJob.objects.count() == 1


def test_a_sign_in_without_a_request_or_with_a_broken_database_goes_on(
    client: Client, product: Product, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_logged_in.send(User, request=None, user=ada)
    order(client, product)

    def broken(*_given: object, **_named: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("glam_tryon.views.access.adopt_visitor", broken)
    sign_in(client)
    assert client.session["_auth_user_id"] == str(ada.pk)
    assert len(listed(client)) == 1


# With a Glam that draws.


@pytest.mark.django_db(transaction=True)
def test_what_glam_draws_for_a_deleted_try_on_is_not_stored(
    client: Client,
    product: Product,
    glam: Sandbox,
    drain: Callable[..., None],
    media_root: Path,
) -> None:
    job = order(client, product)
    Poller().run(once=True)
    job.refresh_from_db()
    assert job.status in AT_PROVIDER
    delete(client, job)
    drain()
    assert files(media_root) == set()
    assert not TryOnResult.objects.exists()
    row = TryOnSubmission.objects.get(job_key=job.pk)
    assert row.outcome == TryOnSubmission.Outcome.ACCEPTED
    assert row.slot is None


@pytest.mark.django_db(transaction=True)
def test_a_picture_that_is_being_saved_while_its_try_on_is_deleted_is_deleted_too(
    client: Client,
    product: Product,
    glam: Sandbox,
    drain: Callable[..., None],
    media_root: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = order(client, product)
    really = FileSystemStorage.save
    saved = []

    def delete_and_save(self: FileSystemStorage, name: str, *args: Any, **options: Any) -> str:
        if str(job.pk) in name:
            delete(client, job)
            saved.append(name)
        return really(self, name, *args, **options)

    monkeypatch.setattr(FileSystemStorage, "save", delete_and_save)
    drain()
    assert len(saved) == 1
    assert files(media_root) == set()
    assert not TryOnResult.objects.exists()
