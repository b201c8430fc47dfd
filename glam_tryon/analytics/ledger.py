"""The ledger: sums of submissions by outcome, and their CSV file, to check the bill against."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Case, CharField, Count, F, QuerySet, Sum, Value, When
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from glam_tryon.analytics.csv_cells import safe_cells
from glam_tryon.models import TryOnSubmission
from glam_tryon.providers.selection import with_provider_lazy

REFUNDED = "refunded"
_words = TryOnSubmission.Outcome
#: What became of a submission, in the order of the sums: those that may be billed come first.
OUTCOMES: dict[str, Promise] = {
    _words.ACCEPTED: _("accepted"),
    _words.AMBIGUOUS: with_provider_lazy(_("unclear: %(provider)s may have it")),
    _words.INTENDED: _("on its way"),
    _words.REVOKED: _("sent, but never drawn"),
    REFUNDED: _("refunded"),
    _words.REFUSED: _("refused"),
    _words.NOT_SENT: _("not sent"),
}

#: The file's columns, for programs as well: never translated. No person is among them.
COLUMNS = (
    "started_at",
    "sent_at",
    "event_id",
    "outcome",
    "http_status",
    "code",
    "credits",
    "price",
    "currency",
    "refunded_at",
    "refunded_by",
    "job",
    "number",
)


@dataclass(frozen=True, slots=True)
class Total:
    """The sum of one outcome in one currency. ``unpriced`` of them have no known price."""

    outcome: str
    currency: str
    submissions: int
    credits: Decimal
    money: Decimal
    unpriced: int

    def __add__(self, other: Total) -> Total:
        return Total(
            self.outcome,
            self.currency,
            self.submissions + other.submissions,
            self.credits + other.credits,
            self.money + other.money,
            self.unpriced + other.unpriced,
        )

    @property
    def is_priced(self) -> bool:
        """Say whether the price of any of them is known."""
        return self.unpriced < self.submissions

    @property
    def may_be_billed(self) -> bool:
        """Say whether these may stand on Glam's bill."""
        return self.outcome not in (_words.REFUSED, _words.NOT_SENT, REFUNDED)


def submissions_between(begin: datetime, end: datetime) -> QuerySet[TryOnSubmission]:
    """Return the submissions of a time, the oldest first."""
    rows = TryOnSubmission.objects.writer()
    return rows.filter(started_at__gte=begin, started_at__lt=end).order_by("started_at", "pk")


def totals(rows: QuerySet[TryOnSubmission]) -> list[Total]:
    """Return the sums of these submissions by outcome and currency, read by one statement."""
    became = Case(
        When(refunded_at__isnull=False, then=Value(REFUNDED)),
        default=F("outcome"),
        output_field=CharField(),
    )
    found = (
        rows.order_by()
        .values("currency", became=became)
        .annotate(
            submissions=Count("pk"),
            priced=Count("price"),
            credits_sum=Sum("credits"),
            money=Sum("price"),
        )
    )
    order = list(OUTCOMES)
    sums = [
        Total(
            row["became"],
            row["currency"],
            row["submissions"],
            row["credits_sum"] or Decimal(0),
            row["money"] or Decimal(0),
            row["submissions"] - row["priced"],
        )
        for row in found
    ]
    return sorted(sums, key=lambda each: (order.index(each.outcome), each.currency))


def bill(sums: Iterable[Total]) -> list[Total]:
    """Return, for each currency, the sum of what may stand on Glam's bill."""
    found: dict[str, Total] = {}
    for each in sums:
        if each.may_be_billed:
            so_far = found.get(each.currency)
            found[each.currency] = each if so_far is None else so_far + each
    return [found[currency] for currency in sorted(found)]


def write_csv(rows: QuerySet[TryOnSubmission], file: Any) -> int:
    """Write these submissions to ``file``, one by one. Returns how many they are."""
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    count = 0
    for row in rows.iterator(chunk_size=1000):
        writer.writerow(safe_cells(_cells(row)))
        count += 1
    return count


def _cells(row: TryOnSubmission) -> Iterable[object]:
    yield from _moments(row.started_at, row.sent_at)
    yield from (row.event_id or "", row.outcome, _or_empty(row.http_status), row.code)
    yield from (_or_empty(row.credits), _or_empty(row.price), row.currency)
    yield from _moments(row.refunded_at)
    yield from (row.refunded_by, row.job_key, row.number)


def _moments(*moments: datetime | None) -> Iterator[str]:
    zone = timezone.get_default_timezone()
    for moment in moments:
        yield moment.astimezone(zone).isoformat(timespec="seconds") if moment else ""


def _or_empty(value: object) -> object:
    return "" if value is None else value
