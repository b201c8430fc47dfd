"""The table of a job's status changes, read for one row and for many rows alike."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.db.models import Case, Exists, F, OuterRef, Value, When
from django.db.models.functions import Coalesce

from glam_tryon.models.batch import TryOnBatch
from glam_tryon.models.clock import DatabaseNow
from glam_tryon.models.result import TryOnResult
from glam_tryon.models.statistics import Event
from glam_tryon.models.status import AT_PROVIDER, OPEN, REFETCHABLE, Priority, Queue, Status

logger = logging.getLogger("glam_tryon.orders")


@dataclass(frozen=True, kw_only=True)
class Transition:
    """One line of the table.

    Args:
        to: The status that is written.
        origins: The statuses that a row may have before.
        writes: The columns that are written besides, with their values. A callable is called when
            it is needed, like a field's ``default``.
        is_fenced: Only the worker that holds the lease makes it. The others are made by a person,
            or state a fact that is true whoever writes it.
        done: What a person asked for, for ``IllegalTransition``: "it cannot be ...".
        event: What is counted in the transaction, once for a job: not again when its pictures are
            only fetched again.
        revokes_link: Glam does not get the photo any more, unless it fetched it already.
    """

    to: Status
    origins: tuple[Status, ...]
    writes: Mapping[str, Any]
    is_fenced: bool = True
    done: str = ""
    event: Event | None = None
    revokes_link: bool = False

    def columns(self, **fields: Any) -> dict[str, Any]:
        """Return everything that the UPDATE writes; ``fields`` are those of this one call."""
        written = {name: each() if callable(each) else each for name, each in self.writes.items()}
        return {"status": self.to, **written, **fields}


def _pending_queue() -> Case:
    """The queue of a slot or, while the job's batch is paused, that of paused ones.

    Whoever writes it has locked the batch before: ``TryOnBatch.lock``.
    """
    paused = TryOnBatch.objects.filter(pk=OuterRef("batch_id"), paused_at__isnull=False)
    return Case(
        When(Exists(paused), then=Value(Queue.PAUSED)),
        When(priority=Priority.CATALOGUE, then=Value(Queue.CATALOGUE)),
        default=Value(Queue.SHOPPER),
    )


def _finished_while_drawn() -> Case:
    """The time of pictures that are there goes on; that of a failed job begins when it ends."""
    drawn = Exists(TryOnResult.objects.filter(job_id=OuterRef("pk")))
    return Case(When(drawn, then=F("finished_at")), default=None)


_DUE = {"queue": Queue.UNDER_WAY, "next_step_at": DatabaseNow()}
#: The step is over: the lease is given back, and the claims of the next step count from 0.
_RELEASED = {"lease_token": "", "attempts": 0}
_NO_ERROR = {"errors": 0, "error_code": "", "error_message": ""}
_FINISHED = {"attempts": 0, "finished_at": Coalesce("finished_at", DatabaseNow())}
_POLLED = {"attempts": 0, "errors": 0, "polls": F("polls") + 1}
_ANEW: dict[str, Any] = {
    **_RELEASED,
    **_NO_ERROR,
    "queue": _pending_queue,
    "next_step_at": DatabaseNow(),
    "media_urls": list,
    "dispatched": "",
    "finished_at": None,
    "ready_at": None,
}


def _still_running(to: Status) -> Transition:
    return Transition(
        to=to,
        origins=(Status.SUBMITTING, Status.UNCONFIRMED, *AT_PROVIDER),
        writes={**_POLLED, "lease_token": "", "polled_at": DatabaseNow()},
    )


# Before the provider has it.

#: A slot is free: the intent of a submission is written.
ALLOT = Transition(
    to=Status.SUBMITTING,
    origins=(Status.PENDING,),
    writes={"queue": Queue.UNDER_WAY, "attempts": F("attempts") + 1},
    is_fenced=False,
)
#: Nothing was bought.
WAIT_FOR_SLOT = Transition(
    to=Status.PENDING,
    origins=(Status.SUBMITTING, Status.UNCONFIRMED),
    writes={"queue": _pending_queue, "lease_token": ""},
)
#: Nobody knows whether the provider took it.
HOLD_UNCONFIRMED = Transition(
    to=Status.UNCONFIRMED,
    origins=(Status.SUBMITTING,),
    writes={**_RELEASED, "queue": Queue.UNDER_WAY},
)

# While the provider has it.

#: The provider took it: a fact, however late it is written.
MARK_ACCEPTED = Transition(
    to=Status.IN_QUEUE,
    origins=(Status.SUBMITTING, Status.UNCONFIRMED, *AT_PROVIDER),
    writes={
        **_RELEASED,
        **_NO_ERROR,
        "queue": Queue.UNDER_WAY,
        "submitted_at": DatabaseNow(),
        "polled_at": None,
    },
    is_fenced=False,
)
STILL_RUNNING: Mapping[Status, Transition] = MappingProxyType(
    {status: _still_running(status) for status in AT_PROVIDER}
)
#: The provider is done. The lease stays: the same worker fetches the pictures.
START_STORING = Transition(
    to=Status.STORING,
    origins=AT_PROVIDER,
    writes={**_POLLED, "remote_status": Status.READY, "ready_at": DatabaseNow()},
)

# The ends. The lease stays, so that a worker which dies before it told the receivers of the signals
# is followed by one that tells them.

FINISH_READY = Transition(
    to=Status.READY,
    origins=(Status.STORING,),
    writes={**_FINISHED, **_NO_ERROR},
    event=Event.READY,
)
#: A copy of an earlier picture is stored; nothing was bought.
FINISH_REUSED = Transition(
    to=Status.READY,
    origins=(Status.PENDING,),
    writes={**_FINISHED, **_NO_ERROR},
    event=Event.READY,
)
FAIL = Transition(
    to=Status.FAILED,
    origins=OPEN,
    writes={**_FINISHED, "queue": Queue.UNDER_WAY},
    event=Event.FAILED,
)
#: The pictures could not be fetched again; those of the first time stay.
KEEP_PICTURES = Transition(
    to=Status.READY,
    origins=(Status.STORING,),
    writes={**_FINISHED, "queue": Queue.UNDER_WAY},
    event=Event.READY,
)

# What a person asks for, whoever works on the job.

CANCEL = Transition(
    to=Status.CANCELED,
    origins=OPEN,
    writes={**_DUE, **_RELEASED, **_NO_ERROR, "finished_at": DatabaseNow()},
    is_fenced=False,
    done="canceled",
    event=Event.CANCELED,
    revokes_link=True,
)
RETRY = Transition(
    to=Status.PENDING, origins=(Status.FAILED,), writes=_ANEW, is_fenced=False, done="retried"
)
RESUBMIT = Transition(
    to=Status.PENDING,
    origins=(Status.UNCONFIRMED,),
    writes=_ANEW,
    is_fenced=False,
    done="resubmitted",
)
POLL_AGAIN = Transition(
    to=Status.IN_PROGRESS,
    origins=(Status.FAILED, *AT_PROVIDER),
    writes={**_DUE, **_RELEASED, **_NO_ERROR, "dispatched": "submitted", "finished_at": None},
    is_fenced=False,
    done="asked about again",
)
REFETCH = Transition(
    to=Status.STORING,
    origins=REFETCHABLE,
    writes={
        **_DUE,
        **_RELEASED,
        **_NO_ERROR,
        "media_urls": list,
        "finished_at": _finished_while_drawn,
    },
    is_fenced=False,
    done="fetched again",
)


def log_transition(job_id: UUID, origin: str, to: str, note: str = "") -> None:
    """Write the one line of a transition; its parts are the record's ``args`` as well."""
    facts = {"job": str(job_id), "from_status": origin, "to_status": to, "note": note}
    # The note of a failure is its code.
    level = logging.WARNING if to == Status.FAILED else logging.INFO
    logger.log(level, "job=%(job)s from=%(from_status)s to=%(to_status)s note=%(note)s", facts)
