"""The same garment on the same person is bought once: of a house model for all shoppers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connections
from django.db.models import F

from example_project.shop.models import Product
from glam_tryon import jobs
from glam_tryon.exceptions import FileUnavailable, OrderRefused
from glam_tryon.files import private_storage
from glam_tryon.limits import availability as switch
from glam_tryon.models import OrderLock, PersonPhoto, TryOnJob, TryOnResult, TryOnSubmission
from glam_tryon.models.clock import DatabaseNow
from glam_tryon.models.status import Queue
from glam_tryon.privacy.deletion import delete_tryon
from glam_tryon.sandbox import FaultScript, Sandbox
from glam_tryon.signals import job_ready
from glam_tryon.worker.claim import Claimed, claim_steps
from glam_tryon.worker.poller import Poller
from glam_tryon.worker.steps import advance
from tests.shop import picture
from tests.worker.invariants import check_invariants

pytestmark = pytest.mark.django_db(transaction=True)

Order = Callable[..., TryOnJob]


@pytest.fixture(autouse=True)
def repeats(glam: Sandbox, settings: Any) -> Callable[..., None]:
    """Free repeats, as in a shop; ``repeats(NAME=value)`` changes other settings."""

    def configure(**values: Any) -> None:
        settings.GLAM_TRYON = {**settings.GLAM_TRYON, "REUSE_RESULTS": True, **values}

    configure()
    return configure


@pytest.fixture
def upload(product: Product) -> Order:
    """Order with a photo of one's own: always the same picture, unless ``colour`` is another."""

    def upload(visitor: str = "ada", colour: str = "#aa7755", **options: Any) -> TryOnJob:
        file = ContentFile(picture(colour=colour))
        return jobs.request_tryon_with_upload(
            product, file, visitor=visitor, consent=jobs.current_consent(), **options
        )

    return upload


def ready(job: TryOnJob) -> list[TryOnResult]:
    job.refresh_from_db()
    assert (job.status, job.error_code) == ("ready", "")
    return list(job.results.all())


def content(result: TryOnResult) -> bytes:
    with private_storage().open(result.image.name or "") as opened:
        return bytes(opened.read())


# One's own.


def test_a_shopper_who_asks_for_the_same_again_gets_the_same_job(
    upload: Order, drain: Callable[..., None], glam: Sandbox
) -> None:
    first = upload()
    assert upload() == first
    drain()
    assert ready(first)
    assert upload() == first
    drain()
    assert (TryOnJob.objects.count(), len(glam.accepted)) == (1, 1)
    # What was taken in for nothing is gone.
    assert PersonPhoto.objects.count() == 1


@pytest.mark.parametrize(
    "other",
    [{"visitor": "bob"}, {"colour": "#112233"}, {"mask_type": "lower"}, {"reuse": False}],
    ids=["owner", "photo", "mask type", "a wish"],
)
def test_another_owner_photo_mask_type_or_wish_is_another_try_on(
    upload: Order, drain: Callable[..., None], glam: Sandbox, other: dict[str, Any]
) -> None:
    first = upload()
    drain()
    second = upload(**other)
    assert second != first
    drain()
    assert ready(second)
    assert len(glam.accepted) == 2


def test_another_picture_of_the_garment_is_another_try_on(
    upload: Order, drain: Callable[..., None], product: Product
) -> None:
    first = upload()
    drain()
    product.photo.save("other.jpg", ContentFile(picture(colour="#00aa00")), save=True)
    assert upload() != first


def test_a_picture_that_its_owner_found_not_right_is_drawn_anew(
    upload: Order, drain: Callable[..., None]
) -> None:
    first = upload()
    drain()
    TryOnJob.objects.update(feedback="down")
    assert upload() != first


@pytest.mark.parametrize("fate", ["failed", "deleted", "expired", "lost"])
def test_only_a_picture_that_is_there_is_given_again(
    upload: Order, drain: Callable[..., None], glam: Sandbox, fate: str
) -> None:
    if fate == "failed":
        glam.faults = FaultScript.from_rules([{"on": "submit", "do": {"status": 422}}])
    first = upload()
    drain()
    if fate == "deleted":
        delete_tryon(first)
    elif fate == "expired":
        TryOnJob.objects.update(finished_at=F("finished_at") - timedelta(days=8))
    elif fate == "lost":
        TryOnResult.objects.all().delete()
    assert upload() != first


def test_the_wish_to_keep_the_photo_is_granted_although_none_was_needed(
    upload: Order, drain: Callable[..., None]
) -> None:
    first = upload()
    drain()
    PersonPhoto.objects.update(image="")
    assert upload(keep=True) == first
    kept = PersonPhoto.objects.exclude(image="").get()
    assert kept.kept_until is not None


def test_without_the_setting_everything_is_drawn(
    upload: Order, repeats: Callable[..., None]
) -> None:
    repeats(REUSE_RESULTS=False)
    assert upload() != upload()


def test_a_retry_by_staff_is_no_repeat(
    order: Order, drain: Callable[..., None], glam: Sandbox
) -> None:
    glam.faults = FaultScript.from_rules([{"on": "submit", "nth": 1, "do": {"status": 422}}])
    failed = order()
    drain()
    drawn = order()
    drain()
    assert ready(drawn)
    failed.refresh_from_db()
    jobs.retry(failed)
    drain()
    assert ready(failed)
    assert len(glam.accepted) == 2


def test_the_shops_own_orders_are_always_drawn(
    order: Order, drain: Callable[..., None], glam: Sandbox
) -> None:
    for _ in range(2):
        order(visitor="", priority="catalogue")
        drain()
    assert len(glam.accepted) == 2


