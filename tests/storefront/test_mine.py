"""One's own try-ons afterwards: the list, deleting, sharing, saying what one thinks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.test import Client

from example_project.shop.models import Product
from glam_tryon import jobs
from glam_tryon.models import PersonPhoto, TryOnJob, TryOnResult, TryOnShare, TryOnSubmission
from glam_tryon.models.clock import DatabaseNow, after
from glam_tryon.models.status import Status
from glam_tryon.privacy.consent import current_consent
from glam_tryon.views.product import start_url
from tests.shop import picture

pytestmark = pytest.mark.django_db

JSON = {"accept": "application/json"}
#: What a job's own addresses do, and the form that each takes.
CHANGES: dict[str, dict[str, str]] = {
    "delete": {},
    "delete-photo": {},
    "share": {},
    "unshare": {},
    "feedback": {"verdict": "down", "reason": "face"},
}

Make = Callable[..., TryOnJob]


def finish(job: TryOnJob) -> TryOnJob:
    """Give a job its picture."""
    result = TryOnResult(job=job, position=0, width=240, height=320, sha256="f" * 64)
    result.image.save(f"glam_tryon/{job.pk}/0.jpg", ContentFile(picture(colour="#113355")))
    TryOnJob.objects.filter(pk=job.pk).update(
        status=Status.READY, queue=None, next_step_at=None, finished_at=DatabaseNow()
    )
    job.refresh_from_db()
    return job


@pytest.fixture
def visitor(client: Client, product: Product) -> str:
    """The token of the session behind ``client``."""
    session = client.session
    session["glam_tryon_visitor"] = "ada's token"
    session.save()
    return "ada's token"


@pytest.fixture
def make(product: Product, visitor: str) -> Make:
    """Make one more ready job with an own photo of the visitor behind ``client``."""

    def make(photo: PersonPhoto | None = None, *, keep: bool = False, **who: Any) -> TryOnJob:
        who = who or {"visitor": visitor}
        photo = photo or jobs.add_photo(
            ContentFile(picture(colour="#aa7755")), consent=current_consent(), keep=keep, **who
        )
        return finish(jobs.request_tryon(product, photo=photo, **who))

    return make


def address(job: TryOnJob, what: str = "") -> str:
    return f"/tryon/jobs/{job.pk}/" + (f"{what}/" if what else "")


def post(client: Client, job: TryOnJob, what: str, **headers: str) -> Any:
    return client.post(address(job, what), CHANGES[what], headers={**JSON, **headers})


# Whose they are.


@pytest.fixture(params=["nobody", "another visitor", "another user"])
def stranger(request: pytest.FixtureRequest) -> Client:
    client = Client()
    if request.param == "another user":
        client.force_login(User.objects.create_user("eve"))
    elif request.param == "another visitor":
        session = client.session
        session["glam_tryon_visitor"] = "eve's token"
        session.save()
    return client


@pytest.mark.parametrize("what", CHANGES)
def test_nobody_else_can_change_anything(stranger: Client, make: Make, what: str) -> None:
    job = make()
    before = TryOnJob.objects.filter(pk=job.pk).values().get()
    assert post(stranger, job, what).status_code == 404
    assert TryOnJob.objects.filter(pk=job.pk).values().get() == before
    assert (TryOnShare.objects.count(), TryOnResult.objects.count()) == (0, 1)
    assert job.current_photo() is not None


def test_nobody_else_sees_the_photo_or_the_list(stranger: Client, make: Make) -> None:
    job = make()
    assert stranger.get(f"/tryon/photos/{job.person_photo_id}.jpg").status_code == 404
    assert stranger.get("/tryon/mine/", headers=JSON).json()["tryons"] == []
    stranger.post("/tryon/mine/delete/")
    assert TryOnResult.objects.count() == 1


@pytest.mark.parametrize("what", CHANGES)
def test_looking_changes_nothing(client: Client, make: Make, what: str) -> None:
    job = make()
    assert client.get(address(job, what)).status_code == 405
    assert client.get("/tryon/mine/delete/").status_code == 405
    assert TryOnResult.objects.count() == 1


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_needs_the_token_of_the_form(make: Make, visitor: str, what: str) -> None:
    job = make()
    strict = Client(enforce_csrf_checks=True)
    session = strict.session
    session["glam_tryon_visitor"] = visitor
    session.save()
    assert post(strict, job, what).status_code == 403
    assert TryOnResult.objects.count() == 1


# The list.


def test_the_list_has_every_try_on_newest_first_with_the_time_of_its_end(
    client: Client, make: Make
) -> None:
    first, second = make(), make()
    listed = client.get("/tryon/mine/", headers=JSON).json()
    assert [each["id"] for each in listed["tryons"]] == [str(second.pk), str(first.pk)]
    assert first.finished_at is not None
    ends = {each["id"]: each["expires_at"] for each in listed["tryons"]}
    assert ends[str(first.pk)][:10] > first.finished_at.date().isoformat()
    page = client.get("/tryon/mine/").content.decode()
    assert page.count('class="glam-tryon-card"') == 2
    assert address(first, "delete") in page


def test_an_empty_list_says_so_and_begins_no_session(db: None) -> None:
    client = Client()
    assert "There are no try-ons here." in client.get("/tryon/mine/").content.decode()
    assert not client.session.keys()


def test_the_list_costs_no_query_more_for_each_shared_try_on(
    client: Client, make: Make, django_assert_max_num_queries: Any
) -> None:
    for _ in range(5):
        make().shares.create(expires_at=after(60))
    # For each job its product; for all of them the session, the jobs, pictures and links.
    with django_assert_max_num_queries(4 + 5):
        client.get("/tryon/mine/", headers=JSON)


# Deleting.


def stored(media_root: Path) -> list[str]:
    """What lies in the storage, but for garments and products."""
    files = [str(file.relative_to(media_root)) for file in media_root.rglob("*") if file.is_file()]
    return sorted(name for name in files if "garments/" not in name and "products/" not in name)


def test_deleting_takes_the_pictures_and_the_photo_and_says_so(
    client: Client, make: Make, media_root: Path
) -> None:
    job = make()
    assert len(stored(media_root)) == 2
    answer = post(client, job, "delete").json()
    assert answer["deleted"] is True
    assert (answer["receipt"]["photos"], answer["receipt"]["results"]) == (1, 1)
    assert "f" * 64 in answer["receipt"]["sha256"]
    assert stored(media_root) == []
    assert client.get(address(job)).status_code == 404
    assert client.get("/tryon/mine/", headers=JSON).json()["tryons"] == []


def test_a_photo_stays_while_another_try_on_needs_it(
    client: Client, make: Make, media_root: Path
) -> None:
    first = make()
    second = make(photo=first.person_photo)
    post(client, first, "delete")
    assert second.current_photo() is not None
    post(client, second, "delete")
    assert stored(media_root) == []


def test_a_house_model_is_nobodys_to_delete(
    client: Client, make: Make, house_model: PersonPhoto
) -> None:
    job = make(photo=house_model)
    assert post(client, job, "delete-photo").status_code == 404
    post(client, job, "delete")
    house_model.refresh_from_db()
    assert house_model.image


@pytest.mark.parametrize(
    "status", ["pending", "submitting", "unconfirmed", "in_queue", "in_progress", "storing"]
)
def test_a_job_that_is_deleted_under_way_is_canceled_and_keeps_its_slot(
    client: Client, make: Make, status: str
) -> None:
    job = make()
    TryOnJob.objects.filter(pk=job.pk).update(status=status, queue=0, next_step_at=DatabaseNow())
    ledger = TryOnSubmission.objects.create(
        job=job, job_key=job.pk, number=1, slot=0, started_at=DatabaseNow(), outcome="accepted"
    )
    post(client, job, "delete")
    job.refresh_from_db()
    ledger.refresh_from_db()
    assert (job.status, job.queue, ledger.slot) == ("canceled", 0, 0)
    # Glam does not get a photo that it has not fetched yet.
    assert not TryOnSubmission.objects.fetch_photo(ledger.token)


def test_the_photo_can_be_deleted_at_once_and_the_picture_stays(
    client: Client, make: Make, media_root: Path
) -> None:
    job = make()
    assert post(client, job, "delete-photo").json()["receipt"]["photos"] == 1
    assert stored(media_root) == [f"glam_tryon/{job.pk}/0.jpg"]
    facts = client.get(address(job), headers=JSON).json()
    assert (facts["photo_url"], facts["urls"]["delete_photo"]) == ("", "")
    assert len(facts["results"]) == 1


def test_deleting_a_photo_stops_what_waits_for_it(
    client: Client, make: Make, product: Product, visitor: str
) -> None:
    done = make()
    waiting = jobs.request_tryon(product, photo=done.person_photo, visitor=visitor)
    post(client, done, "delete-photo")
    waiting.refresh_from_db()
    assert (waiting.status, waiting.error_code) == ("canceled", "photo_expired")


def test_all_can_be_deleted_at_once_and_without_a_script(
    client: Client, make: Make, visitor: str, media_root: Path
) -> None:
    make()
    make()
    jobs.add_photo(
        ContentFile(picture()), visitor=visitor, keep=True, consent=jobs.current_consent()
    )
    answer = client.post("/tryon/mine/delete/", follow=True)
    assert answer.redirect_chain == [("/tryon/mine/", 302)]
    assert "5 pictures were deleted." in answer.content.decode()
    assert stored(media_root) == []


def test_a_storage_that_refuses_leaves_nothing_to_see(
    client: Client, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make()

    def refuse(self: Any, name: str) -> None:
        raise OSError("denied")

    with monkeypatch.context() as broken:
        broken.setattr("django.core.files.storage.FileSystemStorage.delete", refuse)
        assert post(client, job, "delete").json()["receipt"]["left"] == 2
    assert client.get(address(job)).status_code == 404
    assert client.get(f"{address(job)}results/0/").status_code == 404


# Sharing.


def test_a_shared_link_shows_the_picture_to_everybody_and_nothing_of_the_owner(
    client: Client, make: Make
) -> None:
    job = make()
    shared = post(client, job, "share").json()["share"]
    path = shared["url"].removeprefix("http://testserver")
    page = Client().get(path)
    text = page.content.decode()
    assert page.status_code == 200
    assert "AI-generated preview" in text
    assert str(job.pk) not in text
    assert page["Referrer-Policy"] == "no-referrer"
    assert Client().get(f"{path}0/")["Content-Type"] == "image/jpeg"
    assert Client().get(f"{path}1/").status_code == 404


def test_sharing_twice_gives_the_same_link_and_taking_it_back_ends_it(
    client: Client, make: Make
) -> None:
    job = make()
    first, second = (post(client, job, "share").json()["share"]["url"] for _ in range(2))
    assert first == second
    assert post(client, job, "unshare").json()["share"] is None
    path = first.removeprefix("http://testserver")
    assert [Client().get(where).status_code for where in (path, f"{path}0/")] == [404, 404]
    assert post(client, job, "share").json()["share"]["url"] != first


def test_a_shared_link_ends_by_itself(client: Client, make: Make) -> None:
    job = make()
    path = post(client, job, "share").json()["share"]["url"].removeprefix("http://testserver")
    TryOnShare.objects.update(expires_at=after(-1))
    assert Client().get(path).status_code == 404


def test_a_shared_link_ends_with_the_picture(client: Client, make: Make) -> None:
    job = make()
    path = post(client, job, "share").json()["share"]["url"].removeprefix("http://testserver")
    post(client, job, "delete")
    assert Client().get(path).status_code == 404


def test_what_has_no_picture_cannot_be_shared(client: Client, make: Make) -> None:
    job = make()
    job.results.all().delete()
    assert post(client, job, "share").status_code == 404


# Feedback.


def test_the_last_verdict_counts(client: Client, make: Make) -> None:
    job = make()
    assert post(client, job, "feedback").json()["feedback"] == {"verdict": "down", "reason": "face"}
    given = {"verdict": "up", "reason": "face"}
    answer = client.post(address(job, "feedback"), given, headers=JSON).json()
    assert answer["feedback"] == {"verdict": "up", "reason": ""}


@pytest.mark.parametrize("given", [{}, {"verdict": "meh"}, {"verdict": "down", "reason": "x" * 99}])
def test_a_verdict_that_no_form_offers_is_refused(
    client: Client, make: Make, given: dict[str, str]
) -> None:
    job = make()
    assert client.post(address(job, "feedback"), given, headers=JSON).status_code == 400
    job.refresh_from_db()
    assert job.feedback == ""


def test_without_a_script_each_leads_back_to_the_page(client: Client, make: Make) -> None:
    job = make()
    for what in ("share", "unshare", "feedback"):
        answer = client.post(address(job, what), CHANGES[what], follow=True)
        assert answer.redirect_chain == [(address(job), 302)]
        assert address(job, what) in answer.content.decode()


# The same photo again.


def kept(client: Client, product: Product, **fields: str) -> Any:
    return client.post(start_url(product), fields, headers=JSON)


def test_a_photo_that_was_kept_can_be_used_again_without_a_second_upload(
    client: Client, make: Make, product: Product
) -> None:
    photo = make(keep=True).person_photo
    assert photo is not None
    page = client.get(start_url(product), {"photo": str(photo.pk)})
    assert page.context["kept_photo"] == photo
    assert page.context["kept_photo_chosen"] is True
    assert client.get(f"/tryon/photos/{photo.pk}.jpg").status_code == 200
    assert kept(client, product, kept_photo=str(photo.pk)).status_code == 201
    assert PersonPhoto.objects.filter(kind="shopper").count() == 1


def test_a_photo_that_nobody_wished_to_keep_is_not_offered_once_its_try_on_ended(
    client: Client, make: Make, product: Product
) -> None:
    photo = make().person_photo
    assert photo is not None
    assert client.get(start_url(product)).context["kept_photo"] is None
    assert kept(client, product, kept_photo=str(photo.pk)).status_code == 400


def test_a_photo_given_under_another_text_needs_a_new_consent(
    client: Client, make: Make, product: Product, settings: Any
) -> None:
    photo = make(keep=True).person_photo
    assert photo is not None
    assert client.get(start_url(product)).context["kept_photo"] == photo
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "SEND_IMAGES": "upload"}
    assert client.get(start_url(product)).context["kept_photo"] is None
    refused = kept(client, product, kept_photo=str(photo.pk))
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "photo_unavailable")


def test_somebody_elses_photo_cannot_be_named(
    client: Client, visitor: str, product: Product
) -> None:
    other = jobs.add_photo(ContentFile(picture()), visitor="eve's token", consent=current_consent())
    assert kept(client, product, kept_photo=str(other.pk)).status_code == 400
    assert kept(client, product, kept_photo="no key").status_code == 400
    assert not TryOnJob.objects.exists()


# Signing in.


def test_what_a_visitor_asked_for_follows_into_the_account(
    client: Client, make: Make, visitor: str
) -> None:
    job = make()
    other = make(visitor="eve's token")
    user = User.objects.create_user("ada", password="secret")
    client.post("/account/login/", {"username": "ada", "password": "secret"})
    job.refresh_from_db()
    other.refresh_from_db()
    photo = job.person_photo
    assert photo is not None
    assert photo.consent is not None
    owner = f"user:{user.pk}"
    assert [job.owner, photo.owner, photo.consent.owner] == [owner] * 3
    assert (job.user, photo.user) == (user, user)
    assert other.user is None
    elsewhere = Client()
    elsewhere.force_login(user)
    assert len(elsewhere.get("/tryon/mine/", headers=JSON).json()["tryons"]) == 1
