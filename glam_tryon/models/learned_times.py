"""Durations of an account's try-ons, as the workers remember them."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from glam_tryon.models.clock import DatabaseNow
from glam_tryon.models.writer import WriterManager
from glam_tryon.providers.base import DEFAULT_ACCOUNT


class LearnedTimes(models.Model):
    """One row for each account and mask type; ``weights`` is a ``duration_model.Memory``."""

    account = models.CharField(max_length=32, default=DEFAULT_ACCOUNT, editable=False)
    mask_type = models.CharField(_("replaces"), max_length=16)
    weights = models.JSONField(default=dict, editable=False)
    samples = models.PositiveIntegerField(_("try-ons"), default=0)
    updated_at = models.DateTimeField(_("last learned"))

    objects = WriterManager()

    class Meta:
        base_manager_name = "objects"
        verbose_name = _("learned times")
        verbose_name_plural = _("learned times")
        constraints = [
            models.UniqueConstraint(
                fields=["account", "mask_type"], name="glam_tryon_learnedtimes_kind"
            )
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.mask_type} ({self.samples})"

    @classmethod
    def _rows(cls, account: str, mask_type: str) -> models.QuerySet[LearnedTimes]:
        rows = cls.objects.writer()
        return rows.filter(account=account, mask_type=mask_type)

    @classmethod
    def read(cls, account: str, mask_type: str) -> tuple[object, int]:
        """Return the weights and how many try-ons they hold; ``({}, 0)`` before the first."""
        return cls._rows(account, mask_type).values_list("weights", "samples").first() or ({}, 0)

    @classmethod
    def replace(cls, account: str, mask_type: str, weights: dict[str, Any], samples: int) -> bool:
        """Write ``weights`` made from what was read with ``samples``, counting one more.

        False when another worker wrote meanwhile: read, learn and replace again.
        """
        if not samples:
            first = LearnedTimes(account=account, mask_type=mask_type, updated_at=DatabaseNow())
            rows = LearnedTimes.objects.writer()
            rows.bulk_create([first], ignore_conflicts=True)
        return bool(
            cls._rows(account, mask_type)
            .filter(samples=samples)
            .update(weights=weights, samples=samples + 1, updated_at=DatabaseNow())
        )
