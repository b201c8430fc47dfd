"""The job: one garment on one person photo, and every way its status may change."""

from __future__ import annotations

import logging
import uuid
from typing import Any

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models, router, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from glam_tryon.exceptions import IllegalTransition
from glam_tryon.glam.types import MaskType
from glam_tryon.models.clock import DatabaseNow, after
from glam_tryon.models.owner import SHOP
from glam_tryon.models.photo import PersonPhoto
from glam_tryon.models.status import (
    ALLOWED,
    AT_GLAM,
    CLOSED,
    OPEN,
    Lane,
    Priority,
    Status,
    pending_lane,
)
from glam_tryon.models.storage import private_storage
from glam_tryon.models.submission import TryOnSubmission
from glam_tryon.models.transition import TryOnTransition

logger = logging.getLogger("glam_tryon.jobs")

#: Error code of an unconfirmed job that Glam may have drawn: a person decides what becomes of it.
NEEDS_PERSON = "needs_person"

MASK_TYPES = [
    (MaskType.OVERALL.value, _("whole body")),
    (MaskType.UPPER.value, _("top")),
    (MaskType.LOWER.value, _("bottom")),
]


class Feedback(models.TextChoices):
    """What a shopper thinks of a picture."""

    UP = "up", _("good")
    DOWN = "down", _("not right")


class FeedbackReason(models.TextChoices):
    """What is not right with a picture."""

    FACE = "face", _("The face")
    BODY = "body", _("The body or the pose")
    GARMENT = "garment", _("The garment")
    QUALITY = "quality", _("The quality of the picture")
    OTHER = "other", _("Something else")


class TryOnJobQuerySet(models.QuerySet["TryOnJob"]):
    def open(self) -> TryOnJobQuerySet:
        """Those that are not over."""
        return self.filter(status__in=OPEN)

    def closed(self) -> TryOnJobQuerySet:
        """Those that are over: ready, failed or canceled."""
        return self.filter(status__in=CLOSED)

    def moving(self) -> TryOnJobQuerySet:
        """Those that will still change by themselves, without a person's decision."""
        return self.filter(lane__isnull=False).exclude(
            status=Status.UNCONFIRMED, error_code=NEEDS_PERSON
        )

    def waiting_for_a_person(self) -> TryOnJobQuerySet:
        """Unconfirmed ones whose photo Glam fetched: only a person may send them again."""
        return self.filter(status=Status.UNCONFIRMED, error_code=NEEDS_PERSON)

    def under_way(self) -> TryOnJobQuerySet:
        """Those whose next step needs no slot and is due now, longest overdue first."""
        return self.filter(lane=Lane.UNDER_WAY, next_step_at__lte=DatabaseNow()).order_by(
            "next_step_at"
        )

    def waiting_for_a_slot(self, lane: Lane) -> TryOnJobQuerySet:
        """Those that may be sent now, in the order of their turns, then of their asking.

        Written as an exclusion, which no index serves: SQLite would choose the one by time and
        then sort a whole backlog.
        """
        due = self.filter(lane=lane).exclude(next_step_at__gt=DatabaseNow())
        return due.order_by("turn", "created_at")

    def hurry(self) -> int:
        """Let those that wait to be sent wait no longer. Returns how many there are."""
        return self.filter(status=Status.PENDING).update(next_step_at=DatabaseNow(), errors=0)

    def owned_by(self, *owners: str) -> TryOnJobQuerySet:
        """Those of these owner keys that were not deleted; the shop's own are nobody's."""
        return self.filter(owner__in=set(owners) - {SHOP}, deleted_at=None)


