"""The one door for orders: whoever wants a try-on comes through ``place``, with every rule."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from typing import Any, TypedDict, Unpack

from django.contrib.contenttypes.models import ContentType
from django.core.files.base import File
from django.db import DatabaseError, IntegrityError, InterfaceError, models
from django.http import HttpRequest

from glam_tryon.exceptions import PhotoUnavailable
from glam_tryon.garments import check_mask_type, garment_of
from glam_tryon.limits.quotas import check_order, count_order, lock_order, reserve_order
from glam_tryon.models import (
    OrderReservation,
    PersonPhoto,
    PossibleOrphan,
    TryOnJob,
    TryOnTransition,
)
from glam_tryon.models.clock import DatabaseNow
from glam_tryon.models.owner import SHOP, owner_key, same_owner
from glam_tryon.models.statistics import Event
from glam_tryon.models.status import CLOSED, Priority, Queue, Status, pending_queue
from glam_tryon.models.transactions import retry_on_conflict
from glam_tryon.orders.caller import Caller, caller_of, check_product
from glam_tryon.orders.garment_snapshot import snapshot
from glam_tryon.orders.queueing import next_turn, wake_pollers
from glam_tryon.orders.reference import checked_metadata, checked_reference
from glam_tryon.orders.reuse import picture_key, pictures_of, reusable_own, reusable_shared
from glam_tryon.orders.uploads import Agreement, forget, keep_photo, take_in
from glam_tryon.privacy.consent import check_photo_consent
from glam_tryon.tracked_files import abandon

logger = logging.getLogger("glam_tryon.orders")


class Known(TypedDict, total=False):
    """Everything that a caller may know about an order, beside the product and the person."""

    user: Any
    visitor: str
    by: Any
    request: HttpRequest | None
    ip: str
    request_id: str | None
    mask_type: str | None
    priority: str
    keep: bool
    reuse: bool
    reference: str
    metadata: Mapping[str, Any] | None


def place(
    product: models.Model,
    *,
    photo: PersonPhoto | None = None,
    upload: Any = None,
    consent: Agreement = None,
    title: str = "",
    **known: Unpack[Known],
) -> TryOnJob:
    """Order one try-on, on a ``photo`` that is there or on an ``upload``; the poller does the rest.

    The rules are asked in this order: the same request again, who orders, the product, the hook
    ``ALLOW_REQUEST``, consent, the photo, reuse, limits. A photo is taken in only when all that is
    known before it lets the order pass, and kept only if it is used.

    Who orders:
        user, visitor: the signed-in user, or the session's random token: who may see the result.
            With neither it is the shop's own order, which no limit and no setting about shoppers
            holds back.
        by: the member of staff who orders, with the permission ``glam_tryon.add_tryonjob``. No
            setting about shoppers holds staff back, also when they order for a ``user``.
        request: where there is one. It says who the user and the visitor are and their IP, unless
            they are given or staff order; and ``ALLOW_REQUEST`` gets it.
        ip: what orders are counted by, and what a consent keeps a few digits of. Give it where
            there is no ``request``.

    The photo:
        consent, title: those of ``add_photo``, for an ``upload``.
        keep: the shopper wishes to use the photo again within ``KEPT_PHOTO_SECONDS``.

    The try-on:
        mask_type: instead of what the product's registration says.
        priority: ``"shopper"`` or ``"catalogue"``.
        request_id: any text of the caller's. The same one of the same owner gives the same job, and
            so does another one for the same garment on the same person while that job is under
            way: a second tab is no second order.
        reuse: with ``REUSE_RESULTS`` a shopper who asks for the same again gets the earlier job; of
            a house model that somebody else tried, a job of their own with a copy of that picture.
            False asks for a new picture all the same; the shop's own orders always do.
        reference: the caller's own name for the job, such as an order's number, to find it again
            by ``TryOnJob.objects.by_reference``; at most 100 characters.
        metadata: a JSON object of at most 4,096 bytes, kept with the job. An earlier job that is
            given again takes reference and metadata only when it has no reference yet.

    Raises:
        OrderRefused: the shop takes no order from this caller, or not now.
        HookFailed: ``ALLOW_REQUEST`` or ``PHOTO_CHECK`` gave no answer.
        NotRegistered: no ``tryon.py`` registers the product's model.
        GarmentUnavailable: no usable garment picture, an unknown mask type, or an excluded product.
        ConsentRequired: a shopper's photo without consent to the current text.
        InvalidImage: the upload is no picture that can be used, or ``PHOTO_CHECK`` refuses it.
        DecodersBusy: too many pictures are decoded at once; the same again in a moment.
        PhotoUnavailable: the photo is gone or belongs to somebody else.
        PermissionDenied: ``by`` may not order try-ons.
        ValueError: an unknown priority, not exactly one person, a user who is not signed in and
            has no visitor's token, or a reference or metadata that cannot be kept.
        TypeError: a reference that is no text, or metadata that is no JSON object.
    """
    priority = known.get("priority", Priority.SHOPPER)
    if priority not in Priority.values:
        raise ValueError(f"priority must be one of {Priority.values}, not {priority!r}")
    if (photo is None) == (upload is None):
        raise ValueError("Give either photo=, one that is there, or upload=, a file.")
    caller = caller_of(
        user=known.get("user"),
        visitor=known.get("visitor", ""),
        by=known.get("by"),
        request=known.get("request"),
        ip=known.get("ip", ""),
    )
    named = _named(known)
    if earlier := _requested_by(caller, known.get("request_id")):
        # Sent again after a lost connection: the photo need not be taken in again.
        return _take_name(earlier, named)
    caller.check_order_of(product)
    keep = known.get("keep", False)
    if photo is not None:
        if not photo.is_there or not may_wear(photo, caller.owner):
            raise PhotoUnavailable("This photo is no longer there. Please choose another.")
        check_photo_consent(photo)
        job = _save(product, photo, caller, known)
        if keep:
            keep_photo(photo)
        return job
    # No photo is decoded for an order that will be refused: it has its place before.
    given = known.get("request_id")
    key = request_key(caller.owner, given) if given else ""
    reserved = reserve_order(caller.owner, caller.ip_block, key)
    try:
        taken = take_in(upload, caller, consent=consent, title=title, keep=keep)
        return _save_upload(product, taken, caller, known, reserved, keep=keep)
    finally:
        _give_back(reserved)


def _save_upload(
    product: models.Model,
    taken: PersonPhoto,
    caller: Caller,
    known: Known,
    reserved: OrderReservation | None,
    *,
    keep: bool,
) -> TryOnJob:
    made = None
    try:
        made = _save(product, taken, caller, known, reserved)
    finally:
        # Refused, or asked for before with another copy of the photo: kept only where its owner
        # wishes to use it again, and that copy is gone.
        again = made is not None and keep and made.current_photo() is None
        if made is None or not (again or made.person_photo_id == taken.pk):
            forget(taken)
    return made


def _give_back(reserved: OrderReservation | None) -> None:
    if reserved is None:
        return
    try:
        reserved.release()
    except (DatabaseError, InterfaceError) as error:
        # It ends by itself; what broke the order is what matters now.
        logger.warning("a reserved place ends by itself: %s", error)


def _named(known: Known) -> dict[str, Any]:
    reference = checked_reference(known.get("reference"))
    return {"reference": reference, "metadata": checked_metadata(known.get("metadata"))}


def _take_name(job: TryOnJob, named: dict[str, Any]) -> TryOnJob:
    """Give a job that was there before what its caller calls it, unless it is called something."""
    if job.reference is None and named["reference"] is not None:
        rows = TryOnJob.objects.writer()
        if rows.filter(pk=job.pk, reference=None).update(**named):
            job.reference, job.metadata = named["reference"], named["metadata"]
    return job


def request_tryon(product: models.Model, *, photo: PersonPhoto, **known: Unpack[Known]) -> TryOnJob:
    """Order a try-on on a photo that is there: ``place`` with ``photo``."""
    return place(product, photo=photo, **known)


def request_tryon_with_upload(
    product: models.Model,
    file: Any,
    *,
    consent: Agreement = None,
    title: str = "",
    **known: Unpack[Known],
) -> TryOnJob:
    """Take a person's photo in and order a try-on on it: ``place`` with ``upload``."""
    return place(product, upload=file, consent=consent, title=title, **known)


