"""``GLAM_TRYON``, read when used: every setting with its default, unit and rule in one place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar, overload

from django.conf import settings

from glam_tryon.exceptions import SettingError
from glam_tryon.validators import (
    WrongKey,
    choice,
    currency,
    dotted_path,
    flag,
    group,
    hook,
    hosts,
    http_url,
    http_url_or_nothing,
    key,
    limit,
    money,
    number,
    phrases,
    prefix,
    whole,
)

T = TypeVar("T")


def given() -> Mapping[str, object]:
    """Return the shop's ``GLAM_TRYON`` dict, empty when it is missing.

    Raises:
        SettingError: ``GLAM_TRYON`` is not a dict.
    """
    value = getattr(settings, "GLAM_TRYON", {})
    # isinstance with an ABC is slow, and every setting is read through here.
    if type(value) is not dict and not isinstance(value, Mapping):
        raise SettingError("", "must be a dict of setting names and values")
    return value


@dataclass(frozen=True, slots=True)
class ShopperLimits:
    """Quotas of shoppers; None: no limit."""

    visitor_day: int | None = 20
    user_day: int | None = 40
    ip_day: int | None = 200
    open: int | None = 5


@dataclass(frozen=True, slots=True)
class ShopBudget:
    """Budget of the whole shop: submissions, and money in the currency of ``PRICE``."""

    day: int | None = 500
    month: int | None = 5000
    day_money: Decimal | None = None
    month_money: Decimal | None = None


@dataclass(frozen=True, slots=True)
class TryOnPrice:
    """Price of one try-on. ``per_credit`` None: unknown, and nothing is counted in money."""

    per_credit: Decimal | None = None
    credits_per_tryon: float = 1.0
    currency: str = "USD"


class Setting(Generic[T]):
    """One setting: reads the shop's value at each use, checks it, falls back to the default."""

    def __init__(self, default: T, rule: Callable[[Any], T], doc: str) -> None:
        self.default = default
        self.rule = rule
        self.doc = doc

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Setting[T]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> Setting[T] | T:
        if instance is None:
            return self
        return self.read(given())

    def read(self, values: Mapping[str, object]) -> T:
        """Return the value in ``values`` or the default.

        Raises:
            SettingError: the value does not follow the rule.
        """
        if self.name not in values:
            return self.default
        try:
            return self.rule(values[self.name])
        except WrongKey as error:
            raise SettingError(self.name, str(error), error.key) from None
        except ValueError as error:
            raise SettingError(self.name, str(error)) from None


