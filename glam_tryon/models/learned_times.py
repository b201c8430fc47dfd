"""How long this shop's try-ons took, as the engine remembers it."""

from __future__ import annotations

from typing import Any

from django.db import models, router
from django.utils.translation import gettext_lazy as _

from glam_tryon.models.clock import DatabaseNow
from glam_tryon.models.writer import WriterQuerySet


class LearnedTimes(models.Model):
    """One row for each mask type; ``weights`` is what ``duration_model.Memory`` keeps."""

    mask_type = models.CharField(_("replaces"), max_length=16, primary_key=True)
    weights = models.JSONField(default=dict, editable=False)
    samples = models.PositiveIntegerField(_("try-ons"), default=0)
    updated_at = models.DateTimeField(_("last learned"))

    objects = WriterQuerySet.as_manager()

    class Meta:
        verbose_name = _("learned times")
        verbose_name_plural = _("learned times")

    def __str__(self) -> str:
        return f"{self.mask_type} ({self.samples})"

    @classmethod
    def read(cls, mask_type: str) -> tuple[object, int]:
        """Return the weights and how many try-ons they hold; ``({}, 0)`` before the first."""
        rows = cls.objects.using(router.db_for_write(cls)).filter(pk=mask_type)
        return rows.values_list("weights", "samples").first() or ({}, 0)

    @classmethod
    def replace(cls, mask_type: str, weights: dict[str, Any], samples: int) -> bool:
        """Write ``weights`` made from what was read with ``samples``, counting one more.

        False when another worker wrote meanwhile: read, learn and replace again.
        """
        rows = LearnedTimes.objects.using(router.db_for_write(cls))
        if not samples:
            first = LearnedTimes(mask_type=mask_type, updated_at=DatabaseNow())
            rows.bulk_create([first], ignore_conflicts=True)
        return bool(
            rows.filter(pk=mask_type, samples=samples).update(
                weights=weights, samples=samples + 1, updated_at=DatabaseNow()
            )
        )
