"""The job: one garment on one person photo, under the lease of one worker at a time."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from glam_tryon.exceptions import IllegalTransition
from glam_tryon.files import private_storage
from glam_tryon.models.batch import TryOnBatch
from glam_tryon.models.clock import DatabaseNow, after
from glam_tryon.models.indexes import IndexAtRest, PartialIndex
from glam_tryon.models.job_queryset import NEEDS_PERSON, TryOnJobQuerySet
from glam_tryon.models.job_transitions import (
    CANCEL,
    FAIL,
    FINISH_READY,
    FINISH_REUSED,
    HOLD_UNCONFIRMED,
    KEEP_PICTURES,
    MARK_ACCEPTED,
    POLL_AGAIN,
    REFETCH,
    RESUBMIT,
    RETRY,
    START_STORING,
    STILL_RUNNING,
    WAIT_FOR_SLOT,
    Transition,
    log_transition,
)
from glam_tryon.models.outside_text import OutsideCharField
from glam_tryon.models.owner import SHOP
from glam_tryon.models.person_photo import PersonPhoto
from glam_tryon.models.result import TryOnResult
from glam_tryon.models.statistics import AnalyticsEvent
from glam_tryon.models.status import Priority, Queue, Status, pending_queue
from glam_tryon.models.submission import TryOnSubmission
from glam_tryon.models.transition import TryOnTransition
from glam_tryon.providers.base import DEFAULT_ACCOUNT, MaskType

__all__ = [
    "MASK_TYPES",
    "NEEDS_PERSON",
    "Feedback",
    "FeedbackReason",
    "TryOnJob",
    "TryOnJobQuerySet",
]

#: What a step that surely began adds to ``attempts``: see ``TryOnJob.note_begun``.
BEGUN = 100

MASK_TYPES = [
    (MaskType.OVERALL.value, _("whole body")),
    (MaskType.UPPER.value, _("top")),
    (MaskType.LOWER.value, _("bottom")),
]


class Feedback(models.TextChoices):
    """A shopper's feedback about a picture."""

    UP = "up", _("good")
    DOWN = "down", _("not right")


class FeedbackReason(models.TextChoices):
    """Reasons why a picture is not right."""

    FACE = "face", _("The face")
    BODY = "body", _("The body or the pose")
    GARMENT = "garment", _("The garment")
    QUALITY = "quality", _("The quality of the picture")
    OTHER = "other", _("Something else")


