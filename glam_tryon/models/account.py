"""One account at a provider: whether it may send, how many at once, the budget, the kill switch."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from glam_tryon.conf import conf
from glam_tryon.models.clock import DatabaseNow, after, database_time
from glam_tryon.models.outside_text import OutsideCharField
from glam_tryon.models.writer import WriterManager
from glam_tryon.providers.base import DEFAULT_ACCOUNT

#: Transport failures in a row after which submitting rests.
BREAKER_FAILURES = 5
#: First and longest rest of the circuit breaker, in seconds.
BREAKER_SECONDS = (15.0, 300.0)
#: After a 429 what was lowered grows back a step each so many seconds: the cap by one slot, the
#: questions by so large a share of their limit. Never fewer of them a second are asked.
GROW_SECONDS, POLLS_GROW, FEWEST_POLLS = 30.0, 0.1, 1.0
#: 429s that come within so many seconds are one piece of news.
SAME_NEWS_SECONDS = 2.0


def key_fingerprint(key: str) -> str:
    """Return what tells one API key from another without giving either away."""
    return hashlib.sha256(b"glam_tryon key" + key.encode()).hexdigest()[:16]


class Account(models.Model):
    """A provider's account, as all workers share it: pauses, caps, circuit breaker, budget.

    Slots, submissions, jobs and learned times name their account by ``name``. The class methods
    are about ``DEFAULT_ACCOUNT``. A budget that is empty here is that of the settings.
    """

    name = models.CharField(
        max_length=32, primary_key=True, default=DEFAULT_ACCOUNT, editable=False
    )
    provider = models.CharField(_("provider"), max_length=255, blank=True, editable=False)
    rounds = models.BigIntegerField(default=0)
    paused_at = models.DateTimeField(_("paused"), null=True, blank=True)
    pause_code = OutsideCharField(_("why"), max_length=40, blank=True)
    pause_detail = OutsideCharField(_("the provider's text"), max_length=500, blank=True)
    pause_key = models.CharField(max_length=16, blank=True, editable=False)
    effective_cap = models.PositiveSmallIntegerField(_("parallel cap now"), null=True, blank=True)
    cap_changed_at = models.DateTimeField(null=True, blank=True, editable=False)
    polls_cap = models.FloatField(null=True, editable=False)
    polls_cap_changed_at = models.DateTimeField(null=True, editable=False)
    throttled_until = models.DateTimeField(_("no submits until"), null=True, blank=True)
    breaker_failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    breaker_until = models.DateTimeField(_("circuit open until"), null=True, blank=True)
    # A budget that is used up is not counted anew in each round of each poller.
    budget_rests_until = models.DateTimeField(null=True, blank=True, editable=False)
    last_turn = models.BigIntegerField(default=0, editable=False)
    pruned_at = models.DateTimeField(null=True, editable=False)
    last_round_at = models.DateTimeField(_("last round of a poller"), null=True, blank=True)
    stopped_at = models.DateTimeField(_("stopped"), null=True, editable=False)
    stopped_by = OutsideCharField(_("stopped by"), max_length=150, blank=True, editable=False)
    stop_reason = OutsideCharField(_("why"), max_length=200, blank=True, editable=False)
    day_generations = models.PositiveIntegerField(_("generations a day"), null=True, blank=True)
    month_generations = models.PositiveIntegerField(_("generations a month"), null=True, blank=True)
    day_money = models.DecimalField(
        _("money a day"), max_digits=12, decimal_places=2, null=True, blank=True
    )
    month_money = models.DecimalField(
        _("money a month"), max_digits=12, decimal_places=2, null=True, blank=True
    )
    budget_changed_at = models.DateTimeField(_("budget changed"), null=True, editable=False)
    budget_changed_by = OutsideCharField(
        _("budget changed by"), max_length=150, blank=True, editable=False
    )

    objects = WriterManager()

    class Meta:
        base_manager_name = "objects"
        verbose_name = _("connection to the provider")
        verbose_name_plural = _("connection to the provider")
        permissions = [("change_budget", _("Can change the budget and note refunds"))]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def rows(cls) -> models.QuerySet[Account]:
        """Return the one row as a query on the database that is written to."""
        return cls.objects.writer().filter(name=DEFAULT_ACCOUNT)

    @classmethod
    def load(cls) -> Account:
        """Return the row, made if it is missing."""
        account = cls.rows().first()
        if account is None:
            rows = cls.objects.writer()
            account, _made = rows.get_or_create(
                name=DEFAULT_ACCOUNT, defaults={"provider": conf.PROVIDER}
            )
        return account

    @classmethod
    def read(cls) -> Account:
        """Return the row without ever writing; one that says nothing while there is none."""
        return cls.rows().first() or cls()

    @classmethod
    def lock(cls) -> Account:
        """Within a transaction: let nobody else allot slots until it ends.

        The first statement writes. So SQLite takes its write lock at once instead of failing when
        a read turns into a write, and the other databases lock the row.
        """
        mine = {"rounds": F("rounds") + 1, "provider": conf.PROVIDER}
        if not cls.rows().update(**mine):
            cls.load()
            cls.rows().update(**mine)
        return cls.rows().get()

    @classmethod
    def claim_pruning(cls, seconds: float) -> bool:
        """Say whether nobody deleted old data within so many seconds; then it is the caller's turn.

        So one poller looks for it at a time, whatever their number.
        """
        cls.load()
        rest = models.Q(pruned_at__isnull=True) | models.Q(pruned_at__lt=after(-seconds))
        return bool(cls.rows().filter(rest).update(pruned_at=DatabaseNow()))

    # The kill switch, and the budget that staff set.

    @classmethod
    def stop(cls, by: str, reason: str = "") -> bool:
        """Take no orders and send nothing more. Returns False when it was stopped already."""
        cls.load()
        return bool(
            cls.rows()
            .filter(stopped_at=None)
            .update(stopped_at=DatabaseNow(), stopped_by=by[:150], stop_reason=reason[:200])
        )

    @classmethod
    def go_on(cls) -> bool:
        """Take orders and send again. Returns False when it was not stopped."""
        stopped = cls.rows().exclude(stopped_at=None)
        return bool(stopped.update(stopped_at=None, stopped_by="", stop_reason=""))

    @classmethod
    def change_budget(cls, by: str, **limits: Any) -> None:
        """Set budgets by their fields' names; None gives the settings' one back."""
        cls.load()
        cls.rows().update(**limits, budget_changed_at=DatabaseNow(), budget_changed_by=by[:150])

    # Pausing submits and resuming them.

    @classmethod
    def pause(cls, code: str, detail: str = "", key: str = "") -> bool:
        """Stop submitting; jobs wait. Returns False when it was stopped already."""
        cls.load()
        return bool(
            cls.rows()
            .filter(paused_at__isnull=True)
            .update(
                paused_at=DatabaseNow(),
                pause_code=code,
                pause_detail=detail[:500],
                pause_key=key_fingerprint(key) if key else "",
            )
        )

    @classmethod
    def resume(cls) -> bool:
        """Submit again. Returns False when nothing was paused."""
        return bool(
            cls.rows()
            .filter(paused_at__isnull=False)
            .update(paused_at=None, pause_code="", pause_detail="", pause_key="")
        )

    def resumes_with(self, key: str) -> bool:
        """Say whether a pause was about another API key than this one."""
        return bool(self.paused_at and self.pause_key and self.pause_key != key_fingerprint(key))

    @classmethod
    def rest_for_budget(cls, seconds: float) -> None:
        """The budget is used up: nobody looks again for so long."""
        cls.rows().update(budget_rests_until=after(seconds))

    def rests_for_budget(self, now: datetime) -> bool:
        """Say whether the budget was used up a moment ago."""
        return self.budget_rests_until is not None and self.budget_rests_until > now

    # The parallel cap.

    @classmethod
    def throttle(cls, limit: int, retry_after_seconds: float | None) -> None:
        """Glam said 429: halve the cap, once for all the answers of the same moment."""
        state = cls.load()
        cap = max(1, min(state.effective_cap or limit, limit) // 2)
        cls.rows().filter(
            models.Q(cap_changed_at__isnull=True)
            | models.Q(cap_changed_at__lt=after(-SAME_NEWS_SECONDS))
        ).update(effective_cap=cap, cap_changed_at=DatabaseNow())
        if retry_after_seconds:
            cls.rows().update(throttled_until=after(min(retry_after_seconds, 300.0)))

    def cap(self, limit: int, now: datetime) -> int:
        """Return how many may be open now, growing the effective cap by one when it is time."""
        if self.effective_cap is None or self.effective_cap >= limit:
            return limit
        if self.cap_changed_at and now - self.cap_changed_at < timedelta(seconds=GROW_SECONDS):
            return self.effective_cap
        grown = self.effective_cap + 1
        Account.rows().filter(effective_cap=self.effective_cap).update(
            effective_cap=None if grown >= limit else grown, cap_changed_at=DatabaseNow()
        )
        return grown

    # The questions about jobs under way, of all workers together.

    @classmethod
    def throttle_polls(cls, limit: float) -> None:
        """Glam answered a question with 429: halve how many are asked a second, once a moment."""
        state = cls.load()
        allowed = state.polls_per_second(limit, database_time(cls.objects.write_alias()))
        cls.rows().filter(
            models.Q(polls_cap_changed_at__isnull=True)
            | models.Q(polls_cap_changed_at__lt=after(-SAME_NEWS_SECONDS))
        ).update(
            polls_cap=max(min(limit, FEWEST_POLLS), allowed / 2),
            polls_cap_changed_at=DatabaseNow(),
        )

    def polls_per_second(self, limit: float, now: datetime) -> float:
        """Return how many may be asked a second now; what was lowered grows back with time."""
        if self.polls_cap is None or self.polls_cap_changed_at is None:
            return limit
        steps = int((now - self.polls_cap_changed_at).total_seconds() / GROW_SECONDS)
        return min(limit, self.polls_cap + steps * POLLS_GROW * limit)

    # The circuit breaker.

    @classmethod
    def count_failure(cls) -> None:
        """Glam could not be reached, or broke: after five in a row submitting rests."""
        cls.load()
        cls.rows().update(breaker_failures=F("breaker_failures") + 1)
        failures = cls.rows().values_list("breaker_failures", flat=True)[0]
        if failures >= BREAKER_FAILURES:
            first, longest = BREAKER_SECONDS
            rest = min(first * 2 ** min(failures - BREAKER_FAILURES, 10), longest)
            cls.rows().update(breaker_until=after(rest))

    @classmethod
    def count_success(cls) -> None:
        """Glam answered: the circuit closes."""
        cls.rows().filter(breaker_failures__gt=0).update(breaker_failures=0, breaker_until=None)

    @classmethod
    def forget_failures(cls) -> None:
        """Take all that Glam's answers led to back: the next submits may leave at once."""
        cls.load()
        cls.rows().update(
            breaker_failures=0,
            breaker_until=None,
            throttled_until=None,
            effective_cap=None,
            polls_cap=None,
        )

    def is_probing(self) -> bool:
        """Say whether the circuit has been open, so that only one submission may try."""
        return self.breaker_failures >= BREAKER_FAILURES

    def rests(self, now: datetime) -> str:
        """Return why nothing may be submitted now, empty when something may."""
        if self.paused_at:
            return self.pause_code or "paused"
        if self.throttled_until and self.throttled_until > now:
            return "throttled"
        if self.breaker_until and self.breaker_until > now:
            return "unreachable"
        return ""
