"""One stored picture that Glam made for a job."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from glam_tryon.conf import conf
from glam_tryon.models.storage import private_storage


def result_folder(job_id: object) -> str:
    """Return the storage folder of a job's results."""
    return f"{conf.PREFIX}/{job_id}"


def result_name(job_id: object, position: int, sha256: str, extension: str) -> str:
    """Return the storage name of a result: the same bytes of the same job always get the same."""
    return f"{result_folder(job_id)}/{position}-{sha256[:16]}.{extension}"


class TryOnResult(models.Model):
    """``image`` is the name that the storage gave; the bytes are those that Glam served."""

    job = models.ForeignKey(
        "glam_tryon.TryOnJob",
        verbose_name=_("job"),
        on_delete=models.CASCADE,
        related_name="results",
    )
    position = models.PositiveSmallIntegerField(_("position"))
    image = models.FileField(_("picture"), storage=private_storage, max_length=255)
    width = models.PositiveIntegerField(_("width"))
    height = models.PositiveIntegerField(_("height"))
    sha256 = models.CharField(max_length=64)
    source_url = models.CharField(_("address at Glam"), max_length=2048)
    created_at = models.DateTimeField(_("stored"), auto_now_add=True)

    class Meta:
        verbose_name = _("result")
        verbose_name_plural = _("results")
        ordering = ["job", "position"]
        constraints = [
            models.UniqueConstraint(fields=["job", "position"], name="glam_tryon_result_position")
        ]

    def __str__(self) -> str:
        return f"{self.job_id}/{self.position}"
