"""A shop, a sandbox Glam and a poller in hand whose time the test lets pass.

Everything is committed, for Glam fetches from another thread. The rows are deleted afterwards one
table after the other: emptying all of Django's tables takes a second on MariaDB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.files.storage import Storage
from django.db.backends.signals import connection_created
from pytest_django.live_server_helper import LiveServer

from example_project.shop.models import Product
from glam_tryon.models import (
    Account,
    PersonPhoto,
    TryOnJob,
    TryOnResult,
    TryOnSubmission,
    TryOnTransition,
)
from glam_tryon.sandbox import FaultScript, Sandbox
from tests.faults.secrets import Records, everything_logged, leaks, secrets_of
from tests.faults.storages import current
from tests.faults.virtual import Engine
from tests.shop import KEY, house_model, order, product
from tests.worker.invariants import check_invariants

__all__ = ["house_model", "order", "product"]

_CHILDREN_FIRST = [TryOnResult, TryOnTransition, TryOnSubmission, TryOnJob, PersonPhoto]


def _no_fsync(connection: Any, **_others: Any) -> None:
    # No test here loses the machine's power.
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous = OFF")


@pytest.fixture
def db(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        connection_created.connect(_no_fsync)
        yield
        connection_created.disconnect(_no_fsync)
        others: set[Any] = set(apps.get_app_config("glam_tryon").get_models())
        others -= set(_CHILDREN_FIRST)
        for model in [*_CHILDREN_FIRST, *others, Product]:
            model._base_manager.all()._raw_delete("default")
        get_user_model().objects.all().delete()


@pytest.fixture(scope="session")
def shop_address(django_db_setup: None) -> Iterator[str]:
    """One server for all the tests: where Glam fetches pictures."""
    server = LiveServer("localhost")
    yield server.url
    server.stop()


@pytest.fixture
def glam(db: None, shop_address: str, settings: Any) -> Iterator[Sandbox]:
    with Sandbox(seconds_per_tryon=0.0, max_parallel=2, seed=7) as sandbox:
        settings.GLAM_TRYON = {
            **settings.GLAM_TRYON,
            "API_KEY": KEY,
            "BASE_URL": sandbox.base_url,
            "PUBLIC_BASE_URL": shop_address,
            "RESULT_HOSTS": sandbox.result_hosts,
            "MAX_PARALLEL": 2,
        }
        yield sandbox


@pytest.fixture
def faults(glam: Sandbox) -> Callable[..., None]:
    """``faults({"on": ..., "do": ...}, ...)`` sets Glam's fault script."""

    def faults(*rules: dict[str, Any]) -> None:
        glam.faults = FaultScript.from_rules(list(rules))

    return faults


@pytest.fixture
def configure(settings: Any, glam: Sandbox) -> Callable[..., None]:
    """``configure(MAX_PARALLEL=2)`` changes settings of ``GLAM_TRYON``."""

    def configure(**values: Any) -> None:
        settings.GLAM_TRYON = {**settings.GLAM_TRYON, **values}

    return configure


@pytest.fixture
def engine(glam: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    made = Engine(glam, monkeypatch)
    yield made
    made.time.close()


@pytest.fixture
def hold_invariants(glam: Sandbox, media_root: Path) -> Callable[..., None]:
    def hold_invariants(**options: Any) -> None:
        check_invariants(glam, media_root, **options)

    return hold_invariants


@pytest.fixture(autouse=True)
def logged(glam: Sandbox) -> Iterator[Records]:
    """Every record of the test, checked for secrets at its end (I8)."""
    Account.load()
    with everything_logged() as records:
        yield records
    assert not leaks(records.lines, secrets_of(glam))


@pytest.fixture
def use_storage(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """``use_storage(Renaming, option=...)`` keeps photos and results there from now on."""

    def use_storage(kind: type[Storage] | str, **options: Any) -> Any:
        backend = kind if isinstance(kind, str) else f"{kind.__module__}.{kind.__qualname__}"
        entry = {"BACKEND": backend, "OPTIONS": options}
        settings.STORAGES = {**settings.STORAGES, "glam_tryon": entry}
        made = current()
        # A file field asks for its storage once, when its class is made.
        monkeypatch.setattr(TryOnResult._meta.get_field("image"), "storage", made)
        return made

    return use_storage
