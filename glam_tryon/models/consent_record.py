"""The proof that a shopper agreed to the text that was shown, before any photo was taken in."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from glam_tryon.models.clock import DatabaseNow
from glam_tryon.models.outside_text import OutsideCharField, OutsideTextField
from glam_tryon.models.owner import ERASED
from glam_tryon.models.writer import WriterQuerySet


def text_sha256(text: str) -> str:
    """Return the sha256 of a consent text as shown."""
    return hashlib.sha256(text.encode()).hexdigest()


class ConsentRecordQuerySet(WriterQuerySet["ConsentRecord"]):
    def owned_by(self, *owners: str) -> ConsentRecordQuerySet:
        """Consents of these owner keys."""
        return self.filter(owner__in=set(owners))

    def standing(self) -> ConsentRecordQuerySet:
        """Consents that were not withdrawn."""
        return self.filter(withdrawn_at=None)

    def withdraw(self) -> int:
        """Take these back, from now on. Returns how many stood."""
        return self.standing().update(withdrawn_at=DatabaseNow())

    def anonymise(self) -> int:
        """Take these back and forget whose they were; that somebody agreed stays on record."""
        self.withdraw()
        return self.update(owner=ERASED, user=None, ip_hash="")


class ConsentRecord(models.Model):
    """One tick under one text, by one owner. It is written once; only its end is added later."""

    owner = models.CharField(max_length=80, db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    version = OutsideCharField(_("version"), max_length=16, blank=True)
    language = OutsideCharField(_("language"), max_length=16, blank=True)
    text_sha256 = models.CharField(_("sha256 of the text"), max_length=64, db_index=True)
    text = OutsideTextField(_("text as shown"))
    widget_version = OutsideCharField(_("version of the widget"), max_length=32, blank=True)
    # A few bits of a keyed hash of the network; what many shoppers share tells none of them.
    ip_hash = models.CharField(_("hash of the network"), max_length=8, blank=True)
    created_at = models.DateTimeField(_("given"), auto_now_add=True)
    withdrawn_at = models.DateTimeField(_("taken back"), null=True)

    objects = ConsentRecordQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"
        verbose_name = _("consent record")
        verbose_name_plural = _("consent records")

    def __str__(self) -> str:
        return f"{self.text_sha256[:12]} {self.created_at:%Y-%m-%d}"
