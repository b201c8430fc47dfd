"""One line of a job's history."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from glam_tryon.models.outside_text import OutsideCharField
from glam_tryon.models.status import Status
from glam_tryon.models.writer import WriterManager


class TryOnTransition(models.Model):
    """A job came to ``status``; ``note`` says why, for staff."""

    job = models.ForeignKey(
        "glam_tryon.TryOnJob",
        verbose_name=_("job"),
        on_delete=models.CASCADE,
        related_name="transitions",
    )
    status = models.CharField(_("status"), max_length=16, choices=Status.choices)
    note = OutsideCharField(_("note"), max_length=200, blank=True)
    at = models.DateTimeField(_("at"))

    objects = WriterManager()

    class Meta:
        base_manager_name = "objects"
        verbose_name = _("transition")
        verbose_name_plural = _("transitions")
        ordering = ["job", "pk"]

    def __str__(self) -> str:
        return f"{self.at:%H:%M:%S} {self.status}"
