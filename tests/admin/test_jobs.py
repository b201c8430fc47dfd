"""The list of jobs, one job's page and the actions, as staff see them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.contenttypes.models import ContentType
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from example_project.shop.models import Product
from glam_tryon.models import Account, TryOnJob, TryOnResult, TryOnSubmission
from glam_tryon.models.clock import DatabaseNow
from glam_tryon.models.status import Status
from tests.shop import picture

pytestmark = pytest.mark.django_db

Order = Callable[..., TryOnJob]
LIST = "/admin/glam_tryon/tryonjob/"


@pytest.fixture
def staff(db: None) -> Callable[..., Client]:
    """Make a client of a member of staff with these permissions only."""

    def staff(*codenames: str) -> Client:
        user = User.objects.create_user(f"staff {uuid.uuid4()}", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        assert user.user_permissions.count() == len(codenames)
        client = Client()
        client.force_login(user)
        return client

    return staff


def put(job: TryOnJob, **fields: Any) -> TryOnJob:
    TryOnJob.objects.filter(pk=job.pk).update(**fields)
    job.refresh_from_db()
    return job


def finish(job: TryOnJob) -> TryOnJob:
    for position in range(2):
        result = TryOnResult(job=job, position=position, width=240, height=320, sha256="0" * 64)
        result.image.save(f"result{position}.jpg", ContentFile(picture(colour="#113355")))
    return put(job, status="ready", queue=None, next_step_at=None)


def page(client: Client, address: str = LIST, **query: str) -> str:
    answer = client.get(address, query)
    assert answer.status_code == 200, answer.status_code
    return unescape(answer.content.decode())


def act(client: Client, action: str, *jobs: TryOnJob) -> str:
    """Choose jobs and an action in the list; return what staff are told."""
    data = {"action": action, "_selected_action": [str(job.pk) for job in jobs]}
    answer = client.post(LIST, data, follow=True)
    assert answer.status_code == 200
    return " / ".join(str(message) for message in answer.context["messages"])


# The list.


def test_a_line_shows_badge_pictures_product_and_age(
    admin_client: Client, order: Order, product: Product
) -> None:
    job = finish(order())
    put(job, created_at=timezone.now() - timedelta(minutes=3))
    html = page(admin_client)
    assert '<span class="glam-tryon-badge is-ready">ready</span>' in html
    for which in ("garment", "0"):
        address = f"/admin/glam_tryon/tryonjob/{job.pk}/picture/{which}/"
        assert f'<a class="glam-tryon-thumbnail" href="{address}">' in html
        assert f'<img src="{address}"' in html
    assert f'<a href="/admin/shop/product/{product.pk}/change/">Linen shirt</a>' in html
    found = re.search(r'<time datetime="([^"]+)" title="([^"]+)">([^<]+)</time>', html)
    assert found
    assert found[3].replace("\xa0", " ") == "3 minutes ago"
    assert found[1].startswith(str(job.created_at)[:10])


def test_a_problem_shows_its_code_with_glams_words_on_hover(
    admin_client: Client, order: Order
) -> None:
    put(order(), status="failed", error_code="glam_failed", error_message='No "person" <found>')
    html = admin_client.get(LIST).content.decode()
    words = "No &quot;person&quot; &lt;found&gt;"
    assert f'<span title="{words}">glam_failed</span>' in html


def test_a_job_whose_product_is_in_no_admin_shows_its_title_only(
    admin_client: Client, order: Order
) -> None:
    put(order(), content_type=None)
    html = page(admin_client)
    assert "Linen shirt" in html
    assert "/admin/shop/product/" not in html.partition('id="result_list"')[2]


def queries_of(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        page(client, address)
    return len(queries)


def test_the_list_costs_the_same_queries_for_five_jobs_and_for_fifty(
    admin_client: Client, order: Order
) -> None:
    for _ in range(5):
        finish(order())
    page(admin_client)
    few = queries_of(admin_client, LIST)
    template = TryOnJob.objects.values().first()
    assert template is not None
    made = TryOnJob.objects.bulk_create(
        TryOnJob(**{**template, "id": uuid.uuid4(), "request_key": None}) for _ in range(45)
    )
    TryOnResult.objects.bulk_create(
        TryOnResult(job=job, position=0, image="x.jpg", width=1, height=1, sha256="0")
        for job in made
    )
    assert page(admin_client).count("glam-tryon-badge") == 50
    assert queries_of(admin_client, LIST) == few


def test_the_list_asks_no_storage(
    admin_client: Client, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = finish(order())
    for alias in ("default", "glam_tryon"):
        for name in ("open", "exists", "url", "size", "path"):
            monkeypatch.setattr(storages[alias], name, lambda *_: pytest.fail("asked a storage"))
    assert "glam-tryon-badge" in page(admin_client)
    assert "glam-tryon-badge" in page(admin_client, f"{LIST}{job.pk}/change/")


def test_a_job_is_found_by_its_id_its_event_and_its_product(
    admin_client: Client, order: Order, product: Product
) -> None:
    job, other = order(), order()
    put(other, garment_title="Wool scarf", product_key="none")
    for number in (1, 2):
        TryOnSubmission.objects.create(
            job=job,
            job_key=job.pk,
            number=number,
            event_id=f"c0a76988-{number}",
            started_at=DatabaseNow(),
        )
    for words in (str(job.pk), "c0a76988-2", f" {product.pk} "):
        html = page(admin_client, q=words)
        assert f"{LIST}{job.pk}/change/" in html, words
        assert f"{LIST}{other.pk}/change/" not in html, words
    for words in ("c0a76988", str(job.pk)[:8], "Wool scarf", str(uuid.uuid4())):
        assert "glam-tryon-badge" not in page(admin_client, q=words), words


def test_the_page_of_a_job_shows_its_history_and_its_ledger(
    admin_client: Client, order: Order
) -> None:
    job = finish(order())
    TryOnSubmission.objects.create(
        job=job, job_key=job.pk, number=1, event_id="c0a76988-1", started_at=DatabaseNow()
    )
    html = page(admin_client, f"{LIST}{job.pk}/change/")
    assert "c0a76988-1" in html
    assert "waiting to be sent" in html
    assert html.count(f"{LIST}{job.pk}/picture/1/") == 2


def test_nothing_on_the_page_of_a_job_can_be_changed(admin_client: Client, order: Order) -> None:
    job = order()
    answer = admin_client.post(
        f"{LIST}{job.pk}/change/",
        {
            "status": "ready",
            "mask_type": "lower",
            "submissions-TOTAL_FORMS": "0",
            "submissions-INITIAL_FORMS": "0",
            "transitions-TOTAL_FORMS": "0",
            "transitions-INITIAL_FORMS": "0",
        },
    )
    assert answer.status_code == 302
    job.refresh_from_db()
    assert (job.status, job.mask_type) == ("pending", "upper")


# Deleting.


def test_a_job_at_rest_can_be_deleted(admin_client: Client, order: Order) -> None:
    job = finish(order())
    answer = admin_client.post(f"{LIST}{job.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 302
    assert not TryOnJob.objects.exists()


@pytest.mark.parametrize("status", ["pending", "in_queue", "canceled"])
def test_a_job_that_is_under_way_cannot_be_deleted(
    admin_client: Client, order: Order, status: str
) -> None:
    job = put(order(), status=status, queue=0)
    assert admin_client.post(f"{LIST}{job.pk}/delete/", {"post": "yes"}).status_code == 403
    data = {"action": "delete_selected", "_selected_action": [str(job.pk)], "post": "yes"}
    admin_client.post(LIST, data)
    assert TryOnJob.objects.exists()


# Pictures.


@pytest.mark.parametrize("which", ["garment", "0", "1"])
def test_a_picture_needs_the_permission_to_see_jobs(
    staff: Callable[..., Client], client: Client, order: Order, which: str
) -> None:
    address = f"{LIST}{finish(order()).pk}/picture/{which}/"
    answer = staff("view_tryonjob").get(address)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
    assert answer["Cache-Control"].startswith("private, no-store")
    assert staff("view_personphoto").get(address).status_code == 403
    assert client.get(address).status_code == 302
    client.force_login(User.objects.create_user("shopper"))
    assert client.get(address).status_code == 302


@pytest.mark.parametrize("which", ["2", "9" * 30, "x", "²", "-1"])
def test_a_picture_that_is_not_there_is_not_found(
    admin_client: Client, order: Order, which: str
) -> None:
    job = finish(order())
    assert admin_client.get(f"{LIST}{job.pk}/picture/{which}/").status_code == 404
    assert admin_client.get(f"{LIST}{uuid.uuid4()}/picture/garment/").status_code == 404


# The connection to Glam.

STATE = "/admin/glam_tryon/account/"


def test_a_pause_stands_above_the_list_until_it_is_resumed(
    admin_client: Client, order: Order
) -> None:
    paused = "Sending to Glam is paused (bad_key). New try-ons wait; none is lost."
    assert "is paused" not in page(admin_client)
    Account.pause("bad_key", "Invalid API key", "key")
    html = page(admin_client)
    assert paused in html
    assert f'<a href="{STATE}">Resume</a>' in html
    assert "Invalid API key" in page(admin_client, STATE)
    answer = admin_client.post(
        STATE, {"action": "resume_submitting", "_selected_action": ["glam"]}, follow=True
    )
    assert "Submitting goes on." in [str(said) for said in answer.context["messages"]]
    assert Account.load().paused_at is None
    assert "is paused" not in page(admin_client)


def test_staff_can_pause_submitting(admin_client: Client, admin_user: User) -> None:
    page(admin_client, STATE)
    admin_client.post(STATE, {"action": "pause_submitting", "_selected_action": ["glam"]})
    state = Account.load()
    assert (state.pause_code, state.pause_detail) == ("staff", str(admin_user))
    assert state.resumes_with("any key") is False


def test_resuming_needs_the_permission_to_change_the_connection(
    staff: Callable[..., Client],
) -> None:
    Account.pause("bad_key", "", "key")
    data = {"action": "resume_submitting", "_selected_action": ["glam"]}
    staff("view_account").post(STATE, data)
    assert Account.load().paused_at is not None
    staff("view_account", "change_account").post(STATE, data)
    assert Account.load().paused_at is None


def test_the_connection_is_neither_added_nor_deleted(admin_client: Client) -> None:
    Account.load()
    assert admin_client.get(f"{STATE}add/").status_code == 403
    assert admin_client.post(f"{STATE}glam/delete/", {"post": "yes"}).status_code == 403


def test_every_status_has_a_badge_of_its_own(admin_client: Client, order: Order) -> None:
    for status in Status:
        put(order(), status=status)
    found = re.findall(r'glam-tryon-badge is-(\w+)">([^<]+)<', page(admin_client))
    assert sorted(found) == sorted((status.value, str(status.label)) for status in Status)


def test_a_job_of_a_model_that_left_the_shop_is_listed(admin_client: Client, order: Order) -> None:
    gone = ContentType.objects.create(app_label="gone", model="gone")
    job = put(order(), content_type=gone)
    assert "Linen shirt" in page(admin_client)
    assert "Linen shirt" in page(admin_client, f"{LIST}{job.pk}/change/")
