"""The list of jobs: any page, filter and search by an index, in few statements."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Count
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from glam_tryon.models import Account, PersonPhoto, TryOnJob
from glam_tryon.models.job_queryset import has_code
from tests.admin.staff import JOBS, drawn, html, put, sent, staff, taken_by

pytestmark = [pytest.mark.database, pytest.mark.django_db]

Order = Callable[..., TryOnJob]
#: Session, user, state of Glam, jobs with all they show, error codes, house models.
MOST_QUERIES = 6


@pytest.fixture
def crowd(order: Order) -> list[TryOnJob]:
    """130 jobs, newest first; every tenth under way, every third of the same instant."""
    template = TryOnJob.objects.filter(pk=drawn(sent(order())).pk).values().get()
    now = timezone.now()
    TryOnJob.objects.all().delete()
    made = TryOnJob.objects.bulk_create(
        TryOnJob(
            **{
                **template,
                "id": uuid.uuid4(),
                "request_key": None,
                "status": "pending" if number % 10 == 0 else "ready",
                "queue": 1 if number % 10 == 0 else None,
            }
        )
        for number in range(130)
    )
    for number, job in enumerate(made):
        TryOnJob.objects.filter(pk=job.pk).update(
            created_at=now - timedelta(minutes=number // 3 * 3)
        )
    return list(TryOnJob.objects.order_by("-created_at", "-pk"))


def keys(answer: Any) -> list[uuid.UUID]:
    assert answer.status_code == 200
    return [job.pk for job in answer.context["cl"].result_list]


def links(answer: Any) -> dict[str, str]:
    return {rel: address for rel, address, _words in answer.context["cl"].steps()}


def test_older_leads_through_all_jobs_and_newer_back(
    admin_client: Client, crowd: list[TryOnJob]
) -> None:
    wanted = [job.pk for job in crowd]
    answer = admin_client.get(JOBS)
    seen = keys(answer)
    assert links(answer).keys() == {"next", "last"}
    while "next" in links(answer):
        answer = admin_client.get(JOBS + links(answer)["next"])
        seen += keys(answer)
    assert seen == wanted
    assert links(answer).keys() == {"first", "prev"}
    back = keys(answer)
    while "prev" in links(answer):
        answer = admin_client.get(JOBS + links(answer)["prev"])
        back = keys(answer) + back if len(back) < 100 else back
    assert back[-80:] == wanted[-80:]
    assert keys(answer) == wanted[:50]


def test_oldest_leads_to_the_end_and_a_number_to_its_page(
    admin_client: Client, crowd: list[TryOnJob]
) -> None:
    wanted = [job.pk for job in crowd]
    answer = admin_client.get(JOBS)
    assert keys(admin_client.get(JOBS + links(answer)["last"])) == wanted[-50:]
    assert keys(admin_client.get(f"{JOBS}?p=2")) == wanted[50:100]


def test_a_filter_goes_along_from_page_to_page(admin_client: Client, crowd: list[TryOnJob]) -> None:
    answer = admin_client.get(f"{JOBS}?status__exact=ready")
    following = links(answer)["next"]
    assert "status__exact=ready" in following
    found = keys(admin_client.get(JOBS + following))
    ready = [job.pk for job in crowd if job.status == "ready"]
    assert found == ready[50:100]


@pytest.mark.parametrize("place", ["x", "~", "2026-01-01~x", "2026-01-01T00:00:00~" + "0" * 32])
def test_a_position_that_is_none_is_an_error_of_the_address(
    admin_client: Client, order: Order, place: str
) -> None:
    answer = admin_client.get(JOBS, {"older": place})
    assert (answer.status_code, answer["Location"]) == (302, f"{JOBS}?e=1")


def test_more_than_a_thousand_are_not_counted(
    admin_client: Client, crowd: list[TryOnJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "130 try-ons" in html(admin_client.get(JOBS))
    monkeypatch.setattr("glam_tryon.admin.jobs.keyset.COUNTED", 100)
    assert "100+ try-ons" in html(admin_client.get(JOBS))


def test_the_list_offers_each_action_to_who_may_do_it(admin_client: Client, order: Order) -> None:
    order()
    page = html(admin_client.get(JOBS))
    for action in ("submit_now", "retry_failed", "resubmit_unconfirmed", "export_csv"):
        assert f'<option value="{action}">' in page
        assert f'<option value="{action}">' not in html(staff().get(JOBS, follow=True))
    assert '<option value="export_csv">' in html(staff("view_tryonjob").get(JOBS))
    assert '<option value="retry_failed">' not in html(staff("view_tryonjob").get(JOBS))


# Filters.


def shown(client: Client, **query: str) -> set[uuid.UUID]:
    return set(keys(client.get(JOBS, query)))


def test_each_filter_shows_its_jobs_only(
    admin_client: Client, order: Order, house_model: PersonPhoto
) -> None:
    failed = put(order(), status="failed", error_code="glam_failed", queue=None)
    old = put(order(), created_at=timezone.now() - timedelta(days=3), queue=None, status="ready")
    catalogue = put(order(), priority="catalogue", content_type=None)
    other = put(order(), person_photo=None)
    everyone = {failed.pk, old.pk, catalogue.pk, other.pk}
    assert shown(admin_client) == everyone
    assert shown(admin_client, status__exact="failed") == {failed.pk}
    assert shown(admin_client, error="glam_failed") == {failed.pk}
    assert shown(admin_client, priority__exact="catalogue") == {catalogue.pk}
    assert shown(admin_client, product_model="shop.product") == everyone - {catalogue.pk}
    assert shown(admin_client, house_model=str(house_model.pk)) == everyone - {other.pk}
    day = timezone.localdate(old.created_at)
    assert shown(admin_client, day=day.isoformat()) == {old.pk}
    assert shown(admin_client, day=timezone.localdate().isoformat()) == everyone - {old.pk}
    assert shown(admin_client, status__exact="failed", priority__exact="catalogue") == set()


@pytest.mark.parametrize("name", ["product_model", "house_model", "day", "error"])
def test_a_filter_of_nonsense_shows_nothing(admin_client: Client, order: Order, name: str) -> None:
    order()
    assert shown(admin_client, **{name: "nonsense"}) == set()


def test_the_error_codes_are_those_that_there_are(order: Order) -> None:
    codes = ["b", "a", "b", "c", ""]
    for number, code in enumerate(codes):
        put(order(), error_code=code, queue=0 if number == 3 else None)
    assert TryOnJob.objects.error_codes() == ["a", "b", "c"]


# What it costs.


def queries(client: Client, address: str, **query: str) -> list[str]:
    client.get(address, query)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address, query).status_code == 200
    return [each["sql"] for each in captured]


QUESTIONS: dict[str, dict[str, str]] = {
    "list": {},
    "by number": {"p": "2"},
    "oldest": {"oldest": "1"},
    "status": {"status__exact": "ready"},
    "error": {"error": "glam_failed"},
    "priority": {"priority__exact": "catalogue"},
    "product model": {"product_model": "shop.product"},
    "house model": {"house_model": str(uuid.uuid4())},
    "day": {"day": "2026-11-20"},
    "search": {"q": str(uuid.uuid4())},
    "search product": {"q": "17"},
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_page_of_the_list_costs_six_queries_at_most(
    admin_client: Client, crowd: list[TryOnJob], question: str
) -> None:
    TryOnJob.objects.filter(status="pending").update(status="in_queue", queue=0)
    assert len(queries(admin_client, JOBS, **QUESTIONS[question])) <= MOST_QUERIES


@pytest.mark.parametrize(
    "action", ["submit_now", "retry_failed", "cancel_jobs", "refetch_results", "ask_again"]
)
def test_the_page_of_a_job_costs_six_queries_at_most(
    admin_client: Client, order: Order, action: str
) -> None:
    job = taken_by(action, order())
    asked = queries(admin_client, f"{JOBS}{job.pk}/change/")
    # What one waits for that is to be sent may also be the shop's switch or its budget.
    assert len(asked) <= MOST_QUERIES + 3 * (action == "submit_now")


@pytest.mark.database("postgres")
@pytest.mark.parametrize("question", QUESTIONS)
def test_no_page_of_the_list_reads_the_whole_table(
    admin_client: Client, crowd: list[TryOnJob], question: str
) -> None:
    # With so few rows a scan would be right, so it is made dear: who has no index takes it still.
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for statement in queries(admin_client, JOBS, **QUESTIONS[question]):
            if "glam_tryon_tryonjob" not in statement:
                continue
            cursor.execute(f"EXPLAIN {statement}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
            assert not re.search(r"Seq Scan on glam_tryon_tryon(job|submission)", plan), plan


@pytest.mark.database("postgres")
def test_an_action_on_those_with_an_error_code_does_not_read_the_whole_table(
    crowd: list[TryOnJob],
) -> None:
    chosen = TryOnJob.objects.filter(has_code("glam_failed")).order_by().values_list("status")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert "Seq Scan" not in chosen.annotate(Count("pk")).explain()


@pytest.mark.database("postgres")
def test_a_step_of_a_job_writes_no_index_of_the_list() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexdef FROM pg_indexes WHERE indexname ~ "
            "'^glam_tryon_job_(newest|status|code|priority|model|person)$'"
        )
        found = [definition for (definition,) in cursor.fetchall()]
    assert len(found) == 6
    assert [each for each in found if not each.endswith("WHERE (queue IS NULL)")] == []


def test_why_jobs_wait_costs_three_more_where_one_that_waits_is_seen(
    admin_client: Client, order: Order
) -> None:
    order()
    assert len(queries(admin_client, JOBS)) == MOST_QUERIES + 3


def test_a_pause_does_not_cost_the_list_another_query(
    admin_client: Client, order: Order, admin_user: User
) -> None:
    order()
    Account.pause("staff", str(admin_user))
    assert len(queries(admin_client, JOBS)) <= MOST_QUERIES
