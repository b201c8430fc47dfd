"""The shop's own functions: what they get, what a refusal does, and that no answer is no yes."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import Client
from PIL import Image

from example_project.shop.models import Product
from example_project.shop.photos import check_photo
from glam_tryon import jobs
from glam_tryon.exceptions import HookFailed, PhotoRefused
from glam_tryon.hooks import consult
from glam_tryon.images import NormalisedImage, normalise
from glam_tryon.messages import job_error_message
from glam_tryon.models import ConsentRecord, PersonPhoto, TryOnJob, TryOnSubmission
from glam_tryon.models.consent_record import text_sha256
from glam_tryon.privacy.consent import current_text
from glam_tryon.sandbox import Sandbox
from glam_tryon.views.product import start_url
from glam_tryon.worker.poller import Poller
from tests.images.pictures import encoded, scene
from tests.shop import picture
from tests.storefront.shoppers import ask, files

pytestmark = pytest.mark.django_db

Order = Callable[..., TryOnJob]
Drain = Callable[..., None]

#: What the hook below does; a test that expects a call sets it.
does: list[Callable[..., Any]] = []
#: What the hook was called with.
calls: list[tuple[Any, ...]] = []
NOT_A_FUNCTION = "text"


def hook(*arguments: Any, **named: Any) -> Any:
    """The shop's function that the tests name by dotted path."""
    calls.append((*arguments, named))
    return does[-1](*arguments, **named)


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    yield
    calls.clear()
    does.clear()


def set_behaviour(function: Callable[..., Any]) -> None:
    does.append(function)


def use(settings: Any, **values: Any) -> None:
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, **values}


def refuse(*arguments: str) -> Callable[..., Any]:
    def refusing(*_arguments: Any, **_named: Any) -> None:
        raise PhotoRefused(*arguments)

    return refusing


def broken(*_arguments: Any, **_named: Any) -> None:
    raise OSError("the service is away")


NO_ANSWERS = [broken, lambda *_, **__: True, lambda *_, **__: False, lambda *_, **__: "no"]
NO_ANSWER_NAMES = ["raises", "true", "false", "text"]


# At the upload.


@pytest.fixture
def checked(settings: Any) -> None:
    use(settings, PHOTO_CHECK="tests.core.test_hooks.hook")


def test_a_photo_check_gets_the_photo_as_it_would_be_kept(
    client: Client, product: Product, checked: None
) -> None:
    set_behaviour(lambda _photo: None)
    assert ask(client, product).status_code == 201
    ((photo, named),) = calls
    assert isinstance(photo, NormalisedImage)
    assert (photo.width, photo.height, named) == (240, 320, {})
    assert photo.sha256 == PersonPhoto.objects.get().sha256


def refused(client: Client, product: Product, status: int) -> dict[str, str]:
    answer = ask(client, product)
    assert answer.status_code == status
    error: dict[str, str] = answer.json()["error"]
    return error


def assert_nothing_is_kept(media_root: Path) -> None:
    for model in (TryOnJob, PersonPhoto, ConsentRecord):
        assert not model._default_manager.exists()
    assert files(media_root) == set()


def test_a_photo_without_a_person_is_refused_in_words_and_nothing_is_kept(
    client: Client, product: Product, checked: None, media_root: Path
) -> None:
    set_behaviour(refuse())
    assert refused(client, product, 400) == {
        "code": "no_person_shape",
        "message": "No person can be seen in the photo. Please choose one that shows you from the "
        "head to the knees.",
        "next": "photo",
        "ends_at": None,
    }
    assert_nothing_is_kept(media_root)


def test_a_code_of_the_shops_own_comes_with_the_shops_words(
    client: Client, product: Product, checked: None
) -> None:
    set_behaviour(refuse("sunglasses", "Please take off your sunglasses."))
    error = refused(client, product, 400)
    assert error == {
        "code": "sunglasses",
        "message": "Please take off your sunglasses.",
        "next": "photo",
        "ends_at": None,
    }


def test_a_code_of_the_shops_own_without_words_gets_some(
    client: Client, product: Product, checked: None
) -> None:
    set_behaviour(refuse("sunglasses"))
    assert refused(client, product, 400) == {
        "code": "sunglasses",
        "message": "The shop cannot use this photo. Please choose another one.",
        "next": "photo",
        "ends_at": None,
    }