def may_wear(photo: PersonPhoto, owner: str) -> bool:
    """Say whether this owner may ask for this photo to be drawn."""
    if photo.kind == PersonPhoto.Kind.HOUSE_MODEL or photo.owner == owner == SHOP:
        return photo.is_active and photo.is_licensed
    return same_owner(photo.owner, owner)


def _save(
    product: models.Model,
    photo: PersonPhoto,
    caller: Caller,
    known: Known,
    reserved: OrderReservation | None = None,
) -> TryOnJob:
    """Save the job, or return the one that makes it needless, under the locks of its limits."""
    facts, note = garment_facts(product, known.get("mask_type"))
    try:
        job = _save_with(facts, note, photo, caller, known, reserved)
    except BaseException:
        abandon(note)
        raise
    if not note.is_settled:
        abandon(note)
    return job


def _save_with(
    facts: dict[str, Any],
    note: PossibleOrphan,
    photo: PersonPhoto,
    caller: Caller,
    known: Known,
    reserved: OrderReservation | None,
) -> TryOnJob:
    named = _named(known)
    owner, request_id = caller.owner, known.get("request_id")
    reuse = known.get("reuse", True)
    priority = known.get("priority", Priority.SHOPPER)
    using = TryOnJob.objects.write_alias()
    job = TryOnJob(
        **facts,
        priority=priority,
        person_photo=photo,
        owner=owner,
        user=caller.user,
        request_key=request_key(owner, request_id) if request_id else None,
        **named,
        queue=pending_queue(priority),
        turn=next_turn(owner, priority),
        next_step_at=DatabaseNow(),
    )

    def decide() -> TryOnJob | None:
        """Save it under the locks, or return the job that is given instead. May run twice."""
        job.reuse_of, job.queue = None, pending_queue(priority)
        note.is_settled = False
        with TryOnJob.objects.atomic():
            if owner != SHOP:
                lock_order(owner, caller.ip_block, picture_key(job, photo))
                if reserved is not None:
                    reserved.release()
                # Sent twice at once: the other was faster, and took the last one perhaps.
                earlier = _requested_by(caller, request_id)
                if earlier is None and request_id:
                    earlier = _same_under_way(job, photo)
                if earlier is None and reuse:
                    earlier = reusable_own(job, photo)
                if earlier is not None:
                    return earlier
                other = reusable_shared(job, photo) if reuse else None
                is_free = other is not None and bool(pictures_of(other))
                check_order(owner, caller.ip_block, free=is_free, request_key=job.request_key or "")
                if other is None:
                    count_order(caller.ip_block)
                else:
                    job.reuse_of, job.queue = other.pk, Queue.UNDER_WAY
            job.save(using=using, force_insert=True)
            note.settle()
            by = f"ordered by staff {caller.by.pk}" if caller.by is not None else ""
            TryOnTransition.objects.writer().create(
                job=job, status=Status.PENDING, at=DatabaseNow(), note=by
            )
            job.event(Event.REQUESTED).save(using=using)
            wake_pollers()
        return None

    try:
        earlier = retry_on_conflict(using, decide)
    except IntegrityError:
        # Two tabs, one request: the other was faster. Or the account is gone.
        key = job.request_key
        earlier = TryOnJob.objects.writer().as_now().filter(request_key=key).first()
        if key is None or earlier is None:
            caller.check_is_there()
            raise
    if earlier is not None:
        return _take_name(earlier, named)
    job.refresh_from_db(using=using, fields=["next_step_at"])
    return job


