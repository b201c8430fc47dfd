"""Wrong keys, files and links, and things that vanish meanwhile: a clear word, and nothing lost."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.test import Client

from example_project.shop.models import Product
from glam_tryon import jobs
from glam_tryon.exceptions import GarmentUnavailable, InvalidImage
from glam_tryon.images import normalise
from glam_tryon.messages import job_error_message
from glam_tryon.models import (
    Account,
    ConsentRecord,
    PersonPhoto,
    TryOnJob,
    TryOnResult,
    TryOnSubmission,
)
from glam_tryon.models.clock import database_time
from glam_tryon.models.consent_record import text_sha256
from glam_tryon.privacy.consent import current_text
from glam_tryon.sandbox import FaultScript, Sandbox
from glam_tryon.views.product import start_url
from glam_tryon.worker.poller import Poller
from tests.shop import KEY, picture

# Those that use ``glam`` work on committed rows, for its server runs in another thread.
pytestmark = [pytest.mark.database, pytest.mark.django_db]

Order = Callable[..., TryOnJob]
Drain = Callable[..., None]

MEGABYTE = 1024 * 1024


def step(name: str) -> ModuleType:
    """The module, which its package hides behind the function of the same name."""
    return importlib.import_module(f"glam_tryon.worker.steps.{name}")


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Glam is asked again at once, and an error is followed by the next try."""
    for module in ("submit", "poll"):
        for name in ("next_poll_seconds", "back_off_seconds"):
            monkeypatch.setattr(step(module), name, lambda *_, **__: 0.01)
    monkeypatch.setattr(step("cancel_cleanup"), "WATCH_SECONDS", 0.01)


def once() -> int:
    """One pass over what is due, by a poller of its own."""
    return Poller().run(once=True)


def statuses() -> list[str]:
    return list(TryOnJob.objects.order_by("created_at").values_list("status", flat=True))


def use(settings: Any, **values: Any) -> None:
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, **values}


def stored(media_root: Path, folder: str = "") -> list[Path]:
    """Files of one folder; of the jobs' own folders when none is named."""
    names = [folder] if folder else ["*-*"]
    return [path for name in names for path in (media_root / "glam_tryon").glob(f"{name}/*")]


# The key.


def raises() -> str:
    raise OSError("the vault is sealed: wrong-key")


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("wrong-key", ""),
        ("", 'GLAM_TRYON["API_KEY"] is missing; set it to the key of the provider\'s account'),
        (raises, 'GLAM_TRYON["API_KEY"] is missing: the callable raised OSError'),
    ],
    ids=["wrong", "none", "vault"],
)
def test_without_a_right_key_jobs_wait_and_go_on_by_themselves_once_it_is_right(
    key: Any,
    said: str,
    order: Order,
    drain: Drain,
    glam: Sandbox,
    settings: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    use(settings, API_KEY=key)
    for _ in range(3):
        order()
    assert once() == 2
    assert once() == 0
    state = Account.load()
    assert (state.pause_code, bool(state.paused_at)) == ("bad_key", True)
    assert said in state.pause_detail
    assert statuses() == ["pending"] * 3
    assert glam.accepted == []
    assert TryOnSubmission.objects.holding_slots().count() == 0
    assert not TryOnSubmission.objects.filter(event_id__isnull=False).exists()
    told = [record.getMessage() for record in caplog.records if record.levelname == "CRITICAL"]
    assert len(told) == 1
    assert "submitting is paused (bad_key)" in told[0]
    assert said in told[0]
    assert "wrong-key" not in caplog.text

    use(settings, API_KEY=lambda: KEY)
    drain()
    assert statuses() == ["ready"] * 3
    assert Account.load().paused_at is None
    assert len(glam.accepted) == 3


def test_a_key_that_is_still_the_wrong_one_does_not_try_again(
    order: Order, glam: Sandbox, settings: Any
) -> None:
    use(settings, API_KEY="wrong-key")
    order()
    once()
    asked = len(glam.requests)
    use(settings, API_KEY=lambda: "wrong-key")
    TryOnJob.objects.run_now()
    assert once() == 0
    assert len(glam.requests) == asked


def test_no_credits_pause_all_submits_until_a_person_says_so(
    order: Order, drain: Drain, glam: Sandbox
) -> None:
    answer = {"status": 402, "body": {"detail": "Your balance is empty"}}
    glam.faults = FaultScript.from_rules([{"on": "submit", "times": 2, "do": answer}])
    for _ in range(3):
        order()
    once()
    state = Account.load()
    assert (state.pause_code, state.pause_detail) == ("no_credits", "Your balance is empty")
    assert statuses() == ["pending"] * 3
    TryOnJob.objects.run_now()
    assert once() == 0
    assert glam.accepted == []

    Account.resume()
    drain()
    assert statuses() == ["ready"] * 3
    assert len(glam.accepted) == 3


# The garment.


def test_an_unknown_mask_type_buys_nothing(order: Order, glam: Sandbox) -> None:
    with pytest.raises(GarmentUnavailable, match="use 'overall', 'upper' or 'lower'"):
        order(mask_type="sleeves")
    assert once() == 0
    assert glam.requests == []


def test_a_missing_garment_picture_buys_nothing(
    order: Order, product: Product, glam: Sandbox
) -> None:
    product.photo.delete()
    with pytest.raises(GarmentUnavailable, match="Linen shirt has no picture to try on"):
        order()
    assert once() == 0
    assert glam.requests == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda product: product.photo.delete(),
        lambda product: Product.objects.update(fit="sleeves"),
        lambda product: product.photo.save("a.jpg", SimpleUploadedFile("a.jpg", b"price list")),
    ],
    ids=["missing", "mask", "unreadable"],
)
def test_a_shopper_is_told_that_the_product_is_the_trouble(
    client: Client, product: Product, house_model: PersonPhoto, spoil: Callable[[Product], object]
) -> None:
    spoil(product)
    answer = client.post(
        start_url(product), {"house_model": house_model.pk}, headers={"accept": "application/json"}
    )
    assert answer.status_code == 409
    assert (
        answer.json()["error"]["message"]
        == "This product cannot be tried on now. Please choose another one."
    )
    assert not TryOnJob.objects.exists()


