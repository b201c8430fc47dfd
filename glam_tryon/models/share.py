"""A link by which a shopper shows a result to others: it ends by itself, or when taken back."""

from __future__ import annotations

import secrets

from django.db import models
from django.utils.translation import gettext_lazy as _

from glam_tryon.models.clock import DatabaseNow
from glam_tryon.models.result import TryOnResult
from glam_tryon.models.writer import WriterQuerySet


def new_share_token() -> str:
    """Return the random part of a shared address."""
    return secrets.token_urlsafe(24)


class TryOnShareQuerySet(WriterQuerySet["TryOnShare"]):
    def alive(self) -> TryOnShareQuerySet:
        """Links that still show something."""
        pictures = TryOnResult.objects.visible().filter(job_id=models.OuterRef("job_id"))
        alive = self.filter(models.Exists(pictures), revoked_at=None, expires_at__gt=DatabaseNow())
        return alive.order_by("-created_at")

    def revoke(self) -> int:
        """Take these back for good. Returns how many were alive."""
        return self.filter(revoked_at=None).update(revoked_at=DatabaseNow())


class TryOnShare(models.Model):
    """One address for the pictures of one job; who has it sees them, and nothing of the owner."""

    job = models.ForeignKey(
        "glam_tryon.TryOnJob",
        verbose_name=_("job"),
        on_delete=models.CASCADE,
        related_name="shares",
    )
    token = models.CharField(max_length=64, unique=True, default=new_share_token, editable=False)
    created_at = models.DateTimeField(_("shared"), auto_now_add=True)
    expires_at = models.DateTimeField(_("ends"))
    revoked_at = models.DateTimeField(_("taken back"), null=True)

    objects = TryOnShareQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"
        verbose_name = _("shared link")
        verbose_name_plural = _("shared links")

    def __str__(self) -> str:
        return f"{self.job_id} {self.expires_at:%Y-%m-%d}"
