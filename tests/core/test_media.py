"""The links by which Glam fetches a submission's pictures: who may, when, and what is written."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import django
import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.utils import timezone
from django.utils.log import AdminEmailHandler
from PIL import Image

from example_project.shop import views as shop_views
from glam_tryon import signed_urls as media
from glam_tryon.exceptions import SettingError
from glam_tryon.models import TryOnJob, TryOnSubmission
from glam_tryon.models.clock import DatabaseNow, database_time
from glam_tryon.models.status import Status
from glam_tryon.signed_urls import GARMENT, PHOTO, link_for_glam
from glam_tryon.views import pictures

pytestmark = pytest.mark.django_db

SHOP = "https://shop.example.com"


@pytest.fixture(autouse=True)
def address(settings: Any) -> None:
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "PUBLIC_BASE_URL": SHOP, "LINK_SECONDS": 600}


@pytest.fixture
def submission(order: Callable[..., TryOnJob]) -> TryOnSubmission:
    job = order()
    TryOnJob.objects.filter(pk=job.pk).update(status=Status.IN_QUEUE)
    return TryOnSubmission.objects.create(
        job=job, job_key=job.pk, number=1, slot=0, started_at=DatabaseNow()
    )


def break_off(*args: Any, **kwargs: Any) -> None:
    raise ConnectionError("the worker dies, or the storage is away")


def path_of(submission: TryOnSubmission, what: str = PHOTO) -> str:
    return link_for_glam(submission, what).removeprefix(SHOP)


def fetched_at(submission: TryOnSubmission) -> datetime | None:
    submission.refresh_from_db()
    return submission.fetched_at


# What Glam gets.


@pytest.mark.parametrize("what", [PHOTO, GARMENT])
def test_glam_gets_each_picture_by_its_link(
    client: Client, submission: TryOnSubmission, what: str
) -> None:
    answer = client.get(path_of(submission, what))
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
    assert Image.open(io.BytesIO(answer.content)).size == (240, 320)


def test_the_two_pictures_are_not_the_same_one(client: Client, submission: TryOnSubmission) -> None:
    photo = client.get(path_of(submission, PHOTO))
    assert photo.content != client.get(path_of(submission, GARMENT)).content


@pytest.mark.parametrize("what", [PHOTO, GARMENT])
def test_a_picture_can_be_nothing_but_a_picture_and_is_kept_by_nobody(
    client: Client, submission: TryOnSubmission, what: str
) -> None:
    answer = client.get(path_of(submission, what))
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["Content-Disposition"] == "inline"
    assert not answer.cookies


def test_a_link_names_neither_job_nor_photo(submission: TryOnSubmission) -> None:
    job = submission.job
    assert job is not None
    assert job.person_photo is not None
    link = link_for_glam(submission, PHOTO)
    assert link.startswith(f"{SHOP}/tryon/for-glam/photo/")
    assert link.endswith(".jpg")
    for secret in (job.pk, job.person_photo.pk, job.person_photo.image.name):
        assert str(secret) not in link


def test_two_submissions_of_one_job_have_links_of_their_own(submission: TryOnSubmission) -> None:
    second = TryOnSubmission.objects.create(
        job=submission.job, job_key=submission.job_key, number=2, started_at=DatabaseNow()
    )
    assert path_of(second).split(":")[0] != path_of(submission).split(":")[0]


def test_without_an_address_of_the_shop_there_is_no_link(
    settings: Any, submission: TryOnSubmission
) -> None:
    settings.GLAM_TRYON = {"API_KEY": "key"}
    with pytest.raises(SettingError, match=r'GLAM_TRYON\["PUBLIC_BASE_URL"\] is missing'):
        link_for_glam(submission, PHOTO)


# Who is sent away.


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """``later(600)`` lets so many seconds pass on the database's clock, as links see it."""

    def later(seconds: float) -> None:
        passed = timedelta(seconds=seconds)
        monkeypatch.setattr(media, "database_time", lambda using: database_time(using) + passed)

    return later


@pytest.mark.parametrize("what", [PHOTO, GARMENT])
def test_a_link_dies_after_its_time(
    client: Client, submission: TryOnSubmission, what: str, later: Callable[[float], None]
) -> None:
    path = path_of(submission, what)
    later(590)
    assert client.head(path).status_code == 200
    later(610)
    assert client.get(path).status_code == 404
    assert fetched_at(submission) is None


@pytest.mark.parametrize("what", [PHOTO, GARMENT])
@pytest.mark.parametrize("worker_hours", [-3, 0, 3])
@pytest.mark.parametrize("web_hours", [-3, 0, 3])
def test_a_clock_that_is_hours_off_ends_no_link_and_lengthens_none(
    client: Client,
    submission: TryOnSubmission,
    what: str,
    worker_hours: int,
    web_hours: int,
    later: Callable[[float], None],
) -> None:
    with time_machine.travel(timezone.now() + timedelta(hours=worker_hours)):
        path = path_of(submission, what)
    with time_machine.travel(timezone.now() + timedelta(hours=web_hours)):
        assert client.get(path).status_code == 200
        later(610)
        assert client.get(path).status_code == 404


