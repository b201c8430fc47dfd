"""A batch: try-ons that staff ordered together, which are paused, resumed and canceled together."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from glam_tryon.models.clock import DatabaseNow
from glam_tryon.models.outside_text import OutsideCharField
from glam_tryon.models.status import Queue, Status
from glam_tryon.models.writer import WriterManager


class TryOnBatch(models.Model):
    """Products times house models. While it is paused, its pending jobs wait in no queue of a slot.

    Its key comes from the form that orders it, so a form that is sent twice makes one batch.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = OutsideCharField(_("name"), max_length=120)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("ordered by"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    paused_at = models.DateTimeField(_("paused"), null=True, editable=False)
    canceled_at = models.DateTimeField(_("canceled"), null=True, editable=False)

    objects = WriterManager()

    class Meta:
        base_manager_name = "objects"
        verbose_name = _("batch")
        verbose_name_plural = _("batches")
        ordering = ["-created_at"]
        # Who may view or change try-ons may do so with batches.
        default_permissions = ()

    def __str__(self) -> str:
        return self.name

    @classmethod
    def lock(cls, pk: uuid.UUID) -> TryOnBatch | None:
        """Within a transaction: let nobody pause or resume it until that ends.

        The first statement writes, as that of ``Account.lock`` does and for its reasons.
        """
        rows = cls.objects.writer().filter(pk=pk)
        rows.update(paused_at=models.F("paused_at"))
        return rows.first()

    def pause(self) -> bool:
        """Send no more of it; what Glam has is finished. False when it rests already."""
        with TryOnBatch.objects.atomic():
            rows = TryOnBatch.objects.writer().filter(pk=self.pk)
            paused = rows.filter(paused_at=None, canceled_at=None).update(paused_at=DatabaseNow())
            if paused:
                pending = self.jobs.writer().filter(status=Status.PENDING)
                pending.update(queue=Queue.PAUSED)
        return bool(paused)

    def resume(self) -> bool:
        """Send it again. False when it was not paused."""
        with TryOnBatch.objects.atomic():
            rows = TryOnBatch.objects.writer().filter(pk=self.pk)
            resumed = rows.exclude(paused_at=None).update(paused_at=None)
            if resumed:
                waiting = self.jobs.writer().filter(queue=Queue.PAUSED)
                waiting.update(queue=Queue.CATALOGUE)
        return bool(resumed)

    def close(self) -> None:
        """Say that it was canceled; its jobs are canceled one by one."""
        TryOnBatch.objects.writer().filter(pk=self.pk).update(
            canceled_at=DatabaseNow(), paused_at=None
        )
