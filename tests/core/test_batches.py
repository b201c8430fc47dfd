"""Batches: ordered, paused, resumed and canceled as one."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone

from example_project.shop.models import Product
from glam_tryon import jobs
from glam_tryon.exceptions import PhotoUnavailable
from glam_tryon.files import private_storage
from glam_tryon.models import Account, PersonPhoto, TryOnBatch, TryOnJob, TryOnSubmission
from glam_tryon.models.clock import DatabaseNow, after
from glam_tryon.models.status import Queue
from glam_tryon.worker.health import problems
from glam_tryon.worker.slots import claim_submissions
from tests.shop import picture
from tests.worker.invariants import check_invariants

pytestmark = pytest.mark.django_db

Drain = Callable[..., None]


@pytest.fixture
def products(db: None) -> list[Product]:
    """Three products, each with a picture of its own."""
    made = []
    for number, colour in enumerate(("#4466aa", "#aa4466", "#66aa44")):
        product = Product(name=f"Shirt {number}", slug=f"shirt-{number}", price="49", fit="upper")
        product.photo.save(f"{number}.jpg", ContentFile(picture(colour=colour)), save=True)
        made.append(product)
    return made


@pytest.fixture
def models(db: None) -> list[PersonPhoto]:
    """Two house models."""
    return [
        jobs.add_photo(
            ContentFile(picture(colour=colour)), kind=PersonPhoto.Kind.HOUSE_MODEL, title=title
        )
        for title, colour in (("Mina", "#c68863"), ("Jonas", "#8d5a3b"))
    ]


def lanes(batch: TryOnBatch) -> set[int | None]:
    return set(batch.jobs.values_list("queue", flat=True))


def statuses(batch: TryOnBatch) -> list[str]:
    return sorted(batch.jobs.values_list("status", flat=True))


# Ordering.


def test_a_batch_is_every_product_on_every_house_model(
    products: list[Product], models: list[PersonPhoto], admin_user: Any
) -> None:
    ordered = jobs.request_batch(products, models, name="Spring", by=admin_user)
    batch = TryOnBatch.objects.get()
    assert (batch.name, batch.created_by) == ("Spring", admin_user)
    assert (ordered.batch, ordered.made, ordered.left_out) == (batch, 6, ())
    pairs = {(job.product, job.person_photo) for job in batch.jobs.all()}
    assert pairs == {(product, model) for product in products for model in models}
    for job in batch.jobs.all():
        assert (job.status, job.queue, job.priority) == ("pending", Queue.CATALOGUE, "catalogue")
        assert (job.owner, job.user, job.mask_type) == ("shop", None, "upper")
        assert [row.status for row in job.transitions.all()] == ["pending"]
    assert len(set(batch.jobs.values_list("turn", flat=True))) == 6


def test_every_garment_is_stored_once_whoever_wears_it(
    products: list[Product], models: list[PersonPhoto], monkeypatch: pytest.MonkeyPatch
) -> None:
    saved: list[str] = []
    storage = private_storage()
    save = storage.save
    monkeypatch.setattr(
        storage, "save", lambda name, *rest, **more: saved.append(name) or save(name, *rest, **more)
    )
    batch = jobs.request_batch(products, models).batch
    assert len(saved) == len(set(batch.jobs.values_list("garment_image", flat=True))) == 3


def test_the_same_key_is_the_same_batch(products: list[Product], models: list[PersonPhoto]) -> None:
    key = uuid.uuid4()
    first = jobs.request_batch(products[:2], models, key=key, name="Spring")
    second = jobs.request_batch(products[:2], models, key=key, name="Spring")
    assert (first.made, second.made) == (4, 0)
    assert first.batch == second.batch
    assert TryOnJob.objects.count() == 4


@pytest.mark.database
def test_a_batch_that_was_cut_off_is_completed_by_the_same_key(
    products: list[Product], models: list[PersonPhoto]
) -> None:
    key = uuid.uuid4()
    batch = jobs.request_batch(products, models[:1], key=key).batch
    assert jobs.request_batch(products, models, key=key).made == 3
    assert batch.jobs.count() == 6


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_a_double_click_makes_one_batch(products: list[Product], models: list[PersonPhoto]) -> None:
    key, made, start = uuid.uuid4(), [], threading.Barrier(2, timeout=20)

    def click() -> None:
        try:
            own = list(Product.objects.order_by("pk"))
            start.wait()
            made.append(jobs.request_batch(own, models, key=key).made)
        finally:
            connection.close()

    threads = [threading.Thread(target=click) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(made) == TryOnJob.objects.count() == 6
    assert TryOnBatch.objects.count() == 1


def test_a_product_without_a_picture_is_left_out_with_the_reason(
    products: list[Product], models: list[PersonPhoto]
) -> None:
    products[1].photo.delete()
    ordered = jobs.request_batch(products, models)
    ((product, why),) = ordered.left_out
    assert (product, ordered.made) == (products[1], 4)
    assert "has no picture to try on" in why


def test_another_picture_and_another_mask_type_may_be_asked_for(
    products: list[Product], models: list[PersonPhoto]
) -> None:
    other = ContentFile(picture(colour="#101010"), name="back.jpg")
    pictures = {products[0].pk: other}
    batch = jobs.request_batch(products, models, mask_type="overall", pictures=pictures).batch
    assert set(batch.jobs.values_list("mask_type", flat=True)) == {"overall"}
    hashes = dict(batch.jobs.values_list("product_key", "garment_sha256"))
    plain = jobs.request_batch(products, models[:1]).batch
    registered = dict(plain.jobs.values_list("product_key", "garment_sha256"))
    changed = {key for key in hashes if hashes[key] != registered[key]}
    assert changed == {str(products[0].pk)}


def test_a_batch_has_at_most_five_hundred_pairs_and_at_least_one(
    products: list[Product], models: list[PersonPhoto]
) -> None:
    assert jobs.MOST_PAIRS == 500
    for given in (products * 84, []):
        with pytest.raises(ValueError, match="1 to 500 pairs"):
            jobs.request_batch(given, models)
    assert not TryOnBatch.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"is_active": False},
        {"kind": PersonPhoto.Kind.SHOPPER, "owner": "user:1"},
        {"licensed_until": timezone.localdate() - timedelta(days=1)},
    ],
)
def test_only_house_models_that_are_offered_now_may_be_drawn(
    products: list[Product], models: list[PersonPhoto], change: dict[str, Any]
) -> None:
    PersonPhoto.objects.filter(pk=models[0].pk).update(**change)
    with pytest.raises(PhotoUnavailable, match="not offered any more"):
        jobs.request_batch(products, [PersonPhoto.objects.get(pk=models[0].pk)])
    assert not TryOnBatch.objects.exists()


# Pausing.


def test_a_paused_batch_is_not_sent_and_others_are(
    products: list[Product], models: list[PersonPhoto]
) -> None:
    resting = jobs.request_batch(products, models).batch
    going = jobs.request_batch(products[:1], models[:1]).batch
    assert jobs.pause_batch(resting)
    assert not jobs.pause_batch(resting)
    assert statuses(resting) == ["pending"] * 6
    assert lanes(resting) == {Queue.PAUSED}
    (claimed,) = claim_submissions(10)
    assert claimed.job.batch_id == going.pk
    assert claim_submissions(10) == []
    assert not TryOnJob.objects.filter(batch=resting).advancing().exists()


def test_a_resumed_batch_is_sent(products: list[Product], models: list[PersonPhoto]) -> None:
    batch = jobs.request_batch(products, models).batch
    jobs.pause_batch(batch)
    assert jobs.resume_batch(batch)
    assert not jobs.resume_batch(batch)
    assert lanes(batch) == {Queue.CATALOGUE}
    assert len(claim_submissions(10)) == 1


@pytest.mark.database
def test_a_job_that_comes_back_from_its_submission_finds_the_pause(
    products: list[Product], models: list[PersonPhoto]
) -> None:
    batch = jobs.request_batch(products[:1], models[:1]).batch
    (claimed,) = claim_submissions(10)
    jobs.pause_batch(batch)
    assert lanes(batch) == {Queue.UNDER_WAY}
    assert claimed.job.wait_for_slot(0, code="throttled")
    assert lanes(batch) == {Queue.PAUSED}
    jobs.resume_batch(batch)
    assert lanes(batch) == {Queue.CATALOGUE}


def test_a_retried_job_of_a_paused_batch_waits_with_it(
    products: list[Product], models: list[PersonPhoto]
) -> None:
    batch = jobs.request_batch(products[:1], models).batch
    job = batch.jobs.first()
    assert job
    TryOnJob.objects.filter(pk=job.pk).update(status="failed", queue=None)
    jobs.pause_batch(batch)
    assert jobs.retry_batch(batch) == 1
    assert lanes(batch) == {Queue.PAUSED}


@pytest.mark.database
def test_a_pause_that_comes_between_the_look_and_the_claim_stands(
    products: list[Product], models: list[PersonPhoto], monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = jobs.request_batch(products, models).batch
    lock = Account.lock

    def pause_then_lock() -> Account:
        jobs.pause_batch(batch)
        return lock()

    monkeypatch.setattr(Account, "lock", pause_then_lock)
    assert claim_submissions(10) == []
    assert statuses(batch) == ["pending"] * 6


def test_a_pause_is_no_illness(products: list[Product], models: list[PersonPhoto]) -> None:
    batch = jobs.request_batch(products, models).batch
    Account.load()
    Account.rows().update(last_round_at=DatabaseNow())
    batch.jobs.update(created_at=after(-5000))
    assert len(problems()) == 1
    jobs.pause_batch(batch)
    assert problems() == []


# Canceling.


def test_a_canceled_batch_is_over_and_says_so(
    products: list[Product], models: list[PersonPhoto]
) -> None:
    batch = jobs.request_batch(products, models).batch
    claim_submissions(10)
    jobs.pause_batch(batch)
    assert jobs.cancel_batch(batch, note="by staff 1") == 6
    batch.refresh_from_db()
    assert batch.canceled_at
    assert batch.paused_at is None
    assert statuses(batch) == ["canceled"] * 6
    assert not jobs.pause_batch(batch)
    assert not TryOnSubmission.objects.filter(revoked_at=None).exists()
    assert jobs.request_batch(products, models, key=batch.pk).made == 0


@pytest.mark.database
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_batch_that_is_paused_and_resumed_on_the_way_is_drawn_once_each(
    products: list[Product], models: list[PersonPhoto], drain: Drain, glam: Any, media_root: Any
) -> None:
    batch = jobs.request_batch(products, models).batch
    jobs.pause_batch(batch)
    drain()
    assert statuses(batch) == ["pending"] * 6
    jobs.resume_batch(batch)
    drain()
    assert statuses(batch) == ["ready"] * 6
    assert len(glam.accepted) == 6
    check_invariants(glam, media_root)
