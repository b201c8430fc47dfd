"""What the outside may ask: order a try-on, cancel, retry, resubmit; and who holds a job's pen."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.db import DatabaseError, connection
from django.utils import timezone

from example_project.shop.models import Product
from glam_tryon import jobs
from glam_tryon.exceptions import (
    GarmentUnavailable,
    IllegalTransition,
    InvalidImage,
    NotRegistered,
    PhotoUnavailable,
)
from glam_tryon.models import (
    Account,
    ConsentRecord,
    PersonPhoto,
    TryOnJob,
    TryOnSubmission,
)
from glam_tryon.models.clock import DatabaseNow
from glam_tryon.models.owner import owner_key
from glam_tryon.models.status import CLOSED, OPEN, Queue, Status
from tests.shop import picture

pytestmark = pytest.mark.django_db

Order = Callable[..., TryOnJob]


def files_under(media_root: Any, folder: str) -> list[str]:
    return sorted(path.name for path in (media_root / "glam_tryon" / folder).glob("*"))


def photo_of(visitor: str) -> PersonPhoto:
    return jobs.add_photo(ContentFile(picture()), visitor=visitor, consent=jobs.current_consent())


def put(job: TryOnJob, **fields: Any) -> TryOnJob:
    """Bring a job into a state by hand, as no code of the package would."""
    TryOnJob.objects.filter(pk=job.pk).update(**fields)
    job.refresh_from_db()
    return job


def bytes_of(job: TryOnJob) -> bytes:
    with job.garment_image.open("rb") as opened:
        content: bytes = opened.read()
        return content


def facts(job: TryOnJob) -> dict[str, Any]:
    """Every column of the job's row."""
    return TryOnJob.objects.filter(pk=job.pk).values().get()


# Ordering.


def test_an_order_is_a_pending_job_with_all_that_is_known_of_it(
    product: Product, house_model: PersonPhoto
) -> None:
    user = User.objects.create_user("ada")
    job = jobs.request_tryon(product, photo=house_model, user=user)
    job.refresh_from_db()
    assert (job.status, job.queue, job.priority) == ("pending", Queue.SHOPPER, "shopper")
    assert (job.mask_type, job.garment_title) == ("upper", "Linen shirt")
    assert (job.product, job.product_key) == (product, str(product.pk))
    assert job.product_url == "/clothes/linen-shirt/"
    assert (job.person_photo, job.user, job.owner) == (house_model, user, f"user:{user.pk}")
    assert job.next_step_at is not None
    assert [row.status for row in job.transitions.all()] == ["pending"]
    assert not job.submissions.exists()


def test_a_visitors_token_is_not_in_the_database(order: Order) -> None:
    job = order(visitor="the token of the session")
    assert job.owner == owner_key(None, "the token of the session")
    assert "the token of the session" not in str(facts(job))


def test_an_order_of_nobody_is_the_shops_own(order: Order) -> None:
    job = order(visitor="", priority="catalogue")
    assert (job.owner, job.user, job.queue) == ("shop", None, Queue.CATALOGUE)


def test_the_callers_mask_type_wins_over_the_products(order: Order) -> None:
    assert order(mask_type="overall").mask_type == "overall"


def test_the_same_request_of_the_same_owner_is_the_same_job(order: Order) -> None:
    first = order(visitor="ada", request_id="click 1")
    assert order(visitor="ada", request_id="click 1") == first
    TryOnJob.objects.update(status="failed", queue=None)
    assert order(visitor="ada", request_id="click 1") == first
    assert order(visitor="ada", request_id="click 2") != first
    assert TryOnJob.objects.count() == 2


def test_a_second_request_for_the_same_is_the_job_that_is_under_way(
    order: Order, house_model: PersonPhoto
) -> None:
    first = order(visitor="ada", request_id="one tab")
    assert order(visitor="ada", request_id="another tab") == first
    other = jobs.add_photo(io.BytesIO(picture(colour="#223344")), kind="house_model")
    assert order(visitor="ada", request_id="another model", photo=other) != first
    assert order(visitor="bob", request_id="one tab") != first
    # A program that names no request means each of its calls.
    assert order(visitor="ada") != first


