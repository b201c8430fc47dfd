"""The actions of staff on jobs chosen in the list, or on one on its page."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from glam_tryon import jobs
from glam_tryon.admin.formatting import exact
from glam_tryon.admin.jobs.admin_action import AdminAction, Keys, by_staff, reason
from glam_tryon.admin.jobs.csv_export import export_csv
from glam_tryon.exceptions import IllegalTransition
from glam_tryon.models import TryOnJob, TryOnSubmission
from glam_tryon.models.job import NEEDS_PERSON
from glam_tryon.models.job_queryset import TryOnJobQuerySet
from glam_tryon.models.receipt import Why
from glam_tryon.models.status import AT_PROVIDER, CLOSED, OPEN, REFETCHABLE, Status
from glam_tryon.privacy.deletion import delete_tryon
from glam_tryon.providers.selection import with_provider, with_provider_lazy


def _submit(request: HttpRequest, keys: Keys) -> int:
    return jobs.hurry_all(keys)


def _retry(request: HttpRequest, keys: Keys) -> int:
    return jobs.retry_all(keys, note=by_staff(request))


def _resubmit(request: HttpRequest, keys: Keys) -> int:
    done = 0
    for job in TryOnJob.objects.filter(pk__in=keys).resubmittable():
        with suppress(IllegalTransition):
            jobs.resubmit(job, by=request.user, why=reason(request))
            done += 1
    return done


def _fetched(rows: Sequence[TryOnJob]) -> dict[uuid.UUID, str]:
    """Say of each when Glam fetched its photo."""
    sent = TryOnSubmission.objects.filter(job__in=rows).order_by("number")
    facts = {}
    for line in sent:
        if line.fetched_at:
            facts[line.job_key] = _("photo fetched %(when)s") % {"when": exact(line.fetched_at)}
        elif not line.revocable:
            facts[line.job_key] = with_provider(
                _("photo uploaded: when %(provider)s read it is not known")
            )
    return facts


SUBMIT = AdminAction(
    name="submit_now",
    title=gettext_lazy("Submit now"),
    eligible=TryOnJobQuerySet.to_be_sent,
    change=_submit,
    done=gettext_lazy("%(count)d submitted now"),
    statuses=(Status.PENDING,),
    otherwise=gettext_lazy("deleted by its owner"),
    warning=with_provider_lazy(
        gettext_lazy("These wait no longer: they are sent to %(provider)s as slots become free.")
    ),
    buys=True,
)
RETRY = AdminAction(
    name="retry_failed",
    title=gettext_lazy("Retry failed"),
    eligible=TryOnJobQuerySet.retryable,
    change=_retry,
    done=gettext_lazy("%(count)d retried"),
    statuses=(Status.FAILED,),
    otherwise=gettext_lazy("its photo is gone"),
    applies=lambda job: job.person_photo is not None and job.person_photo.is_there,
    warning=with_provider_lazy(
        gettext_lazy(
            "These are sent to %(provider)s once more. It may bill each as a new picture, also "
            "where it billed the try that failed."
        )
    ),
    buys=True,
)
RESUBMIT = AdminAction(
    name="resubmit_unconfirmed",
    title=gettext_lazy("Resubmit unconfirmed"),
    eligible=TryOnJobQuerySet.resubmittable,
    change=_resubmit,
    done=gettext_lazy("%(count)d resubmitted"),
    statuses=(Status.UNCONFIRMED,),
    otherwise=gettext_lazy("settles by itself within minutes"),
    permission="resubmit",
    applies=lambda job: job.error_code == NEEDS_PERSON,
    warning=with_provider_lazy(
        gettext_lazy(
            "%(provider)s fetched these photos, and its answer was lost: the pictures may be "
            "drawn. Look for them in the %(provider)s account first. Each that is sent again may "
            "be billed twice."
        )
    ),
    buys=True,
    asks_why=True,
    facts=_fetched,
)


def _ask(request: HttpRequest, keys: Keys) -> int:
    return jobs.ask_all_again(keys, note=f"asked again {by_staff(request)}")


def _refetch(request: HttpRequest, keys: Keys) -> int:
    return jobs.refetch_all(keys, note=f"fetched again {by_staff(request)}")


ASK = AdminAction(
    name="ask_again",
    title=with_provider_lazy(gettext_lazy("Ask %(provider)s again")),
    eligible=TryOnJobQuerySet.known_to_glam,
    change=_ask,
    done=gettext_lazy("%(count)d asked about"),
    statuses=(Status.FAILED, *AT_PROVIDER),
    otherwise=with_provider_lazy(gettext_lazy("%(provider)s never took it")),
)
REFETCH = AdminAction(
    name="refetch_results",
    title=gettext_lazy("Fetch results again"),
    eligible=TryOnJobQuerySet.refetchable,
    change=_refetch,
    done=gettext_lazy("%(count)d fetched again"),
    statuses=REFETCHABLE,
    otherwise=with_provider_lazy(gettext_lazy("no picture at %(provider)s")),
    applies=lambda job: job.status == Status.READY or job.ready_at is not None,
)


#: So long staff wait for the files of one chunk; the pollers delete the rest.
MAX_DELETE_SECONDS = 10.0


def _cancel(request: HttpRequest, keys: Keys) -> int:
    return jobs.cancel_all(keys, note=by_staff(request))


def _delete(request: HttpRequest, keys: Keys) -> int:
    # Nobody sees them from here on, however long the storage takes.
    rows = TryOnJob.objects.filter(pk__in=keys)
    chosen = list(rows.with_pictures())
    hidden = rows.with_pictures().hide_all()
    deadline = time.monotonic() + MAX_DELETE_SECONDS
    for job in chosen:
        if time.monotonic() > deadline:
            break
        delete_tryon(job, why=Why.STAFF)
    return hidden


CANCEL = AdminAction(
    name="cancel_jobs",
    title=gettext_lazy("Cancel"),
    eligible=TryOnJobQuerySet.cancelable,
    change=_cancel,
    done=gettext_lazy("%(count)d canceled"),
    statuses=OPEN,
    otherwise=gettext_lazy("deleted by its owner"),
    warning=with_provider_lazy(
        gettext_lazy(
            "These stop. What %(provider)s draws already is billed, and its picture is not kept."
        )
    ),
)
DELETE = AdminAction(
    name="delete_pictures",
    title=gettext_lazy("Delete pictures"),
    eligible=TryOnJobQuerySet.with_pictures,
    change=_delete,
    done=gettext_lazy("pictures of %(count)d deleted"),
    statuses=CLOSED,
    otherwise=gettext_lazy("no pictures"),
    permission="delete",
    warning=gettext_lazy(
        "The results, and shoppers' photos that no other try-on needs, are deleted for good. Their "
        "owners do not see these try-ons any more; the ledger stays."
    ),
)

#: Those that have a button on a job's page, in the order of the buttons.
BUTTONS = (SUBMIT, ASK, RETRY, REFETCH, RESUBMIT, CANCEL, DELETE)

#: Those of the list, in the order in which staff read them.
ACTIONS: Sequence[Callable[..., HttpResponseBase | None]] = (
    *(each.as_function() for each in (SUBMIT, ASK, RETRY, CANCEL, REFETCH, RESUBMIT, DELETE)),
    export_csv,
)
