"""What is counted in memory: buttons and opened forms, written once a minute."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.core.signals import request_finished
from django.db import DatabaseError
from django.template import Context, Template
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from example_project.shop.models import Product
from glam_tryon.analytics import event_buffer as tallies
from glam_tryon.analytics.event_buffer import buffer_event, flush
from glam_tryon.models import AnalyticsEvent, PersonPhoto
from glam_tryon.views.product import start_url

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def events() -> dict[tuple[str, str], int]:
    return {(event.event, event.product_key): event.count for event in AnalyticsEvent.objects.all()}


def show(*products: Product) -> None:
    source = "{% load glam_tryon %}{% for p in products %}{% tryon_button p %}{% endfor %}"
    Template(source).render(Context({"products": products}))


def test_buttons_are_counted_by_product_and_written_with_one_statement(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    first, second = Product(pk=1), Product(pk=2)
    with django_assert_num_queries(0):
        show(first, second, first)
    flush()
    assert events() == {("impression", "1"): 2, ("impression", "2"): 1}
    show(first)
    with django_assert_num_queries(1):
        assert flush() == 1
    assert flush() == 0


def test_the_form_counts_as_opened_when_it_is_fetched_and_not_when_it_is_sent(
    client: Client, product: Product, house_model: PersonPhoto
) -> None:
    client.get(start_url(product), headers={"X-Glam-Tryon": "dialog"})
    client.head(start_url(product))
    client.post(start_url(product), {})
    flush()
    assert events() == {("opened", str(product.pk)): 1}


def test_a_response_writes_when_the_minute_is_over_and_not_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    buffer_event("impression", Product(pk=1))
    request_finished.disconnect(dispatch_uid="glam_tryon_buffer")
    try:
        tallies.flush_when_due()
        assert events() == {}
        monkeypatch.setattr(tallies, "FLUSH_SECONDS", 0.0)
        tallies.flush_when_due()
        assert events() == {("impression", "1"): 1}
    finally:
        request_finished.connect(tallies.flush_when_due, dispatch_uid="glam_tryon_buffer")


def test_what_cannot_be_written_stays_for_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    buffer_event("impression", Product(pk=1))

    def away(*_args: object, **_kwargs: object) -> None:
        raise DatabaseError("away")

    with monkeypatch.context() as patched:
        patched.setattr(AnalyticsEvent.objects.__class__, "writer", away)
        with pytest.raises(DatabaseError):
            flush()
    buffer_event("impression", Product(pk=1))
    flush()
    assert events() == {("impression", "1"): 2}


def test_threads_lose_no_count() -> None:
    product = Product(pk=1)

    def work() -> None:
        for _ in range(5000):
            buffer_event("impression", product)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    flush()
    assert events() == {("impression", "1"): 20_000}


def test_slips_and_counts_have_no_place_for_a_person() -> None:
    fields: set[Any] = {field.name for field in AnalyticsEvent._meta.get_fields()}
    assert fields == {
        "id", "event", "detail", "product_type", "product_key", "count", "at", "began_at",
    }  # fmt: skip
