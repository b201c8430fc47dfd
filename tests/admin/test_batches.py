"""Batches in the admin: the list, the page that moves, the buttons, and publishing."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from example_project.shop.admin import ProductAdmin
from example_project.shop.models import Product, ProductImage
from glam_tryon import jobs
from glam_tryon.admin import TryOnBatchAdmin
from glam_tryon.admin.batches import progress
from glam_tryon.admin.batches.progress import progress_of, seconds_left, time_left_text
from glam_tryon.models import PersonPhoto, TryOnBatch, TryOnJob, TryOnResult
from glam_tryon.models.clock import DatabaseNow
from tests.shop import picture

pytestmark = pytest.mark.django_db

LIST = "/admin/glam_tryon/tryonbatch/"
#: What the tests' own hook was given.
PUT: list[tuple[Any, ...]] = []


def put(result: TryOnResult, product: Any, alt: str, label: str) -> None:
    """A shop's own ``PUBLISH_RESULT``."""
    PUT.append((result, product, alt, label))


def refuse(result: TryOnResult, product: Any, alt: str, label: str) -> None:
    """One that does not work."""
    raise OSError("the bucket is away")


@pytest.fixture
def models(house_model: PersonPhoto) -> list[PersonPhoto]:
    """Two house models with the shop's labels."""
    jonas = jobs.add_photo(
        ContentFile(picture(colour="#8d5a3b")), kind=PersonPhoto.Kind.HOUSE_MODEL, title="Jonas"
    )
    PersonPhoto.objects.filter(pk=jonas.pk).update(body_type="tall", size="L", position=2)
    PersonPhoto.objects.filter(pk=house_model.pk).update(body_type="petite", position=1)
    return list(PersonPhoto.objects.house_models())


@pytest.fixture
def batch(product: Product, models: list[PersonPhoto]) -> TryOnBatch:
    return jobs.request_batch([product], models, name="Spring").batch


def finish(job: TryOnJob, status: str = "ready", **fields: Any) -> TryOnResult:
    """Let a job be over, a ready one with a picture."""
    TryOnJob.objects.filter(pk=job.pk).update(
        status=status, queue=None, next_step_at=None, finished_at=DatabaseNow(), **fields
    )
    result = TryOnResult(job=job, position=0, width=240, height=320, sha256=uuid.uuid4().hex * 2)
    if status == "ready":
        result.image.save("0-abc.jpg", ContentFile(picture(colour="#123456")), save=False)
        result.save()
    return result


def page_of(batch: TryOnBatch) -> str:
    return f"{LIST}{batch.pk}/change/"


def read(client: Client, address: str, **query: str) -> str:
    answer = client.get(address, query)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def steer(client: Client, batch: TryOnBatch, what: str) -> str:
    answer = client.post(f"{LIST}{batch.pk}/steer/", {"do": what}, follow=True)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def publish(client: Client, batch: TryOnBatch, *results: TryOnResult, **alts: str) -> str:
    fields = {"result": [str(result.pk) for result in results], **alts}
    answer = client.post(f"{LIST}{batch.pk}/publish/", fields, follow=True)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def only(*permissions: str) -> Callable[[Any], Any]:
    """Make a user of staff who has just these permissions of the app."""

    def make(users: Any) -> Any:
        user = users.objects.create_user("bob", is_staff=True)
        rows = Permission.objects.filter(content_type__app_label="glam_tryon")
        user.user_permissions.set(rows.filter(codename__in=permissions))
        return user

    return make


# The list.


