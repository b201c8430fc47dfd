"""Every kind of run does the same duties: one pass, a drain, a run with an end, and a long one."""

from __future__ import annotations

import io
import threading
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command

from glam_tryon import jobs
from glam_tryon.limits.period import shop_day
from glam_tryon.models import (
    Account,
    AnalyticsEvent,
    DailyCount,
    PersonPhoto,
    TryOnSubmission,
)
from glam_tryon.models.clock import after, database_time
from glam_tryon.models.order_lock import IPCount
from glam_tryon.models.statistics import Event
from glam_tryon.worker import maintenance
from glam_tryon.worker.health import problems
from glam_tryon.worker.poller import Poller
from tests.shop import picture

pytestmark = [
    pytest.mark.database,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("with_maintenance"),
]

DAY = 86_400


def command(*arguments: str) -> None:
    """Run the poller's command outside of the main thread, whose signal handlers are pytest's."""
    said = io.StringIO()
    thread = threading.Thread(
        target=call_command, args=("poll_tryon_jobs", *arguments), kwargs={"stdout": said}
    )
    thread.start()
    thread.join(30)
    assert not thread.is_alive()


def long_run() -> None:
    """Run a poller until its duties are done, then stop it."""
    poller = Poller()
    thread = threading.Thread(target=poller.run)
    thread.start()
    deadline = time.monotonic() + 20
    while DailyCount.objects.count() == 0 or PersonPhoto.objects.exclude(image="").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    poller.stop()
    thread.join(10)
    assert not thread.is_alive()


KINDS: dict[str, Callable[[], None]] = {
    "once": lambda: command("--once"),
    "drain": lambda: command("--drain"),
    "max-seconds": lambda: command("--max-seconds", "0.01"),
    "long": long_run,
}


def old_photo() -> PersonPhoto:
    """A shopper's photo that was taken in ten days ago and that no job needs."""
    taken = jobs.add_photo(
        io.BytesIO(picture()), visitor="ada", consent=jobs.NoConsentNeeded("a test")
    )
    PersonPhoto.objects.filter(pk=taken.pk).update(created_at=after(-10 * DAY))
    return taken


@pytest.mark.usefixtures("glam")
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_run_does_all_duties(kind: str) -> None:
    taken = old_photo()
    AnalyticsEvent(event=Event.IMPRESSION, at=after(0)).save()
    IPCount.rows().create(key="k", day=shop_day() - timedelta(days=2))
    TryOnSubmission(job_key=uuid.uuid4(), number=1, slot=0, started_at=after(-40 * DAY)).save()
    assert problems() == ["no poller has ever run: start manage.py poll_tryon_jobs"]
    KINDS[kind]()
    assert not taken.image.storage.exists(str(taken.image.name))
    assert problems() == []
    assert DailyCount.objects.get(event=Event.IMPRESSION).count == 1
    assert not AnalyticsEvent.objects.exists()
    assert not IPCount.rows().exists()
    assert not TryOnSubmission.objects.holding_slots().exists()


@pytest.mark.usefixtures("glam")
def test_a_run_leaves_the_pruning_to_the_one_that_did_it_a_moment_ago() -> None:
    taken = old_photo()
    Account.load()
    Account.rows().update(pruned_at=after(-30))
    command("--once")
    assert taken.image.storage.exists(str(taken.image.name))
    Account.rows().update(pruned_at=after(-60))
    command("--once")
    assert not taken.image.storage.exists(str(taken.image.name))


@pytest.mark.usefixtures("glam")
def test_a_storage_that_hangs_holds_a_run_up_for_a_limited_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    let_go = threading.Event()
    monkeypatch.setattr(maintenance, "_in_background", lambda: let_go.wait(30))
    monkeypatch.setattr("glam_tryon.worker.poller.MAINTENANCE_SECONDS", 0.2)
    begin = time.monotonic()
    Poller().run(once=True)
    let_go.set()
    assert time.monotonic() - begin < 20


@pytest.mark.usefixtures("glam")
def test_a_long_run_repeats_its_duties(monkeypatch: pytest.MonkeyPatch) -> None:
    times: list[float] = []
    now = [0.0]
    monkeypatch.setattr(maintenance, "_in_background", lambda: times.append(now[0]))
    duties = maintenance.Maintenance(clock=lambda: now[0])
    beats: list[Any] = []
    for now[0] in (0.0, 4.0, 5.0, 59.0, 60.0):
        duties.perform()
        duties.wait(5)
        beats.append(Account.load().last_round_at)
    assert times == [0.0, 60.0]
    assert beats[0] == beats[1] < beats[2] < beats[3] == beats[3]
    assert abs(beats[-1] - database_time("default")) < timedelta(seconds=20)