@pytest.mark.parametrize("no_answer", NO_ANSWERS, ids=NO_ANSWER_NAMES)
def test_a_photo_check_that_gives_no_answer_lets_nothing_in_and_blames_nobody(
    client: Client,
    product: Product,
    checked: None,
    media_root: Path,
    no_answer: Callable[..., Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    set_behaviour(no_answer)
    assert refused(client, product, 503) == {
        "code": "hook_failed",
        "message": "This cannot be checked now. Please try again later.",
        "next": "again",
        "ends_at": None,
    }
    assert_nothing_is_kept(media_root)
    assert 'GLAM_TRYON["PHOTO_CHECK"]' in caplog.text


def test_the_plain_page_says_the_same(client: Client, product: Product, checked: None) -> None:
    set_behaviour(broken)
    photo = SimpleUploadedFile("me.jpg", picture(), "image/jpeg")
    agreed = {"consent": "on", "consent_sha256": text_sha256(current_text())}
    answer = client.post(start_url(product), {"photo": photo, **agreed})
    assert answer.status_code == 503
    assert "This cannot be checked now." in answer.content.decode()


def test_a_house_model_is_not_asked_about(checked: None) -> None:
    jobs.add_photo(BytesIO(picture()), kind=PersonPhoto.Kind.HOUSE_MODEL)
    assert calls == []


def test_a_photo_used_again_is_not_asked_about_again(
    client: Client, product: Product, checked: None
) -> None:
    set_behaviour(lambda _photo: None)
    ask(client, product)
    kept = PersonPhoto.objects.get()
    assert ask(client, product, kept_photo=kept.pk).status_code == 201
    assert len(calls) == 1


# Before Glam is paid.


@pytest.fixture
def moderated(glam: Sandbox, settings: Any, constants: Callable[..., None]) -> None:
    use(settings, MODERATE_PHOTO="tests.core.test_hooks.hook")
    constants("worker.steps.submit", MODERATE_SECONDS=5.0)


@pytest.fixture
def shopper_order(order: Order) -> Callable[[], TryOnJob]:
    def shopper_order() -> TryOnJob:
        photo = jobs.add_photo(
            BytesIO(picture(colour="#aa7755")), visitor="ada", consent=jobs.current_consent()
        )
        return order(photo=photo, visitor="ada")

    return shopper_order


def once() -> None:
    Poller().run(once=True)


def test_moderation_gets_the_photo_and_the_job_once_before_the_post(
    moderated: None, shopper_order: Callable[[], TryOnJob], drain: Drain, glam: Sandbox
) -> None:
    taken: list[int] = []
    set_behaviour(lambda _content, job: taken.append(len(glam.accepted)))
    job = shopper_order()
    drain()
    job.refresh_from_db()
    assert (job.status, taken) == ("ready", [0])
    ((content, named),) = calls
    with PersonPhoto.objects.get(kind="shopper").image.open("rb") as opened:
        assert content == opened.read()
    assert named == {"job": job}


def test_a_refusal_fails_the_job_for_good_and_sends_nothing(
    moderated: None, shopper_order: Callable[[], TryOnJob], drain: Drain, glam: Sandbox
) -> None:
    set_behaviour(refuse("nudity", "Shows too much."))
    job = shopper_order()
    drain()
    drain()
    job.refresh_from_db()
    assert (job.status, job.error_code, job.error_message) == (
        "failed",
        "moderated",
        "Shows too much.",
    )
    assert job_error_message(job) == "The shop cannot use this photo. Please choose another one."
    submission = job.submissions.get()
    assert (submission.outcome, submission.code, submission.slot) == ("not_sent", "moderated", None)
    assert submission.sent_at is None
    assert glam.requests == []
    assert len(calls) == 1


def test_a_retry_asks_again_so_staff_cannot_go_round_it(
    moderated: None, shopper_order: Callable[[], TryOnJob], drain: Drain, glam: Sandbox
) -> None:
    set_behaviour(refuse())
    job = shopper_order()
    drain()
    job.refresh_from_db()
    jobs.retry(job)
    drain()
    assert (len(calls), glam.requests) == (2, [])
    set_behaviour(lambda _content, job: None)
    job.refresh_from_db()
    jobs.retry(job)
    drain()
    job.refresh_from_db()
    assert (job.status, len(glam.accepted)) == ("ready", 1)


@pytest.mark.parametrize("no_answer", NO_ANSWERS, ids=NO_ANSWER_NAMES)
def test_no_answer_leaves_the_job_pending_with_a_code_and_sends_nothing(
    moderated: None,
    shopper_order: Callable[[], TryOnJob],
    drain: Drain,
    glam: Sandbox,
    no_answer: Callable[..., Any],
) -> None:
    set_behaviour(no_answer)
    job = shopper_order()
    once()
    job.refresh_from_db()
    assert (job.status, job.error_code, job.lease_token) == ("pending", "moderation", "")
    assert 'GLAM_TRYON["MODERATE_PHOTO"]' in job.error_message
    assert glam.requests == []
    assert not TryOnSubmission.objects.holding_slots().exists()

    set_behaviour(lambda _content, job: None)
    TryOnJob.objects.run_now()
    drain()
    job.refresh_from_db()
    assert (job.status, len(glam.accepted)) == ("ready", 1)


def test_moderation_that_hangs_holds_neither_the_loop_nor_the_slot_for_long(
    moderated: None,
    constants: Callable[..., None],
    shopper_order: Callable[[], TryOnJob],
    order: Order,
    glam: Sandbox,
    drain: Drain,
) -> None:
    constants("worker.steps.submit", MODERATE_SECONDS=0.5)
    released = threading.Event()
    set_behaviour(lambda _content, job: released.wait(30) and None)
    hanging = shopper_order()
    begun = time.monotonic()
    once()
    seconds = time.monotonic() - begun
    hanging.refresh_from_db()
    assert seconds < 10
    assert (hanging.status, hanging.error_code) == ("pending", "moderation")
    assert "gave no answer within 0.5 s" in hanging.error_message
    other = order()
    once()
    other.refresh_from_db()
    assert other.status != "pending"
    released.set()
    hanging.refresh_from_db()
    # The late answer counts for nothing: what was asked is over.
    assert hanging.status == "pending"
    assert len(glam.accepted) == 1


def test_a_worker_that_lost_its_lease_while_it_moderated_sends_nothing(
    moderated: None, shopper_order: Callable[[], TryOnJob], drain: Drain, glam: Sandbox
) -> None:
    def lose_the_lease(_content: bytes, job: TryOnJob) -> None:
        TryOnJob.objects.filter(pk=job.pk).update(lease_token="another worker")

    set_behaviour(lose_the_lease)
    shopper_order()
    once()
    assert glam.accepted == []


def test_a_house_model_is_not_moderated(
    moderated: None, order: Order, drain: Drain, glam: Sandbox
) -> None:
    order()
    drain()
    assert (calls, len(glam.accepted)) == ([], 1)


def test_a_hook_that_is_gone_sends_nothing_and_says_so(
    moderated: None, settings: Any, shopper_order: Callable[[], TryOnJob], glam: Sandbox
) -> None:
    use(settings, MODERATE_PHOTO="shop.nowhere.check")
    job = shopper_order()
    once()
    job.refresh_from_db()
    assert (job.status, job.error_code, glam.requests) == ("pending", "moderation", [])
    assert "cannot be imported from 'shop.nowhere.check'" in job.error_message


# A path that leads nowhere.


@pytest.mark.parametrize("name", ["PHOTO_CHECK", "MODERATE_PHOTO"])
@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("shop.nowhere.check", "No module named 'shop"),
        ("tests.core.test_hooks.missing", "does not define"),
        ("tests.core.test_hooks.NOT_A_FUNCTION", "is no function"),
    ],
)
def test_a_wrong_path_is_found_by_the_check(settings: Any, name: str, path: str, said: str) -> None:
    use(settings, **{name: path})
    out = StringIO()
    with pytest.raises(SystemCheckError, match=r"E004"):
        call_command("check", stdout=out, stderr=out)
    with pytest.raises(HookFailed, match=f"(?s){name}.*{said}"):
        consult(name)


# The example shop's.


def normalised(content: bytes) -> NormalisedImage:
    return normalise(BytesIO(content))


def test_the_example_shop_lets_a_person_pass() -> None:
    check_photo(normalised(encoded(scene(600, 800))))


@pytest.mark.parametrize("content", [encoded(scene(900, 300)), encoded(Image.new("L", (300, 300)))])
def test_the_example_shop_wants_no_panorama_and_no_wall(content: bytes) -> None:
    with pytest.raises(PhotoRefused) as caught:
        check_photo(normalised(content))
    assert caught.value.code == "no_person_shape"


def test_nothing_is_logged_about_a_photo_that_passes(
    client: Client, product: Product, checked: None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    set_behaviour(lambda _photo: None)
    ask(client, product)
    assert caplog.records == []
