"""Every setting: its default, what it refuses, and what the refusal says."""

from __future__ import annotations

import re
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import pytest

from glam_tryon.conf import GONE, Settings, ShopBudget, ShopperLimits, TryOnPrice, conf
from glam_tryon.exceptions import SettingError
from glam_tryon.providers.api_key import api_key
from glam_tryon.validators import is_loopback_url
from tests.servers import ROOT

MEGABYTE = 1024 * 1024

DEFAULTS: dict[str, Any] = {
    "API_KEY": "",
    "BASE_URL": "https://api.glam.ai/api/v1",
    "PROVIDER": "glam_tryon.providers.glam.GlamClient",
    "PUBLIC_BASE_URL": "",
    "MAX_PARALLEL": 2,
    "RESULT_HOSTS": (".getglam.app", ".glam.ai"),
    "SEND_IMAGES": "link",
    "DEADLINE_SECONDS": 30.0,
    "JOB_MAX_AGE_SECONDS": 3600,
    "LEASE_SECONDS": 60,
    "UNFETCHED_GRACE_SECONDS": 120,
    "LINK_SECONDS": 7200,
    "MAX_POLLS_PER_SECOND": 100.0,
    "POLLER_THREADS": 8,
    "NOTICE_UNCHANGED": True,
    "MAX_UPLOAD_BYTES": 20 * MEGABYTE,
    "PHOTO_LONG_SIDE": 1536,
    "PREFIX": "glam_tryon",
    "PHOTO_CHECK": "",
    "MODERATE_PHOTO": "",
    "ALLOW_REQUEST": "",
    "PUBLISH_RESULT": "",
    "STAFF_ONLY": False,
    "LOGIN_REQUIRED": False,
    "TRYON_EXCLUDED": ("swimwear", "underwear", "lingerie"),
    "CONSENT_ADULT_TICK": False,
    "REUSE_RESULTS": True,
    "HOLDOUT_SHARE": 0.0,
    "TRUSTED_PROXIES": 0,
    "LIMITS": ShopperLimits(visitor_day=20, user_day=40, ip_day=200, open=5),
    "BUDGET": ShopBudget(day=500, month=5000, day_money=None, month_money=None),
    "PRICE": TryOnPrice(per_credit=None, credits_per_tryon=1.0, currency="USD"),
    "PHOTO_GRACE_SECONDS": 0,
    "PHOTO_SECONDS": 86_400,
    "KEPT_PHOTO_SECONDS": 86_400,
    "VISITOR_RESULT_DAYS": 7,
    "RESULT_DAYS": 30,
    "SHARE_DAYS": 7,
    "JOB_DAYS": 396,
    "CONSENT_DAYS": 1095,
    "RECEIPT_DAYS": 1095,
}
WHOLE = {
    "MAX_PARALLEL": (1, 1000),
    "JOB_MAX_AGE_SECONDS": (60, 604_800),
    "LEASE_SECONDS": (2, 3600),
    "UNFETCHED_GRACE_SECONDS": (1, 86_400),
    "LINK_SECONDS": (60, 604_800),
    "POLLER_THREADS": (1, 256),
    "MAX_UPLOAD_BYTES": (1024, 1024**3),
    "PHOTO_LONG_SIDE": (256, 8192),
    "TRUSTED_PROXIES": (0, 10),
    "PHOTO_GRACE_SECONDS": (0, 604_800),
    "PHOTO_SECONDS": (60, 604_800),
    "KEPT_PHOTO_SECONDS": (60, 31_536_000),
    "VISITOR_RESULT_DAYS": (1, 3650),
    "RESULT_DAYS": (1, 3650),
    "SHARE_DAYS": (1, 365),
    "JOB_DAYS": (1, 3650),
    "CONSENT_DAYS": (1, 36_500),
    "RECEIPT_DAYS": (1, 36_500),
}
NUMBERS = {
    "DEADLINE_SECONDS": (0.1, 600),
    "MAX_POLLS_PER_SECOND": (0.1, 10_000),
    "HOLDOUT_SHARE": (0, 0.5),
}
GROUPS = ("LIMITS", "BUDGET", "PRICE")
#: Keys of those, with the highest number that each may be; None is no limit.
GROUP_LIMITS = {
    ("LIMITS", "visitor_day"): 1_000_000,
    ("LIMITS", "user_day"): 1_000_000,
    ("LIMITS", "ip_day"): 1_000_000,
    ("LIMITS", "open"): 1_000_000,
    ("BUDGET", "day"): 10_000_000,
    ("BUDGET", "month"): 10_000_000,
}
GROUP_MONEY = (("BUDGET", "day_money"), ("BUDGET", "month_money"), ("PRICE", "per_credit"))
HOOKS = ("PHOTO_CHECK", "MODERATE_PHOTO", "ALLOW_REQUEST", "PUBLISH_RESULT")
SWITCHES = (
    "NOTICE_UNCHANGED",
    "CONSENT_ADULT_TICK",
    "REUSE_RESULTS",
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


def group_refusal(settings: Any, name: str, key: str, value: object) -> str:
    """Set one key of a setting that is a dict, read it, and return what the error says."""
    settings.GLAM_TRYON = {name: {key: value}}
    with pytest.raises(SettingError) as caught:
        getattr(conf, name)
    assert (caught.value.name, caught.value.key) == (name, str(key))
    message = str(caught.value)
    assert message.startswith(f'GLAM_TRYON["{name}"]["{key}"] ')
    return message


def test_this_file_knows_every_setting() -> None:
    assert list(Settings.all()) == list(DEFAULTS)


def test_there_are_at_most_42_settings_and_none_of_them_is_gone() -> None:
    assert len(Settings.all()) <= 42
    assert not GONE.keys() & Settings.all().keys()


def test_the_page_of_settings_lists_what_is_gone_and_what_to_do_instead() -> None:
    page = (ROOT / "docs" / "settings.md").read_text().partition("## Names that are gone")[2]
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.+?) \|$", page.partition("\n## ")[0], re.MULTILINE)
    assert dict(rows) == GONE


