"""The shopper's way by requests alone: choose a person, agree, wait, see the picture."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override
from PIL import Image

from example_project.shop.loading import load_house_models
from example_project.shop.models import Product
from glam_tryon import jobs
from glam_tryon.models import ConsentRecord, PersonPhoto, TryOnJob, TryOnResult
from glam_tryon.models.clock import after
from glam_tryon.models.consent_record import text_sha256
from glam_tryon.models.owner import owner_key
from glam_tryon.models.status import Status
from glam_tryon.privacy.consent import current_text
from glam_tryon.views.product import garment_url, start_url
from tests.shop import picture

pytestmark = pytest.mark.django_db

JSON = {"accept": "application/json"}
DIALOG = {"X-Glam-Tryon": "dialog"}
GLAMS_WORDS = "No person found by model v7"

Post = Callable[..., Any]


def upload(content: bytes | None = None) -> SimpleUploadedFile:
    return SimpleUploadedFile("me.jpg", content or picture(colour="#aa7755"), "image/jpeg")


def agreed() -> dict[str, str]:
    return {"consent": "on", "consent_sha256": text_sha256(current_text())}


@pytest.fixture
def post(client: Client, product: Product) -> Post:
    """Post the form for the product, as the module does unless ``page`` is true."""

    def post(*, page: bool = False, by: Client = client, **fields: Any) -> Any:
        return by.post(start_url(product), fields, headers={} if page else JSON)

    return post


@pytest.fixture
def job(post: Post, house_model: PersonPhoto) -> TryOnJob:
    """A job of the visitor behind ``client``."""
    return TryOnJob.objects.get(pk=post(house_model=house_model.pk).json()["id"])


def put(job: TryOnJob, **fields: Any) -> None:
    TryOnJob.objects.filter(pk=job.pk).update(**fields)


def finish(job: TryOnJob) -> TryOnResult:
    result = TryOnResult(job=job, position=0, width=240, height=320, sha256="0" * 64)
    result.source_url = "https://static.getglam.app/secret.jpg"
    result.image.save("glam_tryon/result.jpg", ContentFile(picture(colour="#113355")))
    put(job, status=Status.READY, queue=None)
    return result


def asked(client: Client, job: TryOnJob) -> dict[str, Any]:
    answer: dict[str, Any] = client.get(f"/tryon/jobs/{job.pk}/", headers=JSON).json()
    return answer


def hidden(html: str, name: str) -> str:
    """The value of the hidden field of that name, the same in each form of the page."""
    found: set[str] = set()

    class Fields(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            given = dict(attrs)
            if (tag, given.get("name")) == ("input", name):
                found.add(given.get("value") or "")

    Fields().feed(html)
    assert len(found) == 1, f"the form has {len(found)} values of {name}"
    return found.pop()


# The form.


def test_the_page_and_the_dialog_show_the_same_form(
    client: Client, product: Product, house_model: PersonPhoto
) -> None:
    page = client.get(start_url(product)).content.decode()
    inside = client.get(start_url(product), headers=DIALOG).content.decode()
    assert page.lstrip().lower().startswith("<!doctype html>")
    assert "<html" not in inside
    for html in (page, inside):
        assert f'action="{start_url(product)}"' in html
        assert 'name="house_model"' in html
        assert f'value="{house_model.pk}"' in html
        assert f"/tryon/house-models/{house_model.pk}.jpg" in html
        assert garment_url(product) in html
        assert current_text() in html.replace("&#x27;", "'")
        assert hidden(html, "consent_sha256") == text_sha256(current_text())
        assert hidden(html, "csrfmiddlewaretoken")
        assert 'enctype="multipart/form-data"' in html


def test_each_form_has_a_request_id_of_its_own(client: Client, product: Product) -> None:
    pages = [client.get(start_url(product)).content.decode() for _ in range(2)]
    assert len({hidden(html, "request_id") for html in pages}) == 2


def test_the_form_is_kept_by_no_cache_and_sets_the_csrf_cookie(
    client: Client, product: Product
) -> None:
    answer = client.get(start_url(product))
    assert answer["Cache-Control"] == "private, no-store"
    assert "X-Glam-Tryon" in answer["Vary"]
    assert answer.cookies["csrftoken"].value


def test_looking_at_the_form_begins_no_session(client: Client, product: Product) -> None:
    assert "sessionid" not in client.get(start_url(product)).cookies


def test_a_model_that_is_not_offered_now_is_not_shown(
    client: Client, product: Product, house_model: PersonPhoto
) -> None:
    house_model.is_active = False
    house_model.save()
    html = client.get(start_url(product)).content.decode()
    assert str(house_model.pk) not in html


# Ordering with a house model.


def test_a_house_model_without_a_script_leads_to_the_page_of_the_job(
    post: Post, client: Client, house_model: PersonPhoto
) -> None:
    answer = post(page=True, house_model=house_model.pk)
    job = TryOnJob.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/tryon/jobs/{job.pk}/")
    page = client.get(answer["Location"])
    assert page.status_code == 200
    assert "Getting ready" in page.content.decode()


def test_a_house_model_with_a_script_is_answered_with_the_job(
    post: Post, house_model: PersonPhoto
) -> None:
    answer = post(house_model=house_model.pk)
    job = TryOnJob.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {
        "id": str(job.pk),
        "status": "pending",
        "words": "Getting ready",
        "over": False,
        "title": "Linen shirt",
        "product_url": "/clothes/linen-shirt/",
        "garment_url": garment_url(job.product),
        "add_to_cart_url": "/basket/add/linen-shirt/",
        "url": f"/tryon/jobs/{job.pk}/",
        "cancel_url": f"/tryon/jobs/{job.pk}/cancel/",
        "photo_url": f"/tryon/jobs/{job.pk}/photo.jpg",
        "person": {"kind": "house_model", "title": "Mina"},
        "again_url": f"/tryon/new/shop.product/{job.product_key}/?photo={house_model.pk}",
        "usual_seconds": None,
        "waited_seconds": 0,
        "results": [],
        "expires_at": None,
        "expires_words": None,
        "feedback": {"verdict": "", "reason": ""},
        "share": None,
        "urls": {
            "delete": f"/tryon/jobs/{job.pk}/delete/",
            "delete_photo": "",
            "share": "",
            "unshare": "",
            "feedback": "",
        },
        "error": None,
    }
    assert not ConsentRecord.objects.exists()


def test_a_double_click_is_one_job(post: Post, house_model: PersonPhoto) -> None:
    ids = {
        post(house_model=house_model.pk, request_id="click").json()["id"],
        post(house_model=house_model.pk, request_id="click").json()["id"],
    }
    assert len(ids) == TryOnJob.objects.count() == 1


def test_a_signed_in_shoppers_job_is_the_users(
    post: Post, client: Client, house_model: PersonPhoto
) -> None:
    user = User.objects.create_user("ada")
    client.force_login(user)
    post(house_model=house_model.pk)
    job = TryOnJob.objects.get()
    assert (job.user, job.owner) == (user, f"user:{user.pk}")


@pytest.mark.parametrize("chosen", [{}, {"house_model": ""}, {"photo": "not a file"}])
def test_nobody_chosen_is_said(post: Post, chosen: dict[str, str]) -> None:
    answer = post(**chosen)
    assert answer.status_code == 400
    assert answer.json()["error"] == {
        "code": "no_choice",
        "message": "Choose a model or your own photo.",
        "next": "choice",
        "ends_at": None,
    }


@pytest.mark.parametrize("who", ["nobody", "gone", "not offered", "a shopper"])
def test_who_is_no_house_model_cannot_be_chosen(
    post: Post, house_model: PersonPhoto, who: str
) -> None:
    key = str(house_model.pk)
    if who == "not offered":
        PersonPhoto.objects.update(is_active=False)
    if who == "a shopper":
        key = str(jobs.add_photo(upload(), visitor="ada", consent=jobs.current_consent()).pk)
    answer = post(house_model={"nobody": "x", "gone": str(uuid.uuid4())}.get(who, key))
    assert answer.status_code == 400
    assert answer.json()["error"] == {
        "code": "invalid_choice",
        "message": "This model is no longer there. Please choose another.",
        "next": "photo",
        "ends_at": None,
    }
    assert not TryOnJob.objects.exists()


@pytest.mark.parametrize("request_id", ["x" * 65, "a\x00b"])
def test_a_request_id_that_no_form_has_is_refused(
    post: Post, house_model: PersonPhoto, request_id: str
) -> None:
    assert post(house_model=house_model.pk, request_id=request_id).status_code == 400
    assert not TryOnJob.objects.exists()


def test_another_tabs_order_of_the_same_is_the_one_that_is_under_way(
    post: Post, house_model: PersonPhoto
) -> None:
    first = post(house_model=house_model.pk, request_id="one tab").json()
    assert post(house_model=house_model.pk, request_id="another tab").json()["id"] == first["id"]
    # Once that is over, the same is a new order.
    TryOnJob.objects.update(status=Status.FAILED, queue=None)
    assert post(house_model=house_model.pk, request_id="later").json()["id"] != first["id"]


def test_a_refusal_without_a_script_is_the_page_with_the_words(post: Post) -> None:
    answer = post(page=True, request_id="kept")
    assert answer.status_code == 400
    html = answer.content.decode()
    assert "Choose a model or your own photo." in html
    assert hidden(html, "request_id") == "kept"


# Ordering with a photo, and the consent that it needs.


def test_a_photo_with_consent_is_stored_with_the_proof(
    post: Post, client: Client, media_root: Path
) -> None:
    answer = post(photo=upload(), **agreed())
    assert answer.status_code == 201
    photo, consent = PersonPhoto.objects.get(), ConsentRecord.objects.get()
    job = TryOnJob.objects.get()
    assert job.person_photo == photo
    assert photo.kind == "shopper"
    assert photo.consent == consent
    assert photo.owner == consent.owner == job.owner
    assert photo.owner == owner_key(None, client.session["glam_tryon_visitor"])
    assert (consent.text, consent.text_sha256) == (current_text(), text_sha256(current_text()))
    assert re.fullmatch(r"glam_tryon/photos/[0-9a-f]{32}\.jpg", photo.image.name or "")
    assert (media_root / str(photo.image.name)).is_file()


def test_a_photo_without_the_tick_is_refused(post: Post, media_root: Path) -> None:
    answer = post(photo=upload(), consent_sha256=agreed()["consent_sha256"])
    assert answer.status_code == 400
    assert answer.json()["error"] == {
        "code": "no_consent",
        "message": "Please agree to how your photo is used, or choose a model.",
        "next": "choice",
        "ends_at": None,
    }
    assert_nothing_is_kept(media_root)


@pytest.mark.parametrize("stale", ["", "0" * 64])
def test_a_tick_under_another_text_is_answered_with_the_new_one(
    post: Post, media_root: Path, stale: str
) -> None:
    answer = post(photo=upload(), consent="on", consent_sha256=stale)
    assert answer.status_code == 409
    error = answer.json()["error"]
    assert error["code"] == "consent_changed"
    assert error["consent_text"] == current_text()
    assert error["consent_sha256"] == text_sha256(current_text())
    assert_nothing_is_kept(media_root)
    assert post(photo=upload(), **{**agreed(), "consent_sha256": error["consent_sha256"]})


def test_a_tick_under_another_text_without_a_script_shows_the_new_one(post: Post) -> None:
    answer = post(page=True, photo=upload(), consent="on", consent_sha256="0" * 64)
    assert answer.status_code == 409
    html = answer.content.decode()
    assert "has changed" in html
    assert hidden(html, "consent_sha256") == text_sha256(current_text())


def test_the_text_says_so_when_photos_get_a_public_address(
    post: Post, settings: Any, media_root: Path
) -> None:
    before = agreed()
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "SEND_IMAGES": "upload"}
    answer = post(photo=upload(), **before)
    assert answer.status_code == 409
    assert "public address" in answer.json()["error"]["consent_text"]
    assert_nothing_is_kept(media_root)


def test_a_photo_beats_a_model_that_is_ticked_as_well(post: Post, house_model: PersonPhoto) -> None:
    post(photo=upload(), house_model=house_model.pk, **agreed())
    assert TryOnJob.objects.get().person_photo != house_model


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"a letter", "not_a_picture"),
        (b"GIF89a" + bytes(100), "gif"),
        (picture()[:2000], "truncated"),
        (picture((40, 40)), "too_small"),
    ],
)
def test_a_file_that_is_refused_leaves_nothing(
    post: Post, media_root: Path, content: bytes, code: str
) -> None:
    answer = post(photo=upload(content), **agreed())
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert answer.json()["error"]["message"].startswith(("This", "The photo", "A GIF"))
    assert_nothing_is_kept(media_root)


def test_an_empty_file_is_refused_with_its_own_words(post: Post, media_root: Path) -> None:
    answer = post(photo=SimpleUploadedFile("me.jpg", b"", "image/jpeg"), **agreed())
    assert answer.json()["error"]["code"] == "empty"
    assert_nothing_is_kept(media_root)


def assert_nothing_is_kept(media_root: Path) -> None:
    assert not TryOnJob.objects.exists()
    assert not PersonPhoto.objects.exists()
    assert not ConsentRecord.objects.exists()
    assert list((media_root / "glam_tryon" / "photos").glob("*")) == []


# Forged requests.


@pytest.mark.parametrize(
    "options",
    [{}, {"CSRF_USE_SESSIONS": True}, {"CSRF_COOKIE_HTTPONLY": True}],
    ids=["default", "sessions", "httponly"],
)
def test_forms_carry_the_token_and_nothing_is_taken_without_it(
    product: Product, house_model: PersonPhoto, settings: Any, options: dict[str, bool]
) -> None:
    for name, value in options.items():
        setattr(settings, name, value)
    browser = Client(enforce_csrf_checks=True)
    for headers in ({}, DIALOG):
        html = browser.get(start_url(product), headers=headers).content.decode()
        fields = {"house_model": str(house_model.pk)}
        assert browser.post(start_url(product), fields, headers=JSON).status_code == 403
        fields["csrfmiddlewaretoken"] = hidden(html, "csrfmiddlewaretoken")
        answer = browser.post(start_url(product), fields, headers=JSON)
        assert answer.status_code == 201
        job = answer.json()
        assert browser.post(job["cancel_url"], headers=JSON).status_code == 403
        waiting = browser.get(job["url"]).content.decode()
        token = {"csrfmiddlewaretoken": hidden(waiting, "csrfmiddlewaretoken")}
        assert browser.post(job["cancel_url"], token).status_code == 302
    assert [job.status for job in TryOnJob.objects.all()] == ["canceled", "canceled"]


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_canceling_is_a_post(client: Client, job: TryOnJob, method: str) -> None:
    assert getattr(client, method)(f"/tryon/jobs/{job.pk}/cancel/").status_code == 405
    job.refresh_from_db()
    assert job.status == "pending"


# Whose a job is.


@pytest.fixture(params=["visitor", "user", "new visitor"])
def stranger(request: pytest.FixtureRequest, post: Post, house_model: PersonPhoto) -> Client:
    """Somebody else: with a session of their own, signed in, or new to the shop."""
    other = Client()
    if request.param == "visitor":
        post(by=other, house_model=house_model.pk)
    if request.param == "user":
        other.force_login(User.objects.create_user("bob"))
    return other


def test_a_job_is_nobody_elses(stranger: Client, client: Client, job: TryOnJob) -> None:
    finish(job)
    addresses = [f"/tryon/jobs/{job.pk}/{rest}" for rest in ("", "photo.jpg", "results/0/")]
    assert [client.get(address).status_code for address in addresses] == [200, 200, 200]
    for address in addresses:
        for headers in ({}, JSON):
            answer = stranger.get(address, headers=headers)
            assert answer.status_code == 404
            assert "Linen shirt" not in answer.content.decode()


def test_a_job_is_canceled_by_nobody_else(stranger: Client, job: TryOnJob) -> None:
    assert stranger.post(f"/tryon/jobs/{job.pk}/cancel/").status_code == 404
    job.refresh_from_db()
    assert job.status == "pending"


def test_a_users_job_is_no_visitors(post: Post, client: Client, house_model: PersonPhoto) -> None:
    user = User.objects.create_user("ada")
    client.force_login(user)
    address = post(house_model=house_model.pk).json()["url"]
    assert client.get(address).status_code == 200
    client.logout()
    assert client.get(address).status_code == 404


def test_a_visitor_who_signs_in_still_sees_what_was_ordered_before(
    client: Client, job: TryOnJob
) -> None:
    client.force_login(User.objects.create_user("ada"))
    assert client.get(f"/tryon/jobs/{job.pk}/").status_code == 200


def test_the_shops_own_job_is_no_shoppers(
    client: Client, product: Product, house_model: PersonPhoto, job: TryOnJob
) -> None:
    own = jobs.request_tryon(product, photo=house_model)
    assert client.get(f"/tryon/jobs/{own.pk}/").status_code == 404
    assert Client().get(f"/tryon/jobs/{own.pk}/").status_code == 404


def test_a_job_that_is_not_there_looks_like_one_of_somebody_else(
    client: Client, job: TryOnJob
) -> None:
    there = Client().get(f"/tryon/jobs/{job.pk}/")
    nowhere = Client().get(f"/tryon/jobs/{uuid.uuid4()}/")
    assert (there.status_code, nowhere.status_code) == (404, 404)
    assert there.content == nowhere.content


# What is said of a job.

STATES = [
    ("pending", "Getting ready", False),
    ("submitting", "Being sent", False),
    ("unconfirmed", "Waiting for an answer", False),
    ("in_queue", "In the queue", False),
    ("in_progress", "Drawing", False),
    ("storing", "Saving", False),
    ("ready", "Ready", True),
    ("failed", "This did not work", True),
    ("canceled", "Canceled", True),
]


@pytest.mark.parametrize(("status", "words", "over"), STATES)
def test_each_status_has_words_and_glams_own_are_never_shown(
    client: Client, job: TryOnJob, status: str, words: str, over: bool
) -> None:
    put(
        job,
        status=status,
        error_code="glam_failed" if status == "failed" else "",
        error_message=GLAMS_WORDS,
        remote_status=GLAMS_WORDS,
        media_urls=["https://static.getglam.app/secret.jpg"],
    )
    if status == "ready":
        finish(job)
    said = asked(client, job)
    assert (said["status"], said["words"], said["over"]) == (status, words, over)
    assert bool(said["cancel_url"]) is not over
    assert bool(said["error"]) is (status == "failed")
    html = client.get(f"/tryon/jobs/{job.pk}/").content.decode()
    assert words in html.replace("&#x27;", "'")
    for text in (str(said), html):
        assert GLAMS_WORDS not in text
        assert "getglam" not in text


def test_this_file_knows_every_status() -> None:
    assert [status for status, _words, _over in STATES] == list(Status)


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        ("failed", "glam_failed", "The picture could not be drawn. Another photo may work better."),
        ("failed", "expired", "This took too long. Please try again."),
        ("failed", "poison", "Something went wrong on our side. Please try again later."),
        ("canceled", "photo_expired", "The photo was deleted before it was used."),
        ("unconfirmed", "needs_person", "The shop is looking into this try-on."),
    ],
)
def test_an_error_says_what_to_do(
    client: Client, job: TryOnJob, status: str, code: str, words: str
) -> None:
    put(job, status=status, error_code=code, error_message=GLAMS_WORDS)
    error = asked(client, job)["error"]
    assert error["code"] == code
    assert error["message"].startswith(words)
    assert words in client.get(f"/tryon/jobs/{job.pk}/").content.decode()


def test_trouble_that_passes_by_itself_is_no_error(client: Client, job: TryOnJob) -> None:
    put(job, error_code="throttled", error_message=GLAMS_WORDS)
    assert asked(client, job)["error"] is None


def test_a_ready_job_has_its_picture_and_no_address_of_glams(client: Client, job: TryOnJob) -> None:
    result = finish(job)
    said = asked(client, job)
    assert said["results"] == [
        {"url": f"/tryon/jobs/{job.pk}/results/0/", "width": 240, "height": 320}
    ]
    answer = client.get(said["results"][0]["url"])
    with result.image.open("rb") as stored:
        assert answer.content == stored.read()
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["X-Content-Type-Options"] == "nosniff"
    html = client.get(f"/tryon/jobs/{job.pk}/").content.decode()
    assert said["results"][0]["url"] in html
    assert "getglam" not in html


def test_a_result_that_is_not_there_is_not_found(client: Client, job: TryOnJob) -> None:
    finish(job)
    for position in ("1", "99999999999999999999", "x"):
        assert client.get(f"/tryon/jobs/{job.pk}/results/{position}/").status_code == 404


def test_a_job_whose_product_is_gone_is_shown_without_it(
    client: Client, job: TryOnJob, product: Product
) -> None:
    finish(job)
    product.delete()
    said = asked(client, job)
    assert (said["title"], said["garment_url"], said["add_to_cart_url"]) == ("Linen shirt", "", "")
    assert client.get(f"/tryon/jobs/{job.pk}/").status_code == 200


def test_a_job_whose_photo_is_gone_is_shown_without_it(post: Post, client: Client) -> None:
    said = post(photo=upload(), **agreed()).json()
    photo = PersonPhoto.objects.get()
    photo.image.delete()
    assert client.get(said["photo_url"]).status_code == 404
    photo.delete()
    assert client.get(said["url"], headers=JSON).json()["photo_url"] == ""


def test_the_answers_about_a_job_are_kept_by_no_cache(client: Client, job: TryOnJob) -> None:
    for headers in ({}, JSON):
        answer = client.get(f"/tryon/jobs/{job.pk}/", headers=headers)
        assert answer["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("signed_in", [False, True])
@pytest.mark.parametrize("status", ["pending", "in_progress", "ready", "failed"])
def test_asking_about_a_job_costs_two_queries(
    client: Client, post: Post, house_model: PersonPhoto, signed_in: bool, status: str
) -> None:
    if signed_in:
        client.force_login(User.objects.create_user("ada"))
    address = post(house_model=house_model.pk).json()["url"]
    job = TryOnJob.objects.get()
    put(job, status=status)
    if status == "ready":
        finish(job)
        assert client.post(f"{address}share/", headers=JSON).json()["share"]
    client.get(address, headers=JSON)
    with CaptureQueriesContext(connection) as queries:
        said = client.get(address, headers=JSON).json()
    assert bool(said["results"]) is bool(said["share"]) is (status == "ready")
    # Beside the session, and its user: the job with all that is its own, and its product.
    assert len(queries) <= 3 + signed_in, [query["sql"] for query in queries]
    if status == "in_progress":
        tag = client.get(address, headers=JSON)["ETag"]
        with CaptureQueriesContext(connection) as queries:
            assert known(client, job, tag).status_code == 304
        assert len(queries) == 2 + signed_in


def known(client: Client, job: TryOnJob, tag: str) -> Any:
    """Ask as a page does that knows the answer with this tag."""
    headers = {**JSON, "if-none-match": tag}
    return client.get(f"/tryon/jobs/{job.pk}/", headers=headers)


def test_an_answer_that_the_page_knows_is_not_said_again(client: Client, job: TryOnJob) -> None:
    first = client.get(f"/tryon/jobs/{job.pk}/", headers=JSON)
    # Servers that compress an answer weaken its tag.
    for tag in (first["ETag"], f"W/{first['ETag']}"):
        answer = known(client, job, tag)
        assert (answer.status_code, answer.content) == (304, b"")
        assert int(answer["X-Glam-Tryon-Poll-After"]) > 0
    for fields in ({"status": "in_progress"}, {"status": "unconfirmed"}, {"status": "canceled"}):
        put(job, **fields)
        assert known(client, job, first["ETag"]).json()["status"] == fields["status"]


def test_an_unchanged_answer_is_nobody_elses(
    stranger: Client, client: Client, job: TryOnJob
) -> None:
    tag = client.get(f"/tryon/jobs/{job.pk}/", headers=JSON)["ETag"]
    assert known(stranger, job, tag).status_code == 404


def test_another_language_is_another_answer(client: Client, job: TryOnJob, settings: Any) -> None:
    tag = client.get(f"/tryon/jobs/{job.pk}/", headers=JSON)["ETag"]
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.middleware.locale.LocaleMiddleware"]
    german = Client(headers={"accept-language": "de"})
    german.cookies = client.cookies
    # The middleware leaves the language on for whatever this thread does next.
    with override("en"):
        answer = known(german, job, tag)
    assert answer.status_code == 200
    assert answer.json()["words"] != "Getting ready"


POLL_AFTER = [
    # What the row says, and the milliseconds within which the page shall ask again.
    ("in_progress", {"next_step_at": after(4)}, 3900, 4300),
    ("in_queue", {"next_step_at": after(0.5)}, 400, 800),
    ("in_progress", {"next_step_at": after(-0.1)}, 150, 400),
    # A worker that died is asked for less and less.
    ("in_progress", {"next_step_at": after(-60)}, 3000, 3000),
    ("storing", {"next_step_at": after(60), "lease_token": "x"}, 150, 400),
    ("storing", {"next_step_at": after(55), "lease_token": "x"}, 2000, 3000),
    ("unconfirmed", {"next_step_at": after(600)}, 10_000, 10_000),
    ("pending", {"created_at": after(0)}, 300, 400),
    ("pending", {"created_at": after(-600)}, 3000, 3000),
    # Polled for its slot many times a second: the learned durations say when.
    (
        "in_progress",
        {"next_step_at": after(0.05), "polled_at": after(-0.05), "submitted_at": after(-17)},
        400,
        5000,
    ),
    (
        "in_progress",
        {"next_step_at": after(60), "lease_token": "x", "polled_at": after(-0.05)}
        | {"submitted_at": after(-17)},
        400,
        5000,
    ),
]


@pytest.mark.parametrize(("status", "fields", "least", "most"), POLL_AFTER)
def test_the_page_is_told_when_the_next_step_can_have_ended(
    client: Client, job: TryOnJob, status: str, fields: dict[str, Any], least: int, most: int
) -> None:
    put(job, status=status, **{"lease_token": "", "queue": 0, **fields})
    answer = client.get(f"/tryon/jobs/{job.pk}/", headers=JSON)
    assert least <= int(answer["X-Glam-Tryon-Poll-After"]) <= most


def test_an_order_says_when_to_ask_first_and_an_end_says_nothing(
    client: Client, post: Post, house_model: PersonPhoto
) -> None:
    assert 0 < int(post(house_model=house_model.pk)["X-Glam-Tryon-Poll-After"]) <= 500
    finish(job := TryOnJob.objects.get())
    answer = client.get(f"/tryon/jobs/{job.pk}/", headers=JSON)
    assert "X-Glam-Tryon-Poll-After" not in answer
    assert "ETag" not in answer


# Canceling.


def test_canceling_with_a_script_is_answered_with_the_job(client: Client, job: TryOnJob) -> None:
    put(job, error_code="throttled", error_message=GLAMS_WORDS)
    answer = client.post(f"/tryon/jobs/{job.pk}/cancel/", headers=JSON)
    assert answer.status_code == 200
    said = answer.json()
    assert (said["status"], said["over"], said["cancel_url"]) == ("canceled", True, "")
    assert said["error"] is None
    last = job.transitions.last()
    assert last is not None
    assert last.note == "by the shopper"


def test_canceling_without_a_script_leads_back_to_the_page(client: Client, job: TryOnJob) -> None:
    answer = client.post(f"/tryon/jobs/{job.pk}/cancel/")
    assert (answer.status_code, answer["Location"]) == (302, f"/tryon/jobs/{job.pk}/")
    assert "Canceled" in client.get(answer["Location"]).content.decode()


def test_canceling_what_is_over_changes_nothing_and_says_how_it_ended(
    client: Client, job: TryOnJob
) -> None:
    finish(job)
    said = client.post(f"/tryon/jobs/{job.pk}/cancel/", headers=JSON).json()
    assert (said["status"], len(said["results"])) == ("ready", 1)


# Pictures that anybody may see.


def test_a_house_models_picture_is_for_everybody(client: Client, house_model: PersonPhoto) -> None:
    answer = client.get(f"/tryon/house-models/{house_model.pk}.jpg")
    with house_model.image.open("rb") as stored:
        assert answer.content == stored.read()
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["Cache-Control"] == "public, max-age=3600"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_a_shoppers_photo_is_no_house_models_picture(client: Client) -> None:
    photo = jobs.add_photo(upload(), visitor="ada", consent=jobs.current_consent())
    assert client.get(f"/tryon/house-models/{photo.pk}.jpg").status_code == 404


def test_a_house_models_card_is_small_and_for_everybody(client: Client) -> None:
    load_house_models()
    cards = []
    for model in PersonPhoto.objects.all():
        answer = client.get(f"/tryon/house-models/{model.pk}/card.webp")
        assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == (
            "image/webp",
            "nosniff",
        )
        assert answer["Cache-Control"] == "public, max-age=3600"
        with Image.open(BytesIO(answer.content)) as image:
            assert image.format == "WEBP"
            assert max(image.size) == 320
        cards.append(len(answer.content))
    assert len(cards) == 4
    assert sum(cards) <= 25_000


@pytest.mark.parametrize("name", [".jpg", "/card.webp"])
def test_a_house_model_that_is_not_offered_is_not_found(
    client: Client, house_model: PersonPhoto, name: str
) -> None:
    PersonPhoto.objects.update(is_active=False)
    assert client.get(f"/tryon/house-models/{house_model.pk}{name}").status_code == 404


def test_a_garments_picture_is_for_everybody(client: Client, product: Product) -> None:
    answer = client.get(garment_url(product))
    assert answer.content == picture()
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
    assert answer["Cache-Control"] == "public, max-age=300"


def test_a_garment_picture_that_is_a_script_cannot_run(client: Client, product: Product) -> None:
    product.photo.save("shirt.html", ContentFile(b"<script>alert(1)</script>"))
    answer = client.get(garment_url(product))
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize("missing", ["picture", "file", "product"])
def test_a_garment_picture_that_is_missing_is_not_found(
    client: Client, product: Product, missing: str
) -> None:
    address = garment_url(product)
    if missing == "picture":
        product.photo.delete()
    if missing == "file":
        product.photo.storage.delete(product.photo.name)
    if missing == "product":
        product.delete()
    assert client.get(address).status_code == 404