def test_the_list_says_how_far_each_batch_is_in_one_query_more(
    admin_client: Client,
    batch: TryOnBatch,
    product: Product,
    models: list[PersonPhoto],
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    first, second = batch.jobs.order_by("turn")
    finish(first)
    finish(second, "failed")
    html = read(admin_client, LIST)
    assert "1 of 2 ready, 1 failed" in html
    assert 'max="2" value="2"' in html
    for number in range(5):
        jobs.request_batch([product], models, name=f"Batch {number}")
    admin_client.get(LIST)
    with django_assert_num_queries(5):
        html = read(admin_client, LIST)
    assert html.count("0 of 2 ready, 2 to come") == 5


def test_an_empty_list_says_where_a_batch_begins(
    admin_client: Client, product: Product, models: list[PersonPhoto]
) -> None:
    hint = "A batch begins in the list of products: tick some, and choose “Try on…”."
    assert hint in unescape(admin_client.get(LIST).content.decode())
    jobs.request_batch([product], models)
    assert hint not in unescape(admin_client.get(LIST).content.decode())


def test_batches_are_made_from_products_and_never_deleted(
    admin_client: Client, batch: TryOnBatch
) -> None:
    assert admin_client.get(f"{LIST}add/").status_code == 403
    assert admin_client.post(f"{LIST}{batch.pk}/delete/", {"post": "yes"}).status_code == 403
    assert admin_client.post(page_of(batch), {"name": "Other"}).status_code == 403
    assert TryOnBatch.objects.get().name == "Spring"


# The page.


def test_the_page_shows_garment_person_result_and_the_reason_of_a_failure(
    admin_client: Client, batch: TryOnBatch
) -> None:
    ready, failed = batch.jobs.order_by("person_photo__position")
    finish(ready)
    finish(failed, "failed", error_code="glam_failed", error_message="No face found")
    html = read(admin_client, page_of(batch))
    assert f"/admin/glam_tryon/tryonjob/{ready.pk}/picture/garment/" in html
    assert f"/admin/glam_tryon/tryonjob/{ready.pk}/picture/person/" in html
    assert f"/admin/glam_tryon/tryonjob/{ready.pk}/picture/0/" in html
    assert "glam_failed: No face found" in " ".join(html.split())
    assert "Mina wears: Linen shirt" in html
    assert "1 of 2 ready, 1 failed" in html


def test_a_page_of_the_sheet_costs_the_same_queries_whatever_its_length(
    admin_client: Client,
    batch: TryOnBatch,
    product: Product,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for job in batch.jobs.all():
        finish(job)
    admin_client.get(page_of(batch))
    with django_assert_num_queries(8):
        admin_client.get(page_of(batch))
    many = [
        jobs.add_photo(
            ContentFile(picture()), kind=PersonPhoto.Kind.HOUSE_MODEL, title=f"Model {number}"
        )
        for number in range(20)
    ]
    larger = jobs.request_batch([product], many).batch
    for job in larger.jobs.all():
        finish(job)
    with django_assert_num_queries(8):
        assert read(admin_client, page_of(larger)).count("glam-tryon-tick") == 20


def test_a_long_sheet_has_pages(
    admin_client: Client, batch: TryOnBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glam_tryon.admin.batches.contact_sheet.PER_PAGE", 1)
    first = read(admin_client, page_of(batch), show="open")
    assert "Page 1 of 2" in first
    assert 'href="?show=open&page=2"' in first
    second = read(admin_client, page_of(batch), show="open", page="2")
    assert ("Mina" in first, "Jonas" in second) == (True, True)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, {"Mina", "Jonas"}),
        ({"show": "ready"}, {"Mina"}),
        ({"show": "failed"}, {"Jonas"}),
        ({"show": "open"}, set()),
        ({"show": "unpublished"}, {"Mina"}),
        ({"show": "published"}, set()),
        ({"body_type": "tall"}, {"Jonas"}),
        ({"size": "L", "show": "ready"}, set()),
        ({"show": "nonsense"}, {"Mina", "Jonas"}),
    ],
)
def test_the_sheet_shows_what_is_asked_for(
    admin_client: Client, batch: TryOnBatch, query: dict[str, str], names: set[str]
) -> None:
    ready, failed = batch.jobs.order_by("person_photo__position")
    finish(ready)
    finish(failed, "failed")
    answer = admin_client.get(page_of(batch), query)
    shown = {entry.job.person_photo.title for entry in answer.context["entries"]}
    assert shown == names


