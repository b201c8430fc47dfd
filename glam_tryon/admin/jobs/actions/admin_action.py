"""What an action is made of: which jobs it takes, what it does to them, and what it asks before."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.http import HttpRequest

from glam_tryon.models import TryOnJob
from glam_tryon.models.job_queryset import TryOnJobQuerySet
from glam_tryon.models.status import Status

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Keys = Sequence[uuid.UUID]


@dataclass(frozen=True, slots=True)
class Deed:
    """One action of the staff.

    ``name`` is that of the action, ``title`` what its page and its button say. ``eligible`` leaves
    those jobs in that it takes, all of which are in one of ``statuses``; ``otherwise`` is why one
    in such a status is left out all the same. ``change`` gets keys of eligible jobs, some hundreds
    at most, and returns how many it changed; ``done`` says that, with ``count``.

    With ``warning`` a page asks before: what is at stake, the jobs, and with ``buys`` the cost.
    ``asks_why`` wants a reason. ``facts`` adds what staff should know of each job.
    """

    name: str
    title: _StrPromise
    eligible: Callable[[TryOnJobQuerySet], TryOnJobQuerySet]
    change: Callable[[HttpRequest, Keys], int]
    done: _StrPromise
    statuses: tuple[Status, ...]
    otherwise: _StrPromise
    warning: _StrPromise | None = None
    buys: bool = False
    asks_why: bool = False
    facts: Callable[[Sequence[TryOnJob]], dict[uuid.UUID, str]] | None = None


def by_staff(request: HttpRequest) -> str:
    """Return the note in a job's history that says who changed it."""
    return f"by staff {request.user.pk}"


def words(queryset: QuerySet[TryOnJob]) -> TryOnJobQuerySet:
    """Return the rows with the words that jobs have, in no order."""
    if not isinstance(queryset, TryOnJobQuerySet):
        raise TypeError("The admin's jobs must come from TryOnJob.objects.")
    return queryset.order_by()
