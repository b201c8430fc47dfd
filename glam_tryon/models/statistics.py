"""Counts of events by day and product: no person, no session, no IP."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from django.db import connections, models
from django.utils.translation import gettext_lazy as _

from glam_tryon.models.clock import DatabaseNow
from glam_tryon.models.outside_text import OutsideCharField
from glam_tryon.models.owner import SHOP
from glam_tryon.models.writer import WriterManager, WriterQuerySet

#: Money is counted in these parts of its currency, exact to four decimals as the ledger is.
MONEY_PARTS = 10_000
#: The details of jobs begin with whose they are.
OF_SHOPPERS, OF_THE_SHOP = "shopper", "shop"


class Event(models.TextChoices):
    """Events that are counted, named as the widget's. ``detail`` tells counts of one apart."""

    IMPRESSION = "impression"  # a button was written into a page
    OPENED = "opened"  # the form of a try-on was fetched
    REQUESTED = "requested"  # whose
    READY = "ready"  # whose, and the bin of the wait: "shopper:17"
    FAILED = "failed"  # whose, and why: "shopper:glam_failed"
    CANCELED = "canceled"  # whose
    ADDED_TO_BASKET = "added-to-basket"  # "tried" when who put it there tried it on before
    FEEDBACK = "feedback"  # "up", or what is not right
    BOUGHT = "bought"  # Glam took a submission
    MONEY = "money"  # the currency; the count is in ten-thousandths
    VISITOR = "visitor"  # the group of a visitor who came to the first page with a button
    BUYER = "buyer"  # the group of such a visitor's first basket, on the day of that page
    MONTH = "month"  # what was requested in the month that begins on ``day``


#: Counted for all products together only.
OF_ALL_PRODUCTS = frozenset({Event.BOUGHT, Event.MONEY, Event.VISITOR, Event.BUYER})


class Counted(NamedTuple):
    """Key of a count. ``product_type`` 0: all products together."""

    product_key: str
    product_type: int
    event: str
    day: date
    detail: str


class AnalyticsEvent(models.Model):
    """Something that happened, written with it until ``analytics.rollup`` adds it to its day.

    So nobody waits for the row of a day that everybody counts in, and what was rolled back was
    not counted. An event is never changed: it is written once and deleted once.
    """

    event = models.CharField(max_length=16)
    detail = OutsideCharField(max_length=60, blank=True)
    product_type = models.PositiveIntegerField(default=0)
    product_key = models.CharField(max_length=255, blank=True)
    count = models.BigIntegerField(default=1)
    at = models.DateTimeField()
    # When that began which ended with this, so that the wait is counted.
    began_at = models.DateTimeField(null=True)

    objects = WriterManager()

    class Meta:
        base_manager_name = "objects"
        verbose_name = "event not yet added"
        verbose_name_plural = "events not yet added"

    def __str__(self) -> str:
        return f"{self.event} {self.detail} {self.count}"

    @property
    def wait_seconds(self) -> float | None:
        """Duration of the try-on that this event ends; None if it ends none."""
        return None if self.began_at is None else (self.at - self.began_at).total_seconds()

    @classmethod
    def of_job(
        cls,
        event: str,
        owner: str,
        product_type: int | None,
        product_key: str,
        detail: str = "",
        **fields: object,
    ) -> AnalyticsEvent:
        """Return the event of something that happened to a job, to be saved in its transaction."""
        whose = OF_THE_SHOP if owner == SHOP else OF_SHOPPERS
        return cls(
            event=event,
            detail=f"{whose}:{detail}"[:60] if detail else whose,
            product_type=product_type or 0,
            product_key=product_key,
            at=DatabaseNow(),
            **fields,
        )


_ADD = """
INSERT INTO {table} (product_key, product_type, event, day, detail, {count})
VALUES {rows} {conflict}
"""
# Every name in these statements is the package's own; all values are parameters.
_CONFLICT = (
    "ON CONFLICT (product_key, product_type, event, day, detail) "
    "DO UPDATE SET {count} = {table}.{count} + EXCLUDED.{count}"
)
_MYSQL_CONFLICT = "ON DUPLICATE KEY UPDATE {count} = {count} + VALUES({count})"
#: Rows of one statement; SQLite allows 32,766 parameters, and each row has six.
_ROWS = 1000


class DailyCountQuerySet(WriterQuerySet["DailyCount"]):
    def add(self, counts: Mapping[Counted, int]) -> None:
        """Add to the rows of these, made where they are missing: one statement for a thousand.

        In one order everywhere, so that two who add at once wait for each other and no more.
        """
        connection = connections[self.db]
        names = {
            "table": connection.ops.quote_name(self.model._meta.db_table),
            "count": connection.ops.quote_name("count"),
        }
        conflict = _MYSQL_CONFLICT if connection.vendor == "mysql" else _CONFLICT
        ordered = sorted(counts.items())
        for start in range(0, len(ordered), _ROWS):
            part = ordered[start : start + _ROWS]
            statement = _ADD.format(
                rows=", ".join(["(%s, %s, %s, %s, %s, %s)"] * len(part)),
                conflict=conflict.format(**names),
                **names,
            )
            values = [value for counted, count in part for value in (*counted, count)]
            with connection.cursor() as cursor:
                cursor.execute(statement, values)

    def of_product(self, product_type: int = 0, product_key: str = "") -> DailyCountQuerySet:
        """Counts of one product, or of all products together."""
        return self.filter(product_key=product_key, product_type=product_type)

    def between(self, first: date, last: date) -> DailyCountQuerySet:
        """Counts of these days and the days between them."""
        return self.filter(day__gte=first, day__lte=last)

    def before(self, day: date) -> DailyCountQuerySet:
        """Counts of earlier days, found by the index that begins with the event."""
        return self.filter(event__in=Event.values, day__lt=day)


class DailyCount(models.Model):
    """Count of ``event`` on a day: for one product, and for all of them together."""

    product_key = models.CharField(max_length=255, blank=True)
    product_type = models.PositiveIntegerField(default=0)
    event = models.CharField(max_length=16)
    day = models.DateField()
    detail = OutsideCharField(max_length=60, blank=True)
    count = models.BigIntegerField(default=0)

    objects = DailyCountQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"
        # What staff read: the page in the place of their list.
        verbose_name = _("dashboard")
        verbose_name_plural = _("dashboard")
        constraints = [
            models.UniqueConstraint(
                fields=["product_key", "product_type", "event", "day", "detail"],
                name="glam_tryon_count_unique",
            )
        ]
        indexes = [
            # Ranks the products without a look at the table.
            models.Index(
                fields=["event", "day", "product_key", "product_type", "count"],
                name="glam_tryon_count_event",
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.event} {self.detail}: {self.count}"
