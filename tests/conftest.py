"""What every test may use: parts that may be missing, its own storage, S3, a browser."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import django
import pytest
from django.db import connections
from django.test import TransactionTestCase
from django.utils.version import get_version_tuple
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright
from pytest_django import DjangoDbBlocker, Settings

from example_project.demo_family import Family
from example_project.demo_s3 import Bucket, start_bucket
from glam_tryon.images import decoder_slots
from tests.flush import flush_after_test
from tests.servers import PARTS
from tests.settings import TEST_DATABASE, TEST_DIRECTORY

# pytest-django makes its test cases by itself, so there is no class of ours to say it in.
TransactionTestCase._fixture_teardown = flush_after_test  # type: ignore[method-assign]
# No test waits for the decoders of another process.
decoder_slots.LOCK_FOLDER = TEST_DIRECTORY / f"decoders-{os.getpid()}"
REQUIRE_ALL = bool(os.environ.get("REQUIRE_ALL"))
PROCESSES_PER_CORE = 3
# Without these Chromium looks up its maker's hosts at every start.
CHROMIUM_ARGUMENTS = [
    "--disable-background-networking",
    "--disable-component-update",
    # There is none here, and painting as if there were takes a fifth more of the processor.
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Say how many processes ``--numprocesses=auto`` starts: most tests wait most of the time."""
    return PROCESSES_PER_CORE * (os.cpu_count() or 1)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what cannot apply to this Django or this database: that is not a skip."""
    kept, left_out = [], []
    for item in items:
        (kept if _applies(item) else left_out).append(item)
    items[:] = kept
    if left_out:
        config.hook.pytest_deselected(items=left_out)


def _applies(item: pytest.Item) -> bool:
    if item.get_closest_marker("long") and not os.environ.get("LONG"):
        return False
    if TEST_DATABASE != "sqlite" and not _asks_for_the_database(item):
        return False
    for marker in item.iter_markers("database"):
        if marker.args and TEST_DATABASE not in marker.args:
            return False
    return all(
        get_version_tuple(marker.args[0])[:2] <= django.VERSION[:2]
        for marker in item.iter_markers("needs_django")
    )


def _asks_for_the_database(item: pytest.Item) -> bool:
    if item.get_closest_marker("database") or item.get_closest_marker("django_db"):
        return True
    return not {"db", "transactional_db"}.isdisjoint(getattr(item, "fixturenames", ()))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run with skipped or expectedly failing tests when ``REQUIRE_ALL`` is set."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if REQUIRE_ALL and reporter is not None and _not_run(reporter) and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say in one line each why tests were skipped."""
    reports = _not_run(terminalreporter)
    if not reports:
        return
    terminalreporter.section(
        "not run; REQUIRE_ALL makes that a failure" if REQUIRE_ALL else "not run"
    )
    counts: dict[str, int] = {}
    for report in reports:
        counts[_reason(report)] = counts.get(_reason(report), 0) + 1
    for reason, count in sorted(counts.items()):
        terminalreporter.write_line(f"{count} skipped: {reason}")


def _not_run(reporter: Any) -> list[Any]:
    return [*reporter.stats.get("skipped", []), *reporter.stats.get("xfailed", [])]


def _reason(report: Any) -> str:
    where = report.longrepr
    text = str(where[2]) if isinstance(where, tuple) else str(getattr(report, "wasxfail", where))
    return text.removeprefix("Skipped: ")


@pytest.fixture(scope="session")
def needs() -> Callable[..., None]:
    """``needs("redis", "chromium")`` skips the test if one is not there, saying what to install."""

    def check(*names: str) -> None:
        for name in names:
            if problem := PARTS[name].missing():
                pytest.skip(problem)

    return check


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The test database, which PostgreSQL drops when nobody is connected to it any more."""
    yield
    # A poller that has ended is told of new jobs for up to a second more.
    for thread in threading.enumerate():
        if thread.name.startswith("glam_tryon"):
            thread.join(30)
    # A test that changed DATABASES left another wrapper than the one that drops it.
    with django_db_blocker.unblock():
        connections.close_all()


@pytest.fixture(autouse=True)
def media_root(settings: Settings, tmp_path: Path) -> Path:
    """The folder of this test's stored files; no other test sees it."""
    settings.MEDIA_ROOT = str(tmp_path / "media")
    return tmp_path / "media"


@pytest.fixture(autouse=True)
def nothing_tallied() -> Iterator[None]:
    """No count of an earlier test is written in the midst of this one."""
    # Found when a test runs: this module is also loaded where Django is not set up yet.
    event_buffer = import_module("glam_tryon.analytics.event_buffer")
    event_buffer.clear()
    yield
    event_buffer.clear()


@pytest.fixture
def with_maintenance() -> None:
    """Let pollers of this process roll counts up and prune, as they do beside their steps."""


@pytest.fixture(autouse=True)
def no_maintenance(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prune nothing behind a test's back: a photo may go as soon as its last job ended."""
    if "with_maintenance" not in request.fixturenames:
        maintenance = import_module("glam_tryon.worker.maintenance")
        monkeypatch.setattr(maintenance, "_in_background", lambda: None)


@pytest.fixture(scope="session")
def s3(needs: Callable[..., None], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    """A private bucket on a real S3 server; tests choose keys of their own in it."""
    needs("s3")
    directory = tmp_path_factory.mktemp("s3")
    with Family(directory / "logs") as family:
        yield start_bucket(family, directory / "data")


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """What starts browsers; a thread can hold one."""
    # Playwright keeps an event loop in this thread, and Django would refuse the database there.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def chromium(needs: Callable[..., None], playwright: Playwright) -> Iterator[Browser]:
    """A running Chromium without a window."""
    needs("chromium")
    browser = playwright.chromium.launch(
        executable_path=PARTS["chromium"].path(), args=CHROMIUM_ARGUMENTS
    )
    yield browser
    browser.close()


@pytest.fixture
def browser_context(chromium: Browser) -> Iterator[BrowserContext]:
    """A fresh profile: no cookies, nothing cached."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(15_000)
    yield context
    # What a test answers itself may be under way still, and would end the next test.
    for open_page in context.pages:
        open_page.unroute_all(behavior="ignoreErrors")
    context.close()


@pytest.fixture
def page(browser_context: BrowserContext) -> Page:
    """An empty page in a fresh profile."""
    return browser_context.new_page()


@pytest.fixture
def constants(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """``constants("worker.steps.store", MAX_RESULTS=2)`` changes constants of the package."""

    def constants(module: str, **values: object) -> None:
        for name, value in values.items():
            # Not by the dotted path: a package may have a function of its module's name.
            monkeypatch.setattr(import_module(f"glam_tryon.{module}"), name, value)

    return constants