class Settings:
    """The settings, as attributes. Each read raises ``SettingError`` when the value is wrong."""

    API_KEY = Setting[str | Callable[[], str]](
        "",
        key,
        "The provider's API key: text, or a callable that returns it, asked before each request.",
    )
    BASE_URL = Setting("https://api.glam.ai/api/v1", http_url, "URL of the provider's API.")
    PROVIDER = Setting(
        "glam_tryon.providers.glam.GlamClient",
        dotted_path,
        "Dotted path of the class that speaks to the provider.",
    )
    PUBLIC_BASE_URL = Setting(
        "", http_url_or_nothing, "The shop's own URL, as the provider can reach it."
    )
    MAX_PARALLEL = Setting(
        2,
        whole(1, 1000),
        "Submissions open at once: 'Max parallel requests' of your plan.",
    )
    RESULT_HOSTS = Setting[Sequence[str]](
        (".getglam.app", ".glam.ai"),
        hosts,
        "Hosts that results may come from; '.name' includes subdomains.",
    )
    SEND_IMAGES = Setting(
        "link",
        choice("link", "upload"),
        "'link': the provider fetches pictures from this shop. 'upload': they go to its public "
        "host.",
    )
    DEADLINE_SECONDS = Setting(
        30.0, number(0.1, 600), "Longest whole exchange with the provider's API."
    )
    JOB_MAX_AGE_SECONDS = Setting(
        3600,
        whole(60, 604_800),
        "How long the provider may need for one submission before it counts as lost.",
    )
    LEASE_SECONDS = Setting(
        60, whole(2, 3600), "How long one worker may take for one step of one job."
    )
    UNFETCHED_GRACE_SECONDS = Setting(
        120,
        whole(1, 86_400),
        "After an unclear submit: how long the provider may take to fetch the photo before its "
        "link is revoked.",
    )
    LINK_SECONDS = Setting(
        7200,
        whole(60, 604_800),
        "How long the links by which the provider fetches pictures are valid.",
    )
    MAX_POLLS_PER_SECOND = Setting(
        100.0, number(0.1, 10_000), "Polls at the provider, all workers together."
    )
    POLLER_THREADS = Setting(8, whole(1, 256), "Steps that one poller does at once.")
    NOTICE_UNCHANGED = Setting(
        True, flag, "Fail a job whose result is blank, or is the person photo itself."
    )

    MAX_UPLOAD_BYTES = Setting(20 * 1024 * 1024, whole(1024, 1024**3), "Largest photo, in bytes.")
    PHOTO_LONG_SIDE = Setting(
        1536,
        whole(256, 8192),
        "Longest side of a photo in pixels: browsers shrink a larger one before the upload.",
    )
    PREFIX = Setting("glam_tryon", prefix, "Folder of photos and results in the storage.")
    PHOTO_CHECK = Setting(
        "", hook, "Dotted path of a function that checks a shopper's photo at the upload."
    )
    MODERATE_PHOTO = Setting(
        "",
        hook,
        "Dotted path of a function that checks a shopper's photo before each submission.",
    )
    ALLOW_REQUEST = Setting(
        "", hook, "Dotted path of a function that may refuse an order, such as for a captcha."
    )
    PUBLISH_RESULT = Setting(
        "", hook, "Dotted path of a function that puts a result into its product's gallery."
    )

    STAFF_ONLY = Setting(False, flag, "True: only staff see the button and may order.")
    LOGIN_REQUIRED = Setting(False, flag, "True: only shoppers who are signed in may order.")
    TRYON_EXCLUDED = Setting[Sequence[str]](
        ("swimwear", "underwear", "lingerie"),
        phrases,
        "Words in the names of categories whose products are not tried on; [] allows all.",
    )
    CONSENT_ADULT_TICK = Setting(
        False,
        flag,
        "Ask for a second tick: that the shopper and the person in the photo are adults.",
    )
    REUSE_RESULTS = Setting(
        True,
        flag,
        "The same garment on the same photo is not bought again while its result is kept.",
    )
    HOLDOUT_SHARE = Setting(
        0.0,
        number(0, 0.5),
        "Share of visitors who never see a button, so that baskets can be compared.",
    )
    TRUSTED_PROXIES = Setting(
        0, whole(0, 10), "Number of proxies before the shop whose X-Forwarded-For is trusted."
    )
    LIMITS = Setting(
        ShopperLimits(),
        group(
            ShopperLimits,
            visitor_day=limit(1_000_000),
            user_day=limit(1_000_000),
            ip_day=limit(1_000_000),
            open=limit(1_000_000),
        ),
        "Try-ons a day of one visitor, one user and one block of IPs, and open ones of one "
        "shopper; None: no limit.",
    )
    BUDGET = Setting(
        ShopBudget(),
        group(
            ShopBudget,
            day=limit(10_000_000),
            month=limit(10_000_000),
            day_money=money,
            month_money=money,
        ),
        "Submissions that the whole shop buys a day and a month, and their price; None: no limit.",
    )
    PRICE = Setting(
        TryOnPrice(),
        group(
            TryOnPrice, per_credit=money, credits_per_tryon=number(0.001, 1000), currency=currency
        ),
        "What a credit costs (None: unknown), the credits of one try-on, and the currency, also of "
        "the budget.",
    )

    PHOTO_GRACE_SECONDS = Setting(
        0,
        whole(0, 604_800),
        "A shopper's photo is deleted this long after its last try-on ended.",
    )
    PHOTO_SECONDS = Setting(
        86_400,
        whole(60, 604_800),
        "A shopper's photo is deleted after this time at the latest, unless the shopper keeps it.",
    )
    KEPT_PHOTO_SECONDS = Setting(
        86_400,
        whole(60, 31_536_000),
        "How long a photo is kept when the shopper asks for it, for other garments.",
    )
    VISITOR_RESULT_DAYS = Setting(
        7, whole(1, 3650), "Days after which the pictures of visitors are deleted."
    )
    RESULT_DAYS = Setting(
        30, whole(1, 3650), "Days after which the pictures of signed-in shoppers are deleted."
    )
    SHARE_DAYS = Setting(7, whole(1, 365), "Days for which a shared link shows its pictures.")
    JOB_DAYS = Setting(
        396,
        whole(1, 3650),
        "Days after which the row of a try-on without pictures is deleted.",
    )
    CONSENT_DAYS = Setting(1095, whole(1, 36_500), "Days for which the proof of a consent is kept.")
    RECEIPT_DAYS = Setting(
        1095, whole(1, 36_500), "Days for which the receipt of a deletion is kept."
    )

    @classmethod
    def hooks(cls) -> list[str]:
        """Return the names of the settings that hold dotted paths of the shop's own functions."""
        return [name for name, setting in cls.all().items() if setting.rule is hook]

    @classmethod
    def all(cls) -> dict[str, Setting[Any]]:
        """Return every setting by name, in the order of this file."""
        return {name: value for name, value in vars(cls).items() if isinstance(value, Setting)}


