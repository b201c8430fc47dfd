"""Requests that meet in the database: in transactions of their own, answered in words."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from glam_tryon.messages import error_payload
from glam_tryon.models.database_errors import is_conflict
from glam_tryon.tracked_files import outside_atomic_requests
from glam_tryon.views.access import wants_json

logger = logging.getLogger("glam_tryon.views")

#: When to try again, in seconds.
RETRY_AFTER_SECONDS = 2


def own_transactions(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let the view commit by itself, also where ``ATOMIC_REQUESTS`` is on; 503 when it cannot.

    What is decided under a lock must not be read from the snapshot of a request that began before
    it, and a file's row is there before the file.
    """

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except DatabaseError as error:
            if not is_conflict(error):
                raise
            logger.warning("a request was in another one's way in the database: %s", error)
            return _try_again(request)

    return outside_atomic_requests(answered)


def _try_again(request: HttpRequest) -> HttpResponse:
    error = error_payload("conflict")
    if wants_json(request):
        response: HttpResponse = JsonResponse({"error": error}, status=503)
    else:
        facts = {"title": "", "words": _("Not available"), "error": error}
        response = render(request, "glam_tryon/refused.html", {"job": facts}, status=503)
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    response["Cache-Control"] = "private, no-store"
    return response