class TryOnJob(models.Model):
    """One garment on one person photo.

    A worker that claimed the job holds ``lease_token``; the claim ends when ``next_step_at`` comes.
    Every method that changes the status is one fenced UPDATE: it returns False, and changes
    nothing, when the job meanwhile belongs to somebody else or went another way.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    status = models.CharField(
        _("status"), max_length=16, choices=Status.choices, default=Status.PENDING
    )
    priority = models.CharField(
        _("priority"), max_length=16, choices=Priority.choices, default=Priority.SHOPPER
    )
    mask_type = models.CharField(_("replaces"), max_length=16, choices=MASK_TYPES)

    # Indexed together below: each index of this table is written anew at every step of every job.
    content_type = models.ForeignKey(
        ContentType, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    product_key = models.CharField(_("product id"), max_length=255)
    product = GenericForeignKey("content_type", "product_key")
    garment_title = models.CharField(_("garment"), max_length=255)
    garment_image = models.FileField(
        _("garment picture"), storage=private_storage, max_length=255, blank=True
    )
    garment_sha256 = models.CharField(max_length=64, editable=False)
    product_url = models.CharField(_("product page"), max_length=500, blank=True)

    person_photo = models.ForeignKey(
        "glam_tryon.PersonPhoto",
        verbose_name=_("person photo"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="jobs",
    )
    owner = models.CharField(max_length=80, default=SHOP, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    # Null, not empty, where there is none: many rows may have none, and a value is unique.
    request_key = models.CharField(  # noqa: DJ001
        max_length=64, null=True, editable=False
    )

    error_code = models.CharField(_("error"), max_length=40, blank=True)
    error_message = models.CharField(_("error text"), max_length=500, blank=True)
    remote_status = models.CharField(_("Glam's status"), max_length=64, blank=True)
    media_urls = models.JSONField(default=list, blank=True, editable=False)

    lane = models.PositiveSmallIntegerField(null=True, choices=Lane.choices, editable=False)
    turn = models.BigIntegerField(default=0, editable=False)
    next_step_at = models.DateTimeField(_("next step"), null=True, editable=False)
    lease_token = models.CharField(max_length=32, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(_("claims without progress"), default=0)
    errors = models.PositiveSmallIntegerField(_("errors in a row"), default=0)
    polls = models.PositiveIntegerField(_("questions asked"), default=0)
    announced = models.CharField(max_length=16, blank=True, editable=False)

    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    submitted_at = models.DateTimeField(_("submitted"), null=True, editable=False)
    # When Glam last said that it was not ready yet.
    asked_at = models.DateTimeField(null=True, editable=False)
    ready_at = models.DateTimeField(_("Glam ready"), null=True, editable=False)
    finished_at = models.DateTimeField(_("finished"), null=True, editable=False)

    # From then on its owner does not see it any more, and nothing is stored for it.
    deleted_at = models.DateTimeField(_("deleted"), null=True, editable=False)
    feedback = models.CharField(
        _("feedback"), max_length=8, choices=Feedback.choices, blank=True, editable=False
    )
    feedback_reason = models.CharField(
        _("what is not right"),
        max_length=16,
        choices=FeedbackReason.choices,
        blank=True,
        editable=False,
    )

    objects = TryOnJobQuerySet.as_manager()

    class Meta:
        verbose_name = _("try-on")
        verbose_name_plural = _("try-ons")
        ordering = ["-created_at"]
        permissions = [("resubmit_unconfirmed", _("Can send an unconfirmed try-on again"))]
        indexes = [
            models.Index(fields=["lane", "next_step_at"], name="glam_tryon_job_due"),
            models.Index(fields=["lane", "turn", "created_at"], name="glam_tryon_job_turn"),
            models.Index(fields=["owner", "-created_at"], name="glam_tryon_job_owner"),
            models.Index(fields=["product_key", "content_type"], name="glam_tryon_job_product"),
        ]
        constraints = [
            # Not unique=True: that makes a second index on PostgreSQL, for LIKE.
            models.UniqueConstraint(fields=["request_key"], name="glam_tryon_job_request")
        ]

    def __str__(self) -> str:
        return f"{self.garment_title} {str(self.pk)[:8]}"

    # The one door through which a status changes.

    def _move(
        self,
        to: Status,
        *,
        origins: tuple[Status, ...] = (),
        fenced: bool = True,
        note: str = "",
        **fields: Any,
    ) -> bool:
        using = router.db_for_write(TryOnJob, instance=self)
        with transaction.atomic(using):
            rows = TryOnJob.objects.using(using).filter(
                pk=self.pk, status__in=origins or ALLOWED[to], deleted_at=None
            )
            if fenced:
                rows = rows.filter(lease_token=self.lease_token)
            # The row says whether this is a change: a transaction that is tried again after its
            # commit was refused finds the new word on this object already.
            changed = rows.exclude(status=to).update(status=to, **fields)
            if not changed and not rows.filter(status=to).update(**fields):
                return False
            if changed:
                TryOnTransition.objects.using(using).create(
                    job_id=self.pk, status=to, note=note[:200], at=DatabaseNow()
                )
        if changed:
            facts = {"job": str(self.pk), "from_status": self.status, "to_status": to, "note": note}
            logger.info("job=%(job)s from=%(from_status)s to=%(to_status)s note=%(note)s", facts)
        self.status = to
        return True

    # Before Glam has it.

    def wait_for_slot(
        self,
        seconds: float,
        *,
        code: str = "",
        message: str = "",
        failed: bool = False,
        attempts: int = 0,
    ) -> bool:
        """Go back to pending: nothing was bought. ``failed`` makes the next wait longer.

        ``attempts`` are claims that keep counting.
        """
        return self._move(
            Status.PENDING,
            origins=(Status.SUBMITTING, Status.UNCONFIRMED),
            note=code,
            lane=pending_lane(self.priority),
            next_step_at=after(seconds),
            lease_token="",
            attempts=attempts,
            errors=F("errors") + 1 if failed else self.errors,
            error_code=code,
            error_message=message[:500],
        )

    def hold_unconfirmed(self, seconds: float, *, code: str, message: str) -> bool:
        """Nobody knows whether Glam took it. Looked at again after ``seconds``."""
        return self._move(
            Status.UNCONFIRMED,
            note=code,
            lane=Lane.UNDER_WAY,
            next_step_at=after(seconds),
            lease_token="",
            attempts=0,
            error_code=code,
            error_message=message[:500],
        )

    # While Glam has it.

    def enter_queue(self, submission: TryOnSubmission, seconds: float) -> bool:
        """Glam took it: an event id is known. Not fenced, for that is a fact, however late."""
        return self._move(
            Status.IN_QUEUE,
            fenced=False,
            note=f"#{submission.number}",
            lane=Lane.UNDER_WAY,
            next_step_at=after(seconds),
            lease_token="",
            attempts=0,
            errors=0,
            error_code="",
            error_message="",
            submitted_at=DatabaseNow(),
            asked_at=None,
        )

    def still_running(self, to: Status, seconds: float, *, remote_status: str) -> bool:
        """Glam still works on it; ask again in ``seconds``."""
        return self._move(
            to,
            next_step_at=after(seconds),
            lease_token="",
            attempts=0,
            errors=0,
            polls=F("polls") + 1,
            asked_at=DatabaseNow(),
            remote_status=remote_status,
        )

    def start_storing(self, media_urls: list[str], lease_seconds: float) -> bool:
        """Glam is done; the same worker goes on to fetch the pictures."""
        return self._move(
            Status.STORING,
            next_step_at=after(lease_seconds),
            attempts=0,
            errors=0,
            polls=F("polls") + 1,
            remote_status=Status.READY,
            media_urls=media_urls,
            ready_at=DatabaseNow(),
        )

    # The ends. The lease stays, so that a worker which dies before it told the receivers of the
    # signals is followed by one that tells them.

    def finish_ready(self, lease_seconds: float) -> bool:
        """The pictures are stored."""
        return self._move(
            Status.READY,
            next_step_at=after(lease_seconds),
            finished_at=DatabaseNow(),
            attempts=0,
            errors=0,
            error_code="",
            error_message="",
        )

    def fail(self, code: str, message: str, lease_seconds: float) -> bool:
        """It is over without a picture; ``code`` says why, ``message`` is for staff."""
        return self._move(
            Status.FAILED,
            note=code,
            lane=Lane.UNDER_WAY,
            next_step_at=after(lease_seconds),
            finished_at=DatabaseNow(),
            attempts=0,
            error_code=code,
            error_message=message[:500],
        )

    def cancel(self, *, note: str = "", code: str = "", fenced: bool = False) -> bool:
        """Stop it from outside, whoever works on it now: the worker's writes no longer count.

        A photo that Glam has not fetched yet it does not get any more. ``fenced`` is for a worker
        that finds nothing to send: False when the job is not its own.

        Raises:
            IllegalTransition: the job is over already, and this is not ``fenced``.
        """
        using = router.db_for_write(TryOnJob, instance=self)
        with transaction.atomic(using):
            moved = self._move(
                Status.CANCELED,
                fenced=fenced,
                note=note,
                lane=Lane.UNDER_WAY,
                next_step_at=DatabaseNow(),
                lease_token="",
                attempts=0,
                errors=0,
                error_code=code,
                finished_at=DatabaseNow(),
            )
            if moved:
                TryOnSubmission.objects.using(using).filter(job_id=self.pk).revoke()
        if not moved and not fenced:
            raise IllegalTransition(self._status_now(), "canceled")
        return moved

    def retry(self, turn: int) -> None:
        """Send a failed job once more, by a person's wish.

        Raises:
            IllegalTransition: the job did not fail.
        """
        if not self._move_back(Status.FAILED, turn):
            raise IllegalTransition(self._status_now(), "retried")

    def resubmit(self, turn: int, *, note: str) -> None:
        """Send an unconfirmed job again although Glam may have it: it may be billed twice.

        Raises:
            IllegalTransition: the job is not unconfirmed.
        """
        if not self._move_back(Status.UNCONFIRMED, turn, note=note):
            raise IllegalTransition(self._status_now(), "resubmitted")

    def ask_again(self) -> None:
        """Ask Glam about it now, by a person's wish; a failed one may have been drawn since.

        Costs nothing: no second submission, and no slot.

        Raises:
            IllegalTransition: the job neither failed nor is at Glam.
        """
        waiting = self._move(
            Status.IN_PROGRESS,
            origins=(Status.FAILED, *AT_GLAM),
            fenced=False,
            note="asked again by hand",
            lane=Lane.UNDER_WAY,
            next_step_at=DatabaseNow(),
            lease_token="",
            attempts=0,
            errors=0,
            error_code="",
            error_message="",
            announced="submitted",
            finished_at=None,
        )
        if not waiting:
            raise IllegalTransition(self._status_now(), "asked about again")

    def _move_back(self, origin: Status, turn: int, *, note: str = "by hand") -> bool:
        return self._move(
            Status.PENDING,
            origins=(origin,),
            fenced=False,
            note=note,
            lane=pending_lane(self.priority),
            turn=turn,
            next_step_at=DatabaseNow(),
            lease_token="",
            attempts=0,
            errors=0,
            error_code="",
            error_message="",
            media_urls=[],
            announced="",
            finished_at=None,
            ready_at=None,
        )

    def _status_now(self) -> str:
        using = router.db_for_write(TryOnJob, instance=self)
        self.refresh_from_db(using=using, fields=["status"])
        return self.status

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

    def renew_addresses(self, media_urls: list[str]) -> bool:
        """Glam gave the result new addresses; the next try uses them."""
        return bool(self._mine().update(media_urls=media_urls))

    def still_mine(self) -> bool:
        """Say whether the lease holds at this instant of the database's clock."""
        return self._mine().filter(next_step_at__gt=DatabaseNow()).exists()

    def remember_announced(self, word: str) -> bool:
        """Keep which signal was sent last."""
        self.announced = word
        return bool(self._mine().update(announced=word))

    def rest(self) -> bool:
        """Nothing is left to do by itself."""
        return bool(self._mine().update(lane=None, next_step_at=None, lease_token=""))

    def current_submission(self) -> TryOnSubmission | None:
        """Return the newest submission, None before the first."""
        using = router.db_for_write(TryOnJob, instance=self)
        return (
            TryOnSubmission.objects.using(using).filter(job_id=self.pk).order_by("-number").first()
        )

    def current_photo(self) -> PersonPhoto | None:
        """Return the person photo while its file is there, read where it is written.

        ``person_photo`` follows the shop's database routers, and a replica may not have it yet.
        """
        if self.person_photo_id is None:
            return None
        using = router.db_for_write(TryOnJob, instance=self)
        photo = PersonPhoto.objects.using(using).filter(pk=self.person_photo_id).first()
        return photo if photo and photo.is_there else None
