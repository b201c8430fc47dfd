"""What staff set without a deploy: the kill switch, and a budget in the place of the settings'."""

from __future__ import annotations

from typing import Any

from django.db import models, router
from django.utils.translation import gettext_lazy as _

from glam_tryon.models.clock import DatabaseNow
from glam_tryon.models.writer import WriterQuerySet


class KillSwitch(models.Model):
    """The one row (``name="shop"``). A budget that is empty here is that of the settings."""

    name = models.CharField(max_length=16, primary_key=True, default="shop", editable=False)
    stopped_at = models.DateTimeField(_("stopped"), null=True, editable=False)
    stopped_by = models.CharField(_("stopped by"), max_length=150, blank=True, editable=False)
    why = models.CharField(_("why"), max_length=200, blank=True, editable=False)
    day_generations = models.PositiveIntegerField(_("generations a day"), null=True, blank=True)
    month_generations = models.PositiveIntegerField(_("generations a month"), null=True, blank=True)
    day_money = models.DecimalField(
        _("money a day"), max_digits=12, decimal_places=2, null=True, blank=True
    )
    month_money = models.DecimalField(
        _("money a month"), max_digits=12, decimal_places=2, null=True, blank=True
    )
    budget_changed_at = models.DateTimeField(_("budget changed"), null=True, editable=False)
    budget_changed_by = models.CharField(
        _("budget changed by"), max_length=150, blank=True, editable=False
    )

    objects = WriterQuerySet.as_manager()

    class Meta:
        verbose_name = _("switch and budget")
        verbose_name_plural = _("switch and budget")
        permissions = [("change_budget", _("Can change the budget and note refunds"))]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def rows(cls) -> models.QuerySet[KillSwitch]:
        """Return the one row as a query on the database that is written to."""
        return cls.objects.using(router.db_for_write(cls)).filter(name="shop")

    @classmethod
    def load(cls) -> KillSwitch:
        """Return the row; one that says nothing when staff never changed anything."""
        return cls.rows().first() or cls()

    @classmethod
    def _made(cls) -> models.QuerySet[KillSwitch]:
        rows = KillSwitch.objects.using(router.db_for_write(cls))
        rows.bulk_create([KillSwitch()], ignore_conflicts=True)
        return cls.rows()

    @classmethod
    def stop(cls, by: str, why: str = "") -> bool:
        """Take no orders and send nothing more. Returns False when it was stopped already."""
        return bool(
            cls._made()
            .filter(stopped_at=None)
            .update(stopped_at=DatabaseNow(), stopped_by=by[:150], why=why[:200])
        )

    @classmethod
    def go_on(cls) -> bool:
        """Take orders and send again. Returns False when it was not stopped."""
        stopped = cls.rows().exclude(stopped_at=None)
        return bool(stopped.update(stopped_at=None, stopped_by="", why=""))

    @classmethod
    def change_budget(cls, by: str, **limits: Any) -> None:
        """Set budgets by their fields' names; None gives the settings' one back."""
        cls._made().update(**limits, budget_changed_at=DatabaseNow(), budget_changed_by=by[:150])
