"""What a shopper says of a picture."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from example_project.shop.models import Product
from glam_tryon.models import PersonPhoto, TryOnJob
from glam_tryon.models.job import FeedbackReason
from tests.storefront.shoppers import JSON, finish, order

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(client: Client, product: Product, house_model: PersonPhoto) -> TryOnJob:
    made = order(client, product, house_model=house_model.pk)
    finish(made)
    return made


def say(client: Client, job: TryOnJob, **fields: str) -> Any:
    return client.post(f"/tryon/jobs/{job.pk}/feedback/", fields, headers=JSON)


def kept(job: TryOnJob) -> tuple[str, str]:
    job.refresh_from_db()
    return job.feedback, job.feedback_reason


def test_a_picture_without_a_verdict_has_none(client: Client, job: TryOnJob) -> None:
    said = client.get(f"/tryon/jobs/{job.pk}/", headers=JSON).json()
    assert said["feedback"] == {"verdict": "", "reason": ""}
    assert said["urls"]["feedback"] == f"/tryon/jobs/{job.pk}/feedback/"


@pytest.mark.parametrize("reason", ["", *FeedbackReason.values])
def test_what_is_not_right_is_kept(client: Client, job: TryOnJob, reason: str) -> None:
    answer = say(client, job, verdict="down", reason=reason)
    assert answer.status_code == 200
    assert answer.json()["feedback"] == {"verdict": "down", "reason": reason}
    assert kept(job) == ("down", reason)


def test_the_last_verdict_counts_and_praise_has_no_reason(client: Client, job: TryOnJob) -> None:
    say(client, job, verdict="down", reason="face")
    answer = say(client, job, verdict="up", reason="face")
    assert answer.json()["feedback"] == {"verdict": "up", "reason": ""}
    assert kept(job) == ("up", "")


@pytest.mark.parametrize(
    "fields",
    [{}, {"reason": "face"}, {"verdict": "meh"}, {"verdict": "down", "reason": "the price"}],
)
def test_words_that_no_form_has_are_refused(
    client: Client, job: TryOnJob, fields: dict[str, str]
) -> None:
    answer = say(client, job, **fields)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == "invalid"
    assert error["message"] == "This did not work. Please load the page again."
    assert kept(job) == ("", "")


def test_a_try_on_without_a_picture_takes_no_verdict(
    client: Client, product: Product, house_model: PersonPhoto
) -> None:
    waiting = order(client, product, house_model=house_model.pk)
    said = client.get(f"/tryon/jobs/{waiting.pk}/", headers=JSON).json()
    assert said["urls"]["feedback"] == ""
    assert say(client, waiting, verdict="up").status_code == 404
    assert kept(waiting) == ("", "")


def test_without_a_script_the_answer_is_the_page_again(client: Client, job: TryOnJob) -> None:
    answer = client.post(f"/tryon/jobs/{job.pk}/feedback/", {"verdict": "up"})
    assert (answer.status_code, answer["Location"]) == (302, f"/tryon/jobs/{job.pk}/")
    assert client.get(answer["Location"]).status_code == 200
    assert kept(job) == ("up", "")
