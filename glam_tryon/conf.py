"""``GLAM_TRYON``, read when used: every setting with its default, unit and rule in one place."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Generic, TypeVar, overload
from urllib.parse import urlsplit

from django.conf import settings

from glam_tryon.exceptions import SettingError
from glam_tryon.secret import Secret
from glam_tryon.validators import (
    address,
    address_or_nothing,
    choice,
    currency,
    flag,
    hook,
    hosts,
    key,
    limit,
    money,
    number,
    prefix,
    whole,
    words,
)

T = TypeVar("T")


def given() -> Mapping[str, object]:
    """Return the shop's ``GLAM_TRYON`` dict, empty when it is missing.

    Raises:
        SettingError: ``GLAM_TRYON`` is not a dict.
    """
    value = getattr(settings, "GLAM_TRYON", {})
    # The second question takes a while, and every setting is read through here.
    if type(value) is not dict and not isinstance(value, Mapping):
        raise SettingError("", "must be a dict of setting names and values")
    return value


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
        except ValueError as error:
            raise SettingError(self.name, str(error)) from None


class Settings:
    """The settings, as attributes. Each read raises ``SettingError`` when the value is wrong."""

    API_KEY = Setting[str | Callable[[], str]](
        "",
        key,
        "Glam's API key: text, or a callable that returns it, asked before each request.",
    )
    BASE_URL = Setting("https://api.glam.ai/api/v1", address, "Where Glam's API is.")
    PUBLIC_BASE_URL = Setting(
        "", address_or_nothing, "The shop's own address, as Glam can reach it."
    )
    MAX_PARALLEL = Setting(
        2,
        whole(1, 1000),
        "Generations open at once: 'Max parallel requests' of your Glam plan.",
    )
    RESULT_HOSTS = Setting[Sequence[str]](
        (".getglam.app", ".glam.ai"),
        hosts,
        "Hosts that results may come from; '.name' takes subdomains in.",
    )
    SEND_IMAGES = Setting(
        "link",
        choice("link", "upload"),
        "'link': Glam fetches pictures from this shop. 'upload': they go to Glam's public host.",
    )
    JOB_MAX_AGE_SECONDS = Setting(
        3600,
        whole(60, 604_800),
        "How long Glam may need for one generation before it is lost.",
    )
    LEASE_SECONDS = Setting(
        60, whole(2, 3600), "How long one worker may take over one step of one job."
    )
    UNFETCHED_GRACE_SECONDS = Setting(
        120,
        whole(1, 86_400),
        "After an unclear submit: how long Glam may take to fetch the photo before its link dies.",
    )
    LOST_GRACE_SECONDS = Setting(
        120,
        whole(1, 86_400),
        "How long Glam may answer 404 about a new event before it is lost.",
    )
    LINK_SECONDS = Setting(
        7200, whole(60, 604_800), "How long the links that Glam gets for its pictures live."
    )
    RESULT_WINDOW_SECONDS = Setting(
        3600,
        whole(60, 604_800),
        "How long a finished result is asked for before it is given up.",
    )
    CONNECT_TIMEOUT_SECONDS = Setting(5.0, number(0.1, 120), "Longest wait for a connection.")
    READ_TIMEOUT_SECONDS = Setting(20.0, number(0.1, 300), "Longest silence within an answer.")
    DEADLINE_SECONDS = Setting(30.0, number(0.1, 600), "Longest whole exchange with Glam's API.")
    DOWNLOAD_SECONDS = Setting(60.0, number(0.1, 600), "Longest download of one result.")
    MAX_RESULTS = Setting(4, whole(1, 50), "How many pictures of one job are stored.")
    MAX_RESULT_BYTES = Setting(20 * 1024 * 1024, whole(1024, 1024**3), "Largest result, in bytes.")
    NOTICE_UNCHANGED = Setting(
        True, flag, "Fail a job whose result is blank, or is the person photo itself."
    )
    MAX_UPLOAD_BYTES = Setting(20 * 1024 * 1024, whole(1024, 1024**3), "Largest photo, in bytes.")
    PHOTO_LONG_SIDE = Setting(
        1536,
        whole(256, 8192),
        "Longest side of a photo in pixels: browsers make it so small before the upload.",
    )
    PHOTO_CHECK = Setting(
        "", hook, "Dotted path of a function that looks at a shopper's photo at the upload."
    )
    MODERATE_PHOTO = Setting(
        "",
        hook,
        "Dotted path of a function that looks at a shopper's photo before Glam is paid to.",
    )
    MODERATE_SECONDS = Setting(15.0, number(0.1, 120), "Longest wait for MODERATE_PHOTO.")
    TRYON_EXCLUDED = Setting[Sequence[str]](
        ("swimwear", "underwear", "lingerie"),
        words,
        "Words in the names of categories whose products are not tried on; [] allows all.",
    )
    CONSENT_ADULT_TICK = Setting(
        False,
        flag,
        "Ask for a second tick: that the shopper and the photo's person are adults.",
    )
    PHOTO_GRACE_SECONDS = Setting(
        0,
        whole(0, 604_800),
        "A shopper's photo is deleted so long after its last try-on ended.",
    )
    PHOTO_SECONDS = Setting(
        86_400,
        whole(60, 604_800),
        "Longest life of a shopper's photo that the shopper did not wish to keep.",
    )
    KEPT_PHOTO_SECONDS = Setting(
        86_400,
        whole(60, 31_536_000),
        "So long a photo is kept at the shopper's own wish, for other garments.",
    )
    VISITOR_RESULT_DAYS = Setting(
        7, whole(1, 3650), "Days after which the pictures of visitors are deleted."
    )
    RESULT_DAYS = Setting(
        30, whole(1, 3650), "Days after which the pictures of signed-in shoppers are deleted."
    )
    JOB_DAYS = Setting(
        396,
        whole(1, 3650),
        "Days after which the row of a try-on without pictures is deleted.",
    )
    CONSENT_DAYS = Setting(1095, whole(1, 36_500), "Days for which the proof of a consent is kept.")
    RECEIPT_DAYS = Setting(
        1095, whole(1, 36_500), "Days for which the receipt of a deletion is kept."
    )
    SHARE_DAYS = Setting(7, whole(1, 365), "Days for which a shared link shows its pictures.")
    HEALTH_ROUND_SECONDS = Setting(
        60,
        whole(5, 86_400),
        "A poller that finished no round for so long is reported as ill.",
    )
    HEALTH_PENDING_SECONDS = Setting(
        900, whole(5, 604_800), "A job that waits to be sent for longer is reported."
    )
    MAX_POLLS_PER_SECOND = Setting(
        100.0, number(0.1, 10_000), "Questions about open jobs, all workers together."
    )
    POLLER_THREADS = Setting(8, whole(1, 256), "Steps that one poller does at once.")
    MAX_ATTEMPTS = Setting(
        3,
        whole(1, 100),
        "Claims of one step without progress before the job is called poison.",
    )
    MAX_SUBMISSIONS = Setting(
        5,
        whole(1, 100),
        "How often one job is sent by itself when its sending stays unclear.",
    )
    HOLDOUT_SHARE = Setting(
        0.0,
        number(0, 0.5),
        "Share of visitors who never see a button, so that baskets can be compared.",
    )
    PREFIX = Setting("glam_tryon", prefix, "Folder of photos and results in the storage.")
    UNAVAILABLE_IS_REFUSED = Setting(
        False, flag, "True: an answer 503 with Retry-After means that Glam took nothing."
    )

    CREDITS_PER_TRYON = Setting(
        1.0, number(0.001, 1000), "Credits that Glam takes for one generation."
    )
    PRICE_PER_CREDIT = Setting[Decimal | None](
        None, money, "What one credit costs; None: unknown, and nothing is counted in money."
    )
    CURRENCY = Setting("USD", currency, "The currency of PRICE_PER_CREDIT and of the budgets.")
    SHOP_DAY_LIMIT = Setting[int | None](
        500, limit(10_000_000), "Generations that the whole shop buys a day; None: no limit."
    )
    SHOP_MONTH_LIMIT = Setting[int | None](
        5000,
        limit(10_000_000),
        "Generations that the whole shop buys a month; None: no limit.",
    )
    SHOP_DAY_MONEY = Setting[Decimal | None](
        None, money, "What the whole shop spends a day, at PRICE_PER_CREDIT; None: no limit."
    )
    SHOP_MONTH_MONEY = Setting[Decimal | None](
        None,
        money,
        "What the whole shop spends a month, at PRICE_PER_CREDIT; None: no limit.",
    )

    VISITOR_DAY_LIMIT = Setting[int | None](
        20, limit(1_000_000), "Try-ons that one visitor may ask for a day; None: no limit."
    )
    USER_DAY_LIMIT = Setting[int | None](
        40, limit(1_000_000), "Try-ons that one account may ask for a day; None: no limit."
    )
    ADDRESS_DAY_LIMIT = Setting[int | None](
        200, limit(1_000_000), "Orders from one block of addresses a day; None: no limit."
    )
    OPEN_LIMIT = Setting[int | None](
        5, limit(1_000_000), "Try-ons of one shopper that are under way; None: no limit."
    )
    REFUND_FAILED = Setting(
        True, flag, "A try-on that failed at Glam does not count against its shopper's day."
    )
    FREE_REPEATS = Setting(
        True,
        flag,
        "The same garment on the same photo is not bought again while its result is kept.",
    )
    TRUSTED_PROXIES = Setting(
        0, whole(0, 10), "Proxies before the shop whose X-Forwarded-For is believed."
    )
    STAFF_ONLY = Setting(False, flag, "True: only staff see the button and may order.")
    LOGIN_REQUIRED = Setting(False, flag, "True: only shoppers who are signed in may order.")
    ALLOW_REQUEST = Setting(
        "", hook, "Dotted path of a function that may refuse an order, such as for a captcha."
    )
    PUBLISH_RESULT = Setting(
        "", hook, "Dotted path of a function that puts a result into its product's gallery."
    )

    @classmethod
    def hooks(cls) -> list[str]:
        """Return the names of those that are dotted paths of the shop's own functions."""
        return [name for name, setting in cls.all().items() if setting.rule is hook]

    @classmethod
    def all(cls) -> dict[str, Setting[Any]]:
        """Return every setting by name, in the order of this file."""
        return {name: value for name, value in vars(cls).items() if isinstance(value, Setting)}


conf = Settings()


def api_key() -> str:
    """Return the API key, asking the callable when there is one.

    Raises:
        SettingError: the key is missing, or the callable raised or did not return text.
    """
    value = conf.API_KEY
    try:
        key = value() if callable(value) else value
    except Exception as error:  # noqa: BLE001  (the shop's own code may raise anything)
        # What it raises may hold the key in its words.
        raise SettingError(
            "API_KEY", f"is missing: the callable raised {type(error).__name__}"
        ) from None
    if not isinstance(key, str) or not key:
        raise SettingError("API_KEY", "is missing; set it to the key of your Glam account")
    return Secret(key)


def is_loopback(address: str) -> bool:
    """Say whether an address names this machine itself (the sandbox, tests)."""
    host = urlsplit(address).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
