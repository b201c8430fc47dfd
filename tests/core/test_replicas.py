"""Whatever a shop's router says, rows of this package are read where they are written."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps

from glam_tryon.models import TryOnJob
from glam_tryon.models.writer import WriterQuerySet

MODELS = list(apps.get_app_config("glam_tryon").get_models())


class ReadsElsewhere:
    def db_for_read(self, model: type, **_hints: Any) -> str:
        return "replica"

    def db_for_write(self, model: type, **_hints: Any) -> str:
        return "default"


@pytest.fixture(autouse=True)
def replica(settings: Any) -> None:
    settings.DATABASE_ROUTERS = [ReadsElsewhere()]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_each_way_to_rows_leads_to_where_they_are_written(model: Any) -> None:
    for manager in (model._default_manager, model._base_manager):
        rows = manager.all()
        assert isinstance(rows, WriterQuerySet)
        # As a foreign key asks: with the row that holds it.
        hinted = manager.db_manager(hints={"instance": model()}).all()
        assert (rows.db, hinted.db, rows.filter(pk=1).db) == ("default",) * 3


def test_a_shop_may_still_read_from_its_replica() -> None:
    assert TryOnJob.objects.using("replica").filter(pk=None).db == "replica"
