"""Where staff read why try-ons wait: the kill switch and the budget."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from glam_tryon.limits import availability as switch
from glam_tryon.models import Account, TryOnJob
from glam_tryon.models.clock import DatabaseNow, after
from glam_tryon.worker.health import problems
from tests.admin.staff import JOBS, html, said, staff

pytestmark = pytest.mark.django_db

PROVIDER = "/admin/glam_tryon/account/"
OVER = "budget is used up. Waiting try-ons go on at"


@pytest.fixture
def no_budget(settings: Any) -> Callable[..., None]:
    def no_budget(**limits: int) -> None:
        settings.GLAM_TRYON = {**settings.GLAM_TRYON, **limits}

    return no_budget


@pytest.mark.parametrize(
    ("limits", "words"),
    [({"BUDGET": {"day": 0}}, "The day's"), ({"BUDGET": {"month": 0}}, "The month's")],
)
def test_a_budget_that_is_used_up_stands_over_the_list_and_on_the_waiting_jobs_page(
    order: Callable[..., TryOnJob],
    no_budget: Callable[..., None],
    limits: dict[str, int],
    words: str,
) -> None:
    job = order()
    no_budget(**limits)
    client = staff("view_tryonjob", "view_account")
    assert f"{words} {OVER}" in said(client.get(JOBS))
    assert f"{words} {OVER}" in html(client.get(f"{JOBS}{job.pk}/change/"))
    page = html(client.get(PROVIDER))
    assert f"{words} {OVER}" in page
    assert "waits: the budget is used up" in page


def test_the_switch_says_who_stopped_the_try_ons_and_why(order: Callable[..., TryOnJob]) -> None:
    job = order()
    switch.stop("ada", "a wrong picture")
    client = staff("view_tryonjob", "view_account")
    for answer in (client.get(JOBS), client.get(f"{JOBS}{job.pk}/change/")):
        page = html(answer)
        assert "Try-ons were stopped by ada on " in page
        assert "a wrong picture" in page
    page = html(client.get(PROVIDER))
    assert "stopped by the shop" in page
    assert "ada: a wrong picture" in page


def test_nothing_is_said_while_nothing_stops_them(order: Callable[..., TryOnJob]) -> None:
    job = order()
    client = staff("view_tryonjob", "view_account")
    assert said(client.get(JOBS)) == ""
    page = html(client.get(f"{JOBS}{job.pk}/change/"))
    assert OVER not in page
    assert "Generations left in the budget" in html(client.get(PROVIDER))


@pytest.mark.parametrize("held", ["by the budget", "by the switch", "not at all"])
def test_who_waits_for_the_budget_or_the_switch_is_no_sign_of_illness(
    order: Callable[..., TryOnJob], no_budget: Callable[..., None], held: str
) -> None:
    order()
    TryOnJob.objects.update(created_at=after(-timedelta(days=2).total_seconds()))
    Account.load()
    Account.rows().update(last_round_at=DatabaseNow())
    if held == "by the budget":
        no_budget(BUDGET={"day": 0})
    elif held == "by the switch":
        switch.stop("ada")
    assert bool(problems()) == (held == "not at all")
