"""Every setting: its default, what it refuses, and what the refusal says."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest

from glam_tryon.conf import Settings, api_key, conf, is_loopback
from glam_tryon.exceptions import SettingError
from tests.servers import ROOT

MEGABYTE = 1024 * 1024

DEFAULTS: dict[str, Any] = {
    "API_KEY": "",
    "BASE_URL": "https://api.glam.ai/api/v1",
    "PUBLIC_BASE_URL": "",
    "MAX_PARALLEL": 2,
    "RESULT_HOSTS": (".getglam.app", ".glam.ai"),
    "SEND_IMAGES": "link",
    "JOB_MAX_AGE_SECONDS": 3600,
    "LEASE_SECONDS": 60,
    "UNFETCHED_GRACE_SECONDS": 120,
    "LOST_GRACE_SECONDS": 120,
    "LINK_SECONDS": 7200,
    "RESULT_WINDOW_SECONDS": 3600,
    "CONNECT_TIMEOUT_SECONDS": 5.0,
    "READ_TIMEOUT_SECONDS": 20.0,
    "DEADLINE_SECONDS": 30.0,
    "DOWNLOAD_SECONDS": 60.0,
    "MAX_RESULTS": 4,
    "MAX_RESULT_BYTES": 20 * MEGABYTE,
    "NOTICE_UNCHANGED": True,
    "MAX_UPLOAD_BYTES": 20 * MEGABYTE,
    "PHOTO_LONG_SIDE": 1536,
    "PHOTO_CHECK": "",
    "MODERATE_PHOTO": "",
    "MODERATE_SECONDS": 15.0,
    "TRYON_EXCLUDED": ("swimwear", "underwear", "lingerie"),
    "CONSENT_ADULT_TICK": False,
    "PHOTO_GRACE_SECONDS": 0,
    "PHOTO_SECONDS": 86_400,
    "KEPT_PHOTO_SECONDS": 86_400,
    "VISITOR_RESULT_DAYS": 7,
    "RESULT_DAYS": 30,
    "JOB_DAYS": 396,
    "CONSENT_DAYS": 1095,
    "RECEIPT_DAYS": 1095,
    "SHARE_DAYS": 7,
    "HEALTH_ROUND_SECONDS": 60,
    "HEALTH_PENDING_SECONDS": 900,
    "MAX_POLLS_PER_SECOND": 100.0,
    "POLLER_THREADS": 8,
    "MAX_ATTEMPTS": 3,
    "MAX_SUBMISSIONS": 5,
    "HOLDOUT_SHARE": 0.0,
    "PREFIX": "glam_tryon",
    "UNAVAILABLE_IS_REFUSED": False,
    "CREDITS_PER_TRYON": 1.0,
    "PRICE_PER_CREDIT": None,
    "CURRENCY": "USD",
    "SHOP_DAY_LIMIT": 500,
    "SHOP_MONTH_LIMIT": 5000,
    "SHOP_DAY_MONEY": None,
    "SHOP_MONTH_MONEY": None,
    "VISITOR_DAY_LIMIT": 20,
    "USER_DAY_LIMIT": 40,
    "ADDRESS_DAY_LIMIT": 200,
    "OPEN_LIMIT": 5,
    "REFUND_FAILED": True,
    "FREE_REPEATS": True,
    "TRUSTED_PROXIES": 0,
    "STAFF_ONLY": False,
    "LOGIN_REQUIRED": False,
    "ALLOW_REQUEST": "",
    "PUBLISH_RESULT": "",
}
WHOLE = {
    "MAX_PARALLEL": (1, 1000),
    "JOB_MAX_AGE_SECONDS": (60, 604_800),
    "LEASE_SECONDS": (2, 3600),
    "UNFETCHED_GRACE_SECONDS": (1, 86_400),
    "LOST_GRACE_SECONDS": (1, 86_400),
    "LINK_SECONDS": (60, 604_800),
    "RESULT_WINDOW_SECONDS": (60, 604_800),
    "MAX_RESULTS": (1, 50),
    "MAX_RESULT_BYTES": (1024, 1024**3),
    "MAX_UPLOAD_BYTES": (1024, 1024**3),
    "PHOTO_LONG_SIDE": (256, 8192),
    "PHOTO_GRACE_SECONDS": (0, 604_800),
    "PHOTO_SECONDS": (60, 604_800),
    "KEPT_PHOTO_SECONDS": (60, 31_536_000),
    "VISITOR_RESULT_DAYS": (1, 3650),
    "RESULT_DAYS": (1, 3650),
    "JOB_DAYS": (1, 3650),
    "CONSENT_DAYS": (1, 36_500),
    "RECEIPT_DAYS": (1, 36_500),
    "SHARE_DAYS": (1, 365),
    "HEALTH_ROUND_SECONDS": (5, 86_400),
    "HEALTH_PENDING_SECONDS": (5, 604_800),
    "POLLER_THREADS": (1, 256),
    "MAX_ATTEMPTS": (1, 100),
    "MAX_SUBMISSIONS": (1, 100),
    "TRUSTED_PROXIES": (0, 10),
}
NUMBERS = {
    "CONNECT_TIMEOUT_SECONDS": (0.1, 120),
    "READ_TIMEOUT_SECONDS": (0.1, 300),
    "DEADLINE_SECONDS": (0.1, 600),
    "DOWNLOAD_SECONDS": (0.1, 600),
    "MODERATE_SECONDS": (0.1, 120),
    "MAX_POLLS_PER_SECOND": (0.1, 10_000),
    "CREDITS_PER_TRYON": (0.001, 1000),
    "HOLDOUT_SHARE": (0, 0.5),
}
#: A whole number from 0, or None for no limit.
LIMITS = {
    "SHOP_DAY_LIMIT": 10_000_000,
    "SHOP_MONTH_LIMIT": 10_000_000,
    "VISITOR_DAY_LIMIT": 1_000_000,
    "USER_DAY_LIMIT": 1_000_000,
    "ADDRESS_DAY_LIMIT": 1_000_000,
    "OPEN_LIMIT": 1_000_000,
}
MONEY = ("PRICE_PER_CREDIT", "SHOP_DAY_MONEY", "SHOP_MONTH_MONEY")
HOOKS = ("PHOTO_CHECK", "MODERATE_PHOTO", "ALLOW_REQUEST", "PUBLISH_RESULT")
SWITCHES = (
    "NOTICE_UNCHANGED",
    "CONSENT_ADULT_TICK",
    "UNAVAILABLE_IS_REFUSED",
    "REFUND_FAILED",
    "FREE_REPEATS",
    "STAFF_ONLY",
    "LOGIN_REQUIRED",
)
ADDRESSES = ("BASE_URL", "PUBLIC_BASE_URL")


def refusal(settings: Any, name: str, value: object) -> str:
    """Set one setting, read it, and return what the error says."""
    settings.GLAM_TRYON = {name: value}
    with pytest.raises(SettingError) as caught:
        getattr(conf, name)
    assert caught.value.name == name
    assert isinstance(caught.value, ValueError)
    message = str(caught.value)
    assert message.startswith(f'GLAM_TRYON["{name}"] must ')
    return message


def test_this_file_knows_every_setting() -> None:
    assert list(Settings.all()) == list(DEFAULTS)


def test_the_page_of_settings_gives_default_unit_and_limits_of_each() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.+?) \| .+ \|$", page, re.MULTILINE)
    assert [name for name, _default in rows] == list(DEFAULTS)
    for name, said in rows:
        default = DEFAULTS[name]
        shown = list(default) if isinstance(default, tuple) else default
        assert said.startswith(f"`{shown!r}`" if default != "" else "none"), name
        if name in WHOLE or name in NUMBERS:
            lowest, highest = {**WHOLE, **NUMBERS}[name]
            assert f"; {lowest:,} to {highest:,}" in said, name
        if name in LIMITS:
            assert f"; None, or 0 to {LIMITS[name]:,}" in said, name
        for ending, unit in (("_SECONDS", " s;"), ("_BYTES", " bytes (")):
            assert name.endswith(ending) is (unit in said), name


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_setting_that_is_not_given_has_its_default(settings: Any, name: str) -> None:
    settings.GLAM_TRYON = {}
    assert getattr(conf, name) == DEFAULTS[name]
    assert type(getattr(conf, name)) is type(DEFAULTS[name])


def test_a_project_without_the_dict_has_all_the_defaults(settings: Any) -> None:
    del settings.GLAM_TRYON
    assert {name: getattr(conf, name) for name in DEFAULTS} == DEFAULTS


def test_every_default_but_the_two_that_a_shop_must_give_follows_its_own_rule() -> None:
    for name, setting in Settings.all().items():
        assert setting.read({name: setting.default}) == setting.default


def test_a_setting_is_read_at_each_use(settings: Any) -> None:
    settings.GLAM_TRYON = {"MAX_PARALLEL": 3}
    assert conf.MAX_PARALLEL == 3
    settings.GLAM_TRYON = {"MAX_PARALLEL": 5}
    assert conf.MAX_PARALLEL == 5


@pytest.mark.parametrize("value", [["API_KEY"], "API_KEY", None, 5])
def test_glam_tryon_that_is_no_dict_is_refused_by_its_own_name(settings: Any, value: Any) -> None:
    settings.GLAM_TRYON = value
    with pytest.raises(SettingError, match=r"^GLAM_TRYON must be a dict"):
        _ = conf.MAX_PARALLEL


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_number_may_be_as_small_and_as_large_as_its_limits(
    settings: Any, name: str
) -> None:
    for value in WHOLE[name]:
        settings.GLAM_TRYON = {name: value}
        assert getattr(conf, name) == value


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_number_is_no_text_no_truth_no_fraction_and_within_its_limits(
    settings: Any, name: str
) -> None:
    lowest, highest = WHOLE[name]
    for value in (lowest - 1, highest + 1, -1, True, "3", 3.0, 3.5, None, [3], float("nan")):
        said = refusal(settings, name, value)
        assert said.endswith(f"a whole number from {lowest} to {highest}, not {value!r}")


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_of_seconds_may_be_whole_or_not(settings: Any, name: str) -> None:
    lowest, highest = NUMBERS[name]
    for value in (1 if highest >= 1 else 0, (lowest + highest) / 2, lowest, highest):
        settings.GLAM_TRYON = {name: value}
        assert getattr(conf, name) == value
        assert isinstance(getattr(conf, name), float)


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_of_seconds_is_no_text_no_truth_and_within_its_limits(
    settings: Any, name: str
) -> None:
    lowest, highest = NUMBERS[name]
    for value in (
        lowest - 0.01,
        highest + 1,
        -1,
        False,
        "5",
        None,
        [5],
        float("nan"),
        float("inf"),
    ):
        said = refusal(settings, name, value)
        assert said.endswith(f"a number from {lowest:g} to {highest:g}, not {value!r}")


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_is_a_whole_number_or_none(settings: Any, name: str) -> None:
    for value in (None, 0, LIMITS[name]):
        settings.GLAM_TRYON = {name: value}
        assert getattr(conf, name) == value
    for wrong in (-1, LIMITS[name] + 1, True, "5", 5.0, [5]):
        said = refusal(settings, name, wrong)
        assert said.endswith(f"None or a whole number from 0 to {LIMITS[name]}, not {wrong!r}")


@pytest.mark.parametrize("name", MONEY)
def test_an_amount_is_exact_whether_it_is_a_number_text_or_decimal(
    settings: Any, name: str
) -> None:
    for value in (0.1, "0.1", Decimal("0.1")):
        settings.GLAM_TRYON = {name: value}
        assert getattr(conf, name) == Decimal("0.1")
    settings.GLAM_TRYON = {name: None}
    assert getattr(conf, name) is None


@pytest.mark.parametrize("name", MONEY)
@pytest.mark.parametrize("value", ["", "free", -1, "nan", "inf", float("nan"), True, b"1", [1]])
def test_an_amount_is_no_other_word_and_not_below_nothing(
    settings: Any, name: str, value: object
) -> None:
    assert "None or an amount like '0.08'" in refusal(settings, name, value)


@pytest.mark.parametrize("value", ["usd", "US", "EURO", "", None, 5, "ÄÖÜ", b"USD"])
def test_a_currency_is_three_large_letters(settings: Any, value: object) -> None:
    assert "three letters of a currency" in refusal(settings, "CURRENCY", value)


@pytest.mark.parametrize("name", SWITCHES)
@pytest.mark.parametrize("value", [0, 1, "yes", "False", None, []])
def test_a_switch_is_true_or_false_and_nothing_like_them(
    settings: Any, name: str, value: object
) -> None:
    assert "True or False" in refusal(settings, name, value)


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_can_be_in_both_positions(settings: Any, name: str) -> None:
    for value in (True, False):
        settings.GLAM_TRYON = {name: value}
        assert getattr(conf, name) is value


@pytest.mark.parametrize("value", ["Link", "links", "", None, True, ["link"]])
def test_send_images_is_one_of_its_two_words(settings: Any, value: object) -> None:
    assert "one of 'link', 'upload'" in refusal(settings, "SEND_IMAGES", value)


@pytest.mark.parametrize("value", ["link", "upload"])
def test_send_images_takes_both_of_its_words(settings: Any, value: str) -> None:
    settings.GLAM_TRYON = {"SEND_IMAGES": value}
    assert value == conf.SEND_IMAGES


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize(
    "value",
    [
        "shop.example.com",
        "ftp://shop.example.com",
        "https://",
        "https:///path",
        "https://shop.example.com:port",
        "https://[::1",
        "https://shop.example.com ",
        "https://shop.example.com/a b",
        b"https://shop.example.com",
        None,
        5,
        True,
    ],
)
def test_an_address_is_whole_and_http(settings: Any, name: str, value: object) -> None:
    assert "an address like 'https://shop.example.com'" in refusal(settings, name, value)


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize(
    "value",
    [
        "https://shop.example.com/?a=1",
        "https://shop.example.com/#top",
        "https://user:password@shop.example.com",
    ],
)
def test_an_address_has_nothing_around_it(settings: Any, name: str, value: str) -> None:
    assert "no user name, query or fragment" in refusal(settings, name, value)


@pytest.mark.parametrize("name", ADDRESSES)
def test_an_address_loses_its_last_slash(settings: Any, name: str) -> None:
    settings.GLAM_TRYON = {name: "https://shop.example.com/glam/"}
    assert getattr(conf, name) == "https://shop.example.com/glam"


def test_an_empty_address_of_the_shop_is_the_same_as_none(settings: Any) -> None:
    settings.GLAM_TRYON = {"PUBLIC_BASE_URL": ""}
    assert conf.PUBLIC_BASE_URL == ""


@pytest.mark.parametrize("value", [[], (), "static.getglam.app", [""], [5], ["a/b"], None, {}])
def test_result_hosts_is_a_list_of_names(settings: Any, value: object) -> None:
    assert "a list of host names" in refusal(settings, "RESULT_HOSTS", value)


@pytest.mark.parametrize("make", [list, tuple, set, frozenset])
def test_result_hosts_may_be_any_plain_collection(settings: Any, make: Any) -> None:
    settings.GLAM_TRYON = {"RESULT_HOSTS": make(["static.getglam.app"])}
    assert conf.RESULT_HOSTS == ("static.getglam.app",)


@pytest.mark.parametrize("value", ["", "/", "a/../b", "..", "x" * 61, None, 5, ["a"]])
def test_the_prefix_is_a_short_folder(settings: Any, value: object) -> None:
    assert "a short storage folder" in refusal(settings, "PREFIX", value)


def test_the_prefix_has_no_slashes_around_it(settings: Any) -> None:
    settings.GLAM_TRYON = {"PREFIX": "/shop/tryons/"}
    assert conf.PREFIX == "shop/tryons"


@pytest.mark.parametrize("name", HOOKS)
@pytest.mark.parametrize(
    "value",
    ["check", "shop.", ".check", "shop..check", "shop.1st", "a/check", "a b.c", None, len],
)
def test_a_hook_is_a_dotted_path(settings: Any, name: str, value: object) -> None:
    assert "the dotted path of a function" in refusal(settings, name, value)


@pytest.mark.parametrize("name", HOOKS)
@pytest.mark.parametrize("value", ["", "shop.photos.check", "_a1.b"])
def test_a_hook_is_read_as_it_stands(settings: Any, name: str, value: str) -> None:
    settings.GLAM_TRYON = {name: value}
    assert getattr(conf, name) == value


def test_the_hooks_are_known_by_their_rule() -> None:
    assert set(HOOKS) == set(Settings.hooks())


@pytest.mark.parametrize("value", ["swimwear", [""], [" "], [5], None, {"a": 1}])
def test_what_is_excluded_is_a_list_of_words(settings: Any, value: object) -> None:
    assert "a list of words" in refusal(settings, "TRYON_EXCLUDED", value)


@pytest.mark.parametrize("make", [list, tuple, set, frozenset])
def test_what_is_excluded_may_be_any_plain_collection_and_empty(settings: Any, make: Any) -> None:
    settings.GLAM_TRYON = {"TRYON_EXCLUDED": make(["swimwear"])}
    assert conf.TRYON_EXCLUDED == ("swimwear",)
    settings.GLAM_TRYON = {"TRYON_EXCLUDED": make([])}
    assert conf.TRYON_EXCLUDED == ()


# The key.


@pytest.mark.parametrize("value", [12345678, None, b"secret-key", ["secret-key"]])
def test_a_key_of_the_wrong_type_is_refused_without_being_shown(
    settings: Any, value: object
) -> None:
    said = refusal(settings, "API_KEY", value)
    assert "text or a callable" in said
    assert type(value).__name__ in said
    assert not re.search("12345678|secret", said)


@pytest.mark.parametrize("name", ["BASE_URL", "PUBLIC_BASE_URL", "RESULT_HOSTS"])
@pytest.mark.parametrize("value", ["sk-secret", "ftp://user:secret@glam.ai"])
def test_a_key_or_a_password_in_the_wrong_place_is_not_shown(
    settings: Any, name: str, value: str
) -> None:
    assert "secret" not in refusal(settings, name, value)


def test_a_key_is_text_as_it_stands(settings: Any) -> None:
    settings.GLAM_TRYON = {"API_KEY": "glam-key"}
    assert api_key() == "glam-key"


def test_a_callable_is_asked_for_the_key_each_time(settings: Any) -> None:
    keys = iter(["old", "new"])
    settings.GLAM_TRYON = {"API_KEY": lambda: next(keys)}
    assert [api_key(), api_key()] == ["old", "new"]


def raises() -> str:
    raise OSError("vault says: secret-key")


@pytest.mark.parametrize(
    "value", ["", lambda: "", lambda: None, lambda: 5, raises], ids=["empty", "", "no", "5", "bad"]
)
def test_no_key_is_said_with_the_name_of_the_setting_and_nothing_secret(
    settings: Any, value: object
) -> None:
    settings.GLAM_TRYON = {"API_KEY": value}
    with pytest.raises(SettingError, match=r'^GLAM_TRYON\["API_KEY"\] is missing') as caught:
        api_key()
    assert "secret" not in str(caught.value)
    # A traceback in a log shows the causes as well.
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    ("address", "this_machine"),
    [
        ("http://localhost:8000", True),
        ("http://127.0.0.1/x", True),
        ("http://127.8.9.1", True),
        ("http://[::1]:80", True),
        ("https://api.glam.ai", False),
        ("http://10.0.0.1", False),
        ("http://localhost.example.com", False),
        ("", False),
    ],
)
def test_loopback_is_this_machine_only(address: str, this_machine: bool) -> None:
    assert is_loopback(address) is this_machine
