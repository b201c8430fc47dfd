"""The proof that a shopper agreed to the text that was shown, before any photo was taken in."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


def text_sha256(text: str) -> str:
    """Return the sha256 of a consent text as shown."""
    return hashlib.sha256(text.encode()).hexdigest()


class ConsentRecord(models.Model):
    """One tick under one text, by one owner."""

    owner = models.CharField(max_length=80, db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    text_sha256 = models.CharField(max_length=64)
    text = models.TextField(_("text as shown"))
    created_at = models.DateTimeField(_("given"), auto_now_add=True)

    class Meta:
        verbose_name = _("consent record")
        verbose_name_plural = _("consent records")

    def __str__(self) -> str:
        return f"{self.owner[:24]} {self.created_at:%Y-%m-%d}"
