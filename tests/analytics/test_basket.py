"""Baskets, verdicts, and the visitors who never see a button."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client

from example_project.shop.models import Product
from glam_tryon.analytics import holdout
from glam_tryon.analytics.event_buffer import flush
from glam_tryon.analytics.rollup import roll_up
from glam_tryon.models import AnalyticsEvent, DailyCount, TryOnJob

pytestmark = pytest.mark.django_db


def add(client: Client, product: Product) -> None:
    assert client.post(product.get_add_to_cart_url()).status_code == 302


def details(event: str) -> list[str]:
    flush()
    events = AnalyticsEvent.objects.filter(event=event).order_by("pk")
    return [event.detail for event in events for _ in range(event.count)]


def mine(client: Client, order: Callable[..., TryOnJob]) -> TryOnJob:
    session = client.session
    session["glam_tryon_visitor"] = "ada's token"
    session.save()
    return order(visitor="ada's token")


def test_the_shops_cart_counts_what_goes_into_a_basket(client: Client, product: Product) -> None:
    add(client, product)
    (event,) = AnalyticsEvent.objects.filter(event="added-to-basket")
    assert (event.detail, event.product_key) == ("", str(product.pk))


def test_who_tried_it_on_before_is_told_apart(
    client: Client, product: Product, order: Callable[..., TryOnJob]
) -> None:
    job = mine(client, order)
    add(client, product)
    TryOnJob.objects.filter(pk=job.pk).update(status="ready", queue=None)
    add(client, product)
    add(Client(), product)
    assert details("added-to-basket") == ["", "tried", ""]


def test_a_basket_that_cannot_be_counted_is_a_basket_all_the_same(
    client: Client, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_args: object, **_kwargs: object) -> None:
        raise DatabaseError("away")

    monkeypatch.setattr("glam_tryon.analytics.rollup.note_basket", away)
    add(client, product)
    assert client.session["cart"] == {str(product.pk): 1}
    assert details("added-to-basket") == []


def test_a_verdict_takes_the_one_before_back(
    client: Client, order: Callable[..., TryOnJob]
) -> None:
    job = mine(client, order)
    TryOnJob.objects.filter(pk=job.pk).update(status="ready", queue=None)
    job.results.create(position=0, image="x.jpg", width=1, height=1, sha256="", source_url="")
    address = f"/tryon/jobs/{job.pk}/feedback/"
    for verdict, reason in (("up", ""), ("down", ""), ("down", "face")):
        assert client.post(address, {"verdict": verdict, "reason": reason}).status_code == 302
    roll_up()
    said = {"event": "feedback", "product_key": ""}
    rows = DailyCount.objects.filter(**said).values_list("detail", "count")
    assert dict(rows) == {"up": 0, "down": 0, "face": 1}


# The visitors who are held out.


@pytest.fixture
def chance(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Callable[[float], None]:
    """Hold a fifth of the visitors out, and say what chance gives from now on."""
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "HOLDOUT_SHARE": 0.2}

    def set_to(value: float) -> None:
        monkeypatch.setattr(holdout.random, "random", lambda: value)

    return set_to


def buttons(client: Client, product: Product) -> int:
    answer = client.get(product.get_absolute_url())
    if holdout.conf.HOLDOUT_SHARE:
        assert "Cookie" in answer["Vary"]
    return len(re.findall("<glam-tryon", answer.content.decode()))


def test_without_a_share_nobody_is_held_out_and_no_session_is_made(
    client: Client, product: Product
) -> None:
    assert buttons(client, product) > 0
    assert "sessionid" not in client.cookies
    assert details("visitor") == []


def test_a_visitor_keeps_the_group_that_the_first_page_chose(
    client: Client, product: Product, chance: Callable[[float], None]
) -> None:
    chance(0.19)
    assert buttons(client, product) == 0
    chance(0.99)
    assert buttons(client, product) == 0
    assert buttons(Client(), product) > 0
    assert sorted(details("visitor")) == ["sees", "without"]


def test_a_visitor_without_buttons_is_refused_nothing(
    client: Client, product: Product, chance: Callable[[float], None]
) -> None:
    chance(0.0)
    assert buttons(client, product) == 0
    assert client.get(f"/tryon/new/shop.product/{product.pk}/").status_code == 200


@pytest.mark.parametrize(("value", "group"), [(0.0, "without"), (0.9, "sees")])
def test_a_visitors_first_basket_counts_for_the_group_and_the_others_do_not(
    client: Client,
    product: Product,
    chance: Callable[[float], None],
    value: float,
    group: str,
) -> None:
    chance(value)
    buttons(client, product)
    add(client, product)
    add(client, product)
    assert details("buyer") == [group]
    assert len(details("added-to-basket")) == 2


def test_a_first_basket_counts_on_the_day_of_the_first_page(
    client: Client, product: Product, chance: Callable[[float], None]
) -> None:
    chance(0.9)
    buttons(client, product)
    session = client.session
    session[holdout.SESSION_KEY] = ["sees", "2026-02-01", False]
    session.save()
    add(client, product)
    assert AnalyticsEvent.objects.get(event="buyer").at.date().isoformat() == "2026-02-01"


def test_who_came_by_no_page_with_a_button_is_in_no_group(client: Client, product: Product) -> None:
    add(client, product)
    assert details("buyer") == []