def test_the_same_request_is_the_same_job_whatever_became_of_the_product(
    order: Order, product: Product, house_model: PersonPhoto
) -> None:
    first = order(visitor="ada", request_id="click 1")
    product.photo.delete()
    house_model.is_active = False
    house_model.save()
    assert order(visitor="ada", request_id="click 1") == first


def test_the_same_request_of_another_owner_is_another_job(order: Order) -> None:
    user = User.objects.create_user("ada")
    by = [{"visitor": "ada"}, {"visitor": "bob"}, {"user": user}, {"visitor": ""}]
    assert len({order(request_id="click 1", **who).pk for who in by}) == 4


def test_orders_without_a_request_id_are_never_the_same(order: Order) -> None:
    assert order(visitor="ada") != order(visitor="ada")
    assert order(visitor="ada", request_id="") != order(visitor="ada", request_id="")


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_the_same_request_from_two_threads_at_once_is_one_job(
    order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_looked = threading.Barrier(2, timeout=20)
    look = jobs.requested

    def look_and_wait(request_id: str | None, **who: Any) -> TryOnJob | None:
        known = look(request_id, **who)
        if known is None:
            both_looked.wait()
        return known

    monkeypatch.setattr(jobs, "requested", look_and_wait)
    got: list[Any] = []

    def click() -> None:
        try:
            # Each request reads its own product: an instance's open file cannot be shared.
            own = Product.objects.get()
            got.append(order(product=own, visitor="ada", request_id="double click").pk)
        except (DatabaseError, threading.BrokenBarrierError) as error:
            got.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=click) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (job,) = TryOnJob.objects.all()
    assert got == [job.pk, job.pk]
    assert job.transitions.count() == 1


# Who may be drawn.


def test_ones_own_photo_may_be_used(order: Order) -> None:
    photo = photo_of("ada")
    assert order(visitor="ada", photo=photo).person_photo == photo


@pytest.mark.parametrize("visitor", ["bob", ""])
def test_somebody_elses_photo_may_not_be_used(order: Order, visitor: str) -> None:
    with pytest.raises(PhotoUnavailable, match="no longer there"):
        order(visitor=visitor, photo=photo_of("ada"))
    assert not TryOnJob.objects.exists()


def test_the_shops_own_photo_is_for_the_shop_only(order: Order) -> None:
    photo = jobs.add_photo(ContentFile(picture()), consent=jobs.NoConsentNeeded("a test"))
    assert order(visitor="", photo=photo).person_photo == photo
    with pytest.raises(PhotoUnavailable):
        order(visitor="ada", photo=photo)


@pytest.mark.parametrize("visitor", ["ada", ""])
def test_a_house_model_that_is_not_offered_may_not_be_used(
    order: Order, house_model: PersonPhoto, visitor: str
) -> None:
    house_model.is_active = False
    with pytest.raises(PhotoUnavailable):
        order(visitor=visitor)


def test_a_photo_whose_file_was_deleted_may_not_be_used(
    order: Order, house_model: PersonPhoto
) -> None:
    house_model.image.delete()
    with pytest.raises(PhotoUnavailable):
        order()


# What cannot be ordered.


def test_an_unknown_priority_is_refused_with_the_right_ones(order: Order) -> None:
    with pytest.raises(ValueError, match=r"\['shopper', 'catalogue'\], not 'urgent'"):
        order(priority="urgent")


def test_an_unknown_mask_type_is_refused(order: Order) -> None:
    with pytest.raises(GarmentUnavailable, match="'sleeves' is no mask type") as caught:
        order(mask_type="sleeves")
    assert caught.value.code == "mask_type"


def test_a_product_that_names_an_unknown_mask_type_is_refused(
    order: Order, product: Product
) -> None:
    product.fit = "sleeves"
    with pytest.raises(GarmentUnavailable, match="'sleeves' is no mask type"):
        order()


