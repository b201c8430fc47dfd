"""Asking for a try-on: one request, one job."""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.core.files.base import File
from django.db import IntegrityError, models, router, transaction

from glam_tryon.exceptions import GarmentUnavailable, PhotoUnavailable
from glam_tryon.garments import check_mask_type, garment_of
from glam_tryon.limits.availability import is_excluded
from glam_tryon.limits.quotas import check_order, count_order, lock_order
from glam_tryon.models import PersonPhoto, TryOnJob, TryOnTransition
from glam_tryon.models.clock import DatabaseNow
from glam_tryon.models.owner import SHOP, owner_key, same_owner
from glam_tryon.models.statistics import AnalyticsEvent, Event
from glam_tryon.models.status import CLOSED, Priority, Queue, Status, pending_queue
from glam_tryon.orders.garment_snapshot import snapshot
from glam_tryon.orders.queueing import next_turn, wake_pollers
from glam_tryon.orders.reuse import picture_key, pictures_of, reusable_own, reusable_shared
from glam_tryon.orders.uploads import add_photo, forget
from glam_tryon.privacy.consent import Consent


def may_wear(photo: PersonPhoto, owner: str) -> bool:
    """Say whether this owner may ask for this photo to be drawn."""
    if photo.kind == PersonPhoto.Kind.HOUSE_MODEL or photo.owner == owner == SHOP:
        return photo.is_active and photo.is_licensed
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
    address: str = "",
    fresh: bool = False,
) -> TryOnJob:
    """Ask for one try-on; the poller does the rest.

    ``user`` (signed in) or ``visitor`` (the session's random token) is who may see the result; with
    neither it is the shop's own. ``mask_type`` overrides what the product's registration says.
    ``request_id`` is any text of the caller's: the same one of the same owner gives the same job,
    and so does another one for the same garment on the same person while that job is under way: a
    second tab is no second order.
    ``priority`` is ``"shopper"`` or ``"catalogue"``. ``address`` is the block of addresses that the
    order is counted by, as ``limits.client_ip.ip_block`` gives it.

    With ``REUSE_RESULTS`` a shopper who asks for the same again gets the earlier job; of a house
    model that somebody else tried, a job of their own with a copy of that picture. ``fresh`` asks
    for a new picture all the same; the shop's own orders always do.

    Raises:
        OrderRefused: a shopper's limit or the shop's budget is reached, or staff stopped it.
        NotRegistered: no ``tryon.py`` registers the product's model.
        GarmentUnavailable: no usable garment picture, an unknown mask type, or a category of
            ``TRYON_EXCLUDED``.
        PhotoUnavailable: the photo is gone or belongs to somebody else.
        ValueError: an unknown priority.
    """
    if priority not in Priority.values:
        raise ValueError(f"priority must be one of {Priority.values}, not {priority!r}")
    owner = owner_key(user, visitor)
    if known := requested(request_id, user=user, visitor=visitor):
        return known
    if not photo.is_there or not may_wear(photo, owner):
        raise PhotoUnavailable("This photo is no longer there. Please choose another.")
    using = router.db_for_write(TryOnJob)
    job = TryOnJob(
        **garment_facts(product, mask_type),
        priority=priority,
        person_photo=photo,
        owner=owner,
        user=user if getattr(user, "is_authenticated", False) else None,
        request_key=request_key(owner, request_id) if request_id else None,
        queue=pending_queue(priority),
        turn=next_turn(owner, priority),
        next_step_at=DatabaseNow(),
    )
    try:
        with transaction.atomic(using):
            if owner != SHOP:
                lock_order(owner, address, picture_key(job, photo))
                # Sent twice at once: the other was faster, and took the last one perhaps.
                if known := requested(request_id, user=user, visitor=visitor):
                    return known
                if request_id and (known := _same_under_way(job, photo)):
                    return known
                if not fresh and (known := reusable_own(job, photo)):
                    return known
                other = None if fresh else reusable_shared(job, photo)
                check_order(owner, address, free=other is not None and bool(pictures_of(other)))
                if other is None:
                    count_order(address)
                else:
                    job.reuse_of, job.queue = other.pk, Queue.UNDER_WAY
            job.save(using=using, force_insert=True)
            TryOnTransition.objects.using(using).create(
                job=job, status=Status.PENDING, at=DatabaseNow()
            )
            AnalyticsEvent.of_job(job, Event.REQUESTED).save(using=using)
            wake_pollers(using)
    except IntegrityError:
        # Two tabs, one request: the other was faster.
        known = requested(request_id, user=user, visitor=visitor)
        if known is None:
            raise
        return known
    job.refresh_from_db(using=using, fields=["next_step_at"])
    return job