def test_the_page_asks_how_far_the_batch_is_until_it_is_over(
    admin_client: Client, batch: TryOnBatch
) -> None:
    where = f"{LIST}{batch.pk}/progress/"
    assert f'data-url="{where}"' in read(admin_client, page_of(batch))
    facts = json.loads(read(admin_client, where))
    assert (facts["over"], facts["total"], facts["done"]) == (0, 2, False)
    assert (facts["state_text"], facts["text"]) == ("under way", "0 of 2 ready, 2 to come")
    for job in batch.jobs.all():
        finish(job)
    facts = json.loads(read(admin_client, where))
    assert (facts["over"], facts["ready"], facts["done"]) == (2, 2, True)
    assert "data-url" not in read(admin_client, page_of(batch))


# How long it will take.


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, ""),
        (5, "less than a minute left"),
        (61, "about 1 minute left"),
        (700, "about 12 minutes left"),
        (5400, "about 2 hours left"),
    ],
)
def test_the_time_left_is_said_in_words(seconds: float | None, said: str) -> None:
    assert time_left_text(seconds) == said


def test_the_time_left_follows_from_the_usual_time_the_slots_and_the_queue(
    batch: TryOnBatch,
    product: Product,
    models: list[PersonPhoto],
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    later = jobs.request_batch([product], models).batch
    (mine,), (theirs,) = progress_of([batch]).values(), progress_of([later]).values()
    assert seconds_left(mine) is None
    monkeypatch.setattr(progress, "usual_seconds", {"upper": 40.0}.get)
    # One of two slots is kept for shoppers; the later batch waits for the first one.
    assert (seconds_left(mine), seconds_left(theirs)) == (80.0, 160.0)
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "MAX_PARALLEL": 5}
    assert (seconds_left(mine), seconds_left(theirs)) == (40.0, 40.0)


# The buttons.


def test_staff_pause_resume_and_cancel(admin_client: Client, batch: TryOnBatch) -> None:
    assert "The batch is paused" in steer(admin_client, batch, "pause")
    html = read(admin_client, page_of(batch))
    assert ('value="resume"' in html, 'value="pause"' in html) == (True, False)
    assert html.count(">paused<") == 1
    assert html.count("paused with its batch") == 2
    assert "The batch goes on." in steer(admin_client, batch, "resume")
    assert "Nothing changed." in steer(admin_client, batch, "resume")
    assert "2 try-ons canceled." in steer(admin_client, batch, "cancel")
    assert ">canceled<" in read(admin_client, page_of(batch))
    assert 'name="do"' not in read(admin_client, page_of(batch))
    assert "by staff" in batch.jobs.all()[0].transitions.get(status="canceled").note
    history = read(admin_client, f"{LIST}{batch.pk}/history/")
    assert "2 try-ons canceled." in history


def test_staff_retry_what_failed_and_read_what_that_costs(
    admin_client: Client, batch: TryOnBatch, settings: Any
) -> None:
    settings.GLAM_TRYON = {
        **settings.GLAM_TRYON,
        "PRICE": {"per_credit": "0.08", "currency": "EUR"},
    }
    for job in batch.jobs.all():
        finish(job, "failed")
    html = " ".join(read(admin_client, page_of(batch)).split())
    assert "Retry 2 failed (0.16 EUR)" in html
    assert "2 try-ons are sent again." in steer(admin_client, batch, "retry")
    assert set(batch.jobs.values_list("status", flat=True)) == {"pending"}


def test_nothing_changes_on_a_get_or_by_an_unknown_word(
    admin_client: Client, batch: TryOnBatch
) -> None:
    for name in ("steer", "publish"):
        assert admin_client.get(f"{LIST}{batch.pk}/{name}/", {"do": "cancel"}).status_code == 405
    assert admin_client.post(f"{LIST}{batch.pk}/steer/", {"do": "burn"}).status_code == 404
    assert admin_client.post(f"{LIST}{uuid.uuid4()}/steer/", {"do": "pause"}).status_code == 404
    assert set(batch.jobs.values_list("status", "queue")) == {("pending", 2)}