def test_a_product_without_a_picture_is_refused_by_name(order: Order, product: Product) -> None:
    product.photo = ""
    with pytest.raises(GarmentUnavailable, match=r"^Linen shirt has no picture") as caught:
        order()
    assert caught.value.code == "no_picture"


def test_a_product_whose_picture_is_not_in_the_storage_is_refused_by_name(
    order: Order, product: Product
) -> None:
    product.photo.storage.delete(product.photo.name)
    with pytest.raises(GarmentUnavailable, match="picture of Linen shirt cannot be read") as caught:
        order()
    assert caught.value.code == "no_picture"


def test_a_product_whose_picture_is_none_is_refused_by_name(
    order: Order, product: Product, media_root: Any
) -> None:
    product.photo.save("shirt.jpg", ContentFile(b"price list"))
    with pytest.raises(GarmentUnavailable, match="picture of Linen shirt cannot be used") as caught:
        order()
    assert caught.value.code == "unreadable_picture"
    assert files_under(media_root, "garments") == []


def test_a_model_that_nobody_registered_is_refused(order: Order, house_model: PersonPhoto) -> None:
    with pytest.raises(NotRegistered, match="cannot be tried on"):
        order(product=house_model)


def test_what_is_refused_leaves_no_job(order: Order, product: Product) -> None:
    product.photo = ""
    with pytest.raises(GarmentUnavailable):
        order(request_id="click 1")
    assert not TryOnJob.objects.exists()


# The garment as it was.


def test_a_job_keeps_the_garment_of_its_day_when_the_product_changes(
    order: Order, product: Product
) -> None:
    job = order()
    before = bytes_of(job)
    product.name, product.fit = "Silk shirt", "overall"
    product.photo.save("new.jpg", ContentFile(picture(colour="#aa2222")))
    product.save()
    later = order()
    job.refresh_from_db()
    assert (job.garment_title, job.mask_type) == ("Linen shirt", "upper")
    assert bytes_of(job) == before
    assert (later.garment_title, later.mask_type) == ("Silk shirt", "overall")
    assert later.garment_image.name != job.garment_image.name


def test_a_job_outlives_its_product(order: Order, product: Product) -> None:
    job = order()
    product.photo.delete()
    product.delete()
    job = TryOnJob.objects.get(pk=job.pk)
    assert job.product is None
    assert job.garment_title == "Linen shirt"
    assert len(bytes_of(job)) > 0


def test_many_jobs_of_one_garment_share_one_file(order: Order, media_root: Any) -> None:
    names = {order().garment_image.name for _ in range(3)}
    assert len(names) == 1
    assert len(files_under(media_root, "garments")) == 1


# An upload that is for one order only.


def upload(product: Product, content: bytes, **options: Any) -> TryOnJob:
    return jobs.request_tryon_with_upload(
        product, ContentFile(content), visitor="ada", consent=jobs.current_consent(), **options
    )


def test_an_upload_that_is_used_is_kept_with_its_proof_of_consent(product: Product) -> None:
    photo = upload(product, picture()).person_photo
    assert photo is not None
    assert photo.consent is not None
    assert (photo.consent.text, photo.consent.owner) == (
        jobs.current_consent().whole,
        owner_key(None, "ada"),
    )


def test_an_upload_for_a_product_that_cannot_be_tried_on_is_not_kept(
    product: Product, media_root: Any
) -> None:
    product.photo = ""
    with pytest.raises(GarmentUnavailable):
        upload(product, picture())
    assert not PersonPhoto.objects.exists()
    assert not ConsentRecord.objects.exists()
    assert files_under(media_root, "photos") == []


def test_the_second_copy_of_a_photo_that_was_sent_twice_is_not_kept(
    product: Product, media_root: Any
) -> None:
    first = upload(product, picture(), request_id="double click")
    assert upload(product, picture(), request_id="double click") == first
    assert PersonPhoto.objects.get() == first.person_photo
    assert ConsentRecord.objects.count() == 1
    assert len(files_under(media_root, "photos")) == 1


