"""The person photo: a shopper's upload, or a house model that the shop offers."""

from __future__ import annotations

import secrets
import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from glam_tryon.conf import conf
from glam_tryon.files import private_storage
from glam_tryon.models.clock import DatabaseNow, after
from glam_tryon.models.indexes import PartialIndex
from glam_tryon.models.outside_text import OutsideCharField, OutsideTextField
from glam_tryon.models.owner import ERASED, SHOP
from glam_tryon.models.writer import WriterQuerySet

#: A photo that is due is hidden at once also by a web server whose clock is so slow.
CLOCK_SECONDS = 86_400


def photo_name(photo: PersonPhoto | None = None, filename: str = "") -> str:
    """Return a random storage name; the client's own file name is never used."""
    return f"{conf.PREFIX}/photos/{secrets.token_hex(16)}.jpg"


class PersonPhotoQuerySet(WriterQuerySet["PersonPhoto"]):
    def house_models(self) -> PersonPhotoQuerySet:
        """The models that the shop offers now, in the shop's order."""
        offered = self.filter(kind=PersonPhoto.Kind.HOUSE_MODEL, is_active=True).there()
        return offered.licensed().order_by("position", "title")

    def licensed(self) -> PersonPhotoQuerySet:
        """Photos whose licence allows to show them today."""
        # Not as an exclusion of what may be null: that would leave out those without a date.
        today = models.Q(licensed_until__gte=timezone.localdate())
        return self.filter(today | models.Q(licensed_until=None))

    def shoppers(self) -> PersonPhotoQuerySet:
        """Photos from shoppers: neither house models nor the shop's own."""
        return self.filter(kind=PersonPhoto.Kind.SHOPPER).exclude(owner=SHOP)

    def owned_by(self, *owners: str) -> PersonPhotoQuerySet:
        """Shoppers' own photos of these owner keys; the shop's own are nobody's."""
        return self.shoppers().filter(owner__in=set(owners))

    def there(self) -> PersonPhotoQuerySet:
        """Photos with a file that is not due for deletion."""
        due = models.Q(kept_until__isnull=False, kept_until__lte=DatabaseNow())
        return self.exclude(image="").exclude(due)

    def keep(self, seconds: float) -> int:
        """Keep these for so long from now; 0 makes them due for deletion. Returns how many."""
        return self.exclude(image="").update(kept_until=after(seconds or -CLOCK_SECONDS))

    def anonymise(self) -> int:
        """Forget whose these are; their files are due for deletion."""
        due_at = after(-CLOCK_SECONDS)
        return self.update(owner=ERASED, user=None, no_consent_reason="", kept_until=due_at)


class PersonPhoto(models.Model):
    """Person who tries the garment on. ``image`` is empty once the file was deleted."""

    class Kind(models.TextChoices):
        SHOPPER = "shopper", _("shopper")
        HOUSE_MODEL = "house_model", _("house model")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind.choices, default=Kind.SHOPPER)
    title = OutsideCharField(_("title"), max_length=120, blank=True)
    image = models.FileField(
        _("picture"), storage=private_storage, upload_to=photo_name, max_length=255, blank=True
    )
    sha256 = models.CharField(max_length=64, blank=True, editable=False)
    width = models.PositiveIntegerField(default=0, editable=False)
    height = models.PositiveIntegerField(default=0, editable=False)
    owner = models.CharField(max_length=80, default=SHOP, db_index=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    consent = models.ForeignKey(
        "glam_tryon.ConsentRecord", null=True, editable=False, on_delete=models.SET_NULL
    )
    # Said by the caller who gave a shopper's photo without a consent; empty otherwise.
    no_consent_reason = OutsideCharField(
        _("why no consent is needed"), max_length=500, blank=True, editable=False
    )
    is_active = models.BooleanField(_("offered to shoppers"), default=True)
    position = models.PositiveIntegerField(_("position"), default=0)
    body_type = OutsideCharField(_("body type"), max_length=40, blank=True)
    size = OutsideCharField(_("size worn"), max_length=40, blank=True)
    licence = OutsideTextField(_("consent and licence"), blank=True)
    licensed_until = models.DateField(_("may be shown until"), null=True, blank=True)
    # Set by the shopper's own wish only; otherwise the photo goes soon after its last job.
    kept_until = models.DateTimeField(_("kept until"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = PersonPhotoQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"
        # Where a name is read, in the admin, only the house models are seen.
        verbose_name = _("house model")
        verbose_name_plural = _("house models")
        permissions = [("view_person_photo", _("Can look at shoppers' photos"))]
        indexes = [
            PartialIndex(
                fields=["image"], where=models.Q(image__gt=""), name="glam_tryon_photo_image"
            )
        ]

    def __str__(self) -> str:
        return self.title or f"{self.get_kind_display()} {str(self.pk)[:8]}"

    @property
    def labels(self) -> str:
        """Return the shop's own words for the body and the size, empty without any."""
        return ", ".join(filter(None, [self.body_type, self.size]))

    @property
    def is_licensed(self) -> bool:
        """Say whether the person may be shown today."""
        return self.licensed_until is None or self.licensed_until >= timezone.localdate()

    @property
    def is_there(self) -> bool:
        """Say whether there is a file that is not due for deletion."""
        return bool(self.image) and (self.kept_until is None or self.kept_until > timezone.now())
