"""What the outside may ask: take a photo in, request a try-on, cancel, retry, resubmit."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.db import IntegrityError, connections, models, router, transaction
from django.db.models import Max
from django.utils import timezone

from glam_tryon.conf import conf
from glam_tryon.exceptions import (
    GarmentUnavailable,
    IllegalTransition,
    InvalidImage,
    PhotoUnavailable,
)
from glam_tryon.garments import check_mask_type, garment_of
from glam_tryon.images import normalise
from glam_tryon.models import (
    PersonPhoto,
    ProviderState,
    TryOnJob,
    TryOnTransition,
)
from glam_tryon.models.clock import DatabaseNow
from glam_tryon.models.owner import SHOP, owner_key, same_owner
from glam_tryon.models.status import Priority, Status, pending_lane
from glam_tryon.models.storage import private_storage
from glam_tryon.policy.consent import record_consent

#: PostgreSQL's channel on which an idle poller hears of a new job.
CHANNEL = "glam_tryon_jobs"


def add_photo(
    file: Any,
    *,
    user: Any = None,
    visitor: str = "",
    consent_text: str = "",
    kind: str = PersonPhoto.Kind.SHOPPER,
    title: str = "",
    keep: bool = False,
) -> PersonPhoto:
    """Take a person's photo in: made upright, small and free of metadata, then stored.

    ``consent_text`` is the text that a shopper agreed to, as shown; the proof is kept. ``keep`` is
    the shopper's wish to use the photo again within ``PHOTO_SECONDS``. A picture that is refused
    leaves nothing behind, no proof either.

    Raises:
        InvalidImage: it is too large, or no picture that can be used.
    """
    picture = normalise(file, max_bytes=conf.MAX_UPLOAD_BYTES)
    consent = record_consent(consent_text, user=user, visitor=visitor) if consent_text else None
    photo = PersonPhoto(
        kind=kind,
        title=title,
        owner=SHOP if kind == PersonPhoto.Kind.HOUSE_MODEL else owner_key(user, visitor),
        user=user if getattr(user, "is_authenticated", False) else None,
        consent=consent,
        sha256=picture.sha256,
        width=picture.width,
        height=picture.height,
        kept_until=timezone.now() + timedelta(seconds=conf.PHOTO_SECONDS) if keep else None,
    )
    photo.image.save("photo.jpg", ContentFile(picture.content), save=False)
    photo.save()
    return photo


def _snapshot(product: models.Model) -> tuple[str, str]:
    """Store the garment's picture as it is now. Returns its storage name and its identity.

    The name follows from the source's bytes, so many jobs share one file, and a product that is
    changed or deleted while its job runs harms nothing.
    """
    source = garment_of(product).get_image(product)
    try:
        with source.open("rb") as opened:
            content = opened.read()
    except OSError as error:
        raise GarmentUnavailable(
            "no_picture", f"The picture of {product} cannot be read: {error}"
        ) from error
    identity = hashlib.sha256(content).hexdigest()
    name = f"{conf.PREFIX}/garments/{identity}.jpg"
    storage = private_storage()
    if not storage.exists(name):
        try:
            picture = normalise(ContentFile(content))
        except InvalidImage as error:
            raise GarmentUnavailable(
                "unreadable_picture", f"The picture of {product} cannot be used: {error}"
            ) from error
        name = storage.save(name, ContentFile(picture.content))
    return name, identity


def _next_turn(owner: str, priority: str) -> int:
    """Return the turn behind the owner's own waiting jobs, but never behind other owners' queues.

    Start-time fair queuing: an owner with fifty waiting jobs and one with a single job take turns.
    """
    using = router.db_for_write(TryOnJob)
    mine = (
        TryOnJob.objects.using(using)
        .filter(owner=owner, lane=pending_lane(priority))
        .aggregate(last=Max("turn"))["last"]
    )
    begun: int = ProviderState.load().last_turn
    return begun if mine is None else max(begun, mine + 1)


def _may_wear(photo: PersonPhoto, owner: str) -> bool:
    if photo.kind == PersonPhoto.Kind.HOUSE_MODEL or photo.owner == owner == SHOP:
        return photo.is_active
    return same_owner(photo.owner, owner)


def request_tryon(
    product: models.Model,
    *,
    photo: PersonPhoto,
    user: Any = None,
    visitor: str = "",
    mask_type: str | None = None,
    request_id: str | None = None,
    priority: str = Priority.SHOPPER,
) -> TryOnJob:
    """Ask for one try-on; the poller does the rest.

    ``user`` (signed in) or ``visitor`` (the session's random token) is who may see the result; with
    neither it is the shop's own. ``mask_type`` overrides what the product's registration says.
    ``request_id`` is any text of the caller's: the same one of the same owner gives the same job.
    ``priority`` is ``"shopper"`` or ``"catalogue"``.

    Raises:
        NotRegistered: no ``tryon.py`` registers the product's model.
        GarmentUnavailable: no usable garment picture, or an unknown mask type.
        PhotoUnavailable: the photo is gone or belongs to somebody else.
        ValueError: an unknown priority.
    """
    if priority not in Priority.values:
        raise ValueError(f"priority must be one of {Priority.values}, not {priority!r}")
    owner = owner_key(user, visitor)
    request_key = _request_key(owner, request_id) if request_id else None
    if known := requested(request_id, user=user, visitor=visitor):
        return known
    garment = garment_of(product)
    mask = check_mask_type(mask_type) if mask_type else garment.get_mask_type(product)
    if not photo.is_there or not _may_wear(photo, owner):
        raise PhotoUnavailable("This photo is no longer there. Please choose another.")
    image, identity = _snapshot(product)
    using = router.db_for_write(TryOnJob)
    job = TryOnJob(
        priority=priority,
        mask_type=mask,
        content_type=ContentType.objects.db_manager(using).get_for_model(product),
        product_key=str(product.pk),
        garment_title=garment.get_title(product),
        garment_image=image,
        garment_sha256=identity,
        product_url=garment.get_url(product)[:500],
        person_photo=photo,
        owner=owner,
        user=user if getattr(user, "is_authenticated", False) else None,
        request_key=request_key,
        lane=pending_lane(priority),
        turn=_next_turn(owner, priority),
        next_step_at=DatabaseNow(),
    )
    try:
        with transaction.atomic(using):
            job.save(using=using, force_insert=True)
            TryOnTransition.objects.using(using).create(
                job=job, status=Status.PENDING, at=DatabaseNow()
            )
            _wake_pollers(using)
    except IntegrityError:
        # Two tabs, one request: the other was faster.
        known = requested(request_id, user=user, visitor=visitor)
        if known is None:
            raise
        return known
    job.refresh_from_db(using=using, fields=["next_step_at"])
    return job


def request_tryon_with_upload(
    product: models.Model,
    file: Any,
    *,
    user: Any = None,
    visitor: str = "",
    consent_text: str = "",
    title: str = "",
    keep: bool = False,
    **options: Any,
) -> TryOnJob:
    """Take a person's photo in and ask for a try-on with it; the photo is kept only if it is used.

    ``consent_text``, ``title`` and ``keep`` are those of ``add_photo``, ``options`` those of
    ``request_tryon``.

    Raises:
        InvalidImage: as ``add_photo``.
        NotRegistered, GarmentUnavailable, ValueError: as ``request_tryon``.
    """
    who = {"user": user, "visitor": visitor}
    photo = add_photo(file, consent_text=consent_text, title=title, keep=keep, **who)
    job = None
    try:
        job = request_tryon(product, photo=photo, **who, **options)
    finally:
        # Refused, or asked for before with another copy of the photo.
        if job is None or job.person_photo_id != photo.pk:
            _forget(photo)
    return job


def _forget(photo: PersonPhoto) -> None:
    """Delete a photo that was taken in for nothing, with the consent that was given for it."""
    consent = photo.consent
    photo.image.delete(save=False)
    photo.delete()
    if consent is not None:
        consent.delete()


def _wake_pollers(using: str) -> None:
    connection = connections[using]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # Delivered at the commit, so no poller looks too early.
            cursor.execute(f"NOTIFY {CHANNEL}")


def _request_key(owner: str, request_id: str) -> str:
    return hashlib.sha256(f"{owner}\n{request_id}".encode()).hexdigest()


def requested(request_id: str | None, *, user: Any = None, visitor: str = "") -> TryOnJob | None:
    """Return the job that this user or visitor asked for with ``request_id``, None without one.

    Who signs in between two tries of the same request has one job all the same.
    """
    if not request_id:
        return None
    owners = {owner_key(user, visitor)}
    if visitor:
        owners.add(owner_key(None, visitor))
    keys = [_request_key(owner, request_id) for owner in owners]
    using = router.db_for_write(TryOnJob)
    return TryOnJob.objects.using(using).filter(request_key__in=keys).first()


def keep_photo(photo: PersonPhoto) -> None:
    """Keep a shopper's photo for ``PHOTO_SECONDS`` from now, by the shopper's own wish."""
    rows = PersonPhoto.objects.using(router.db_for_write(PersonPhoto))
    rows.filter(pk=photo.pk, kind=PersonPhoto.Kind.SHOPPER).keep(conf.PHOTO_SECONDS)


def cancel(job: TryOnJob, *, note: str = "") -> None:
    """Stop a job. What Glam already draws is not stored; its slot frees when Glam is done.

    Raises:
        IllegalTransition: the job is over.
    """
    job.cancel(note=note)


def retry(job: TryOnJob) -> None:
    """Send a failed job once more.

    Raises:
        IllegalTransition: the job did not fail.
        PhotoUnavailable: its photo was deleted meanwhile.
    """
    if job.current_photo() is None:
        raise PhotoUnavailable("The photo of this try-on was deleted; ask for a new one.")
    job.retry(_next_turn(job.owner, job.priority))


def ask_again(job: TryOnJob) -> None:
    """Ask Glam about a job now; one that failed becomes ready when its picture is there after all.

    Raises:
        IllegalTransition: Glam never took the job, or it is neither failed nor at Glam.
    """
    submission = job.current_submission()
    if submission is None or not submission.event_id:
        raise IllegalTransition(job.status, "asked about: Glam gave it no event id")
    job.ask_again()


def resubmit(job: TryOnJob, *, by: Any, why: str = "") -> None:
    """Send an unconfirmed job again although Glam may have it; it may be billed twice.

    Raises:
        PermissionDenied: ``by`` lacks the permission ``glam_tryon.resubmit_unconfirmed``.
        IllegalTransition: the job is not unconfirmed.
    """
    if not by.has_perm("glam_tryon.resubmit_unconfirmed"):
        raise PermissionDenied("Sending an unconfirmed try-on again needs resubmit_unconfirmed.")
    # The unclear submission keeps its slot until its time is over: Glam may be running it.
    job.resubmit(_next_turn(job.owner, job.priority), note=f"resubmitted by {by.pk}: {why}")