def test_a_link_lives_as_long_as_the_setting_says_now(
    client: Client, settings: Any, submission: TryOnSubmission, later: Callable[[float], None]
) -> None:
    path = path_of(submission)
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "LINK_SECONDS": 60}
    later(70)
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "forge",
    [
        lambda path: path.replace("/photo/", "/garment/"),
        lambda path: path.replace("/photo/", "/selfie/"),
        lambda path: path.replace("/photo/", "/photo/x"),
        lambda path: path.replace(".jpg", "x.jpg"),
        lambda path: path.split(":")[0] + ".jpg",
        lambda path: path.rpartition(":")[0] + ":.jpg",
        lambda path: "/tryon/for-glam/photo/%00.jpg",
    ],
    ids=["garment", "word", "token", "signature", "unsigned", "empty", "nothing"],
)
def test_a_forged_link_opens_nothing(
    client: Client, submission: TryOnSubmission, forge: Callable[[str], str]
) -> None:
    path = path_of(submission)
    assert forge(path) != path
    assert client.get(forge(path)).status_code == 404
    assert fetched_at(submission) is None


def test_a_link_to_the_garment_does_not_open_the_photo(
    client: Client, submission: TryOnSubmission
) -> None:
    path = path_of(submission, GARMENT)
    assert client.get(path.replace("/garment/", "/photo/")).status_code == 404
    assert fetched_at(submission) is None


def test_a_link_signed_with_another_secret_opens_nothing(
    client: Client, settings: Any, submission: TryOnSubmission
) -> None:
    path = path_of(submission)
    settings.SECRET_KEY = "another secret that is as long as the one before it was, if not longer"
    assert client.get(path).status_code == 404


def test_a_rightly_signed_link_to_no_submission_opens_nothing(client: Client) -> None:
    signed = media._Signer(PHOTO).sign("no such token")
    assert client.get(f"/tryon/for-glam/photo/{signed}.jpg").status_code == 404


def test_the_link_of_a_deleted_job_opens_nothing(
    client: Client, submission: TryOnSubmission
) -> None:
    paths = [path_of(submission, what) for what in (PHOTO, GARMENT)]
    TryOnJob.objects.all().delete()
    assert [client.get(path).status_code for path in paths] == [404, 404]


AT_WORK = {Status.SUBMITTING, Status.UNCONFIRMED, Status.IN_QUEUE, Status.IN_PROGRESS}


@pytest.mark.parametrize("fetched", [False, True], ids=["unused", "used"])
@pytest.mark.parametrize("what", [PHOTO, GARMENT])
@pytest.mark.parametrize("status", list(Status))
def test_a_link_opens_only_while_its_job_is_at_work(
    client: Client, submission: TryOnSubmission, status: Status, what: str, fetched: bool
) -> None:
    if fetched:
        assert client.get(path_of(submission, PHOTO)).status_code == 200
    TryOnJob.objects.update(status=status)
    assert client.get(path_of(submission, what)).status_code == (200 if status in AT_WORK else 404)
    assert (fetched_at(submission) is not None) is (
        fetched or (status in AT_WORK and what == PHOTO)
    )


@pytest.mark.parametrize("what", [PHOTO, GARMENT])
@pytest.mark.parametrize("end", ["hidden", "closed"])
def test_a_used_link_is_dead_once_its_job_is_deleted_or_its_submission_closed(
    client: Client, submission: TryOnSubmission, end: str, what: str
) -> None:
    assert client.get(path_of(submission)).status_code == 200
    if end == "hidden":
        TryOnJob.objects.update(deleted_at=DatabaseNow())
    else:
        TryOnSubmission.objects.all().free_slot()
    assert client.get(path_of(submission, what)).status_code == 404