def _requested_by(caller: Caller, request_id: str | None) -> TryOnJob | None:
    return requested(request_id, user=caller.user, visitor=caller.visitor)


def _same_under_way(job: TryOnJob, photo: PersonPhoto) -> TryOnJob | None:
    """Return the owner's open job for the same garment on the same picture of a person, if any."""
    same = models.Q(person_photo=photo)
    if photo.sha256:
        same |= models.Q(person_photo__sha256=photo.sha256)
    jobs = TryOnJob.objects.writer().filter(
        same,
        owner=job.owner,
        content_type=job.content_type,
        product_key=job.product_key,
        garment_sha256=job.garment_sha256,
        mask_type=job.mask_type,
        deleted_at=None,
    )
    return jobs.exclude(status__in=CLOSED).as_now().first()


def garment_facts(
    product: models.Model, mask_type: str | None, picture: File[bytes] | None = None
) -> tuple[dict[str, Any], PossibleOrphan]:
    """Return what a job keeps of its garment; the picture is stored as it is now.

    The note of the stored picture comes along: settle it with the job, or abandon it. ``picture``
    is another one of the product's pictures than the registered one.

    Raises:
        NotRegistered, GarmentUnavailable: as ``place``.
    """
    garment = garment_of(product)
    check_product(product)
    mask = check_mask_type(mask_type) if mask_type else garment.get_mask_type(product)
    kinds = ContentType.objects.db_manager(TryOnJob.objects.write_alias())
    facts = {
        "mask_type": mask,
        "content_type": kinds.get_for_model(product),
        "product_key": str(product.pk),
        "garment_title": garment.get_title(product),
        "product_url": garment.get_url(product)[:500],
    }
    # Last: nothing may break between the file and its note's way to the job.
    copy = snapshot(product, picture)
    facts |= {"garment_image": copy.name, "garment_sha256": copy.identity}
    return facts, copy.note


def request_key(owner: str, request_id: str) -> str:
    """Return what is the same for the same request of the same owner, and for no other."""
    # Any text is a request id, also one that is no UTF-8.
    return hashlib.sha256(f"{owner}\n{request_id}".encode("utf-8", "surrogatepass")).hexdigest()


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
    return TryOnJob.objects.writer().filter(request_key__in=keys).first()
