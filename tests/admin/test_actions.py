"""What staff do with chosen jobs: eligible ones only, asked before, counted, logged."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from glam_tryon import jobs
from glam_tryon.models import PersonPhoto, TryOnJob, TryOnSubmission
from tests.admin.staff import JOBS, act, asks, drawn, html, post, put, said, sent, taken_by

pytestmark = pytest.mark.django_db

Order = Callable[..., TryOnJob]
#: Each action that changes something: what one taken and one ready job are told.
TOLD = {
    "submit_now": "1 submitted now, 1 skipped (already ready).",
    "ask_again": "1 asked about, 1 skipped (already ready).",
    "retry_failed": "1 retried, 1 skipped (already ready).",
    "cancel_jobs": "1 canceled, 1 skipped (already ready).",
    "refetch_results": "1 fetched again, 1 skipped (no picture at Glam).",
    "resubmit_unconfirmed": "1 resubmitted, 1 skipped (already ready).",
    "delete_pictures": "pictures of 1 deleted, 1 skipped (no pictures).",
}
FREE = {"ask_again", "refetch_results"}


def row(job: TryOnJob) -> dict[str, Any]:
    return TryOnJob.objects.filter(pk=job.pk).values().get()


@pytest.mark.parametrize("action", TOLD)
def test_an_action_takes_the_eligible_and_says_what_became_of_the_rest(
    admin_client: Client, order: Order, action: str
) -> None:
    job = taken_by(action, order())
    other = put(order(), status="canceled" if action == "delete_pictures" else "ready", queue=None)
    before = row(job), row(other)
    assert act(admin_client, action, job, other) == TOLD[action]
    assert row(job) != before[0]
    assert row(other) == before[1]


@pytest.mark.parametrize("action", TOLD)
def test_an_action_that_could_do_nothing_warns_and_logs_nothing(
    admin_client: Client, order: Order, action: str
) -> None:
    job = put(order(), status="storing", queue=0, deleted_at=timezone.now())
    answer = post(admin_client, action, job)
    (message,) = answer.context["messages"]
    assert message.level_tag == "warning"
    assert "1 skipped" in str(message)
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("action", TOLD)
def test_an_action_asks_before_where_money_or_pictures_are_at_stake(
    admin_client: Client, order: Order, action: str
) -> None:
    job = taken_by(action, order())
    before = row(job)
    answer = post(admin_client, action, job)
    assert asks(answer) is (action not in FREE)
    if action not in FREE:
        assert str(job) in html(answer)
        assert row(job) == before


@pytest.mark.parametrize("action", TOLD)
def test_an_action_is_logged_with_who_and_how_many(
    admin_client: Client, admin_user: User, order: Order, action: str
) -> None:
    told = act(admin_client, action, taken_by(action, order()), taken_by(action, order()))
    (entry,) = LogEntry.objects.all()
    assert entry.user == admin_user
    assert entry.object_repr == "2 try-ons"
    assert str(entry.get_change_message()).endswith(told)


def test_an_action_on_one_job_stands_in_its_own_log(admin_client: Client, order: Order) -> None:
    job = taken_by("cancel_jobs", order())
    act(admin_client, "cancel_jobs", job)
    assert "1 canceled." in html(admin_client.get(f"{JOBS}{job.pk}/history/"))


def test_several_reasons_are_counted_each(admin_client: Client, order: Order) -> None:
    ready, canceled = (put(order(), status=status) for status in ("ready", "canceled"))
    without = put(order(), status="failed", person_photo=None)
    failed = taken_by("retry_failed", order())
    told = act(admin_client, "retry_failed", ready, canceled, without, failed, order())
    assert told == (
        "1 retried, 4 skipped (1 already canceled, 1 its photo is gone, "
        "1 waiting to be sent, 1 already ready)."
    )


# What it costs.


def test_the_page_says_how_much_will_be_bought_and_what_is_left(
    admin_client: Client, order: Order, settings: Any
) -> None:
    settings.GLAM_TRYON = {
        **settings.GLAM_TRYON,
        "PRICE": {"per_credit": "0.05", "currency": "EUR"},
        "BUDGET": {"month": 30},
    }
    chosen = [taken_by("retry_failed", order()) for _ in range(2)]
    page = html(post(admin_client, "retry_failed", *chosen))
    assert "This will buy 2 generations, 0.10 EUR, budget left 1.40 EUR." in page


def test_without_a_price_the_page_counts_generations(
    admin_client: Client, order: Order, settings: Any
) -> None:
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "BUDGET": {"month": 30}}
    page = html(post(admin_client, "submit_now", taken_by("submit_now", order())))
    assert "This will buy 1 generation, budget left 30 generations." in page


def test_more_than_was_shown_is_asked_about_again(admin_client: Client, order: Order) -> None:
    chosen = [taken_by("retry_failed", order()) for _ in range(3)]
    answer = post(admin_client, "retry_failed", *chosen, confirmed="2")
    assert asks(answer)
    assert answer.context["count"] == 3
    assert {row(job)["status"] for job in chosen} == {"failed"}


def test_all_that_match_a_filter_are_taken(admin_client: Client, order: Order) -> None:
    failed = [taken_by("retry_failed", order()) for _ in range(3)]
    waiting = order()
    data = {
        "action": "retry_failed",
        "_selected_action": [str(failed[0].pk)],
        "select_across": "1",
        "confirmed": "3",
    }
    answer = admin_client.post(f"{JOBS}?status__exact=failed", data, follow=True)
    assert said(answer) == "3 retried."
    assert row(waiting)["status"] == "pending"


def test_two_admins_at_once_change_each_job_once(
    admin_client: Client, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, theirs = (taken_by("cancel_jobs", order()) for _ in range(2))
    cancel_all = jobs.cancel_all

    def overtaken(keys: Any, *, note: str) -> int:
        jobs.cancel(theirs, note="by the other")
        return cancel_all(keys, note=note)

    monkeypatch.setattr(jobs, "cancel_all", overtaken)
    told = act(admin_client, "cancel_jobs", mine, theirs)
    assert told == "1 canceled, 1 skipped (changed meanwhile)."
    assert theirs.transitions.filter(status="canceled").get().note == "by the other"


# Each action's own.


def test_a_canceled_job_says_who_canceled_it(
    admin_client: Client, admin_user: User, order: Order
) -> None:
    job = taken_by("cancel_jobs", order())
    act(admin_client, "cancel_jobs", job)
    last = job.transitions.last()
    assert last is not None
    assert (last.status, last.note) == ("canceled", f"by staff {admin_user.pk}")


def test_submitting_now_hurries_those_that_wait(admin_client: Client, order: Order) -> None:
    job = taken_by("submit_now", order())
    act(admin_client, "submit_now", job)
    job.refresh_from_db()
    assert job.errors == 0
    assert job.next_step_at is not None
    assert job.next_step_at < timezone.now() + timedelta(minutes=1)


def test_resubmitting_shows_when_each_photo_was_fetched_and_wants_to_know_why(
    admin_client: Client, admin_user: User, order: Order
) -> None:
    job = taken_by("resubmit_unconfirmed", order())
    moment = timezone.now() - timedelta(hours=2)
    job.submissions.update(fetched_at=moment)
    page = html(post(admin_client, "resubmit_unconfirmed", job))
    assert f"photo fetched {moment:%b. %-d, %Y}" in page or "photo fetched Nov" in page
    assert f"{moment:%H:%M:%S}" in page
    assert "may be billed twice" in page
    answer = post(admin_client, "resubmit_unconfirmed", job, confirmed="1", why="  ")
    assert asks(answer)
    assert "Say why." in html(answer)
    assert row(job)["status"] == "unconfirmed"
    post(admin_client, "resubmit_unconfirmed", job, confirmed="1", why="not in the account")
    last = job.transitions.last()
    assert last is not None
    assert last.note == f"resubmitted by {admin_user.pk}: not in the account"
    assert row(job)["status"] == "pending"


def test_an_unconfirmed_job_that_settles_by_itself_is_not_resubmitted(
    admin_client: Client, order: Order
) -> None:
    job = put(order(), status="unconfirmed", error_code="timeout")
    told = act(admin_client, "resubmit_unconfirmed", job)
    assert told == "0 resubmitted, 1 skipped (settles by itself within minutes)."


def test_deleting_pictures_takes_results_and_the_shoppers_photo(
    admin_client: Client, order: Order, house_model: PersonPhoto, media_root: Path
) -> None:
    job = taken_by("delete_pictures", order())
    PersonPhoto.objects.update(kind=PersonPhoto.Kind.SHOPPER, owner=job.owner)
    act(admin_client, "delete_pictures", job)
    assert not job.results.exists()
    house_model.refresh_from_db()
    assert not house_model.image
    folder = media_root / "glam_tryon"
    assert [file.parent.name for file in folder.rglob("*.jpg")] == ["garments"]
    assert job.submissions.count() == 1
    assert row(job)["deleted_at"] is not None


def test_deleting_pictures_leaves_house_models_and_open_jobs(
    admin_client: Client, order: Order, house_model: PersonPhoto
) -> None:
    running = put(order(), status="in_queue")
    told = act(admin_client, "delete_pictures", running, taken_by("delete_pictures", order()))
    assert told == "pictures of 1 deleted, 1 skipped (in the provider's queue)."
    house_model.refresh_from_db()
    assert house_model.image


# The file.


def lines(answer: Any) -> list[dict[str, str]]:
    content = b"".join(answer.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(content)))


def test_the_file_has_the_chosen_jobs_with_their_events_and_cost(
    admin_client: Client, order: Order
) -> None:
    job, _other = sent(order(), event_id="event-1", price="0.25"), order()
    TryOnSubmission.objects.filter(job=job).update(number=1)
    sent(job, event_id="event-2", price="0.50")
    data = {"action": "export_csv", "_selected_action": [str(job.pk)]}
    answer = admin_client.post(JOBS, data)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer["Content-Disposition"]
    (line,) = lines(answer)
    assert (line["id"], line["event_id"], line["submissions"]) == (str(job.pk), "event-2", "2")
    assert (float(line["cost"]), line["owner_kind"]) == (0.75, "visitor")


def test_the_file_has_all_that_match_when_all_are_chosen(
    admin_client: Client, order: Order
) -> None:
    made = [order() for _ in range(3)]
    put(order(), status="ready")
    data = {
        "action": "export_csv",
        "_selected_action": [str(made[0].pk)],
        "select_across": "1",
    }
    answer = admin_client.post(f"{JOBS}?status__exact=pending", data)
    assert {line["id"] for line in lines(answer)} == {str(job.pk) for job in made}


@pytest.mark.parametrize("title", ["=1+1", "+1", "-1", "@cmd", "\t=1"])
def test_no_text_of_the_file_is_a_formula(admin_client: Client, order: Order, title: str) -> None:
    job = put(order(), garment_title=title)
    data = {"action": "export_csv", "_selected_action": [str(job.pk)]}
    (line,) = lines(admin_client.post(JOBS, data))
    assert line["garment_title"] == f"'{title}"


def test_the_file_changes_nothing_and_names_no_person(admin_client: Client, order: Order) -> None:
    job = drawn(order(visitor="ada"))
    before = row(job)
    data = {"action": "export_csv", "_selected_action": [str(job.pk)]}
    content = b"".join(admin_client.post(JOBS, data).streaming_content).decode()
    assert job.owner not in content
    assert row(job) == before