def _same_under_way(job: TryOnJob, photo: PersonPhoto) -> TryOnJob | None:
    """Return the owner's open job for the same garment on the same picture of a person, if any."""
    same = models.Q(person_photo=photo)
    if photo.sha256:
        same |= models.Q(person_photo__sha256=photo.sha256)
    jobs = TryOnJob.objects.using(router.db_for_write(TryOnJob)).filter(
        same,
        owner=job.owner,
        content_type=job.content_type,
        product_key=job.product_key,
        garment_sha256=job.garment_sha256,
        mask_type=job.mask_type,
        deleted_at=None,
    )
    return jobs.exclude(status__in=CLOSED).first()


def request_tryon_with_upload(
    product: models.Model,
    file: Any,
    *,
    user: Any = None,
    visitor: str = "",
    consent: Consent | None = None,
    title: str = "",
    keep: bool = False,
    **options: Any,
) -> TryOnJob:
    """Take a person's photo in and ask for a try-on with it; the photo is kept only if it is used.

    ``consent``, ``title`` and ``keep`` are those of ``add_photo``, ``options`` those of
    ``request_tryon``.

    Raises:
        InvalidImage, HookFailed: as ``add_photo``.
        OrderRefused, NotRegistered, GarmentUnavailable, ValueError: as ``request_tryon``.
    """
    # No photo is taken in for an order that will be refused.
    check_order(owner_key(user, visitor), options.get("address", ""))
    who = {"user": user, "visitor": visitor}
    photo = add_photo(file, consent=consent, title=title, keep=keep, **who)
    job = None
    try:
        job = request_tryon(product, photo=photo, **who, **options)
    finally:
        # Refused, or asked for before with another copy of the photo: kept only where its owner
        # wishes to use it again, and that copy is gone.
        again = job is not None and keep and job.current_photo() is None
        if job is None or not (again or job.person_photo_id == photo.pk):
            forget(photo)
    return job


def garment_facts(
    product: models.Model, mask_type: str | None, picture: File[bytes] | None = None
) -> dict[str, Any]:
    """Return what a job keeps of its garment; the picture is stored as it is now.

    ``picture`` is another one of the product's pictures than the registered one.

    Raises:
        NotRegistered, GarmentUnavailable: as ``request_tryon``.
    """
    garment = garment_of(product)
    if is_excluded(product):
        raise GarmentUnavailable("excluded", f"{product} is in a category of TRYON_EXCLUDED.")
    mask = check_mask_type(mask_type) if mask_type else garment.get_mask_type(product)
    image, identity = snapshot(product, picture)
    kinds = ContentType.objects.db_manager(router.db_for_write(TryOnJob))
    return {
        "mask_type": mask,
        "content_type": kinds.get_for_model(product),
        "product_key": str(product.pk),
        "garment_title": garment.get_title(product),
        "garment_image": image,
        "garment_sha256": identity,
        "product_url": garment.get_url(product)[:500],
    }


def request_key(owner: str, request_id: str) -> str:
    """Return what is the same for the same request of the same owner, and for no other."""
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
    keys = [request_key(owner, request_id) for owner in owners]
    using = router.db_for_write(TryOnJob)
    return TryOnJob.objects.using(using).filter(request_key__in=keys).first()
