"""One POST to Glam for a job: the money row, the holder of a slot and of the photo link."""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from glam_tryon.models.clock import DatabaseNow, after, database_time
from glam_tryon.models.outside_text import OutsideCharField
from glam_tryon.models.statistics import MONEY_PARTS, AnalyticsEvent, Event
from glam_tryon.models.status import AT_PROVIDER, Status
from glam_tryon.models.writer import WriterQuerySet
from glam_tryon.providers.base import DEFAULT_ACCOUNT, Outcome


def new_token() -> str:
    """Return a random name for one submission; its photo link is made of it."""
    return secrets.token_urlsafe(24)


#: What stands in the row of a submission that came to nothing.
_NOT_BOUGHT = {"credits": 0, "price": 0}


class TryOnSubmissionQuerySet(WriterQuerySet["TryOnSubmission"]):
    def holding_slots(self, account: str = DEFAULT_ACCOUNT) -> TryOnSubmissionQuerySet:
        """Submissions that count against the parallel limit of ``account``."""
        return self.filter(slot__isnull=False, account=account)

    def free_slot(self) -> int:
        """Give the slots of these back. Returns how many were held."""
        return self.filter(slot__isnull=False).update(slot=None, closed_at=DatabaseNow())

    def mark_sent(self, pk: int) -> bool:
        """Say that the first byte of the POST is about to leave; False when it may not."""
        return bool(
            self.filter(
                pk=pk, outcome=TryOnSubmission.Outcome.INTENDED, sent_at=None, revoked_at=None
            ).update(sent_at=DatabaseNow())
        )

    def accept(self, pk: int, event_id: str, http_status: int | None) -> bool:
        """Glam took it. False when its photo link was revoked before that was known.

        The event id is kept in either case: it may stand on Glam's bill.

        Raises:
            IntegrityError: another submission has this event id.
        """
        known = self.filter(pk=pk, event_id=None)
        facts: dict[str, Any] = {
            "outcome": TryOnSubmission.Outcome.ACCEPTED,
            "event_id": event_id,
            "http_status": http_status,
            "accepted_at": DatabaseNow(),
            "code": "",
            "detail": "",
        }
        with self.atomic():
            # One that was closed for its age is alive all the same: Glam may have its picture.
            alive = known.filter(revoked_at=None).update(**facts)
            if alive or known.update(**facts):
                self.filter(pk=pk)._count_bought()
        return bool(alive)

    def _count_bought(self, times: int = 1) -> None:
        """Count these, or with ``times`` -1 take them off again, on the day Glam took them."""
        events: list[AnalyticsEvent] = []
        for at, price, currency in self.values_list("accepted_at", "price", "currency"):
            if at is None:
                continue
            events.append(AnalyticsEvent(event=Event.BOUGHT, at=at, count=times))
            if price:
                money = {"count": times * round(price * MONEY_PARTS), "detail": currency}
                events.append(AnalyticsEvent(event=Event.MONEY, at=at, **money))
        AnalyticsEvent.objects.writer().bulk_create(events)

    def doubt(self, pk: int, why: Outcome) -> bool:
        """Nobody knows whether Glam took it; it keeps its slot."""
        return bool(
            self.filter(pk=pk, outcome=TryOnSubmission.Outcome.INTENDED).update(
                outcome=TryOnSubmission.Outcome.AMBIGUOUS,
                code=why.code,
                detail=why.detail[:500],
                http_status=why.http_status,
            )
        )

    def close(self, pk: int, outcome: str, why: Outcome) -> bool:
        """Close it as not bought, and free its slot.

        Its photo link dies with it, in case what refused it was not Glam but something on the way.
        """
        closed = self.filter(pk=pk, outcome=TryOnSubmission.Outcome.INTENDED).update(
            outcome=outcome,
            code=why.code,
            detail=why.detail[:500],
            http_status=why.http_status,
            slot=None,
            closed_at=DatabaseNow(),
            **_NOT_BOUGHT,
        )
        if closed:
            self.filter(pk=pk).revoke()
        return bool(closed)

    def close_unsent(self, why: str) -> bool:
        """Take back an intent whose POST never began. False when it did begin."""
        return bool(
            self.filter(outcome=TryOnSubmission.Outcome.INTENDED, sent_at=None).update(
                outcome=TryOnSubmission.Outcome.NOT_SENT,
                code=why,
                slot=None,
                closed_at=DatabaseNow(),
                **_NOT_BOUGHT,
            )
        )

    def give_up(self) -> bool:
        """Kill the unfetched photo link of an unclear submission; now it can only fail at Glam.

        False when Glam fetched the photo, when the link cannot be revoked, or when it is clear.
        """
        return bool(
            self.unclear()
            .filter(revocable=True, fetched_at=None)
            .update(
                outcome=TryOnSubmission.Outcome.REVOKED,
                revoked_at=Coalesce("revoked_at", DatabaseNow()),
                slot=None,
                closed_at=DatabaseNow(),
            )
        )

    def unclear(self) -> TryOnSubmissionQuerySet:
        """Submissions of which nobody knows whether the provider took them."""
        outcomes = TryOnSubmission.Outcome
        return self.filter(outcome__in=[outcomes.INTENDED, outcomes.AMBIGUOUS])

    def counted(self) -> TryOnSubmissionQuerySet:
        """Submissions that may be billed: bought or unclear, and not refunded.

        An intent counts from its first moment, so that two workers never buy the same last one.
        """
        outcomes = TryOnSubmission.Outcome
        return self.filter(refunded_at=None).exclude(
            outcome__in=[outcomes.NOT_SENT, outcomes.REFUSED]
        )

    def since(self, moment: datetime) -> TryOnSubmissionQuerySet:
        """Submissions whose intent was written at ``moment`` or later."""
        return self.filter(started_at__gte=moment)

    def refund(self, by: str) -> int:
        """Say that Glam gave the credits of these back. Returns how many counted until now."""
        now = database_time(self.db)
        with self.atomic():
            # Written first, then read by what was written: whoever comes second changes nothing.
            changed = self.counted().update(refunded_at=now, refunded_by=by[:150])
            self.filter(refunded_at=now)._count_bought(-1)
        return changed

    def charge(self) -> int:
        """Take back that these were refunded. Returns how many were."""
        refunded = self.filter(refunded_at__isnull=False)
        with self.atomic():
            refunded.exclude(refunded_by="").update(refunded_by="")
            mine = refunded.filter(refunded_by="")
            mine._count_bought()
            return mine.update(refunded_at=None)

    def older_than(self, seconds: float) -> TryOnSubmissionQuerySet:
        """Submissions whose POST, or the intent to it, is more than ``seconds`` ago."""
        return self.filter(started_at__lt=after(-seconds))

    def fetchable(self) -> TryOnSubmissionQuerySet:
        """Submissions whose pictures the provider may fetch: their job is there and not over.

        A job that is stored, failed, canceled or deleted has nothing more to show, whether the
        link was used before or not, and whatever file is kept for another job.
        """
        return self.filter(
            revoked_at=None,
            closed_at=None,
            job__deleted_at=None,
            job__status__in=(Status.SUBMITTING, Status.UNCONFIRMED, *AT_PROVIDER),
        )

    def fetch_photo(self, token: str) -> bool:
        """Say that Glam fetches the photo now; False when the link was revoked before.

        Excludes ``revoke``: each is one conditional UPDATE, so one of the two wins for good.
        """
        alive = self.filter(token=token, revoked_at__isnull=True)
        first = alive.filter(fetched_at__isnull=True).update(fetched_at=DatabaseNow())
        return bool(first) or alive.filter(fetched_at__isnull=False).exists()

    def revoke(self) -> int:
        """Kill the photo links of these that Glam has not fetched yet. Returns how many died."""
        return self.filter(fetched_at__isnull=True, revoked_at__isnull=True).update(
            revoked_at=DatabaseNow()
        )


