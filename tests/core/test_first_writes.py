"""On SQLite a transaction that reads before it writes fails when another writer is in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.db import connection, transaction

from example_project.shop.models import Product
from glam_tryon import jobs
from glam_tryon.analytics.rebuild import rebuild_counts
from glam_tryon.analytics.rollup import roll_up
from glam_tryon.models import TryOnJob
from glam_tryon.privacy import erase_tryon_data
from tests.shop import picture

pytestmark = [pytest.mark.database("sqlite"), pytest.mark.django_db(transaction=True)]


@contextmanager
def first_statements() -> Iterator[list[str]]:
    """Collect what stands first in each transaction."""
    found: list[str] = []
    begun = False

    def note(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        nonlocal begun
        if begun and not sql.startswith("SAVEPOINT"):
            found.append(sql)
            begun = False
        begun = begun or sql.startswith("BEGIN")
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        yield found


def writes(statements: list[str]) -> bool:
    return bool(statements) and all(
        sql.lstrip().startswith(("UPDATE", "INSERT", "DELETE")) for sql in statements
    )


def test_what_the_first_statement_of_a_transaction_is_is_seen() -> None:
    with first_statements() as statements, transaction.atomic():
        TryOnJob.objects.exists()
        TryOnJob.objects.update(errors=0)
    assert statements[0].startswith("SELECT")
    assert not writes(statements)


def test_erasing_a_user_writes_first(product: Product) -> None:
    ada = User.objects.create_user("ada")
    jobs.request_tryon_with_upload(
        product, ContentFile(picture()), user=ada, consent=jobs.current_consent()
    )
    with first_statements() as statements:
        erase_tryon_data(ada)
    assert writes(statements)


def test_retrying_writes_first(product: Product, house_model: Any) -> None:
    job = jobs.request_batch([product], [house_model]).batch.jobs.get()
    job.fail("glam_failed", "no", 1.0)
    with first_statements() as statements:
        assert jobs.retry_all([job.pk], note="by staff 1") == 1
    assert writes(statements)


def test_counting_writes_first(order: Callable[..., TryOnJob]) -> None:
    order()
    with first_statements() as statements:
        roll_up()
        rebuild_counts()
    assert writes(statements)
