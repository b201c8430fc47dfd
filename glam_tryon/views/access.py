"""Access to a photo or a job by its owner, as a page or for the dialog."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import Http404, HttpRequest

from glam_tryon.models import ConsentRecord, PersonPhoto, TryOnJob
from glam_tryon.models.owner import owner_key, same_owner
from glam_tryon.privacy.ownership import SESSION_KEY, owners
from glam_tryon.privacy.retention import photos_to_delete

logger = logging.getLogger("glam_tryon.views")

#: The module asks for the inside of the dialog with this header.
DIALOG_HEADER = "X-Glam-Tryon"


@receiver(user_logged_in, dispatch_uid="glam_tryon_adopt")
def adopt(request: HttpRequest | None, user: Any, **_facts: Any) -> None:
    """Give what this session's visitor asked for to the account that signs in."""
    session = getattr(request, "session", None)
    token = session.get(SESSION_KEY, "") if session is not None else ""
    if not token:
        return
    try:
        adopt_visitor(token, user)
    except Exception:
        # Nobody is kept out of the shop for this; the session still shows what is theirs.
        logger.exception("the try-ons of a visitor could not be given to user %s", user.pk)


def adopt_visitor(token: str, user: Any) -> None:
    """Give all that belongs to the visitor with this token to ``user``."""
    visitor, account = owner_key(None, token), owner_key(user)
    for model in (TryOnJob, PersonPhoto, ConsentRecord):
        # A failure within the shop's own transaction must not spoil that.
        with model.objects.atomic():
            rows = model.objects.writer().filter(owner=visitor)
            rows.update(owner=account, user=user)


def wants_json(request: HttpRequest) -> bool:
    """Say whether the module asks, and not a browser that opens a page."""
    return request.headers.get("Accept", "").startswith("application/json")


def for_dialog(request: HttpRequest) -> bool:
    """Say whether the module asks for what stands in the dialog, and not for a page."""
    return request.headers.get(DIALOG_HEADER) == "dialog"


def kept_photo(request: HttpRequest) -> PersonPhoto | None:
    """Return the asking person's newest photo that may be used for another garment."""
    if not (mine := owners(request)):
        return None
    photos = PersonPhoto.objects.owned_by(*mine).there().select_related("consent")
    return photos.exclude(pk__in=photos_to_delete()).order_by("-created_at").first()


def has_tryons(request: HttpRequest) -> bool:
    """Say whether the asking person has try-ons; nothing is asked for one who never had."""
    mine = owners(request)
    return bool(mine) and TryOnJob.objects.owned_by(*mine).exists()


def is_own(request: HttpRequest, owner: str) -> bool:
    """Say whether what has this owner key is the asking person's own."""
    return any(same_owner(owner, mine) for mine in owners(request))


def own_photo(request: HttpRequest, pk: UUID) -> PersonPhoto:
    """Return the photo when it is the asking person's own and still there.

    Raises:
        Http404: otherwise; the answer tells no case from another.
    """
    photo = PersonPhoto.objects.filter(pk=pk).there().first()
    if photo is None or not is_own(request, photo.owner):
        raise Http404
    return photo


def own_job(request: HttpRequest, pk: UUID) -> TryOnJob:
    """Return the job when it is the asking person's own.

    Raises:
        Http404: there is no such job, or it is somebody else's; the answer tells neither apart.
    """
    job = TryOnJob.objects.filter(pk=pk, deleted_at=None).select_related("person_photo").first()
    if job is None or not is_own(request, job.owner):
        raise Http404
    return job
