"""What the admin's pages tell somebody who is tired: pictures, advice, and no button in vain."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from django.utils import timezone

from glam_tryon.admin.formatting import NOTHING, age, instant
from glam_tryon.models import Account, PersonPhoto, TryOnJob, TryOnSubmission
from glam_tryon.models.clock import DatabaseNow
from glam_tryon.models.status import Status

pytestmark = pytest.mark.django_db

Order = Callable[..., TryOnJob]
JOBS = "/admin/glam_tryon/tryonjob/"
MODELS = "/admin/glam_tryon/personphoto/"
STATE = "/admin/glam_tryon/account/"


def put(job: TryOnJob, **fields: object) -> TryOnJob:
    TryOnJob.objects.filter(pk=job.pk).update(**fields)
    job.refresh_from_db()
    return job


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def job_page(client: Client, job: TryOnJob) -> str:
    return page(client, f"{JOBS}{job.pk}/change/")


def facts(client: Client) -> dict[str, str]:
    """What the page about the connection says, without its markup."""
    html = page(client, STATE)
    found = re.findall(r"<dt>(.*?)</dt>\s*<dd>(.*?)</dd>", html, re.DOTALL)
    return {name: re.sub(r"<[^>]+>", "", value).strip() for name, value in found}


# One job.


def test_the_page_of_a_job_shows_the_garment_and_the_house_model(
    admin_client: Client, order: Order, house_model: PersonPhoto
) -> None:
    job = order()
    html = job_page(admin_client, job)
    for which, name in (("garment", "Garment"), ("person", "Mina")):
        assert f'src="{JOBS}{job.pk}/picture/{which}/"' in html
        assert f"<figcaption>{name}</figcaption>" in html
        answer = admin_client.get(f"{JOBS}{job.pk}/picture/{which}/")
        assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
    assert f'<a href="{MODELS}{house_model.pk}/change/">Mina</a>' in html


def test_a_shoppers_own_photo_is_named_and_not_shown(
    admin_client: Client, order: Order, house_model: PersonPhoto
) -> None:
    job = order()
    PersonPhoto.objects.update(kind=PersonPhoto.Kind.SHOPPER)
    html = job_page(admin_client, job)
    assert "own photo, hidden" in html
    assert "/picture/person/" not in html
    assert admin_client.get(f"{JOBS}{job.pk}/picture/person/").status_code == 404


def test_a_job_whose_photo_is_gone_says_so(admin_client: Client, order: Order) -> None:
    job = put(order(), person_photo=None, status="failed", queue=None)
    html = job_page(admin_client, job)
    assert "the photo was deleted" in html
    assert "so it cannot be sent again" in html


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"status": "failed", "error_code": "glam_failed"}, "sends it once more"),
        ({"status": "unconfirmed", "error_code": "needs_person"}, "Look for it in the Glam acc"),
        ({"status": "unconfirmed", "error_code": "read_timeout"}, "settles by itself"),
    ],
)
def test_a_job_in_trouble_says_what_to_do(
    admin_client: Client, order: Order, fields: dict[str, str], said: str
) -> None:
    html = job_page(admin_client, put(order(), **fields, error_message="Glam's words"))
    assert said in html
    assert f"{fields['error_code']}: Glam's words" in html


def test_a_job_that_goes_its_way_says_nothing_of_problems(
    admin_client: Client, order: Order
) -> None:
    html = job_page(admin_client, order())
    for word in ("What now:", "Problem:", "Finished:", "The provider's status:"):
        assert word not in html


def test_the_page_of_a_job_has_no_button_to_save(admin_client: Client, order: Order) -> None:
    html = job_page(admin_client, order())
    assert 'name="_save"' not in html
    assert 'name="_continue"' not in html
    assert 'name="_addanother"' not in html
    assert "Close</a>" in html


def test_the_order_form_asks_for_the_product_first_and_says_what_it_costs(
    admin_client: Client, house_model: PersonPhoto
) -> None:
    html = page(admin_client, f"{JOBS}add/")
    names = re.findall(r'name="(product|house_model|photo|mask_type|priority)"', html)
    assert names == ["product", "house_model", "photo", "mask_type", "priority"]
    assert "Glam may bill it." in html


# House models.


def test_the_pages_say_house_models(admin_client: Client, house_model: PersonPhoto) -> None:
    assert "<h1>House models</h1>" in page(admin_client, MODELS)
    assert "<h1>New house model</h1>" in page(admin_client, f"{MODELS}add/")
    assert "<h1>House model</h1>" in page(admin_client, f"{MODELS}{house_model.pk}/change/")


def test_the_page_of_a_house_model_shows_the_picture_it_has(
    admin_client: Client, house_model: PersonPhoto
) -> None:
    html = page(admin_client, f"{MODELS}{house_model.pk}/change/")
    assert f'src="{MODELS}{house_model.pk}/picture/"' in html
    assert "Another picture:" in html
    assert "Another picture:" not in page(admin_client, f"{MODELS}add/")


# The connection to Glam.


def test_a_shop_that_sends_says_so_and_can_be_paused(admin_client: Client) -> None:
    assert facts(admin_client) == {
        "Submitting": "goes on",
        "Generations left in the budget": "500",
        "Slots in use": "0 of 2",
        "A poller last worked": "never: is it started?",
    }
    assert 'name="action"' in page(admin_client, STATE)
    assert 'value="pause_submitting"' in page(admin_client, STATE)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("bad_key", "Glam refuses the API key"),
        ("no_credits", "no credits left"),
        ("redirected", "Check BASE_URL"),
        ("staff", "Paused by hand."),
        ("novel", "novel"),
    ],
)
def test_a_pause_says_why_and_what_ends_it(admin_client: Client, code: str, said: str) -> None:
    Account.pause(code, "Glam's words")
    found = facts(admin_client)
    assert found["Submitting"] == "paused"
    assert said in found["Why"]
    assert found["In detail"] == f"{code}: Glam's words"
    assert 'value="resume_submitting"' in page(admin_client, STATE)


def test_a_rest_says_its_reason_and_its_end(admin_client: Client) -> None:
    later = timezone.now() + timedelta(minutes=1)
    Account.load()
    Account.rows().update(throttled_until=later, effective_cap=1)
    found = facts(admin_client)
    assert found["Submitting"] == "rests: Glam has too much to do"
    assert f"{later:%H:%M:%S}" in found["Until"]
    assert found["Slots that Glam allows now"] == "1"
    Account.rows().update(throttled_until=None, breaker_until=later, breaker_failures=5)
    found = facts(admin_client)
    assert found["Submitting"] == "rests: Glam does not answer"
    assert found["Failures in a row"] == "5"


def test_the_slots_in_use_and_the_last_round_are_told(admin_client: Client, order: Order) -> None:
    job = order()
    TryOnSubmission.objects.create(
        job=job, job_key=job.pk, number=1, slot=0, started_at=DatabaseNow()
    )
    Account.load()
    Account.rows().update(last_round_at=DatabaseNow())
    found = facts(admin_client)
    assert found["Slots in use"] == "1 of 2"
    assert found["A poller last worked"] == "just now"


# All of them.


def test_an_age_is_words_with_the_time_on_hover_and_an_instant_the_other_way_round() -> None:
    moment = timezone.now() - timedelta(hours=2)
    clock = f"{moment:%H:%M:%S}"
    words = "2\xa0hours ago"
    assert re.search(rf'title="[^"]*{clock}">{words}</time>', age(moment))
    assert re.search(rf'title="{words}">[^<]*{clock}</time>', instant(moment))
    assert 'title=""' in instant(timezone.now() + timedelta(hours=1))
    assert ">just now<" in age(timezone.now())
    assert age(None) == instant(None) == NOTHING


def test_no_page_needs_a_style_or_script_within_its_html(
    admin_client: Client, order: Order, house_model: PersonPhoto
) -> None:
    job = put(order(), status="failed", error_code="x", error_message="y")
    addresses = (JOBS, f"{JOBS}{job.pk}/change/", f"{JOBS}add/", MODELS, f"{MODELS}add/", STATE)
    for address in addresses:
        html = page(admin_client, address)
        assert "style=" not in html, address
        assert "<style" not in html, address
        assert "onclick=" not in html, address


def test_every_status_under_way_or_over_has_a_tint() -> None:
    found = finders.find("glam_tryon/admin.css")
    assert isinstance(found, str)
    css = Path(found).read_text()
    plain = {Status.PENDING, Status.CANCELED}
    assert {word for word in Status if f".is-{word.value}" in css} == set(Status) - plain