# The upload.


def post_photo(client: Client, product: Product, file: SimpleUploadedFile) -> Any:
    consent = {"consent": "on", "consent_sha256": text_sha256(current_text())}
    return client.post(
        start_url(product), {"photo": file, **consent}, headers={"accept": "application/json"}
    )


def assert_nothing_is_kept(media_root: Path) -> None:
    assert not TryOnJob.objects.exists()
    assert not PersonPhoto.objects.exists()
    assert not ConsentRecord.objects.exists()
    assert stored(media_root, "photos") == []


def test_a_text_file_named_jpg_is_refused(
    client: Client, product: Product, media_root: Path
) -> None:
    file = SimpleUploadedFile("me.jpg", b"Dear shop, this is me.", "image/jpeg")
    answer = post_photo(client, product, file)
    assert answer.status_code == 400
    assert answer.json()["error"] == {
        "code": "not_a_picture",
        "message": "This file is not a photo. Please choose a JPEG, PNG or WebP picture.",
        "next": "photo",
        "ends_at": None,
    }
    assert_nothing_is_kept(media_root)


def test_an_upload_of_30_mb_is_refused_without_being_read(
    client: Client, product: Product, media_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As a file of this size it is on the disk already; not a byte of it comes back.
    monkeypatch.setattr(TemporaryUploadedFile, "read", lambda *_: pytest.fail("read into memory"))
    monkeypatch.setattr(TemporaryUploadedFile, "chunks", lambda *_: pytest.fail("read"))
    file = SimpleUploadedFile("me.jpg", picture() + bytes(30 * MEGABYTE), "image/jpeg")
    answer = post_photo(client, product, file)
    assert answer.status_code == 400
    assert answer.json()["error"] == {
        "code": "too_large",
        "message": "The photo is too large. Please choose a smaller one.",
        "next": "photo",
        "ends_at": None,
    }
    assert_nothing_is_kept(media_root)


def test_a_file_that_understates_its_size_is_not_read_further_than_allowed() -> None:
    class Endless:
        size = 1
        read_bytes = 0

        def read(self, size: int) -> bytes:
            self.read_bytes += size
            return bytes(size)

    file = Endless()
    with pytest.raises(InvalidImage) as caught:
        normalise(file, max_bytes=MEGABYTE)
    assert caught.value.code == "too_large"
    assert file.read_bytes == MEGABYTE + 1


def test_the_largest_upload_is_a_setting(client: Client, product: Product, settings: Any) -> None:
    use(settings, MAX_UPLOAD_BYTES=1024)
    file = SimpleUploadedFile("me.jpg", picture() + bytes(1024), "image/jpeg")
    assert post_photo(client, product, file).json()["error"]["code"] == "too_large"


# Links and pictures that are gone when Glam comes for them.


def test_a_photo_link_that_has_expired_fails_the_job_with_clear_words(
    order: Order, drain: Drain, glam: Sandbox, media_root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    glam.hold("fetch")
    job = order()
    once()
    assert statuses() == ["in_queue"]
    late = database_time("default") + timedelta(hours=3)
    with mock.patch("glam_tryon.signed_urls.database_time", return_value=late):
        glam.release()
        glam.wait_for(lambda: not glam.open_generations, 20)
    drain()
    job.refresh_from_db()
    assert (job.status, job.error_code) == ("failed", "glam_failed")
    assert str(job_error_message(job)) == (
        "The picture could not be drawn. Another photo may work better."
    )
    submission = job.submissions.get()
    assert (submission.fetched_at, submission.slot) == (None, None)
    assert not re.search(r"https?://|for-glam", job.error_message)
    assert submission.token not in caplog.text
    assert stored(media_root) == []
    assert not any(taken.fetched_photo for taken in glam.accepted)


def test_a_failed_job_is_not_bought_again_by_itself_but_by_retry(
    order: Order, drain: Drain, glam: Sandbox
) -> None:
    glam.faults = FaultScript.from_rules([{"on": "submit", "nth": 1, "do": {"fail": "No person"}}])
    job = order()
    drain()
    drain()
    job.refresh_from_db()
    assert (job.status, job.error_message, len(glam.accepted)) == ("failed", "No person", 1)
    jobs.retry(job)
    drain()
    job.refresh_from_db()
    assert (job.status, len(glam.accepted)) == ("ready", 2)


def test_a_product_deleted_while_its_job_runs_changes_nothing_for_the_job(
    order: Order, drain: Drain, product: Product, glam: Sandbox, client: Client
) -> None:
    glam.hold("fetch")
    job = order()
    once()
    product.photo.delete()
    product.delete()
    glam.release()
    drain()
    job.refresh_from_db()
    assert (job.status, job.garment_title, job.product) == ("ready", "Linen shirt", None)
    assert job.results.count() == 1


def test_a_product_deleted_before_its_job_is_sent_changes_nothing_for_the_job(
    order: Order, drain: Drain, product: Product
) -> None:
    job = order()
    product.photo.delete()
    product.delete()
    drain()
    job.refresh_from_db()
    assert job.status == "ready"


@pytest.mark.parametrize("how", ["row", "file"])
def test_a_photo_deleted_before_it_was_sent_cancels_the_job_and_buys_nothing(
    how: str, order: Order, drain: Drain, glam: Sandbox
) -> None:
    photo = jobs.add_photo(
        SimpleUploadedFile("me.jpg", picture()), visitor="ada", consent=jobs.current_consent()
    )
    job = order(visitor="ada", photo=photo)
    photo.image.delete()
    if how == "row":
        photo.delete()
    drain()
    job.refresh_from_db()
    assert (job.status, job.error_code) == ("canceled", "photo_expired")
    assert "choose it again" in job_error_message(job)
    assert glam.accepted == []
    assert TryOnSubmission.objects.holding_slots().count() == 0
    assert job.queue is None


def test_a_photo_whose_file_is_missing_fails_that_job_only(
    order: Order, drain: Drain, glam: Sandbox
) -> None:
    photo = jobs.add_photo(
        SimpleUploadedFile("me.jpg", picture()), visitor="ada", consent=jobs.current_consent()
    )
    photo.image.storage.delete(photo.image.name)
    order(visitor="ada", photo=photo)
    order()
    drain()
    assert statuses() == ["failed", "ready"]
    assert sum(taken.generated for taken in glam.accepted) == 1


# Jobs and people that are gone before the picture is there.


def test_a_job_deleted_while_glam_draws_leaves_no_picture_and_breaks_nothing(
    order: Order, drain: Drain, glam: Sandbox, media_root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    glam.hold()
    order()
    once()
    TryOnJob.objects.all().delete()
    glam.release()
    glam.wait_for(lambda: not glam.open_generations, 20)
    drain()
    assert not TryOnResult.objects.exists()
    assert stored(media_root) == []
    # The ledger outlives the job: it may stand on the bill, and Glam may still be drawing.
    submission = TryOnSubmission.objects.get()
    assert (submission.job, submission.outcome, submission.slot) == (None, "accepted", 0)
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("place", ["before_poll", "after_poll", "after_download", "after_save"])
def test_a_job_deleted_within_a_step_stores_nothing_late(
    place: str,
    order: Order,
    drain: Drain,
    glam: Sandbox,
    media_root: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def delete(reached: str) -> None:
        if reached == place:
            TryOnJob.objects.all().delete()

    for module in ("poll", "store"):
        monkeypatch.setattr(step(module), "crashpoint", delete)
    order()
    drain()
    assert not TryOnJob.objects.exists()
    assert not TryOnResult.objects.exists()
    assert stored(media_root) == []


@pytest.mark.parametrize("place", ["before_poll", "after_poll", "after_download", "after_save"])
def test_a_job_canceled_within_a_step_stores_nothing_late(
    place: str,
    order: Order,
    drain: Drain,
    glam: Sandbox,
    media_root: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def cancel(reached: str) -> None:
        if reached == place:
            jobs.cancel(TryOnJob.objects.get())

    for module in ("poll", "store"):
        monkeypatch.setattr(step(module), "crashpoint", cancel)
    order()
    drain()
    job = TryOnJob.objects.get()
    assert (job.status, job.queue) == ("canceled", None)
    assert not TryOnResult.objects.exists()
    assert stored(media_root) == []
    assert TryOnSubmission.objects.holding_slots().count() == 0


def test_an_account_deleted_while_glam_draws_breaks_nothing_and_nobody_inherits_the_job(
    drain: Drain, order: Order, glam: Sandbox, client: Client
) -> None:
    user = User.objects.create_user("ada")
    glam.hold()
    job = order(user=user, visitor="")
    once()
    user.delete()
    glam.release()
    drain()
    job.refresh_from_db()
    # Deleting the user erases: what Glam brings later is not kept.
    assert (job.status, job.user, job.results.count()) == ("canceled", None, 0)
    client.force_login(User.objects.create_user("bob"))
    assert client.get(f"/tryon/jobs/{job.pk}/").status_code == 404