def test_an_upload_that_is_no_picture_leaves_nothing(product: Product, media_root: Any) -> None:
    with pytest.raises(InvalidImage):
        upload(product, b"a letter")
    assert not PersonPhoto.objects.exists()
    assert not ConsentRecord.objects.exists()
    assert not TryOnJob.objects.exists()
    assert files_under(media_root, "photos") == []


# Turns.


def in_turn() -> list[str]:
    waiting = TryOnJob.objects.waiting_for_slot(Queue.SHOPPER)
    return [job.owner for job in waiting.order_by("turn", "created_at")]


def test_an_owner_with_many_jobs_and_one_with_a_single_job_take_turns(order: Order) -> None:
    for _ in range(3):
        order(visitor="ada")
    order(visitor="bob")
    ada, bob = owner_key(None, "ada"), owner_key(None, "bob")
    assert in_turn() == [ada, bob, ada, ada]


def test_who_comes_later_does_not_pass_those_who_waited(order: Order) -> None:
    Account.load()
    Account.rows().update(last_turn=40)
    first, second = order(visitor="ada"), order(visitor="bob")
    assert (first.turn, second.turn) == (40, 40)
    assert order(visitor="ada").turn == 41


def test_an_owner_whose_waiting_job_is_old_does_not_pass_who_waits_now(order: Order) -> None:
    assert order(visitor="ada").turn == 0
    Account.load()
    Account.rows().update(last_turn=40)
    assert order(visitor="ada").turn == 40
    assert order(visitor="bob").turn == 40


def test_the_shops_catalogue_has_turns_of_its_own(order: Order) -> None:
    for _ in range(3):
        order(visitor="", priority="catalogue")
    assert order(visitor="").turn == 0


# Canceling.


@pytest.mark.parametrize("status", OPEN)
def test_an_open_job_can_be_canceled(order: Order, status: Status) -> None:
    job = put(order(), status=status, lease_token="worker", error_code="throttled")
    jobs.cancel(job, note="by the shopper")
    job.refresh_from_db()
    assert (job.status, job.error_code, job.lease_token) == ("canceled", "", "")
    assert job.queue == Queue.UNDER_WAY
    assert job.finished_at is not None
    assert [(row.status, row.note) for row in job.transitions.all()][-1] == (
        "canceled",
        "by the shopper",
    )


@pytest.mark.parametrize("status", CLOSED)
def test_a_job_that_is_over_cannot_be_canceled(order: Order, status: Status) -> None:
    job = order()
    stale = TryOnJob.objects.get(pk=job.pk)
    before = put(job, status=status, queue=None) and facts(job)
    with pytest.raises(IllegalTransition, match=f"'{status}' cannot be canceled") as caught:
        jobs.cancel(stale)
    assert (caught.value.status, caught.value.wanted) == (status, "canceled")
    assert facts(job) == before


def submission(job: TryOnJob, **fields: Any) -> TryOnSubmission:
    made = TryOnSubmission.objects.create(
        job=job, job_key=job.pk, started_at=DatabaseNow(), **{"number": 1, "slot": 0, **fields}
    )
    made.refresh_from_db()
    return made


def test_canceling_kills_the_photo_link_that_glam_has_not_used_yet(order: Order) -> None:
    job = put(order(), status="in_queue")
    sent = submission(job)
    jobs.cancel(job)
    sent.refresh_from_db()
    assert sent.revoked_at is not None
    assert sent.slot == 0


def test_a_refused_cancellation_leaves_the_photo_link_alone(order: Order) -> None:
    job = put(order(), status="ready")
    sent = submission(job)
    with pytest.raises(IllegalTransition):
        jobs.cancel(job)
    sent.refresh_from_db()
    assert sent.revoked_at is None


# Retrying.


