"""Quotas of one shopper and of one block of IPs, and when they end."""

from __future__ import annotations

from datetime import date, datetime

from django.db.models import Exists, OuterRef, Q
from django.utils.crypto import salted_hmac

from glam_tryon.conf import conf
from glam_tryon.exceptions import OrderRefused
from glam_tryon.limits.availability import is_stopped
from glam_tryon.limits.budget import budget_left
from glam_tryon.limits.period import begins_at, ends_at, shop_day
from glam_tryon.models import IPCount, OrderLock, OrderReservation, TryOnJob, TryOnSubmission
from glam_tryon.models.clock import after, database_time
from glam_tryon.models.job import TryOnJobQuerySet
from glam_tryon.models.owner import SHOP
from glam_tryon.models.status import OPEN, Queue, Status
from glam_tryon.models.transactions import commits_at_once, retry_on_conflict

#: So long a place is kept for an order whose photo is decoded and saved meanwhile.
RESERVED_SECONDS = 120


def reserve_order(owner: str, block: str, request_key: str = "") -> OrderReservation | None:
    """Take a place for an order that is about to come, or None where there are no limits.

    Delete it with the job, or when there is none; it ends by itself otherwise. Requests with one
    ``request_key`` are one order. Within a transaction of the caller's nobody would see the place,
    and the locks would be held until its end: there the limits are only asked.

    Raises:
        OrderRefused: as ``check_order``.
    """
    if owner == SHOP:
        return None

    using = OrderReservation.objects.write_alias()
    if not commits_at_once(using):
        check_order(owner, block)
        return None

    def take() -> OrderReservation:
        with OrderReservation.objects.atomic():
            lock_order(owner, block)
            check_order(owner, block, request_key=request_key)
            now = database_time(using)
            key = _counted_by(block, now)[0] if block else ""
            return OrderReservation.objects.writer().create(
                owner=owner, block=key, request_key=request_key, ends_at=after(RESERVED_SECONDS)
            )

    return retry_on_conflict(using, take)


def check_order(owner: str, block: str = "", *, free: bool = False, request_key: str = "") -> None:
    """Say whether a shopper may order one try-on more. The shop's own orders have no limits.

    ``block`` is a block of IPs as ``client_ip.ip_block`` gives it, or empty; ``free`` is an order
    that buys nothing; places that are reserved for the same ``request_key`` do not count. For an
    answer that holds, call it under the locks of ``lock_order``.

    Raises:
        OrderRefused: not now; it says when the limit ends.
    """
    if owner == SHOP:
        return
    if is_stopped():
        raise OrderRefused("paused")
    if free:
        return
    now = database_time(TryOnJob.objects.write_alias())
    reserved = OrderReservation.standing(request_key)
    _check_owner(owner, now, reserved.filter(owner=owner).count_now())
    limit = conf.LIMITS.ip_day
    if limit is not None and block:
        key, day = _counted_by(block, now)
        if IPCount.of(key, day) + reserved.filter(block=key).count_now() >= limit:
            raise OrderRefused("limit_address", ends_at("day", now))
    # Those that wait are counted as bought, so that nobody waits for the next month unawares.
    waiting = _mine().filter(queue=Queue.SHOPPER).count()
    left = budget_left(now, waiting=waiting + reserved.count())
    if left.code:
        raise OrderRefused(left.code, left.ends_at)


def lock_order(owner: str, block: str = "", *more: str) -> None:
    """Within a transaction: of orders by the same owner or block of IPs one decides at a time."""
    OrderLock.take(*filter(None, (owner, block, *more)))


def count_order(block: str) -> None:
    """Count an order for its block of IPs, under the lock; a hash is kept, and for a day."""
    if block and conf.LIMITS.ip_day is not None:
        now = database_time(IPCount.objects.write_alias())
        IPCount.count(*_counted_by(block, now))


def prune_ip_counts() -> int:
    """Delete the counts of IPs of earlier days, and places whose order never came.

    Returns how many counts there were.
    """
    OrderReservation.prune()
    return IPCount.prune(shop_day(database_time(IPCount.objects.write_alias())))


def used_today(owner: str, now: datetime) -> int:
    """Return how many of an owner's orders of today count.

    Those under way and those that were bought. So one that was refused, canceled in time or
    answered with a stored result gives itself back, and nothing has to be refunded.
    """
    return _counting().filter(owner=owner, created_at__gte=begins_at("day", now)).count_now()


def _check_owner(owner: str, now: datetime, reserved: int) -> None:
    limit = conf.LIMITS.open
    if limit is not None:
        # One that waits for staff must not shut its shopper out.
        under_way = _mine().filter(owner=owner, deleted_at=None).open().advancing()
        if under_way.count_now() + reserved >= limit:
            raise OrderRefused("limit_open")
    limits = conf.LIMITS
    limit = limits.user_day if owner.startswith("user:") else limits.visitor_day
    if limit is not None and used_today(owner, now) + reserved >= limit:
        raise OrderRefused("limit_owner_day", ends_at("day", now))


def _mine() -> TryOnJobQuerySet[TryOnJob]:
    return TryOnJob.objects.writer()


def _counting() -> TryOnJobQuerySet[TryOnJob]:
    bought = Exists(TryOnSubmission.objects.counted().filter(job_id=OuterRef("pk")))
    # One that failed at Glam gives itself back, although it was bought.
    return _mine().filter(Q(status__in=OPEN) | bought).exclude(status=Status.FAILED)


def _counted_by(block: str, now: datetime) -> tuple[str, date]:
    day = shop_day(now)
    # With the shop's secret and the day: it tells no IP, and no two days from each other.
    return salted_hmac("glam_tryon ip", f"{block} {day}", algorithm="sha256").hexdigest(), day