@pytest.mark.parametrize(
    ("permissions", "answers"),
    [
        ((), (403, 403, 403, 403)),
        (("view_tryonjob",), (200, 200, 403, 403)),
        (("change_tryonjob",), (200, 200, 302, 403)),
        (("publish_results",), (403, 403, 403, 403)),
        (("view_tryonjob", "publish_results"), (200, 200, 403, 302)),
    ],
)
def test_each_thing_needs_its_permission(
    client: Client,
    django_user_model: Any,
    batch: TryOnBatch,
    permissions: tuple[str, ...],
    answers: tuple[int, ...],
) -> None:
    result = finish(batch.jobs.all()[0])
    client.force_login(only(*permissions)(django_user_model))
    said = (
        client.get(LIST).status_code,
        client.get(page_of(batch)).status_code,
        client.post(f"{LIST}{batch.pk}/steer/", {"do": "pause"}).status_code,
        client.post(f"{LIST}{batch.pk}/publish/", {"result": result.pk}).status_code,
    )
    assert said == answers
    batch.refresh_from_db()
    result.refresh_from_db()
    assert (batch.paused_at is not None) == (answers[2] == 302)
    assert (result.published_at is not None) == (answers[3] == 302)


def test_no_button_stands_there_in_vain(
    client: Client, django_user_model: Any, batch: TryOnBatch
) -> None:
    finish(batch.jobs.all()[0])
    client.force_login(only("view_tryonjob")(django_user_model))
    html = read(client, page_of(batch))
    assert 'name="do"' not in html
    assert 'name="result"' not in html
    assert "Publish" not in html


def test_the_pages_need_no_style_or_script_within_their_html(
    admin_client: Client, batch: TryOnBatch
) -> None:
    finish(batch.jobs.all()[0])
    for address in (LIST, page_of(batch)):
        html = read(admin_client, address)
        assert "style=" not in html
        assert "<style" not in html
        assert "onclick=" not in html


# Publishing.


def test_ticked_pictures_go_into_the_gallery_with_their_words_and_the_label(
    admin_client: Client, admin_user: Any, batch: TryOnBatch, product: Product
) -> None:
    ready, other = (finish(job) for job in batch.jobs.order_by("person_photo__position"))
    html = publish(admin_client, batch, ready, **{f"alt_{ready.pk}": "Mina in linen"})
    assert "1 picture published." in html
    image = ProductImage.objects.get()
    assert (image.product, image.alt, image.label) == (product, "Mina in linen", "AI-generated")
    with image.image.open("rb") as stored, ready.image.open("rb") as drawn:
        assert stored.read() == drawn.read()
    ready.refresh_from_db()
    other.refresh_from_db()
    assert (ready.alt, ready.published_by) == ("Mina in linen", admin_user)
    assert ready.published_at is not None
    assert other.published_at is None


def test_without_words_of_ones_own_the_picture_has_generated_ones(
    admin_client: Client, batch: TryOnBatch, settings: Any
) -> None:
    result = finish(batch.jobs.order_by("person_photo__position")[0])
    publish(admin_client, batch, result, **{f"alt_{result.pk}": "  "})
    assert ProductImage.objects.get().alt == "Mina wears: Linen shirt"


def test_a_picture_that_is_published_twice_is_there_once(
    admin_client: Client, batch: TryOnBatch
) -> None:
    result = finish(batch.jobs.all()[0])
    publish(admin_client, batch, result)
    assert "1 was published already." in publish(admin_client, batch, result)
    assert ProductImage.objects.count() == 1


def test_a_publication_that_died_before_its_end_was_noted_leaves_one_picture(
    admin_client: Client, batch: TryOnBatch
) -> None:
    result = finish(batch.jobs.all()[0])
    publish(admin_client, batch, result)
    TryOnResult.objects.filter(pk=result.pk).update(published_at=None)
    assert "1 picture published." in publish(admin_client, batch, result)
    assert ProductImage.objects.count() == 1


