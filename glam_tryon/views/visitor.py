"""Who asks: the signed-in user, or the visitor that this session stands for."""

from __future__ import annotations

import secrets
from uuid import UUID

from django.http import Http404, HttpRequest

from glam_tryon.models import TryOnJob
from glam_tryon.models.owner import owner_key, same_owner

_SESSION_KEY = "glam_tryon_visitor"


def visitor_token(request: HttpRequest, *, create: bool = False) -> str:
    """Return the session's random token, empty when there is none and ``create`` is False."""
    token: str = request.session.get(_SESSION_KEY, "")
    if not token and create:
        token = secrets.token_urlsafe(32)
        request.session[_SESSION_KEY] = token
    return token


def own_job(request: HttpRequest, pk: UUID) -> TryOnJob:
    """Return the job when it is the asking person's own.

    Raises:
        Http404: there is no such job, or it is somebody else's; the answer tells neither apart.
    """
    job = TryOnJob.objects.filter(pk=pk).first()
    mine = [owner_key(request.user), owner_key(None, visitor_token(request))]
    if job is None or not any(same_owner(job.owner, owner) for owner in mine):
        raise Http404
    return job