class TryOnSubmission(models.Model):
    """The ledger's row. It outlives its job, for Glam's bill does so too."""

    class Outcome(models.TextChoices):
        INTENDED = "intended", _("intended")  # the POST may or may not have left
        ACCEPTED = "accepted", _("accepted")
        NOT_SENT = "not_sent", _("not sent")
        REFUSED = "refused", _("refused")
        AMBIGUOUS = "ambiguous", _("ambiguous")
        REVOKED = "revoked", _("revoked before the photo was fetched")

    job = models.ForeignKey(
        "glam_tryon.TryOnJob",
        verbose_name=_("job"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="submissions",
    )
    job_key = models.UUIDField(_("job id"), default=uuid.uuid4, db_index=True)
    number = models.PositiveSmallIntegerField(_("number"))
    token = models.CharField(max_length=64, unique=True, default=new_token, editable=False)
    account = models.CharField(max_length=32, default=DEFAULT_ACCOUNT, editable=False)
    slot = models.PositiveSmallIntegerField(_("slot"), null=True)
    outcome = models.CharField(
        _("outcome"), max_length=16, choices=Outcome.choices, default=Outcome.INTENDED
    )
    code = OutsideCharField(_("code"), max_length=40, blank=True)
    detail = OutsideCharField(_("the provider's text"), max_length=500, blank=True)
    http_status = models.PositiveSmallIntegerField(_("HTTP status"), null=True)
    # Null, not empty, until the provider names it: many rows may have none, and a value is unique.
    event_id = models.CharField(  # noqa: DJ001
        _("event id"), max_length=128, null=True
    )
    revocable = models.BooleanField(default=True)
    started_at = models.DateTimeField(_("started"))
    sent_at = models.DateTimeField(_("sent"), null=True)
    accepted_at = models.DateTimeField(_("accepted"), null=True)
    fetched_at = models.DateTimeField(_("photo fetched"), null=True)
    revoked_at = models.DateTimeField(_("photo link revoked"), null=True)
    closed_at = models.DateTimeField(_("closed"), null=True)
    # As they were at the intent: a price that changes later changes no old row.
    credits = models.DecimalField(_("credits"), max_digits=10, decimal_places=3, null=True)
    price = models.DecimalField(_("price"), max_digits=12, decimal_places=4, null=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    refunded_at = models.DateTimeField(_("refunded"), null=True)
    refunded_by = OutsideCharField(_("refunded by"), max_length=150, blank=True)

    objects = TryOnSubmissionQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"
        verbose_name = _("submission")
        verbose_name_plural = _("submissions")
        ordering = ["job", "number"]
        indexes = [
            # All that a budget asks for, so that it is counted without reading the rows.
            models.Index(
                fields=["started_at", "outcome", "refunded_at", "currency", "price"],
                name="glam_tryon_submission_counted",
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["job", "number"], name="glam_tryon_submission_number"),
            # The slot first: it is null in nearly all rows, and those that hold one are looked for.
            models.UniqueConstraint(fields=["slot", "account"], name="glam_tryon_submission_slot"),
            models.UniqueConstraint(
                fields=["event_id", "account"], name="glam_tryon_submission_event"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.job_key} #{self.number}"

    @property
    def came_to_nothing(self) -> bool:
        """Say whether no picture can come of it any more, whatever Glam still answers."""
        outcomes = TryOnSubmission.Outcome
        if self.outcome == outcomes.ACCEPTED:
            return self.revoked_at is not None
        return self.outcome in (outcomes.NOT_SENT, outcomes.REFUSED, outcomes.REVOKED)