def test_a_failed_job_can_be_retried_and_begins_anew(order: Order) -> None:
    job = put(
        order(),
        status="failed",
        queue=None,
        next_step_at=None,
        error_code="glam_failed",
        error_message="No person found",
        media_urls=["https://static.getglam.app/1.jpg"],
        finished_at=timezone.now(),
        attempts=3,
        errors=4,
        dispatched="failed",
    )
    jobs.retry(job)
    job.refresh_from_db()
    assert (job.status, job.queue) == ("pending", Queue.SHOPPER)
    assert (job.error_code, job.error_message, job.media_urls) == ("", "", [])
    assert (job.finished_at, job.attempts, job.errors, job.dispatched) == (None, 0, 0, "")
    assert job.next_step_at is not None


@pytest.mark.parametrize("status", [status for status in Status if status != Status.FAILED])
def test_only_a_failed_job_can_be_retried(order: Order, status: Status) -> None:
    job = put(order(), status=status)
    before = facts(job)
    with pytest.raises(IllegalTransition, match=f"'{status}' cannot be retried"):
        jobs.retry(job)
    assert facts(job) == before


def test_a_failed_job_whose_photo_was_deleted_cannot_be_retried(order: Order) -> None:
    photo = photo_of("ada")
    job = put(order(visitor="ada", photo=photo), status="failed")
    photo.image.delete()
    with pytest.raises(PhotoUnavailable, match="was deleted; ask for a new one"):
        jobs.retry(TryOnJob.objects.get(pk=job.pk))
    photo.delete()
    with pytest.raises(PhotoUnavailable, match="was deleted; ask for a new one"):
        jobs.retry(TryOnJob.objects.get(pk=job.pk))
    job.refresh_from_db()
    assert job.status == "failed"


# Resubmitting.


@pytest.fixture
def manager(db: None) -> User:
    user = User.objects.create_user("manager", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="resubmit_unconfirmed"))
    return user


def test_an_unconfirmed_job_can_be_sent_again_by_who_may_and_that_is_written_down(
    order: Order, manager: User
) -> None:
    job = put(order(), status="unconfirmed", queue=None, error_code="needs_person")
    doubtful = submission(job, outcome="ambiguous")
    jobs.resubmit(job, by=manager, why="Glam's support says no")
    job.refresh_from_db()
    assert (job.status, job.queue, job.error_code) == ("pending", Queue.SHOPPER, "")
    last = job.transitions.last()
    assert last is not None
    assert last.note == f"resubmitted by {manager.pk}: Glam's support says no"
    doubtful.refresh_from_db()
    # Glam may be drawing it: the slot is not free because a person was impatient.
    assert (doubtful.outcome, doubtful.slot) == ("ambiguous", 0)


def test_resubmitting_needs_a_permission_of_its_own(order: Order) -> None:
    staff = User.objects.create_user("staff", is_staff=True)
    staff.user_permissions.set(Permission.objects.exclude(codename="resubmit_unconfirmed"))
    job = put(order(), status="unconfirmed")
    before = facts(job)
    with pytest.raises(PermissionDenied, match="resubmit_unconfirmed"):
        jobs.resubmit(job, by=staff)
    assert facts(job) == before


@pytest.mark.parametrize("status", [status for status in Status if status != Status.UNCONFIRMED])
def test_only_an_unconfirmed_job_can_be_resubmitted(
    order: Order, manager: User, status: Status
) -> None:
    job = put(order(), status=status)
    before = facts(job)
    with pytest.raises(IllegalTransition, match=f"'{status}' cannot be resubmitted"):
        jobs.resubmit(job, by=manager)
    assert facts(job) == before


# The pen: whoever lost the lease writes nothing.

Step = Callable[[TryOnJob], bool]
FENCED: dict[str, tuple[Status, Step]] = {
    "wait_for_slot": (Status.SUBMITTING, lambda job: job.wait_for_slot(5, code="x", failed=True)),
    "hold_unconfirmed": (
        Status.SUBMITTING,
        lambda job: job.hold_unconfirmed(5, code="x", message="y"),
    ),
    "still_running": (
        Status.IN_QUEUE,
        lambda job: job.still_running(Status.IN_PROGRESS, 5, remote_status="IN_PROGRESS"),
    ),
    "start_storing": (Status.IN_PROGRESS, lambda job: job.start_storing(["https://a/b"], 60)),
    "finish_ready": (Status.STORING, lambda job: job.finish_ready(60)),
    "fail": (Status.IN_PROGRESS, lambda job: job.fail("x", "y", 60)),
    "reschedule": (Status.IN_PROGRESS, lambda job: job.reschedule(5, code="x")),
    "renew_urls": (Status.STORING, lambda job: job.renew_urls(["https://a/b"])),
    "mark_dispatched": (Status.READY, lambda job: job.mark_dispatched("ready")),
    "leave_queue": (Status.READY, lambda job: job.leave_queue()),
}


