"""Locks that let one order at a time decide, counts of orders by IP, and reserved places."""

from __future__ import annotations

import hashlib
from datetime import date

from django.db import models
from django.db.models import F

from glam_tryon.models.clock import DatabaseNow
from glam_tryon.models.writer import WriterManager, WriterQuerySet

#: So many locks; more owners than that share them, which costs a moment's wait at most.
LOCKS = 64


class OrderLock(models.Model):
    """One of a fixed number of rows. An order locks those of its owner, IPs and pictures.

    Rows that are made beforehand and never deleted: a row that is made in the transaction that
    locks it is what InnoDB deadlocks over.
    """

    number = models.PositiveSmallIntegerField(primary_key=True)
    orders = models.BigIntegerField(default=0)

    objects = WriterManager()

    class Meta:
        base_manager_name = "objects"
        verbose_name = "order lock"

    def __str__(self) -> str:
        return str(self.number)

    @classmethod
    def rows(cls) -> models.QuerySet[OrderLock]:
        """Return them as a query on the database that is written to."""
        return OrderLock.objects.writer()

    @classmethod
    def make(cls) -> None:
        """Make the rows that are missing."""
        made = [OrderLock(number=number) for number in range(LOCKS)]
        cls.rows().bulk_create(made, ignore_conflicts=True)

    @classmethod
    def take(cls, *keys: str) -> None:
        """Within a transaction: let no other order for any of ``keys`` decide until it ends.

        Always in the same order, so that two never wait for each other. The first statement
        writes: SQLite takes its one write lock at once, instead of failing when a read turns into a
        write.
        """
        for number in sorted({_number(key) for key in keys}):
            if not cls.rows().filter(pk=number).update(orders=F("orders") + 1):
                cls.make()
                cls.rows().filter(pk=number).update(orders=F("orders") + 1)


class IPCount(models.Model):
    """Number of orders from one block of IPs on one day; ``key`` tells no IP."""

    key = models.CharField(max_length=64)
    day = models.DateField(db_index=True)
    orders = models.PositiveIntegerField(default=0)

    objects = WriterManager()

    class Meta:
        base_manager_name = "objects"
        verbose_name = "orders from IPs"
        constraints = [models.UniqueConstraint(fields=["key", "day"], name="glam_tryon_ip_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.orders}"

    @classmethod
    def rows(cls) -> models.QuerySet[IPCount]:
        """Return them as a query on the database that is written to."""
        return IPCount.objects.writer()

    @classmethod
    def count(cls, key: str, day: date) -> None:
        """Count one order more, under the lock of ``key``."""
        if not cls.rows().filter(key=key, day=day).update(orders=F("orders") + 1):
            cls.rows().create(key=key, day=day, orders=1)

    @classmethod
    def of(cls, key: str, day: date) -> int:
        """Return how many were counted."""
        rows = cls.objects.writer().as_now().filter(key=key, day=day)
        found = rows.values_list("orders", flat=True).first()
        return found or 0

    @classmethod
    def prune(cls, before: date) -> int:
        """Delete the counts of the days before. Returns how many there were."""
        return cls.rows().filter(day__lt=before).delete()[0]


class OrderReservation(models.Model):
    """A place among an owner's orders, taken before the photo is decoded; a job takes it over.

    ``block`` is the key of ``IPCount``, empty where none is counted. One whose process died ends by
    itself.
    """

    owner = models.CharField(max_length=80)
    block = models.CharField(max_length=64, blank=True)
    # The same request sent twice at once is one order.
    request_key = models.CharField(max_length=64, blank=True)
    ends_at = models.DateTimeField(db_index=True)

    objects = WriterManager()

    class Meta:
        base_manager_name = "objects"
        verbose_name = "order reservation"

    def __str__(self) -> str:
        return self.owner

    @classmethod
    def standing(cls, request_key: str = "") -> WriterQuerySet[OrderReservation]:
        """Return those whose order is still on its way, without those of this very request."""
        rows = OrderReservation.objects.writer().filter(ends_at__gt=DatabaseNow())
        return rows.exclude(request_key=request_key) if request_key else rows

    def release(self) -> None:
        """Give the place back, or up to the job that takes it over. May run twice."""
        # By a query, so that the row is known still when the transaction is rolled back.
        OrderReservation.objects.writer().filter(pk=self.pk).delete()

    @classmethod
    def prune(cls) -> int:
        """Delete those that ended. Returns how many there were."""
        over = OrderReservation.objects.writer().filter(ends_at__lte=DatabaseNow())
        return over.delete()[0]


def _number(key: str) -> int:
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") % LOCKS
