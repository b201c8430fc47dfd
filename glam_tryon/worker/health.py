"""Health: what keeps try-ons from getting through, for ``poll_tryon_jobs --health``."""

from __future__ import annotations

from django.db import DatabaseError, InterfaceError

from glam_tryon.limits.availability import is_stopped
from glam_tryon.limits.budget import budget_left
from glam_tryon.models import Account, TryOnJob
from glam_tryon.models.clock import database_time
from glam_tryon.models.status import Queue, Status
from glam_tryon.orders.queueing import SILENT_SECONDS

#: A job that waits to be sent for longer is reported.
HEALTH_PENDING_SECONDS = 900.0


def problems() -> list[str]:
    """Return a sentence for each thing that keeps try-ons from getting through; none: healthy."""
    try:
        return _problems()
    except (DatabaseError, InterfaceError) as error:
        return [f"the database is away: {str(error).strip()}"]


def _problems() -> list[str]:
    using = TryOnJob.objects.write_alias()
    now = database_time(using)
    state = Account.load()
    found = []
    if state.last_round_at is None:
        found.append("no poller has ever run: start manage.py poll_tryon_jobs")
    elif (silent := (now - state.last_round_at).total_seconds()) > SILENT_SECONDS:
        found.append(f"no poller has finished a round for {silent:.0f} s")
    if state.paused_at:
        found.append(f"submitting is paused ({state.pause_code}) since {state.paused_at:%F %T}")
    oldest = (
        TryOnJob.objects.writer()
        .filter(status=Status.PENDING, queue__in=[Queue.SHOPPER, Queue.CATALOGUE])
        .order_by("created_at")
        .values_list("created_at", flat=True)
        .first()
    )
    # Who waits for the shop's own budget or switch is no sign of illness.
    held = is_stopped() or bool(budget_left(now).code)
    if oldest and not held and (waited := (now - oldest).total_seconds()) > HEALTH_PENDING_SECONDS:
        found.append(f"the oldest pending job has waited for {waited:.0f} s")
    return found
