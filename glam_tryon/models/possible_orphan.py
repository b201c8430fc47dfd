"""The note of a file that perhaps no row names, so that pruning finds it whatever happens."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.signals import post_delete
from django.dispatch import receiver

from glam_tryon.exceptions import FileUnavailable
from glam_tryon.models.clock import DatabaseNow, after
from glam_tryon.models.job import TryOnJob
from glam_tryon.models.person_photo import PersonPhoto
from glam_tryon.models.result import TryOnResult
from glam_tryon.models.status import Status
from glam_tryon.models.writer import WriterQuerySet

#: So long a file may be without its row: longer than a request, a step or a transaction takes.
GRACE_SECONDS = 3600.0
#: A deletion that did not end within so many seconds has died.
CLAIM_SECONDS = 600.0


class PossibleOrphanQuerySet(WriterQuerySet["PossibleOrphan"]):
    def due(self) -> PossibleOrphanQuerySet:
        """Notes to look at: their time is over, or their job takes no file any more."""
        return self.writer().filter(_is_due())

    def going_on(self) -> PossibleOrphanQuerySet:
        """Notes of files that somebody may be saving just now."""
        return self.writer().exclude(_is_due()).filter(is_deleted=False)

    def note(self, *names: str, job_key: uuid.UUID | None = None) -> None:
        """Note files whose row goes or takes another one; call it in the same transaction."""
        due_at = DatabaseNow()
        self.bulk_create(
            [PossibleOrphan(name=name, job_key=job_key, due_at=due_at) for name in names if name]
        )


class PossibleOrphan(models.Model):
    """A file of the private storage that perhaps no row names.

    The note is committed before the bytes go out, and deleted by the transaction that writes the
    row; and it is made again by the transaction that deletes the row. So each file has a row or a
    note at any instant.
    """

    name = models.CharField(max_length=255)
    #: The job whose result it is; empty for photos and garments.
    job_key = models.UUIDField(null=True)
    due_at = models.DateTimeField(db_index=True)
    #: While pruning deletes the file.
    claimed_at = models.DateTimeField(null=True)
    #: Deleted once; once more after the grace time, for bytes that came later.
    is_deleted = models.BooleanField(default=False)

    objects = PossibleOrphanQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"
        verbose_name = "possible orphan"
        # Not db_index=True: that makes a second index on PostgreSQL, for LIKE.
        indexes = [models.Index(fields=["name"], name="glam_tryon_orphan_name")]

    #: Says whether ``settle`` was called, in a transaction that may have been rolled back since.
    is_settled = False

    def __str__(self) -> str:
        return self.name

    @classmethod
    def of(cls, name: str, job_key: uuid.UUID | None = None) -> PossibleOrphan:
        """Return the note of a file that is about to be saved; it is not written yet."""
        return cls(name=name, job_key=job_key, due_at=after(GRACE_SECONDS))

    def settle(self) -> bool:
        """Within the transaction that writes the row: the row knows the file now.

        Returns False when the note is gone.

        Raises:
            FileUnavailable: pruning deletes the file, or did so.
        """
        self.is_settled = True
        rows = PossibleOrphan.objects.writer().filter(pk=self.pk)
        if rows.filter(claimed_at=None, is_deleted=False).delete()[0]:
            return True
        if rows.exists():
            raise FileUnavailable(f"{self.name}: deleted, for its row took too long")
        return False

    def is_named(self) -> bool:
        """Say whether a row names the file."""
        jobs = TryOnJob.objects.writer().filter(garment_image=self.name)
        # Two questions, for the two indexes of jobs at rest and of jobs under way.
        return (
            TryOnResult.objects.writer().filter(job_id=self.job_key, image=self.name).exists()
            or PersonPhoto.objects.writer().filter(image=self.name, image__gt="").exists()
            or jobs.filter(queue=None).exists()
            or jobs.filter(queue__isnull=False).exists()
        )

    def is_expected(self) -> bool:
        """Say whether somebody else is saving the file just now."""
        others = PossibleOrphan.objects.going_on().exclude(pk=self.pk)
        return others.filter(name=self.name).exists()

    def is_going(self) -> bool:
        """Say whether pruning is deleting the file just now."""
        claimed = PossibleOrphan.objects.writer().filter(name=self.name)
        return claimed.filter(claimed_at__gte=after(-CLAIM_SECONDS)).exists()

    def claim(self) -> bool:
        """Keep others from deleting the file meanwhile. False when somebody is at it."""
        rows = PossibleOrphan.objects.writer().filter(pk=self.pk)
        free = Q(claimed_at=None) | Q(claimed_at__lt=after(-CLAIM_SECONDS))
        return bool(rows.filter(free).update(claimed_at=DatabaseNow()))

    def release(self, **changes: Any) -> None:
        """End the claim."""
        PossibleOrphan.objects.writer().filter(pk=self.pk).update(claimed_at=None, **changes)

    def deleted(self) -> None:
        """End the claim after a deletion: look once more after the grace time.

        Unless it is before its time, for its job takes no file any more: then it stays due.
        """
        rows = PossibleOrphan.objects.writer().filter(pk=self.pk, due_at__lte=DatabaseNow())
        again = after(GRACE_SECONDS)
        if not rows.update(claimed_at=None, is_deleted=True, due_at=again, job_key=None):
            self.release()

    def drop(self) -> None:
        """Delete the note: the file is gone for good, or has a row."""
        PossibleOrphan.objects.writer().filter(pk=self.pk).delete()


def _is_due() -> Q:
    jobs = TryOnJob.objects.filter(pk=OuterRef("job_key"))
    wanted = jobs.exclude(status=Status.CANCELED).filter(deleted_at=None)
    unwanted = Q(~Exists(wanted), job_key__isnull=False)
    return Q(due_at__lte=DatabaseNow()) | unwanted


@receiver(post_delete, sender=PersonPhoto, dispatch_uid="glam_tryon_orphan_photo")
@receiver(post_delete, sender=TryOnResult, dispatch_uid="glam_tryon_orphan_result")
@receiver(post_delete, sender=TryOnJob, dispatch_uid="glam_tryon_orphan_garment")
def note_of_deleted_row(instance: Any, using: str, **_facts: Any) -> None:
    """Note the file of a row that goes, whoever deletes it and in which way."""
    file = instance.garment_image if isinstance(instance, TryOnJob) else instance.image
    job_key = instance.job_id if isinstance(instance, TryOnResult) else None
    PossibleOrphan.objects.using(using).note(file.name or "", job_key=job_key)
