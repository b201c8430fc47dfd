"""The job: one garment on one person photo, under the lease of one worker at a time."""

from __future__ import annotations

from typing import Any

from django.db import models, router
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from glam_tryon.models.clock import DatabaseNow, after
from glam_tryon.models.indexes import IndexAtRest, PartialIndex
from glam_tryon.models.job_choice import NEEDS_PERSON
from glam_tryon.models.job_columns import MASK_TYPES, Feedback, FeedbackReason
from glam_tryon.models.job_queryset import TryOnJobQuerySet
from glam_tryon.models.job_wishes import JobWishes
from glam_tryon.models.owner import SHOP
from glam_tryon.models.person_photo import PersonPhoto
from glam_tryon.models.status import pending_queue
from glam_tryon.models.submission import TryOnSubmission

__all__ = [
    "MASK_TYPES",
    "NEEDS_PERSON",
    "Feedback",
    "FeedbackReason",
    "TryOnJob",
    "TryOnJobQuerySet",
]


class TryOnJob(JobWishes):
    """One garment on one person photo.

    A worker that claimed the job holds ``lease_token``; the claim ends when ``next_step_at`` comes.
    """

    objects = TryOnJobQuerySet.as_manager()

    class Meta:
        verbose_name = _("try-on")
        verbose_name_plural = _("try-ons")
        ordering = ["-created_at"]
        permissions = [("resubmit_unconfirmed", _("Can send an unconfirmed try-on again"))]
        indexes = [
            models.Index(fields=["queue", "next_step_at"], name="glam_tryon_job_due"),
            models.Index(fields=["queue", "turn", "created_at"], name="glam_tryon_job_turn"),
            models.Index(fields=["owner", "-created_at"], name="glam_tryon_job_owner"),
            models.Index(fields=["product_key", "content_type"], name="glam_tryon_job_product"),
            # Shoppers' jobs stand in neither of these, so their steps do not write them.
            PartialIndex(
                fields=["batch", "created_at"],
                where=models.Q(batch__isnull=False),
                name="glam_tryon_job_batch",
            ),
            PartialIndex(
                fields=["product_key", "content_type", "-created_at"],
                where=models.Q(owner=SHOP),
                name="glam_tryon_job_catalogue",
            ),
        ]
        # The admin's lists, newest first, as a whole and by each filter.
        indexes += [
            IndexAtRest(fields=["created_at", "id"], name="glam_tryon_job_newest"),
            IndexAtRest(fields=["status", "created_at", "id"], name="glam_tryon_job_status"),
            IndexAtRest(fields=["error_code", "created_at", "id"], name="glam_tryon_job_code"),
            IndexAtRest(fields=["priority", "created_at", "id"], name="glam_tryon_job_priority"),
            IndexAtRest(fields=["content_type", "created_at", "id"], name="glam_tryon_job_model"),
            IndexAtRest(fields=["person_photo", "created_at", "id"], name="glam_tryon_job_person"),
        ]
        constraints = [
            # Not unique=True: that makes a second index on PostgreSQL, for LIKE.
            models.UniqueConstraint(fields=["request_key"], name="glam_tryon_job_request")
        ]

    def __str__(self) -> str:
        return f"{self.garment_title} {str(self.pk)[:8]}"

    def hide(self) -> None:
        """Its owner wants it no more: it stands nowhere but in the ledger."""
        using = router.db_for_write(TryOnJob, instance=self)
        TryOnJob.objects.using(using).filter(pk=self.pk, deleted_at=None).update(
            deleted_at=DatabaseNow()
        )

    # Between two steps.

    def _mine(self) -> TryOnJobQuerySet:
        using = router.db_for_write(TryOnJob, instance=self)
        return TryOnJob.objects.using(using).filter(pk=self.pk, lease_token=self.lease_token)

    def snooze(self, seconds: float, *, code: str = "", message: str = "") -> bool:
        """Do the same step again in ``seconds``; an error when ``code`` is given."""
        fields: dict[str, Any] = {"errors": F("errors") + 1} if code else {}
        return bool(
            self._mine().update(
                next_step_at=after(seconds),
                lease_token="",
                attempts=0,
                error_code=code,
                error_message=message[:500],
                **fields,
            )
        )

    def wait_for(self, other: TryOnJob) -> bool:
        """Get a copy of the other one's picture, and not that of the one before."""
        return bool(
            self._mine().update(reuse_of=other.pk, next_step_at=DatabaseNow(), lease_token="")
        )

    def draw_itself(self) -> bool:
        """No copy is to be had: wait for a slot, like any other."""
        return bool(
            self._mine().update(
                reuse_of=None,
                queue=pending_queue(self.priority),
                next_step_at=DatabaseNow(),
                lease_token="",
                attempts=0,
                errors=0,
                error_code="",
                error_message="",
            )
        )

    def renew_addresses(self, media_urls: list[str]) -> bool:
        """Glam gave the result new addresses; the next try uses them."""
        return bool(self._mine().update(media_urls=media_urls))

    def still_mine(self) -> bool:
        """Say whether the lease holds at this instant of the database's clock."""
        return self._mine().filter(next_step_at__gt=DatabaseNow()).exists()

    def mark_dispatched(self, word: str) -> bool:
        """Keep which signal was sent last."""
        self.dispatched = word
        return bool(self._mine().update(dispatched=word))

    def rest(self) -> bool:
        """Nothing is left to do by itself."""
        return bool(self._mine().update(queue=None, next_step_at=None, lease_token=""))

    def current_submission(self) -> TryOnSubmission | None:
        """Return the newest submission, None before the first."""
        using = router.db_for_write(TryOnJob, instance=self)
        return (
            TryOnSubmission.objects.using(using).filter(job_id=self.pk).order_by("-number").first()
        )

    def current_photo(self) -> PersonPhoto | None:
        """Return the person photo while it may be shown, read where it is written.

        ``person_photo`` follows the shop's database routers, and a replica may not have it yet.
        """
        if self.person_photo_id is None:
            return None
        using = router.db_for_write(TryOnJob, instance=self)
        photo = PersonPhoto.objects.using(using).filter(pk=self.person_photo_id).first()
        return photo if photo and photo.is_there and photo.is_licensed else None
