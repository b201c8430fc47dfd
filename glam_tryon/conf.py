"""``GLAM_TRYON``, read when used: every setting with its default, unit and rule in one place."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Generic, TypeVar, overload
from urllib.parse import urlsplit

from django.conf import settings

from glam_tryon.exceptions import SettingError

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


def _whole(minimum: int, maximum: int) -> Callable[[Any], int]:
    def rule(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value <= maximum:
            raise ValueError(f"must be a whole number from {minimum} to {maximum}, not {value!r}")
        return value

    return rule


def _number(minimum: float, maximum: float) -> Callable[[Any], float]:
    def rule(value: Any) -> float:
        if (
            isinstance(value, bool)
            or not isinstance(value, (int, float))
            or not minimum <= value <= maximum
        ):
            raise ValueError(f"must be a number from {minimum:g} to {maximum:g}, not {value!r}")
        return float(value)

    return rule


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"must be True or False, not {value!r}")
    return value


def _choice(*words: str) -> Callable[[Any], str]:
    def rule(value: Any) -> str:
        if value not in words:
            raise ValueError(f"must be one of {', '.join(map(repr, words))}, not {value!r}")
        return str(value)

    return rule


def _limit(maximum: int) -> Callable[[Any], int | None]:
    """A whole number of things, or None: as many as anybody likes."""

    def rule(value: Any) -> int | None:
        if value is None:
            return None
        try:
            return _whole(0, maximum)(value)
        except ValueError:
            raise ValueError(
                f"must be None or a whole number from 0 to {maximum}, not {value!r}"
            ) from None

    return rule


def _money(value: Any) -> Decimal | None:
    """An amount, exact when it is given as text or as a ``Decimal``."""
    if value is None:
        return None
    try:
        amount = None if isinstance(value, (bool, bytes)) else Decimal(str(value))
    except InvalidOperation:
        amount = None
    if amount is None or not amount.is_finite() or not 0 <= amount < 10_000_000:
        raise ValueError(f"must be None or an amount like '0.08', not {value!r}")
    return amount


def _currency(value: Any) -> str:
    if not (isinstance(value, str) and len(value) == 3 and value.isascii() and value.isupper()):
        raise ValueError(f"must be the three letters of a currency, like 'EUR', not {value!r}")
    return value


def _key(value: Any) -> str | Callable[[], str]:
    # The value itself is a secret, so it never stands in the message.
    if isinstance(value, str):
        return value
    if callable(value):
        ask: Callable[[], str] = value
        return ask
    raise ValueError(
        f"must be text or a callable that returns text, not of type {type(value).__name__}"
    )


def _address(value: Any) -> str:
    # The value never stands in the message: it may be a key in the wrong place, or hold a password.
    try:
        parts = urlsplit(value if isinstance(value, str) else "")
        complete = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        complete = False
    if not complete or any(character.isspace() for character in value):
        raise ValueError("must be an address like 'https://shop.example.com'")
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("must have no user name, query or fragment")
    return str(value).rstrip("/")


def _address_or_nothing(value: Any) -> str:
    return "" if value == "" else _address(value)


def _hosts(value: Any) -> Sequence[str]:
    entries = tuple(value) if isinstance(value, (list, tuple, set, frozenset)) else ()
    if not entries or not all(
        isinstance(entry, str) and entry and "/" not in entry for entry in entries
    ):
        raise ValueError("must be a list of host names like ['static.getglam.app']")
    return entries


def _words(value: Any) -> Sequence[str]:
    entries = tuple(value) if isinstance(value, (list, tuple, set, frozenset)) else None
    if entries is None or not all(isinstance(entry, str) and entry.strip() for entry in entries):
        raise ValueError("must be a list of words like ['swimwear'], or an empty one")
    return entries


_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")


def hook(value: Any) -> str:
    """Take the dotted path of a function of the shop's own, or nothing; the rule of each hook."""
    if value != "" and not (isinstance(value, str) and _DOTTED.fullmatch(value)):
        raise ValueError("must be the dotted path of a function like 'shop.photos.check'")
    return str(value)


def _prefix(value: Any) -> str:
    if not isinstance(value, str) or not value.strip("/") or ".." in value or len(value) > 60:
        raise ValueError("must be a short storage folder like 'glam_tryon'")
    return value.strip("/")


