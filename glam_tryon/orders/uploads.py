"""Photos in: a person's photo is taken in, kept by its owner's wish, or forgotten."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, IntegrityError, InterfaceError
from django.http import HttpRequest
from django.utils import timezone

from glam_tryon.conf import conf
from glam_tryon.hooks import consult
from glam_tryon.images import normalise
from glam_tryon.models import PersonPhoto
from glam_tryon.models.owner import SHOP
from glam_tryon.models.person_photo import photo_name
from glam_tryon.orders.caller import Caller, caller_of
from glam_tryon.privacy.consent import (
    Consent,
    NoConsentNeeded,
    check_consent,
    check_photo_consent,
    record_consent,
)
from glam_tryon.tracked_files import delete_unnamed, tracked_file

logger = logging.getLogger("glam_tryon.orders")

Agreement = Consent | NoConsentNeeded | None


def add_photo(
    file: Any,
    *,
    user: Any = None,
    visitor: str = "",
    by: Any = None,
    request: HttpRequest | None = None,
    ip: str = "",
    consent: Agreement = None,
    kind: str = PersonPhoto.Kind.SHOPPER,
    title: str = "",
    keep: bool = False,
) -> PersonPhoto:
    """Take a person's photo in: made upright, small and free of metadata, then stored.

    ``user``, ``visitor``, ``by``, ``request`` and ``ip`` say who gives it, as in ``place``.
    ``consent`` is the current text, once the shopper agreed to it, and the proof is kept; or
    ``NoConsentNeeded("why")``, and the reason is kept with the photo. A house model needs neither,
    and is nobody's but the shop's. ``keep`` is the shopper's wish to use the photo again within
    ``KEPT_PHOTO_SECONDS``. A picture that is refused leaves nothing behind, no proof either.

    Raises:
        OrderRefused: ``staff_only``, ``login_required`` or ``paused``: it could not be used. The
            second also when the account was deleted meanwhile.
        ConsentRequired: a shopper's photo without ``consent``, or with one to another text.
        InvalidImage: it is too large, or no picture that can be used; ``PhotoRefused`` when the
            shop's ``PHOTO_CHECK`` does not want it.
        HookFailed: ``PHOTO_CHECK`` gave no answer.
        PermissionDenied: ``by`` may not order try-ons, or not add house models.
        ValueError: an unknown kind, or a house model of somebody.
        FileUnavailable: the storage does not take it.
    """
    if kind not in PersonPhoto.Kind.values:
        raise ValueError(f"kind must be one of {PersonPhoto.Kind.values}, not {kind!r}")
    caller = caller_of(user=user, visitor=visitor, by=by, request=request, ip=ip)
    if kind == PersonPhoto.Kind.HOUSE_MODEL:
        if caller.owner != SHOP:
            raise ValueError("A house model is the shop's own: leave out user and visitor.")
        caller.check("glam_tryon.add_personphoto")
    else:
        caller.check()
    return take_in(file, caller, consent=consent, kind=kind, title=title, keep=keep)


def take_in(
    file: Any,
    caller: Caller,
    *,
    consent: Agreement,
    kind: str = PersonPhoto.Kind.SHOPPER,
    title: str = "",
    keep: bool = False,
) -> PersonPhoto:
    """Store the photo of a caller who may order. Raises what ``add_photo`` does of the photo."""
    if kind == PersonPhoto.Kind.SHOPPER:
        check_consent(consent)
    picture = normalise(file, max_bytes=conf.MAX_UPLOAD_BYTES, long_side=conf.PHOTO_LONG_SIDE)
    if kind == PersonPhoto.Kind.SHOPPER:
        consult("PHOTO_CHECK", picture)
    photo = PersonPhoto(
        kind=kind,
        title=title,
        owner=caller.owner,
        user=caller.user,
        no_consent_reason=consent.reason if isinstance(consent, NoConsentNeeded) else "",
        sha256=picture.sha256,
        width=picture.width,
        height=picture.height,
        kept_until=timezone.now() + timedelta(seconds=conf.KEPT_PHOTO_SECONDS) if keep else None,
    )
    using = PersonPhoto.objects.write_alias()
    try:
        # The proof, the photo and the note in one transaction: none is left without the others.
        with tracked_file(photo_name(), picture.content) as note, PersonPhoto.objects.atomic():
            if isinstance(consent, Consent):
                photo.consent = record_consent(
                    consent, user=caller.user, visitor=caller.visitor, ip=caller.ip
                )
            photo.image = note.name
            photo.save(using=using, force_insert=True)
            note.settle()
    except IntegrityError:
        caller.check_is_there()
        raise
    return photo


def forget(photo: PersonPhoto) -> None:
    """Delete a photo that was taken in for nothing, with the consent that was given for it."""
    name, consent = photo.image.name or "", photo.consent
    try:
        with PersonPhoto.objects.atomic():
            # Its file is noted by the deletion of the row.
            photo.delete()
            if consent is not None:
                consent.delete()
    except (DatabaseError, InterfaceError) as error:
        # It is pruned as a photo that was never used; what made it useless is what matters now.
        logger.warning("photo %s is deleted later: %s", photo.pk, error)
    else:
        delete_unnamed(name)


def keep_photo(photo: PersonPhoto) -> None:
    """Keep a shopper's photo for ``KEPT_PHOTO_SECONDS`` from now, by the shopper's own wish.

    Raises:
        ConsentRequired: the consent it was given with was taken back, or was to another text.
    """
    check_photo_consent(photo)
    rows = PersonPhoto.objects.writer()
    rows.filter(pk=photo.pk, kind=PersonPhoto.Kind.SHOPPER).keep(conf.KEPT_PHOTO_SECONDS)
