"""A partial index is one where the database knows such, and no shop is warned where it does not."""

from __future__ import annotations

import pytest
from django.core.checks import run_checks
from django.db import connection

from glam_tryon.models import TryOnJob
from glam_tryon.models.indexes import PartialIndex

pytestmark = [pytest.mark.django_db, pytest.mark.database]

PARTIAL = [index for index in TryOnJob._meta.indexes if isinstance(index, PartialIndex)]


def test_no_database_has_anything_to_say_about_the_models() -> None:
    said = run_checks(tags=["models"], databases=["default"])
    assert said == []


@pytest.mark.parametrize("index", PARTIAL, ids=lambda index: index.name)
def test_the_index_is_there_with_its_condition_where_that_is_possible(index: PartialIndex) -> None:
    with connection.cursor() as cursor:
        known = connection.introspection.get_constraints(cursor, TryOnJob._meta.db_table)
    assert known[index.name]["index"]
    # Not entered: on SQLite that needs to be outside a transaction, and nothing is made here.
    statement = str(index.create_sql(TryOnJob, connection.schema_editor(collect_sql=True)))
    assert (" WHERE " in statement) is connection.features.supports_partial_indexes
