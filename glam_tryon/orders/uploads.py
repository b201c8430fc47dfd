"""Photos in: a person's photo is taken in, kept by its owner's wish, or forgotten."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.db import router
from django.utils import timezone

from glam_tryon.conf import conf
from glam_tryon.files import delete_for_good
from glam_tryon.hooks import consult
from glam_tryon.images import normalise
from glam_tryon.models import PersonPhoto
from glam_tryon.models.owner import SHOP, owner_key
from glam_tryon.privacy.consent import Consent, record_consent


def add_photo(
    file: Any,
    *,
    user: Any = None,
    visitor: str = "",
    consent: Consent | None = None,
    kind: str = PersonPhoto.Kind.SHOPPER,
    title: str = "",
    keep: bool = False,
) -> PersonPhoto:
    """Take a person's photo in: made upright, small and free of metadata, then stored.

    ``consent`` is what a shopper agreed to, as shown; the proof is kept. ``keep`` is the shopper's
    wish to use the photo again within ``KEPT_PHOTO_SECONDS``. A picture that is refused
    leaves nothing behind, no proof either.

    Raises:
        InvalidImage: it is too large, or no picture that can be used; ``PhotoRefused`` when the
            shop's ``PHOTO_CHECK`` does not want it.
        HookFailed: ``PHOTO_CHECK`` gave no answer.
    """
    picture = normalise(file, max_bytes=conf.MAX_UPLOAD_BYTES, long_side=conf.PHOTO_LONG_SIDE)
    if kind == PersonPhoto.Kind.SHOPPER:
        consult("PHOTO_CHECK", picture)
    record = record_consent(consent, user=user, visitor=visitor) if consent else None
    photo = PersonPhoto(
        kind=kind,
        title=title,
        owner=SHOP if kind == PersonPhoto.Kind.HOUSE_MODEL else owner_key(user, visitor),
        user=user if getattr(user, "is_authenticated", False) else None,
        consent=record,
        sha256=picture.sha256,
        width=picture.width,
        height=picture.height,
        kept_until=timezone.now() + timedelta(seconds=conf.KEPT_PHOTO_SECONDS) if keep else None,
    )
    photo.image.save("photo.jpg", ContentFile(picture.content), save=False)
    photo.save()
    return photo


def forget(photo: PersonPhoto) -> None:
    """Delete a photo that was taken in for nothing, with the consent that was given for it."""
    consent = photo.consent
    delete_for_good(photo.image.storage, str(photo.image.name))
    photo.delete()
    if consent is not None:
        consent.delete()


def keep_photo(photo: PersonPhoto) -> None:
    """Keep a shopper's photo for ``KEPT_PHOTO_SECONDS`` from now, by the shopper's own wish."""
    rows = PersonPhoto.objects.using(router.db_for_write(PersonPhoto))
    rows.filter(pk=photo.pk, kind=PersonPhoto.Kind.SHOPPER).keep(conf.KEPT_PHOTO_SECONDS)