# A house model.


@pytest.mark.database
def test_what_somebody_tried_on_a_house_model_the_next_gets_as_a_copy_for_nothing(
    order: Order, drain: Callable[..., None], glam: Sandbox, media_root: Path
) -> None:
    first = order()
    drain()
    second = order()
    told: list[Any] = []
    job_ready.connect(tell := lambda job, **_facts: told.append(job.pk), weak=False)
    try:
        drain()
    finally:
        job_ready.disconnect(tell)
    (one,), (other,) = ready(first), ready(second)
    assert content(one) == content(other)
    assert one.image.name != other.image.name
    assert told == [second.pk]
    assert len(glam.accepted) == 1
    assert not second.submissions.exists()
    words = list(second.transitions.values_list("status", "note"))
    assert words == [("pending", ""), ("ready", f"a copy of {first.pk}")]
    check_invariants(glam, media_root)


@pytest.mark.parametrize("deleted", [0, 1], ids=["the first", "the copy"])
def test_the_deletion_of_either_leaves_the_other_its_picture(
    order: Order, drain: Callable[..., None], deleted: int
) -> None:
    both = [order()]
    drain()
    both.append(order())
    drain()
    gone, left = both[deleted], both[1 - deleted]
    name = gone.results.get().image.name or ""
    delete_tryon(gone)
    assert not private_storage().exists(name)
    (result,) = ready(left)
    assert content(result)


@pytest.mark.database
def test_who_asks_while_it_is_being_drawn_waits_for_the_same_picture(
    order: Order, drain: Callable[..., None], glam: Sandbox, media_root: Path
) -> None:
    glam.hold()
    all_of_them = [order() for _ in range(4)]
    Poller().run(max_seconds=1.5)
    glam.release()
    drain()
    assert all(ready(job) for job in all_of_them)
    assert len(glam.accepted) == 1
    check_invariants(glam, media_root)


@pytest.mark.database
@pytest.mark.parametrize("fate", ["failed", "canceled", "deleted"])
def test_when_the_first_brings_no_picture_one_of_the_others_is_drawn(
    order: Order, drain: Callable[..., None], glam: Sandbox, media_root: Path, fate: str
) -> None:
    if fate == "failed":
        glam.faults = FaultScript.from_rules([{"on": "submit", "nth": 1, "do": {"status": 422}}])
    first, *others = [order() for _ in range(4)]
    if fate == "canceled":
        jobs.cancel(first)
    elif fate == "deleted":
        first.delete()
    drain()
    assert all(ready(job) for job in others)
    assert len(glam.accepted) == 1
    assert TryOnSubmission.objects.filter(outcome="accepted").count() == 1
    check_invariants(glam, media_root)


def test_a_copy_that_is_canceled_leaves_no_file(
    order: Order, drain: Callable[..., None], glam: Sandbox, media_root: Path
) -> None:
    order()
    drain()
    second = order()
    jobs.cancel(second)
    drain()
    assert not second.results.exists()
    check_invariants(glam, media_root)


def test_a_picture_that_the_storage_lost_is_drawn_anew(
    order: Order, drain: Callable[..., None], glam: Sandbox
) -> None:
    first = order()
    drain()
    private_storage().delete(first.results.get().image.name or "")
    second = order()
    drain()
    assert ready(second)
    assert len(glam.accepted) == 2


def test_a_storage_that_refuses_is_asked_three_times_more_before_a_picture_is_bought_anew(
    order: Order, drain: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_file: object) -> bytes:
        raise FileUnavailable("busy")

    order()
    drain()
    second = order()
    module = import_module("glam_tryon.worker.steps.copy_result")
    monkeypatch.setattr(module, "read_file", refuse)
    for errors in (1, 2, 3):
        advance(claimed_now())
        second.refresh_from_db()
        assert (second.error_code, second.errors) == ("storage", errors)
        assert second.reuse_of is not None
    advance(claimed_now())
    second.refresh_from_db()
    assert second.reuse_of is None


def claimed_now() -> Claimed:
    """Claim the step of the one job that has one, which may be due later."""
    TryOnJob.objects.filter(queue=Queue.UNDER_WAY).update(next_step_at=DatabaseNow())
    (claimed,) = claim_steps(1)
    return claimed


def test_a_copy_needs_no_budget_and_no_limit_but_the_shop_must_be_open(
    order: Order, drain: Callable[..., None], repeats: Callable[..., None]
) -> None:
    order()
    drain()
    repeats(BUDGET={"day": 0}, LIMITS={"visitor_day": 0, "open": 0})
    second = order()
    drain()
    assert ready(second)
    switch.stop("ada")
    with pytest.raises(OrderRefused):
        order()


@pytest.mark.database
@pytest.mark.parametrize("who", ["one", "everybody"])
def test_six_orders_at_once_are_one_post(
    order: Order, drain: Callable[..., None], glam: Sandbox, media_root: Path, who: str
) -> None:
    OrderLock.make()
    got: list[TryOnJob] = []
    errors: list[Exception] = []
    start = threading.Barrier(6)

    def ask(number: int) -> None:
        try:
            own = Product.objects.get()
            start.wait()
            visitor = "ada" if who == "one" else f"visitor {number}"
            got.append(order(product=own, visitor=visitor))
        except Exception as error:  # noqa: BLE001  (handed to the test's own thread)
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert TryOnJob.objects.count() == len(set(got)) == (1 if who == "one" else 6)
    drain()
    assert all(ready(job) for job in got)
    assert len(glam.accepted) == 1
    check_invariants(glam, media_root)
