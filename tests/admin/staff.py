"""Members of staff, what they do in the list of jobs, and jobs in each state."""

from __future__ import annotations

import uuid
from datetime import timedelta
from html import unescape
from typing import Any

from django.contrib.auth.models import Permission, User
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone

from glam_tryon.models import TryOnJob, TryOnResult, TryOnSubmission
from glam_tryon.models.job import NEEDS_PERSON
from tests.shop import picture

JOBS = "/admin/glam_tryon/tryonjob/"
CONFIRM = "admin/glam_tryon/tryonjob/confirm.html"


def staff(*codenames: str) -> Client:
    """Return a client of a member of staff with these permissions only."""
    user = User.objects.create_user(f"staff {uuid.uuid4()}", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    assert user.user_permissions.count() == len(codenames)
    client = Client()
    client.force_login(user)
    return client


def put(job: TryOnJob, **fields: Any) -> TryOnJob:
    TryOnJob.objects.filter(pk=job.pk).update(**fields)
    job.refresh_from_db()
    return job


def sent(job: TryOnJob, **fields: Any) -> TryOnJob:
    """Give the job a submission that Glam took."""
    TryOnSubmission.objects.create(
        **{
            "job": job,
            "job_key": job.pk,
            "number": job.submissions.count() + 1,
            "event_id": f"event-{uuid.uuid4()}",
            "outcome": "accepted",
            "started_at": timezone.now(),
            **fields,
        }
    )
    return job


def drawn(job: TryOnJob) -> TryOnJob:
    """Give the job a result with a file."""
    result = TryOnResult(
        job=job, position=job.results.count(), width=240, height=320, sha256="0" * 64
    )
    result.image.save(f"{uuid.uuid4()}.jpg", ContentFile(picture(colour="#113355")))
    return job


def taken_by(action: str, job: TryOnJob) -> TryOnJob:
    """Bring the job into a state in which the action takes it."""
    now = timezone.now()
    match action:
        case "submit_now":
            return put(job, next_step_at=now + timedelta(hours=1), errors=3)
        case "ask_again":
            return put(sent(job), status="failed", error_code="expired", queue=None)
        case "retry_failed":
            return put(sent(job), status="failed", error_code="glam_failed", queue=None)
        case "cancel_jobs":
            return put(sent(job), status="in_queue", queue=0)
        case "refetch_results" | "delete_pictures":
            return put(drawn(sent(job)), status="ready", queue=None, finished_at=now)
        case "resubmit_unconfirmed":
            sent(job, event_id=None, outcome="ambiguous", fetched_at=now)
            return put(job, status="unconfirmed", error_code=NEEDS_PERSON, queue=None)
    return job


def post(client: Client, action: str, *jobs: TryOnJob, **extra: Any) -> Any:
    """Choose jobs and an action in the list."""
    data = {"action": action, "_selected_action": [str(job.pk) for job in jobs], **extra}
    return client.post(JOBS, data, follow=True)


def asks(answer: Any) -> bool:
    """Say whether this is the page that asks before."""
    return CONFIRM in [template.name for template in answer.templates]


def act(client: Client, action: str, *jobs: TryOnJob, **extra: Any) -> str:
    """Do it, agreeing to what is asked; return what staff are told."""
    answer = post(client, action, *jobs, **extra)
    if asks(answer):
        agreed = {"confirmed": str(answer.context["count"]), "why": "the account shows nothing"}
        answer = post(client, action, *jobs, **agreed, **extra)
    assert answer.status_code == 200
    assert not asks(answer)
    return said(answer)


def said(answer: Any) -> str:
    return " / ".join(str(message) for message in answer.context["messages"])


def html(answer: Any) -> str:
    return unescape(answer.content.decode()).replace("\xa0", " ")
