"""The receipt of a deletion: what was deleted, when and why; neither a picture nor a person."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from glam_tryon.models.writer import WriterManager, WriterQuerySet

#: What a receipt counts, in the order in which it is told.
KINDS = ("photos", "results", "jobs", "consents", "receipts")


class Why(models.TextChoices):
    """Reasons for a deletion."""

    SHOPPER = "shopper", _("the shopper wished it")
    WITHDRAWN = "withdrawn", _("the shopper took the consent back")
    STAFF = "staff", _("staff deleted it")
    RETENTION = "retention", _("its time was over")
    ERASURE = "erasure", _("the person's data were erased")


class DeletionReceiptQuerySet(WriterQuerySet["DeletionReceipt"]):
    def about(self, hashes: Iterable[str]) -> DeletionReceiptQuerySet:
        """Receipts of deleted pictures with one of these sha256."""
        return self.filter(pictures__sha256__in=set(hashes)).distinct()


class DeletionReceipt(models.Model):
    """Counts of what was deleted, by kind; the hashes of the pictures are ``pictures``.

    ``left`` are files that the storage did not delete then: nobody can see them any more, and
    ``prune`` tries again. Its id is random: who has it may read it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    why = models.CharField(_("why"), max_length=16, choices=Why.choices)
    photos = models.PositiveIntegerField(_("photos"), default=0)
    results = models.PositiveIntegerField(_("results"), default=0)
    jobs = models.PositiveIntegerField(_("try-ons"), default=0)
    consents = models.PositiveIntegerField(_("consent records"), default=0)
    receipts = models.PositiveIntegerField(_("receipts"), default=0)
    left = models.PositiveIntegerField(_("files left"), default=0)
    deleted_at = models.DateTimeField(_("deleted"), auto_now_add=True, db_index=True)

    objects = DeletionReceiptQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"
        verbose_name = _("deletion receipt")
        verbose_name_plural = _("deletion receipts")
        ordering = ["-deleted_at"]
        permissions = [("purge_tryon_data", _("Can export and erase a person's try-on data"))]

    #: Deleted files that no row named: told, but not kept, for nobody knew of them.
    orphans = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._gone: list[DeletedPicture] = []

    def __str__(self) -> str:
        return f"{self.deleted_at:%Y-%m-%d %H:%M} {self.get_why_display()}"

    def add(
        self, *, photos: Iterable[str] = (), results: Iterable[str] = (), left: int = 0
    ) -> None:
        """Note what was deleted, by its sha256, before this is issued."""
        for kind, hashes in (("photos", list(photos)), ("results", list(results))):
            self._gone += [DeletedPicture(receipt=self, kind=kind, sha256=each) for each in hashes]
            setattr(self, kind, getattr(self, kind) + len(hashes))
        self.left += left

    @property
    def is_empty(self) -> bool:
        """Say whether nothing was deleted."""
        return not any(getattr(self, kind) for kind in KINDS)

    @property
    def is_kept(self) -> bool:
        """Say whether it can be looked up."""
        return not self._state.adding

    def issue(self) -> DeletionReceipt:
        """Save it with its hashes: from now on it does not change. Returns it.

        Where there was nothing to delete there is nothing to keep: anybody may ask for that.
        """
        if self.is_empty and not self.left:
            self.deleted_at = timezone.now()
            return self
        using = DeletionReceipt.objects.write_alias()
        with DeletionReceipt.objects.atomic():
            self.save(using=using, force_insert=True)
            DeletedPicture.objects.writer().bulk_create(self._gone, batch_size=500)
        self._gone = []
        return self

    def hashes(self) -> list[str]:
        """Return the sha256 of the deleted pictures."""
        rows = DeletedPicture.objects.writer().filter(receipt=self)
        return sorted(set(rows.values_list("sha256", flat=True)))

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "id": str(self.pk) if self.is_kept else None,
            "deleted_at": self.deleted_at.isoformat(timespec="seconds"),
            "why": self.why,
            **{kind: getattr(self, kind) for kind in KINDS},
            "left": self.left,
            "sha256": self.hashes(),
        }


class DeletedPicture(models.Model):
    """The hash of one picture of a receipt."""

    receipt = models.ForeignKey(DeletionReceipt, on_delete=models.CASCADE, related_name="pictures")
    kind = models.CharField(max_length=16)
    sha256 = models.CharField(max_length=64, db_index=True)

    objects = WriterManager()

    class Meta:
        base_manager_name = "objects"
        verbose_name = _("deleted picture")
        verbose_name_plural = _("deleted pictures")

    def __str__(self) -> str:
        return f"{self.kind} {self.sha256[:12]}"
