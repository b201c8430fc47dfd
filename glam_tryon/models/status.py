"""Statuses and queues of a job; which status may follow which: ``job_transitions``."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Status(models.TextChoices):
    PENDING = "pending", _("waiting to be sent")
    SUBMITTING = "submitting", _("being sent")
    UNCONFIRMED = "unconfirmed", _("unconfirmed")
    IN_QUEUE = "in_queue", _("in the provider's queue")
    IN_PROGRESS = "in_progress", _("being drawn")
    STORING = "storing", _("being saved")
    READY = "ready", _("ready")
    FAILED = "failed", _("failed")
    CANCELED = "canceled", _("canceled")


class Priority(models.TextChoices):
    SHOPPER = "shopper", _("shopper")
    CATALOGUE = "catalogue", _("catalogue")


class Queue(models.IntegerChoices):
    """Queues in which jobs wait; the claim reads one at a time. None: nothing is left to do."""

    UNDER_WAY = 0, _("its next step")
    SHOPPER = 1, _("a slot, with a shopper waiting")
    CATALOGUE = 2, _("a slot")
    PAUSED = 3, _("its batch to go on")


AT_PROVIDER = (Status.IN_QUEUE, Status.IN_PROGRESS)
#: What only the provider that was asked can bring to an end.
SENT = (Status.SUBMITTING, Status.UNCONFIRMED, *AT_PROVIDER, Status.STORING)
OPEN = (Status.PENDING, *SENT)
CLOSED = (Status.READY, Status.FAILED, Status.CANCELED)
#: Those whose pictures staff may fetch again.
REFETCHABLE = (Status.READY, Status.FAILED)


def pending_queue(priority: str) -> Queue:
    """Return the queue in which a pending job of this priority waits."""
    return Queue.CATALOGUE if priority == Priority.CATALOGUE else Queue.SHOPPER