class TryOnJob(models.Model):
    """One garment on one person photo.

    A worker that claimed the job holds ``lease_token``; the claim ends when ``next_step_at`` comes.
    A status changes by a transition only: see ``_transition``.
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
    garment_title = OutsideCharField(_("garment"), max_length=255)
    garment_image = models.FileField(
        _("garment picture"), storage=private_storage, max_length=255, blank=True
    )
    garment_sha256 = models.CharField(max_length=64, editable=False)
    product_url = OutsideCharField(_("product page"), max_length=500, blank=True)

    person_photo = models.ForeignKey(
        "glam_tryon.PersonPhoto",
        verbose_name=_("person photo"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="jobs",
    )
    # A key as ``owner_key`` makes it.
    owner = models.CharField(max_length=80, default=SHOP, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    # Indexed for the few jobs that have one.
    batch = models.ForeignKey(
        "glam_tryon.TryOnBatch",
        verbose_name=_("batch"),
        null=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="jobs",
        db_index=False,
    )
    # The job whose picture this one gets a copy of. No relation: its deletion changes nothing here.
    reuse_of = models.UUIDField(null=True, editable=False)
    # sha256 of the caller's request id. Null, not empty, where there is none: many rows may have
    # none, and a value is unique.
    request_key = models.CharField(  # noqa: DJ001
        max_length=64, null=True, editable=False
    )
    # The caller's own name for it, which several jobs may have, and facts about it.
    reference = models.CharField(  # noqa: DJ001
        _("reference"), max_length=100, null=True, editable=False
    )
    metadata = models.JSONField(_("metadata"), default=dict, blank=True, editable=False)

    # Whose key sends it, and whose slot it takes: the name of an account.
    account = models.CharField(max_length=32, default=DEFAULT_ACCOUNT, editable=False)
    # A stable code of docs/error-codes.md, and what it means here, for staff.
    error_code = OutsideCharField(_("error"), max_length=40, blank=True)
    error_message = OutsideCharField(_("error text"), max_length=500, blank=True)
    # The provider's own word, as it was sent last.
    remote_status = OutsideCharField(_("the provider's status"), max_length=64, blank=True)
    # The URLs of the pictures at the provider; they expire.
    media_urls = models.JSONField(default=list, blank=True, editable=False)

    # What the job waits for; null when nothing is left to do.
    queue = models.PositiveSmallIntegerField(null=True, choices=Queue.choices, editable=False)
    # The place among the pending jobs of a queue: lower ones first. A virtual start time in jobs,
    # not in seconds: each owner's jobs stand one apart, so nobody's many orders delay another's.
    turn = models.BigIntegerField(default=0, editable=False)
    # When the next step is due or, under a lease, when the lease ends; the database's time.
    next_step_at = models.DateTimeField(_("next step"), null=True, editable=False)
    # The fencing token of the worker that holds the job; empty between two steps.
    lease_token = models.CharField(max_length=32, blank=True, editable=False)
    # Claims of this step that came to no end, and ``BEGUN`` for each that surely began: too many of
    # those, and the job is given up.
    attempts = models.PositiveSmallIntegerField(_("claims without progress"), default=0)
    # Failed tries of this step, one after the other: each makes the next wait longer.
    errors = models.PositiveSmallIntegerField(_("errors in a row"), default=0)
    polls = models.PositiveIntegerField(_("questions asked"), default=0)
    # The last signal that every receiver got: "submitted", or the status of an end.
    dispatched = models.CharField(max_length=16, blank=True, editable=False)

    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    submitted_at = models.DateTimeField(_("submitted"), null=True, editable=False)
    # When the provider last said that it was not ready yet.
    polled_at = models.DateTimeField(null=True, editable=False)
    ready_at = models.DateTimeField(_("drawn"), null=True, editable=False)
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
        base_manager_name = "objects"
        verbose_name = _("try-on")
        verbose_name_plural = _("try-ons")
        ordering = ["-created_at"]
        permissions = [("resubmit_unconfirmed", _("Can send an unconfirmed try-on again"))]
        indexes = [
            models.Index(fields=["queue", "next_step_at"], name="glam_tryon_job_due"),
            models.Index(fields=["queue", "turn", "created_at"], name="glam_tryon_job_turn"),
            models.Index(fields=["owner", "-created_at"], name="glam_tryon_job_owner"),
            models.Index(fields=["product_key", "content_type"], name="glam_tryon_job_product"),
            # Shoppers' jobs stand in none of these, so their steps do not write them.
            PartialIndex(
                fields=["batch", "created_at"],
                where=models.Q(batch__isnull=False),
                name="glam_tryon_job_batch",
            ),
            PartialIndex(
                fields=["reference", "created_at"],
                where=models.Q(reference__isnull=False),
                name="glam_tryon_job_reference",
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
            # Whether a garment's file has a job still.
            IndexAtRest(fields=["garment_image"], name="glam_tryon_job_garment"),
        ]
        constraints = [
            # Not unique=True: that makes a second index on PostgreSQL, for LIKE.
            models.UniqueConstraint(fields=["request_key"], name="glam_tryon_job_request")
        ]

    def __str__(self) -> str:
        return f"{self.garment_title} {str(self.pk)[:8]}"

    # Every transition is one UPDATE. A method returns False, and changes nothing, when the job
    # meanwhile belongs to somebody else or went another way.

    def _transition(
        self,
        transition: Transition,
        *,
        note: str = "",
        is_fenced: bool | None = None,
        **fields: Any,
    ) -> bool:
        """Change the status: the one way for one job.

        The UPDATE names the statuses it may come from and, when it is fenced, the lease; the line
        of the history and the event are written in the same transaction. ``is_fenced`` is the
        table's unless it is given.
        """
        to = transition.to
        with TryOnJob.objects.atomic():
            if to == Status.PENDING and self.batch_id is not None:
                # A batch that is paused now and one that is about to be: see ``TryOnBatch.pause``.
                TryOnBatch.lock(self.batch_id)
            rows = TryOnJob.objects.writer().eligible(transition).filter(pk=self.pk)
            if transition.is_fenced if is_fenced is None else is_fenced:
                rows = rows.filter(lease_token=self.lease_token)
            columns = transition.columns(**fields)
            # The row says whether this is a change: a transaction that is tried again after its
            # commit was refused finds the new word on this object already.
            changed = rows.exclude(status=to).update(**columns)
            if not changed and not (
                to in transition.origins and rows.filter(status=to).update(**columns)
            ):
                return False
            if changed:
                TryOnTransition.objects.writer().create(
                    job_id=self.pk, status=to, note=note[:200], at=DatabaseNow()
                )
                # Pictures that are only fetched again were counted when they were drawn.
                if transition.event and self.finished_at is None:
                    self.event(
                        transition.event,
                        fields.get("error_code", "") if to == Status.FAILED else "",
                        began_at=self.created_at if to == Status.READY else None,
                    ).save(using=AnalyticsEvent.objects.write_alias())
                if transition.revokes_link:
                    TryOnSubmission.objects.writer().filter(job_id=self.pk).revoke()
        if changed:
            log_transition(self.pk, self.status, to, note)
        self.status = to
        return True

    def event(self, event: str, detail: str = "", **fields: object) -> AnalyticsEvent:
        """Return the event of something that happened to it, to be saved in its transaction."""
        return AnalyticsEvent.of_job(
            event, self.owner, self.content_type_id, self.product_key, detail, **fields
        )

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
        return self._transition(
            WAIT_FOR_SLOT,
            note=code,
            next_step_at=after(seconds),
            attempts=attempts,
            errors=F("errors") + 1 if failed else self.errors,
            error_code=code,
            error_message=message[:500],
        )

    def hold_unconfirmed(self, seconds: float, *, code: str, message: str) -> bool:
        """Note that nobody knows whether Glam took it; the next step is due in ``seconds``."""
        return self._transition(
            HOLD_UNCONFIRMED,
            note=code,
            next_step_at=after(seconds),
            error_code=code,
            error_message=message[:500],
        )

    # While Glam has it.

    def mark_accepted(self, submission: TryOnSubmission, seconds: float) -> bool:
        """Note that Glam took it: an event id is known. The first poll is due in ``seconds``."""
        return self._transition(
            MARK_ACCEPTED, note=f"#{submission.number}", next_step_at=after(seconds)
        )

    def still_running(self, to: Status, seconds: float, *, remote_status: str) -> bool:
        """Note that Glam still works on it; the next poll is due in ``seconds``."""
        return self._transition(
            STILL_RUNNING[to], next_step_at=after(seconds), remote_status=remote_status
        )

    def start_storing(self, media_urls: list[str], lease_seconds: float) -> bool:
        """Note that Glam is done; the same worker goes on to fetch the pictures."""
        return self._transition(
            START_STORING, next_step_at=after(lease_seconds), media_urls=media_urls
        )

    # The ends.

    def finish_ready(self, lease_seconds: float) -> bool:
        """End with stored pictures. Those that were fetched again do not become younger by that."""
        return self._transition(FINISH_READY, next_step_at=after(lease_seconds))

    def finish_reused(self, lease_seconds: float) -> bool:
        """End with a copy of an earlier picture; nothing was bought."""
        return self._transition(
            FINISH_REUSED, note=f"a copy of {self.reuse_of}", next_step_at=after(lease_seconds)
        )

    def fail(self, code: str, message: str, lease_seconds: float) -> bool:
        """End without a picture; ``code`` says why, ``message`` is for staff.

        A job that was to be fetched again keeps the pictures it has, and is ready as before.
        """
        return self._transition(
            KEEP_PICTURES if self._keeps_pictures() else FAIL,
            note=code,
            next_step_at=after(lease_seconds),
            error_code=code,
            error_message=message[:500],
        )

    def _keeps_pictures(self) -> bool:
        if self.status != Status.STORING:
            return False
        return TryOnResult.objects.writer().filter(job_id=self.pk).exists()

    # What a person asks for, whoever works on the job. Those in bulk are in ``TryOnJobQuerySet``.

    def cancel(self, *, note: str = "", code: str = "", is_fenced: bool = False) -> bool:
        """Stop it from outside: the writes of the worker that has it no longer count.

        Glam does not get a photo any more that it has not fetched yet. ``is_fenced`` is for a
        worker that finds nothing to send: False when the job is not its own.

        Raises:
            IllegalTransition: the job is over already, and this is not fenced.
        """
        if is_fenced:
            return self._transition(CANCEL, note=note, is_fenced=True, error_code=code)
        self._command(CANCEL, note=note, error_code=code)
        return True

    def retry(self, turn: int) -> None:
        """Send a failed job once more.

        Raises:
            IllegalTransition: the job did not fail.
        """
        self._command(RETRY, note="by hand", turn=turn)

    def resubmit(self, turn: int, *, note: str) -> None:
        """Send an unconfirmed job again although Glam may have it: it may be billed twice.

        Raises:
            IllegalTransition: the job is not unconfirmed.
        """
        self._command(RESUBMIT, note=note, turn=turn)

    def poll_again(self) -> None:
        """Poll Glam for it now; a failed job may have been drawn since.

        Costs nothing: no second submission, and no slot.

        Raises:
            IllegalTransition: the job neither failed nor is at Glam.
        """
        self._command(POLL_AGAIN, note="asked again by hand")

    def refetch(self) -> None:
        """Get new URLs of the pictures from Glam and store them again; costs nothing.

        Pictures that are there stay until others are stored.

        Raises:
            IllegalTransition: the job is neither ready nor failed.
        """
        self._command(REFETCH, note="fetched again by hand")

    def _command(self, transition: Transition, *, note: str, **fields: Any) -> None:
        if not self._transition(transition, note=note, **fields):
            self.refresh_from_db(using=TryOnJob.objects.write_alias(), fields=["status"])
            raise IllegalTransition(self.status, transition.done)

    def hide(self) -> None:
        """Keep it for the ledger only: its owner deleted it."""
        TryOnJob.objects.writer().filter(pk=self.pk).hide_all()

    # Between two steps: the status stays.

    def _leased(self) -> TryOnJobQuerySet[TryOnJob]:
        return TryOnJob.objects.writer().filter(pk=self.pk, lease_token=self.lease_token)

    def reschedule(self, seconds: float, *, code: str = "", message: str = "") -> bool:
        """Do the same step again in ``seconds``; an error when ``code`` is given."""
        return bool(
            self._leased().update(
                next_step_at=after(seconds),
                lease_token="",
                attempts=0,
                error_code=code,
                error_message=message[:500],
                **({"errors": F("errors") + 1} if code else {}),
            )
        )

    def wait_for_reuse(self, other: TryOnJob) -> bool:
        """Get a copy of this other job's picture instead of the earlier one's."""
        return bool(
            self._leased().update(reuse_of=other.pk, next_step_at=DatabaseNow(), lease_token="")
        )

    def give_up_reuse(self) -> bool:
        """Wait for a slot, like any other: no copy is to be had."""
        return bool(
            self._leased().update(
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

    def renew_urls(self, media_urls: list[str]) -> bool:
        """Keep the new URLs that Glam gave the result, for the next try."""
        return bool(self._leased().update(media_urls=media_urls))

    def holds_lease(self) -> bool:
        """Say whether the lease holds at this instant of the database's clock."""
        return self._leased().filter(next_step_at__gt=DatabaseNow()).exists()

    def note_begun(self) -> bool:
        """Note that a worker begins the step, so that its death is told from a lost claim.

        A claim counts one. It may be lost with the database's answer, or its worker may never get
        a connection; neither says anything about the job.
        """
        return bool(self._leased().update(attempts=self.attempts + BEGUN))

    @property
    def deaths(self) -> int:
        """Workers that surely began its step and did not come back."""
        return self.attempts // BEGUN

    def mark_dispatched(self, word: str) -> bool:
        """Keep which signal was sent last."""
        self.dispatched = word
        return bool(self._leased().update(dispatched=word))

    def leave_queue(self) -> bool:
        """Give the lease back for good: nothing is left to do without a person."""
        return bool(self._leased().update(queue=None, next_step_at=None, lease_token=""))

    # What belongs to it, read where it is written: a replica may not have it yet.

    def current_submission(self) -> TryOnSubmission | None:
        """Return the newest submission, None before the first."""
        rows = TryOnSubmission.objects.writer().filter(job_id=self.pk)
        return rows.order_by("-number").first()

    def current_photo(self) -> PersonPhoto | None:
        """Return the person photo while it may be shown; ``person_photo`` follows the routers."""
        if self.person_photo_id is None:
            return None
        photo = PersonPhoto.objects.writer().filter(pk=self.person_photo_id).first()
        return photo if photo and photo.is_there and photo.is_licensed else None