def test_the_page_of_settings_gives_default_unit_and_limits_of_each() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.+?) \| .+ \|$", page, re.MULTILINE)
    assert [name for name, _default in rows] == list(DEFAULTS)
    for name, said in rows:
        default = DEFAULTS[name]
        shown = list(default) if isinstance(default, tuple) else default
        shown = asdict(shown) if name in GROUPS else shown
        assert said.startswith(f"`{shown!r}`" if default != "" else "none"), name
        if name in WHOLE or name in NUMBERS:
            lowest, highest = {**WHOLE, **NUMBERS}[name]
            assert f"; {lowest:,} to {highest:,}" in said, name
        for (group, key), highest in GROUP_LIMITS.items():
            assert name != group or f"; each None, or 0 to {highest:,}" in said, key
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
        default = asdict(setting.default) if name in GROUPS else setting.default
        assert setting.read({name: default}) == setting.default


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


# Settings that are dicts.


@pytest.mark.parametrize("name", GROUPS)
@pytest.mark.parametrize("value", [None, 5, "visitor_day", [("day", 1)], True])
def test_a_group_is_a_dict(settings: Any, name: str, value: object) -> None:
    assert "a dict with keys of '" in refusal(settings, name, value)


@pytest.mark.parametrize("name", GROUPS)
@pytest.mark.parametrize("key", ["days", "DAY", 5])
def test_a_key_that_a_group_does_not_have_is_refused_with_those_it_has(
    settings: Any, name: str, key: Any
) -> None:
    said = group_refusal(settings, name, key, 1)
    assert [right for right in asdict(DEFAULTS[name]) if repr(right) not in said] == []


@pytest.mark.parametrize("name", GROUPS)
def test_a_key_that_is_not_given_has_its_default(settings: Any, name: str) -> None:
    settings.GLAM_TRYON = {name: {}}
    assert getattr(conf, name) == DEFAULTS[name]


def test_a_key_that_is_given_leaves_the_others_as_they_are(settings: Any) -> None:
    settings.GLAM_TRYON = {"LIMITS": {"open": 9}, "PRICE": {"currency": "EUR"}}
    assert ShopperLimits(20, 40, 200, 9) == conf.LIMITS
    assert TryOnPrice(None, 1.0, "EUR") == conf.PRICE


@pytest.mark.parametrize(("name", "key"), GROUP_LIMITS)
def test_a_limit_is_a_whole_number_or_none(settings: Any, name: str, key: str) -> None:
    highest = GROUP_LIMITS[name, key]
    for value in (None, 0, highest):
        settings.GLAM_TRYON = {name: {key: value}}
        assert getattr(getattr(conf, name), key) == value
    for wrong in (-1, highest + 1, True, "5", 5.0, [5]):
        said = group_refusal(settings, name, key, wrong)
        assert said.endswith(f"None or a whole number from 0 to {highest}, not {wrong!r}")


@pytest.mark.parametrize(("name", "key"), GROUP_MONEY)
def test_an_amount_is_exact_whether_it_is_a_number_text_or_decimal(
    settings: Any, name: str, key: str
) -> None:
    for value in (0.1, "0.1", Decimal("0.1")):
        settings.GLAM_TRYON = {name: {key: value}}
        assert getattr(getattr(conf, name), key) == Decimal("0.1")
    settings.GLAM_TRYON = {name: {key: None}}
    assert getattr(getattr(conf, name), key) is None


@pytest.mark.parametrize(("name", "key"), GROUP_MONEY)
@pytest.mark.parametrize("value", ["", "free", -1, "nan", "inf", float("nan"), True, b"1", [1]])
def test_an_amount_is_no_other_text_and_not_negative(
    settings: Any, name: str, key: str, value: object
) -> None:
    assert "None or an amount like '0.08'" in group_refusal(settings, name, key, value)


@pytest.mark.parametrize("value", ["usd", "US", "EURO", "", None, 5, "ÄÖÜ", b"USD"])
def test_a_currency_is_three_capital_letters(settings: Any, value: object) -> None:
    said = group_refusal(settings, "PRICE", "currency", value)
    assert "three letters of a currency" in said


@pytest.mark.parametrize("value", [0, 1001, -1, True, "1", None, float("nan")])
def test_the_credits_of_one_try_on_are_a_number(settings: Any, value: object) -> None:
    said = group_refusal(settings, "PRICE", "credits_per_tryon", value)
    assert said.endswith(f"a number from 0.001 to 1000, not {value!r}")


# Switches, literals, URLs and lists.


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
    assert "a URL like 'https://shop.example.com'" in refusal(settings, name, value)


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
    assert is_loopback_url(address) is this_machine