@pytest.mark.parametrize(
    "near",
    [
        lambda path: path + "/",
        lambda path: path.removesuffix(".jpg"),
        lambda path: path.removesuffix(".jpg") + ".JPG",
        lambda path: path.replace("/photo/", "/photo//"),
        lambda path: path.replace("/photo/", "/"),
        lambda path: path + "%0A",
        lambda path: path + "/more/of/it?and=this",
    ],
    ids=["slash", "bare", "capitals", "double", "short", "line feed", "longer"],
)
@pytest.mark.parametrize("ask", ["get", "post"])
def test_what_is_nearly_a_link_is_not_found_and_not_logged(
    client: Client,
    submission: TryOnSubmission,
    near: Callable[[str], str],
    ask: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = getattr(client, ask)(near(path_of(submission)))
    assert answer.status_code == 404
    assert submission.token not in caplog.text
    assert submission.token not in repr([vars(record) for record in caplog.records])
    assert fetched_at(submission) is None


def test_the_link_to_a_photo_that_was_deleted_opens_nothing_and_is_no_fetch(
    client: Client, submission: TryOnSubmission
) -> None:
    assert submission.job is not None
    assert submission.job.person_photo is not None
    path = path_of(submission)
    submission.job.person_photo.image.delete()
    assert client.get(path).status_code == 404
    assert fetched_at(submission) is None


def test_a_photo_that_is_gone_from_the_storage_is_no_fetch(
    client: Client, submission: TryOnSubmission
) -> None:
    assert submission.job is not None
    assert submission.job.person_photo is not None
    image = submission.job.person_photo.image
    image.storage.delete(image.name)
    assert client.get(path_of(submission)).status_code == 404
    assert fetched_at(submission) is None


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch", "options"])
def test_a_link_is_for_reading(client: Client, submission: TryOnSubmission, method: str) -> None:
    assert getattr(client, method)(path_of(submission)).status_code == 405
    assert fetched_at(submission) is None


@pytest.mark.parametrize("trouble", ["forged", "revoked", "storage", "method"])
def test_no_log_holds_a_link_whatever_goes_wrong(
    submission: TryOnSubmission,
    trouble: str,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    mailoutbox: list[Any],
) -> None:
    path = path_of(submission)
    if trouble == "revoked":
        TryOnSubmission.objects.filter(pk=submission.pk).revoke()
    if trouble == "storage":
        monkeypatch.setattr(pictures, "_read", break_off)
    ask = Client().post if trouble == "method" else Client().get
    answer = ask(path.replace(".jpg", "x.jpg") if trouble == "forged" else path)
    assert answer.status_code == {"storage": 503, "method": 405}.get(trouble, 404)
    (record,) = [record for record in caplog.records if record.name == "django.request"]
    assert record.getMessage().endswith("/tryon/for-glam/[link]")
    ada = "ada@example.com"
    settings.ADMINS = [ada if django.VERSION >= (6, 0) else ("Ada", ada)]
    AdminEmailHandler(include_html=True).emit(record)
    (mail,) = mailoutbox
    written = caplog.text + mail.body + mail.alternatives[0][0]
    assert submission.token not in written
    assert path.rpartition(":")[2].removesuffix(".jpg") not in written


# Fetching and revoking exclude each other.


def test_the_first_fetch_is_written_down_and_the_second_changes_nothing(
    client: Client, submission: TryOnSubmission
) -> None:
    path = path_of(submission)
    assert client.get(path).status_code == 200
    first = fetched_at(submission)
    assert first is not None
    assert client.get(path).status_code == 200
    assert fetched_at(submission) == first


def test_asking_for_the_head_is_no_fetch(client: Client, submission: TryOnSubmission) -> None:
    answer = client.head(path_of(submission))
    assert (answer.status_code, answer.content) == (200, b"")
    assert fetched_at(submission) is None


def test_fetching_the_garment_is_no_fetch(client: Client, submission: TryOnSubmission) -> None:
    client.get(path_of(submission, GARMENT))
    assert fetched_at(submission) is None


def test_what_was_revoked_cannot_be_fetched(client: Client, submission: TryOnSubmission) -> None:
    assert TryOnSubmission.objects.filter(pk=submission.pk).revoke() == 1
    for what in (PHOTO, GARMENT):
        assert client.get(path_of(submission, what)).status_code == 404
        assert client.head(path_of(submission, what)).status_code == 404
    assert fetched_at(submission) is None


def test_what_was_fetched_cannot_be_revoked(client: Client, submission: TryOnSubmission) -> None:
    client.get(path_of(submission))
    rows = TryOnSubmission.objects.filter(pk=submission.pk)
    assert rows.revoke() == 0
    assert rows.give_up() is False
    submission.refresh_from_db()
    assert submission.revoked_at is None
    assert client.get(path_of(submission)).status_code == 200


def test_a_submission_is_revoked_once(submission: TryOnSubmission) -> None:
    rows = TryOnSubmission.objects.filter(pk=submission.pk)
    assert (rows.revoke(), rows.revoke()) == (1, 0)


def test_a_revocation_between_the_look_and_the_fetch_wins(
    client: Client, submission: TryOnSubmission, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = pictures._read

    def read_slowly(file: Any) -> bytes:
        TryOnSubmission.objects.filter(pk=submission.pk).revoke()
        return read(file)

    monkeypatch.setattr(pictures, "_read", read_slowly)
    assert client.get(path_of(submission)).status_code == 404
    assert fetched_at(submission) is None


@pytest.mark.django_db(transaction=True)
def test_the_fetch_is_on_record_before_the_picture_leaves_also_with_atomic_requests(
    submission: TryOnSubmission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)

    monkeypatch.setattr(pictures, "picture_response", break_off)
    assert Client().get(path_of(submission)).status_code == 503
    assert fetched_at(submission) is not None


@pytest.mark.django_db(transaction=True)
def test_atomic_requests_do_take_back_what_a_view_of_the_shops_wrote(
    client: Client, monkeypatch: pytest.MonkeyPatch, order: Callable[..., TryOnJob]
) -> None:
    """The counter-proof: the test above would see it if the setting did nothing."""
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    name = str(uuid.uuid4())

    def write_and_break(*args: Any) -> None:
        TryOnJob.objects.update(garment_title=name)
        raise ConnectionError("the worker dies while it answers")

    order()
    monkeypatch.setattr(shop_views, "render", write_and_break)
    client.raise_request_exception = False
    assert client.get("/").status_code == 500
    assert not TryOnJob.objects.filter(garment_title=name).exists()