conf = Settings()

#: Names of earlier versions, and what to do instead; the check W012 says so.
GONE: dict[str, str] = {
    "LOST_GRACE_SECONDS": "It is fixed at 120 seconds.",
    "RESULT_WINDOW_SECONDS": "It is fixed at one hour.",
    "CONNECT_TIMEOUT_SECONDS": "It is fixed at 5 seconds; DEADLINE_SECONDS limits an exchange.",
    "READ_TIMEOUT_SECONDS": "It is fixed at 20 seconds; DEADLINE_SECONDS limits an exchange.",
    "DOWNLOAD_SECONDS": "It is fixed at 60 seconds.",
    "MAX_RESULTS": "It is fixed at 4 pictures.",
    "MAX_RESULT_BYTES": "It is fixed at 20 MB.",
    "MODERATE_SECONDS": "It is fixed at 15 seconds.",
    "HEALTH_ROUND_SECONDS": "It is fixed at 150 seconds.",
    "HEALTH_PENDING_SECONDS": "It is fixed at 15 minutes.",
    "MAX_ATTEMPTS": "It is fixed at 3 claims.",
    "MAX_SUBMISSIONS": "It is fixed at 5 submissions.",
    "UNAVAILABLE_IS_REFUSED": "A 503 is always taken as unclear.",
    "REFUND_FAILED": "A try-on that failed never counts against its shopper's day.",
    "FREE_REPEATS": "Set REUSE_RESULTS.",
    "PRICE_PER_CREDIT": 'Set PRICE = {"per_credit": ...}.',
    "CREDITS_PER_TRYON": 'Set PRICE = {"credits_per_tryon": ...}.',
    "CURRENCY": 'Set PRICE = {"currency": ...}.',
    "SHOP_DAY_LIMIT": 'Set BUDGET = {"day": ...}.',
    "SHOP_MONTH_LIMIT": 'Set BUDGET = {"month": ...}.',
    "SHOP_DAY_MONEY": 'Set BUDGET = {"day_money": ...}.',
    "SHOP_MONTH_MONEY": 'Set BUDGET = {"month_money": ...}.',
    "VISITOR_DAY_LIMIT": 'Set LIMITS = {"visitor_day": ...}.',
    "USER_DAY_LIMIT": 'Set LIMITS = {"user_day": ...}.',
    "ADDRESS_DAY_LIMIT": 'Set LIMITS = {"ip_day": ...}.',
    "OPEN_LIMIT": 'Set LIMITS = {"open": ...}.',
}
