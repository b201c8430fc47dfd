"""The ledger: what a month cost, in the admin, on the terminal and as a file."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from glam_tryon.limits import budget
from glam_tryon.models import TryOnJob, TryOnSubmission
from tests.admin.staff import html, said, staff

pytestmark = pytest.mark.django_db

LEDGER = "/admin/glam_tryon/tryonsubmission/"
NOVEMBER = datetime(2026, 11, 15, 12, tzinfo=UTC)


def line(outcome: str = "accepted", at: datetime = NOVEMBER, **facts: Any) -> TryOnSubmission:
    """One line of the ledger; a credit for 10 cents unless the facts say otherwise."""
    given = {"credits": 1, "price": "0.10", "currency": "USD", "job_key": uuid.uuid4(), **facts}
    return TryOnSubmission.objects.create(outcome=outcome, number=1, started_at=at, **given)


def printed(*arguments: str) -> list[list[str]]:
    """Return the words of each line that the command prints."""
    out = io.StringIO()
    call_command("tryon_ledger", *arguments, stdout=out)
    return [row.split() for row in out.getvalue().splitlines()]


def choose(client: Client, action: str, *rows: TryOnSubmission) -> Any:
    data = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(f"{LEDGER}?month=2026-11", data, follow=True)


# The command.


def test_a_month_is_summed_by_outcome_and_what_may_be_billed_by_itself() -> None:
    for outcome in ("accepted", "accepted", "ambiguous", "revoked"):
        line(outcome)
    line("refused", credits=0, price=0)
    line("accepted", refunded_at=NOVEMBER, refunded_by="ada")
    line("accepted", at=datetime(2026, 10, 31, 23, 59, tzinfo=UTC))
    line("accepted", at=datetime(2026, 12, 1, tzinfo=UTC))
    said = [" ".join(words) for words in printed("--month", "2026-11")]
    assert said == [
        "submissions credits money",
        "accepted 2 2.000 0.20 USD",
        "unclear: Glam may have it 1 1.000 0.10 USD",
        "sent, but never drawn 1 1.000 0.10 USD",
        "refunded 1 1.000 0.10 USD",
        "refused 1 0.000 0.00 USD",
        "may be billed 4 4.000 0.40 USD",
    ]


def test_currencies_are_not_added_and_an_unknown_price_is_not_nothing() -> None:
    line()
    line(price=None)
    line(price=None, currency="EUR")
    said = [" ".join(words) for words in printed("--month", "2026-11")]
    assert said[1:] == [
        "accepted 1 1.000 unknown EUR",
        "accepted 2 2.000 0.10 USD",
        "may be billed 1 1.000 unknown EUR",
        "may be billed 2 2.000 0.10 USD",
        "1 of them have no known price",
    ]


def test_without_a_month_it_is_this_one() -> None:
    line(at=timezone.now())
    assert printed()[1][:2] == ["accepted", "1"]


@pytest.mark.parametrize(
    "text", ["2026", "2026-13", "2026-00", "0000-01", "9999-12", "November", "2026-1"]
)
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match="is no month like 2026-11"):
        call_command("tryon_ledger", "--month", text)


def test_the_file_has_a_line_for_each_submission_in_the_shops_time_and_no_formula(
    tmp_path: Path, settings: Any
) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    timezone.get_default_timezone.cache_clear()
    try:
        row = line(event_id="=HYPERLINK(1)", sent_at=NOVEMBER)
        line(at=datetime(2026, 11, 30, 23, 30, tzinfo=UTC))
        file = tmp_path / "november.csv"
        assert printed("--month", "2026-11", "--csv", str(file))[-1][:3] == [
            "1",
            "submissions",
            "written",
        ]
        with file.open(newline="") as opened:
            (only,) = csv.DictReader(opened)
    finally:
        timezone.get_default_timezone.cache_clear()
    assert only["started_at"] == "2026-11-15T13:00:00+01:00"
    assert only["event_id"] == "'=HYPERLINK(1)"
    assert (only["outcome"], only["credits"], only["price"]) == ("accepted", "1.000", "0.1000")
    assert (only["job"], only["refunded_at"]) == (str(row.job_key), "")


# The admin.


def test_the_page_shows_this_month_with_its_sums() -> None:
    client = staff("view_tryonsubmission")
    line(at=timezone.now(), event_id="event-of-now")
    line(event_id="event-of-old", at=datetime(2024, 1, 5, tzinfo=UTC))
    page = html(client.get(LEDGER))
    assert "event-of-now" in page
    assert "event-of-old" not in page
    assert "May be billed" in page
    assert "0.10 USD" in page
    assert "event-of-old" in html(client.get(f"{LEDGER}?month=2024-01"))


@pytest.mark.parametrize("month", ["nonsense", "2026-13", "0000-01", "9999-12", ""])
def test_a_month_that_is_none_shows_nothing_and_breaks_nothing(month: str) -> None:
    line()
    assert staff("view_tryonsubmission").get(f"{LEDGER}?month={month}").status_code == 200


def test_an_outcome_is_shown_by_itself_and_a_refund_is_one() -> None:
    client = staff("view_tryonsubmission")
    line(event_id="kept")
    line(event_id="given-back", refunded_at=NOVEMBER, refunded_by="ada")
    accepted = html(client.get(f"{LEDGER}?month=2026-11&outcome=accepted"))
    refunded = html(client.get(f"{LEDGER}?month=2026-11&outcome=refunded"))
    assert ("kept" in accepted, "given-back" in accepted) == (True, False)
    assert ("kept" in refunded, "given-back" in refunded) == (False, True)


def test_a_line_leads_to_its_job_and_stays_when_the_job_is_gone(
    order: Callable[..., TryOnJob],
) -> None:
    job = order()
    line(job=job, job_key=job.pk)
    client = staff("view_tryonsubmission")
    address = f"/admin/glam_tryon/tryonjob/{job.pk}/change/"
    assert address in html(client.get(f"{LEDGER}?month=2026-11"))
    name = str(job.pk)[:8]
    job.delete()
    page = html(client.get(f"{LEDGER}?month=2026-11"))
    assert address not in page
    assert name in page


def test_who_may_change_the_budget_notes_a_refund_and_who_noted_it_stands_there() -> None:
    client = staff("view_tryonsubmission", "change_budget")
    row = line()
    nothing = line("refused", credits=0, price=0)
    assert said(choose(client, "note_refund", row, nothing)) == (
        "1 line changed. 1 skipped: nothing to change."
    )
    row.refresh_from_db()
    assert row.refunded_by.startswith("staff ")
    assert row.refunded_at is not None
    assert budget.spent("month", NOVEMBER).generations == 0
    choose(client, "take_refund_back", row)
    row.refresh_from_db()
    assert (row.refunded_at, row.refunded_by) == (None, "")
    assert budget.spent("month", NOVEMBER).generations == 1


def test_who_may_only_look_can_change_nothing() -> None:
    client = staff("view_tryonsubmission")
    row = line()
    choose(client, "note_refund", row)
    row.refresh_from_db()
    assert row.refunded_at is None
    assert client.get(f"{LEDGER}add/").status_code == 403
    assert client.post(f"{LEDGER}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert staff().get(LEDGER).status_code == 403