def test_a_publication_under_way_keeps_others_out_for_five_minutes(
    admin_client: Client, batch: TryOnBatch
) -> None:
    result = finish(batch.jobs.all()[0])
    assert result.begin_publishing()
    assert not result.begin_publishing()
    publish(admin_client, batch, result)
    assert not ProductImage.objects.exists()
    long_ago = timezone.now() - timedelta(minutes=6)
    TryOnResult.objects.filter(pk=result.pk).update(publishing_at=long_ago)
    publish(admin_client, batch, result)
    assert ProductImage.objects.count() == 1


def test_the_shops_own_function_is_asked_instead(
    admin_client: Client, batch: TryOnBatch, product: Product, settings: Any
) -> None:
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "PUBLISH_RESULT": f"{__name__}.put"}
    PUT.clear()
    result = finish(batch.jobs.order_by("person_photo__position")[0])
    publish(admin_client, batch, result)
    assert [(result, product, "Mina wears: Linen shirt", "AI-generated")] == PUT
    assert not ProductImage.objects.exists()


def test_one_that_goes_wrong_is_said_and_can_be_tried_again(
    admin_client: Client, batch: TryOnBatch, settings: Any
) -> None:
    given = dict(settings.GLAM_TRYON)
    settings.GLAM_TRYON = {**given, "PUBLISH_RESULT": f"{__name__}.refuse"}
    result = finish(batch.jobs.all()[0])
    assert "raised OSError: the bucket is away" in publish(admin_client, batch, result)
    settings.GLAM_TRYON = given
    assert "1 picture published." in publish(admin_client, batch, result)


def test_a_shop_without_a_gallery_reads_what_to_set(
    admin_client: Client, batch: TryOnBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ProductAdmin, "tryon_gallery", "")
    said = publish(admin_client, batch, finish(batch.jobs.all()[0]))
    assert "Nothing says where pictures go: set PUBLISH_RESULT." in said


def test_nothing_ticked_is_said(admin_client: Client, batch: TryOnBatch) -> None:
    assert "Tick the pictures that are good first." in publish(admin_client, batch)


@pytest.mark.parametrize(
    "change",
    [
        {"person_photo__kind": PersonPhoto.Kind.SHOPPER},
        {"person_photo__licensed_until": timezone.localdate() - timedelta(days=1)},
        {"owner": "user:1"},
        {"person_photo": None},
        {"deleted_at": timezone.now()},
    ],
    ids=["a shopper", "licence over", "owner", "no person", "deleted"],
)
def test_only_the_shops_pictures_of_house_models_who_may_be_shown_are_published(
    admin_client: Client, batch: TryOnBatch, change: dict[str, Any]
) -> None:
    job = batch.jobs.all()[0]
    result = finish(job)
    ((name, value),) = change.items()
    if name.startswith("person_photo__"):
        PersonPhoto.objects.update(**{name.removeprefix("person_photo__"): value})
    else:
        TryOnJob.objects.filter(pk=job.pk).update(**{name: value})
    assert 'name="result"' not in read(admin_client, page_of(batch))
    said = publish(admin_client, batch, result)
    assert "Only the shop's own pictures of house models can be published." in said
    assert not ProductImage.objects.exists()


def test_a_picture_of_another_batch_is_not_published_from_here(
    admin_client: Client, batch: TryOnBatch, product: Product, models: list[PersonPhoto]
) -> None:
    other = jobs.request_batch([product], models).batch
    result = finish(other.jobs.all()[0])
    publish(admin_client, batch, result)
    assert not ProductImage.objects.exists()


def test_a_product_that_is_gone_gets_no_picture(
    admin_client: Client, batch: TryOnBatch, product: Product
) -> None:
    result = finish(batch.jobs.all()[0])
    product.delete()
    assert "The product is gone." in publish(admin_client, batch, result)


def test_batches_ask_for_the_permissions_of_tryons() -> None:
    assert TryOnBatch._meta.default_permissions == ()
    assert not TryOnBatchAdmin.actions