@pytest.fixture(params=FENCED)
def step(request: pytest.FixtureRequest) -> tuple[Status, Step]:
    return FENCED[request.param]


def test_a_step_is_written_by_who_holds_the_lease(order: Order, step: tuple[Status, Step]) -> None:
    status, write = step
    job = put(order(), status=status, lease_token="mine")
    before = facts(job)
    assert write(job) is True
    assert facts(job) != before


def test_a_step_is_not_written_by_who_lost_the_lease(
    order: Order, step: tuple[Status, Step]
) -> None:
    status, write = step
    late = put(order(), status=status, lease_token="mine")
    put(TryOnJob.objects.get(pk=late.pk), lease_token="another's")
    before, rows = facts(late), late.transitions.count()
    assert write(late) is False
    assert late.status == status
    assert facts(late) == before
    assert late.transitions.count() == rows


def test_a_step_is_not_written_for_a_job_that_was_deleted(
    order: Order, step: tuple[Status, Step]
) -> None:
    status, write = step
    late = put(order(), status=status, lease_token="mine")
    TryOnJob.objects.all().delete()
    assert write(late) is False
    assert not TryOnJob.objects.exists()


MOVING = [name for name in FENCED if name not in ("reschedule", "renew_urls", "leave_queue")]


@pytest.mark.parametrize("name", [name for name in MOVING if name != "mark_dispatched"])
def test_a_step_is_not_written_for_a_job_that_was_canceled_meanwhile(
    order: Order, name: str
) -> None:
    status, write = FENCED[name]
    late = put(order(), status=status, lease_token="mine")
    jobs.cancel(TryOnJob.objects.get(pk=late.pk))
    before = facts(late)
    assert write(late) is False
    assert facts(late) == before


def test_that_glam_took_it_is_written_by_whoever_knows_it(order: Order) -> None:
    late = put(order(), status="submitting", lease_token="mine")
    sent = submission(late)
    put(TryOnJob.objects.get(pk=late.pk), status="unconfirmed", lease_token="another's")
    assert late.mark_accepted(sent, 1.0) is True
    late.refresh_from_db()
    assert (late.status, late.lease_token) == ("in_queue", "")
    assert late.submitted_at is not None


@pytest.mark.parametrize("status", [*CLOSED, Status.STORING, Status.PENDING])
def test_that_glam_took_it_comes_too_late_for_a_job_that_went_another_way(
    order: Order, status: Status
) -> None:
    job = put(order(), status=status)
    before = facts(job)
    assert job.mark_accepted(submission(job), 1.0) is False
    assert facts(job) == before


def test_a_lease_is_over_when_the_databases_clock_says_so(order: Order) -> None:
    job = put(order(), lease_token="mine", next_step_at=timezone.now() + timedelta(hours=1))
    assert job.holds_lease() is True
    put(job, next_step_at=timezone.now() - timedelta(hours=1))
    assert job.holds_lease() is False


def test_hurrying_touches_only_those_that_wait_to_be_sent(order: Order) -> None:
    later = timezone.now() + timedelta(hours=1)
    waiting = put(order(), next_step_at=later, errors=5)
    asleep = put(order(), status="in_queue", next_step_at=later)
    before = facts(asleep)
    assert TryOnJob.objects.run_now() == 1
    waiting.refresh_from_db()
    assert waiting.errors == 0
    assert waiting in TryOnJob.objects.waiting_for_slot(Queue.SHOPPER)
    assert facts(asleep) == before
