"""Progress of batches, and the time that the rest of one may take."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Max, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from glam_tryon.conf import conf
from glam_tryon.models import Account, TryOnBatch, TryOnJob
from glam_tryon.models.job import NEEDS_PERSON
from glam_tryon.models.status import OPEN, Queue, Status
from glam_tryon.providers.base import MaskType
from glam_tryon.worker.poll_interval.learning import usual_seconds

MASKS = tuple(mask.value for mask in MaskType)


@dataclass(frozen=True, slots=True)
class Progress:
    """The try-ons of a batch, counted. ``open_masks`` are those not over, by what they replace."""

    total: int = 0
    ready: int = 0
    failed: int = 0
    canceled: int = 0
    pending: int = 0
    held: int = 0
    last_turn: int | None = None
    open_masks: dict[str, int] = field(default_factory=dict)

    @property
    def over(self) -> int:
        """Number of jobs that do not change automatically any more."""
        return self.ready + self.failed + self.canceled

    @property
    def remaining(self) -> int:
        """Number of jobs that are still to come."""
        return self.total - self.over

    def as_text(self) -> str:
        """Return "12 of 24 ready, 1 failed, 11 to come"."""
        parts = [_("%(ready)d of %(total)d ready") % {"ready": self.ready, "total": self.total}]
        if self.failed:
            parts.append(
                ngettext("%(count)d failed", "%(count)d failed", self.failed)
                % {"count": self.failed}
            )
        if self.canceled:
            parts.append(
                ngettext("%(count)d canceled", "%(count)d canceled", self.canceled)
                % {"count": self.canceled}
            )
        if self.remaining:
            parts.append(
                ngettext("%(count)d to come", "%(count)d to come", self.remaining)
                % {"count": self.remaining}
            )
        return ", ".join(parts)


def progress_of(batches: Iterable[TryOnBatch]) -> dict[Any, Progress]:
    """Count the try-ons of all these batches in one query."""
    keys = [batch.pk for batch in batches]
    is_open = Q(status__in=OPEN)
    counts: dict[str, Any] = {
        "total": Count("pk"),
        "ready": Count("pk", filter=Q(status=Status.READY)),
        "failed": Count("pk", filter=Q(status=Status.FAILED)),
        "canceled": Count("pk", filter=Q(status=Status.CANCELED)),
        "pending": Count("pk", filter=Q(status=Status.PENDING)),
        "held": Count("pk", filter=Q(status=Status.UNCONFIRMED, error_code=NEEDS_PERSON)),
        "last_turn": Max("turn", filter=Q(status=Status.PENDING)),
        **{mask: Count("pk", filter=is_open & Q(mask_type=mask)) for mask in MASKS},
    }
    rows = TryOnJob.objects.filter(batch__in=keys).order_by().values("batch").annotate(**counts)
    found = {key: Progress() for key in keys}
    for row in map(dict[str, Any], rows):
        masks = {mask: row.pop(mask) for mask in MASKS}
        key = row.pop("batch")
        found[key] = Progress(**row, open_masks=masks)
    return found


def seconds_left(progress: Progress) -> float | None:
    """Return how long the rest may take; None while this shop's usual time is not known.

    The shop's own jobs are sent in the order of their turns, so those of earlier batches count.
    """
    each = [usual_seconds(mask) for mask, count in progress.open_masks.items() if count]
    known = [seconds for seconds in each if seconds is not None]
    if not known or len(known) < len(each):
        return None
    usual = max(known)
    cap = min(Account.load().effective_cap or conf.MAX_PARALLEL, conf.MAX_PARALLEL)
    # The last slot is kept for a shopper.
    slots = max(1, cap - 1)
    ahead = 0
    if progress.last_turn is not None:
        waiting = TryOnJob.objects.filter(queue=Queue.CATALOGUE, turn__lte=progress.last_turn)
        ahead = waiting.count()
    at_glam = progress.remaining - progress.pending
    return usual * (math.ceil(ahead / slots) + (0.5 if at_glam else 0))


def time_left_text(seconds: float | None) -> str:
    """Return "about 12 minutes left", empty when nobody knows."""
    if seconds is None:
        return ""
    if seconds < 60:
        return _("less than a minute left")
    minutes = round(seconds / 60)
    if minutes < 90:
        return ngettext("about %(count)d minute left", "about %(count)d minutes left", minutes) % {
            "count": minutes
        }
    hours = round(minutes / 60)
    return ngettext("about %(count)d hour left", "about %(count)d hours left", hours) % {
        "count": hours
    }


def state_of(batch: TryOnBatch, progress: Progress) -> tuple[str, str]:
    """Return the word for where a batch stands, for its colour, and what staff read."""
    if batch.canceled_at and not progress.remaining:
        return "canceled", _("canceled")
    if not progress.remaining:
        return "ready", _("done")
    if batch.paused_at:
        return "unconfirmed", _("paused")
    if progress.remaining == progress.held:
        return "unconfirmed", _("needs a person")
    return "in_progress", _("under way")