class Settings:
    """The settings, as attributes. Each read raises ``SettingError`` when the value is wrong."""

    API_KEY = Setting[str | Callable[[], str]](
        "", _key, "Glam's API key: text, or a callable that returns it, asked before each request."
    )
    BASE_URL = Setting("https://api.glam.ai/api/v1", _address, "Where Glam's API is.")
    PUBLIC_BASE_URL = Setting(
        "", _address_or_nothing, "The shop's own address, as Glam can reach it."
    )
    MAX_PARALLEL = Setting(
        2, _whole(1, 1000), "Generations open at once: 'Max parallel requests' of your Glam plan."
    )
    RESULT_HOSTS = Setting[Sequence[str]](
        (".getglam.app", ".glam.ai"),
        _hosts,
        "Hosts that results may come from; '.name' takes subdomains in.",
    )
    SEND_IMAGES = Setting(
        "link",
        _choice("link", "upload"),
        "'link': Glam fetches pictures from this shop. 'upload': they go to Glam's public host.",
    )
    JOB_MAX_AGE_SECONDS = Setting(
        3600, _whole(60, 604_800), "How long Glam may need for one generation before it is lost."
    )
    LEASE_SECONDS = Setting(
        60, _whole(2, 3600), "How long one worker may take over one step of one job."
    )
    UNFETCHED_GRACE_SECONDS = Setting(
        120,
        _whole(1, 86_400),
        "After an unclear submit: how long Glam may take to fetch the photo before its link dies.",
    )
    LOST_GRACE_SECONDS = Setting(
        120, _whole(1, 86_400), "How long Glam may answer 404 about a new event before it is lost."
    )
    LINK_SECONDS = Setting(
        7200, _whole(60, 604_800), "How long the links that Glam gets for its pictures live."
    )
    RESULT_WINDOW_SECONDS = Setting(
        3600, _whole(60, 604_800), "How long a finished result is asked for before it is given up."
    )
    CONNECT_TIMEOUT_SECONDS = Setting(5.0, _number(0.1, 120), "Longest wait for a connection.")
    READ_TIMEOUT_SECONDS = Setting(20.0, _number(0.1, 300), "Longest silence within an answer.")
    DEADLINE_SECONDS = Setting(30.0, _number(0.1, 600), "Longest whole exchange with Glam's API.")
    DOWNLOAD_SECONDS = Setting(60.0, _number(0.1, 600), "Longest download of one result.")
    MAX_RESULTS = Setting(4, _whole(1, 50), "How many pictures of one job are stored.")
    MAX_RESULT_BYTES = Setting(20 * 1024 * 1024, _whole(1024, 1024**3), "Largest result, in bytes.")
    NOTICE_UNCHANGED = Setting(
        True, _flag, "Fail a job whose result is blank, or is the person photo itself."
    )
    MAX_UPLOAD_BYTES = Setting(20 * 1024 * 1024, _whole(1024, 1024**3), "Largest photo, in bytes.")
    PHOTO_CHECK = Setting(
        "", hook, "Dotted path of a function that looks at a shopper's photo at the upload."
    )
    MODERATE_PHOTO = Setting(
        "",
        hook,
        "Dotted path of a function that looks at a shopper's photo before Glam is paid to.",
    )
    MODERATE_SECONDS = Setting(15.0, _number(0.1, 120), "Longest wait for MODERATE_PHOTO.")
    TRYON_EXCLUDED = Setting[Sequence[str]](
        ("swimwear", "underwear", "lingerie"),
        _words,
        "Words in the names of categories whose products are not tried on; [] allows all.",
    )
    CONSENT_ADULT_TICK = Setting(
        False, _flag, "Ask for a second tick: that the shopper and the photo's person are adults."
    )
    PHOTO_GRACE_SECONDS = Setting(
        0,
        _whole(0, 604_800),
        "A shopper's photo is deleted so long after its last try-on ended.",
    )
    PHOTO_SECONDS = Setting(
        86_400,
        _whole(60, 604_800),
        "Longest life of a shopper's photo that the shopper did not wish to keep.",
    )
    KEPT_PHOTO_SECONDS = Setting(
        86_400,
        _whole(60, 31_536_000),
        "So long a photo is kept at the shopper's own wish, for other garments.",
    )
    VISITOR_RESULT_DAYS = Setting(
        7, _whole(1, 3650), "Days after which the pictures of visitors are deleted."
    )
    RESULT_DAYS = Setting(
        30, _whole(1, 3650), "Days after which the pictures of signed-in shoppers are deleted."
    )
    JOB_DAYS = Setting(
        396, _whole(1, 3650), "Days after which the row of a try-on without pictures is deleted."
    )
    CONSENT_DAYS = Setting(
        1095, _whole(1, 36_500), "Days for which the proof of a consent is kept."
    )
    RECEIPT_DAYS = Setting(
        1095, _whole(1, 36_500), "Days for which the receipt of a deletion is kept."
    )
    SHARE_DAYS = Setting(7, _whole(1, 365), "Days for which a shared link shows its pictures.")
    HEALTH_ROUND_SECONDS = Setting(
        60, _whole(5, 86_400), "A poller that finished no round for so long is reported as ill."
    )
    HEALTH_PENDING_SECONDS = Setting(
        900, _whole(5, 604_800), "A job that waits to be sent for longer is reported."
    )
    MAX_POLLS_PER_SECOND = Setting(
        50.0, _number(0.1, 10_000), "Questions about open jobs, all workers together."
    )
    POLLER_THREADS = Setting(8, _whole(1, 256), "Steps that one poller does at once.")
    MAX_ATTEMPTS = Setting(
        3, _whole(1, 100), "Claims of one step without progress before the job is called poison."
    )
    MAX_SUBMISSIONS = Setting(
        5, _whole(1, 100), "How often one job is sent by itself when its sending stays unclear."
    )
    HOLDOUT_SHARE = Setting(
        0.0,
        _number(0, 0.5),
        "Share of visitors who never see a button, so that baskets can be compared.",
    )
    PREFIX = Setting("glam_tryon", _prefix, "Folder of photos and results in the storage.")
    UNAVAILABLE_IS_REFUSED = Setting(
        False, _flag, "True: an answer 503 with Retry-After means that Glam took nothing."
    )

    CREDITS_PER_TRYON = Setting(
        1.0, _number(0.001, 1000), "Credits that Glam takes for one generation."
    )
    PRICE_PER_CREDIT = Setting[Decimal | None](
        None, _money, "What one credit costs; None: unknown, and nothing is counted in money."
    )
    CURRENCY = Setting("USD", _currency, "The currency of PRICE_PER_CREDIT and of the budgets.")
    SHOP_DAY_LIMIT = Setting[int | None](
        500, _limit(10_000_000), "Generations that the whole shop buys a day; None: no limit."
    )
    SHOP_MONTH_LIMIT = Setting[int | None](
        5000, _limit(10_000_000), "Generations that the whole shop buys a month; None: no limit."
    )
    SHOP_DAY_MONEY = Setting[Decimal | None](
        None, _money, "What the whole shop spends a day, at PRICE_PER_CREDIT; None: no limit."
    )
    SHOP_MONTH_MONEY = Setting[Decimal | None](
        None, _money, "What the whole shop spends a month, at PRICE_PER_CREDIT; None: no limit."
    )

    VISITOR_DAY_LIMIT = Setting[int | None](
        20, _limit(1_000_000), "Try-ons that one visitor may ask for a day; None: no limit."
    )
    USER_DAY_LIMIT = Setting[int | None](
        40, _limit(1_000_000), "Try-ons that one account may ask for a day; None: no limit."
    )
    ADDRESS_DAY_LIMIT = Setting[int | None](
        200, _limit(1_000_000), "Orders from one block of addresses a day; None: no limit."
    )
    OPEN_LIMIT = Setting[int | None](
        5, _limit(1_000_000), "Try-ons of one shopper that are under way; None: no limit."
    )
    REFUND_FAILED = Setting(
        True, _flag, "A try-on that failed at Glam does not count against its shopper's day."
    )
    FREE_REPEATS = Setting(
        True,
        _flag,
        "The same garment on the same photo is not bought again while its result is kept.",
    )
    TRUSTED_PROXIES = Setting(
        0, _whole(0, 10), "Proxies before the shop whose X-Forwarded-For is believed."
    )
    STAFF_ONLY = Setting(False, _flag, "True: only staff see the button and may order.")
    LOGIN_REQUIRED = Setting(False, _flag, "True: only shoppers who are signed in may order.")
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
    return key


def is_loopback(address: str) -> bool:
    """Say whether an address names this machine itself (the sandbox, tests)."""
    host = urlsplit(address).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
