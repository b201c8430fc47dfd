"""The system checks: each says what is wrong once, and nothing about what is right."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from django.core.checks import ERROR, CheckMessage, run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from glam_tryon.checks import (
    check_production,
    check_public_media,
    check_settings,
    check_storage,
    check_time_zones,
)
from glam_tryon.conf import GONE, Settings
from tests.servers import ROOT

# From Django 6.1 on the command "check" also looks into the database.
pytestmark = pytest.mark.django_db

RIGHT: dict[str, Any] = {"API_KEY": "key", "PUBLIC_BASE_URL": "https://shop.example.com"}
SANDBOX = {"API_KEY": "key", "BASE_URL": "http://127.0.0.1:8650/api/v1"}


def found(settings: Any, **values: Any) -> list[CheckMessage]:
    """Run the checks on a right configuration with these values changed; None takes one out."""
    given = {**RIGHT, **values}
    settings.GLAM_TRYON = {name: value for name, value in given.items() if value is not None}
    return list(check_settings(None))


def ids(messages: list[CheckMessage]) -> list[str]:
    return [str(message.id).removeprefix("glam_tryon.") for message in messages]


def test_the_two_settings_that_a_shop_must_give_are_enough(settings: Any) -> None:
    assert found(settings) == []


def test_the_checks_run_with_those_of_django(settings: Any) -> None:
    settings.GLAM_TRYON = {**RIGHT, "MAX_PARALLEL": 0}
    assert "E001" in ids(run_checks())


# E001 and W001: each value, each name.


@pytest.mark.parametrize("value", [None, [], "key"])
def test_e001_glam_tryon_is_no_dict(settings: Any, value: object) -> None:
    settings.GLAM_TRYON = value
    (message,) = check_settings(None)
    assert (ids([message]), message.level) == (["E001"], ERROR)
    assert message.msg.startswith("GLAM_TRYON must be a dict")


def test_e001_names_every_wrong_value_and_says_what_the_setting_is_for(settings: Any) -> None:
    messages = found(settings, MAX_PARALLEL="2", SEND_IMAGES="fax", API_KEY=5)
    assert ids(messages) == ["E001"] * 3
    assert [message.msg.partition("]")[0] for message in messages] == [
        'GLAM_TRYON["API_KEY"',
        'GLAM_TRYON["MAX_PARALLEL"',
        'GLAM_TRYON["SEND_IMAGES"',
    ]
    assert messages[1].hint == Settings.MAX_PARALLEL.doc


def test_no_message_holds_the_key(settings: Any) -> None:
    messages = found(
        settings, API_KEY=b"very-secret", BASE_URL="very-secret", PUBLIC_BASE_URL="very-secret"
    )
    assert len(messages) == 3
    assert "secret" not in "".join(map(str, messages))


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("PUBLIC_BASE_URI", "Did you mean 'PUBLIC_BASE_URL'?"),
        ("API-KEY", "Did you mean 'API_KEY'?"),
        ("api_key", "Did you mean 'API_KEY'?"),
        ("MAX_PARALEL", "Did you mean 'MAX_PARALLEL'?"),
        ("XYZ", "See docs/settings.md for the names."),
        (5, "See docs/settings.md for the names."),
    ],
)
def test_w001_an_unknown_name_gets_the_nearest_right_one(
    settings: Any, name: object, hint: str
) -> None:
    settings.GLAM_TRYON = {**RIGHT, name: "value"}
    (message,) = check_settings(None)
    assert ids([message]) == ["W001"]
    assert message.msg == f"GLAM_TRYON has no setting {name!r}."
    assert message.hint == hint


def test_w001_does_not_hide_what_else_is_wrong(settings: Any) -> None:
    assert ids(found(settings, API_KEY=None, APY_KEY="key")) == ["W001", "W002"]
    assert ids(found(settings, APY_KEY="key", MAX_PARALLEL=0)) == ["W001", "E001"]


# W002: the key.


@pytest.mark.parametrize("value", [None, ""])
def test_w002_no_key(settings: Any, value: str | None) -> None:
    (message,) = found(settings, API_KEY=value)
    assert ids([message]) == ["W002"]
    assert 'GLAM_TRYON["API_KEY"]' in message.msg


def test_a_callable_key_is_right_and_is_not_asked_by_the_checks(settings: Any) -> None:
    assert found(settings, API_KEY=lambda: pytest.fail("asked for the key")) == []


# W003: where Glam finds the shop.


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        (None, "is missing"),
        ("", "is missing"),
        ("http://shop.example.com", "unencrypted"),
        ("http://localhost:8000", "cannot reach"),
        ("https://127.0.0.1", "cannot reach"),
        ("https://[::1]", "cannot reach"),
        ("https://10.1.2.3", "cannot reach"),
        ("https://192.168.0.5:8443", "cannot reach"),
        ("https://169.254.1.1", "cannot reach"),
        ("https://intranet", "cannot reach"),
        ("https://shop.local", "cannot reach"),
        ("https://shop.internal", "cannot reach"),
        ("https://shop.test", "cannot reach"),
    ],
)
def test_w003_an_address_that_glam_cannot_use(
    settings: Any, address: str | None, problem: str
) -> None:
    (message,) = found(settings, PUBLIC_BASE_URL=address)
    assert ids([message]) == ["W003"]
    assert 'GLAM_TRYON["PUBLIC_BASE_URL"]' in message.msg
    assert problem in message.msg
    assert "SEND_IMAGES" in str(message.hint)


@pytest.mark.parametrize("address", ["https://shop.example.com", "https://93.184.215.14:8443/x"])
def test_a_public_https_address_is_right(settings: Any, address: str) -> None:
    assert found(settings, PUBLIC_BASE_URL=address) == []


def test_with_upload_glam_need_not_reach_the_shop(settings: Any) -> None:
    assert found(settings, PUBLIC_BASE_URL=None, SEND_IMAGES="upload") == []


def test_with_the_sandbox_on_this_machine_http_and_loopback_are_right(settings: Any) -> None:
    assert found(settings, **SANDBOX, PUBLIC_BASE_URL="http://127.0.0.1:8000") == []


def test_w003_the_sandbox_needs_an_address_as_well(settings: Any) -> None:
    assert ids(found(settings, **SANDBOX, PUBLIC_BASE_URL=None)) == ["W003"]


# W004 and W005: times that contradict each other.


def test_w004_a_link_that_dies_before_the_job(settings: Any) -> None:
    (message,) = found(settings, LINK_SECONDS=3600, JOB_MAX_AGE_SECONDS=3601)
    assert ids([message]) == ["W004"]
    assert message.hint == "Set LINK_SECONDS to at least 3601."


def test_a_link_that_lives_as_long_as_the_job_is_right(settings: Any) -> None:
    assert found(settings, LINK_SECONDS=3600, JOB_MAX_AGE_SECONDS=3600) == []


def test_with_upload_no_link_can_die_too_early(settings: Any) -> None:
    assert found(settings, SEND_IMAGES="upload", LINK_SECONDS=60) == []


def test_w005_a_lease_shorter_than_one_exchange(settings: Any) -> None:
    (message,) = found(settings, LEASE_SECONDS=34)
    assert ids([message]) == ["W005"]
    assert "(35 s)" in message.msg


def test_a_lease_as_long_as_one_exchange_is_right(settings: Any) -> None:
    assert found(settings, LEASE_SECONDS=35) == []


# E002: where the key goes.


def test_e002_an_api_without_encryption(settings: Any) -> None:
    (message,) = found(settings, BASE_URL="http://api.glam.ai/api/v1")
    assert (ids([message]), message.level) == (["E002"], ERROR)


def test_another_api_over_https_is_right(settings: Any) -> None:
    assert found(settings, BASE_URL="https://glam.example.com/api/v1") == []


# What the checks do to manage.py.


def run_check() -> str:
    out = StringIO()
    call_command("check", stdout=out, stderr=out)
    return out.getvalue()


@pytest.mark.parametrize("values", [{}, {"PUBLIC_BASE_URL": ""}, {"PUBLIC_BASE_URLS": "x"}])
def test_what_is_missing_never_stops_manage_py(settings: Any, values: dict[str, str]) -> None:
    settings.GLAM_TRYON = values
    assert "glam_tryon.W003" in run_check()


def test_a_wrong_value_stops_manage_py_and_is_named(settings: Any) -> None:
    settings.GLAM_TRYON = {**RIGHT, "LEASE_SECONDS": "60"}
    with pytest.raises(SystemCheckError, match=r'GLAM_TRYON\["LEASE_SECONDS"\] must be a whole'):
        run_check()


# The documentation.


def test_the_page_of_settings_names_every_setting_and_every_check() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    files = (ROOT / "glam_tryon" / "checks").glob("*.py")
    source = "".join(file.read_text() for file in files)
    checks = {word.split('"')[0] for word in source.split('id="')[1:]}
    assert len(checks) == 29
    assert [name for name in Settings.all() if f"| `{name}` |" not in page] == []
    assert [name for name in sorted(checks) if f"| `{name}` |" not in page] == []


# E003: instants.


def test_local_times_without_a_zone_are_an_error(settings: Any) -> None:
    assert check_time_zones(None) == []
    settings.USE_TZ = False
    (message,) = check_time_zones(None)
    assert (ids([message]), message.level) == (["E003"], ERROR)


# W010: a budget that stops nothing.


@pytest.mark.parametrize("key", ["day_money", "month_money"])
@pytest.mark.parametrize("amount", [0, "100.00"])
def test_w010_money_without_a_price(settings: Any, key: str, amount: object) -> None:
    (message,) = found(settings, BUDGET={key: amount})
    assert ids([message]) == ["W010"]
    assert f'GLAM_TRYON["BUDGET"]["{key}"]' in message.msg
    assert found(settings, BUDGET={key: amount}, PRICE={"per_credit": "0.08"}) == []


# W012: names of earlier versions.


@pytest.mark.parametrize("name", GONE)
def test_w012_a_name_that_is_gone_is_answered_with_what_to_do_instead(
    settings: Any, name: str
) -> None:
    (message,) = found(settings, **{name: 1})
    assert ids([message]) == ["W012"]
    assert message.msg == f"GLAM_TRYON has no setting {name!r} any more."
    assert message.hint == GONE[name]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("SHOP_DAY_LIMITS", 'Set BUDGET = {"day": ...}.'),
        ("free_repeats", "Set REUSE_RESULTS."),
        ("MAX_ATTEMPT", "It is fixed at 3 claims."),
    ],
)
def test_a_misspelt_name_that_is_gone_is_answered_as_the_right_one(
    settings: Any, name: str, hint: str
) -> None:
    (message,) = found(settings, **{name: 1})
    assert (ids([message]), message.hint) == (["W001"], hint)


# The storage.

S3 = "storages.backends.s3.S3Storage"
FOLDER = "django.core.files.storage.FileSystemStorage"


def stored_in(settings: Any, backend: str, **options: Any) -> None:
    given = {"BACKEND": backend, "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "glam_tryon": given}


@pytest.mark.parametrize(
    "options",
    [
        {"default_acl": "public-read"},
        {"default_acl": "public-read-write"},
        {"object_parameters": {"ACL": "public-read"}},
        {"querystring_auth": False},
    ],
)
def test_w006_a_public_bucket(settings: Any, options: dict[str, Any]) -> None:
    stored_in(settings, S3, bucket_name="b", **options)
    (message,) = check_storage(None)
    assert ids([message]) == ["W006"]
    assert "anybody may see shoppers' photos" in message.msg


@pytest.mark.parametrize("options", [{}, {"client_config": Config(signature_version="s3")}])
def test_w007_links_that_leave_the_host_out_of_their_signature(
    settings: Any, options: dict[str, Any]
) -> None:
    stored_in(settings, S3, bucket_name="b", endpoint_url="https://s3.example.com", **options)
    assert ids(list(check_storage(None))) == ["W007"]


@pytest.mark.parametrize(
    "options",
    [{"signature_version": "s3v4"}, {"client_config": Config(signature_version="s3v4")}],
)
def test_the_recipe_of_a_private_bucket_is_right(settings: Any, options: dict[str, Any]) -> None:
    private = {"default_acl": None, "querystring_auth": True, "file_overwrite": False}
    stored_in(
        settings, S3, bucket_name="b", endpoint_url="https://s3.example.com", **private, **options
    )
    assert (check_storage(None), check_public_media(None)) == ([], [])


def test_a_private_bucket_of_aws_itself_is_right(settings: Any) -> None:
    stored_in(settings, S3, bucket_name="b", region_name="eu-central-1")
    assert check_storage(None) == []


def test_e005_a_storage_that_cannot_be_made(settings: Any) -> None:
    stored_in(settings, FOLDER, colour="red")
    (message,) = check_storage(None)
    assert (ids([message]), message.level) == (["E005"], ERROR)
    assert check_public_media(None) == []


@pytest.mark.parametrize("below", ["", "private"])
def test_w008_photos_in_the_folder_that_is_handed_out(
    settings: Any, tmp_path: Path, below: str
) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    stored_in(settings, FOLDER, location=tmp_path / below)
    (message,) = check_public_media(None)
    assert ids([message]) == ["W008"]
    assert str(tmp_path / below) in message.msg


@pytest.mark.parametrize("media", ["", "media", "private/media"])
def test_a_folder_of_its_own_is_right(settings: Any, tmp_path: Path, media: str) -> None:
    settings.MEDIA_ROOT = str(tmp_path / media) if media else ""
    stored_in(settings, FOLDER, location=tmp_path / "private")
    assert (check_storage(None), check_public_media(None)) == ([], [])


# Production.


def test_w011_the_sandbox_in_a_real_shop(settings: Any) -> None:
    settings.GLAM_TRYON = SANDBOX
    assert ids(list(check_production(None))) == ["W011"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VISITOR_RESULT_DAYS", 365),
        ("RESULT_DAYS", 3650),
        ("KEPT_PHOTO_SECONDS", 31_536_000),
    ],
)
def test_w009_pictures_that_are_kept_for_ever(settings: Any, name: str, value: int) -> None:
    settings.GLAM_TRYON = {**RIGHT, name: value}
    (message,) = check_production(None)
    assert ids([message]) == ["W009"]
    assert name in message.msg


def test_a_shop_with_the_defaults_may_go_into_production(settings: Any) -> None:
    settings.GLAM_TRYON = RIGHT
    assert check_production(None) == []
    settings.GLAM_TRYON = {**RIGHT, "RESULT_DAYS": "7"}
    assert check_production(None) == []


def test_only_check_deploy_asks_what_matters_in_production_only(
    settings: Any, tmp_path: Path
) -> None:
    settings.GLAM_TRYON = {**SANDBOX, "PUBLIC_BASE_URL": "http://127.0.0.1:8000"}
    settings.MEDIA_ROOT = str(tmp_path)
    stored_in(settings, FOLDER, location=tmp_path)
    ours = [
        # In no order: the registry of checks is a set.
        sorted(n for n in ids(run_checks(include_deployment_checks=deploy)) if n[1:].isdigit())
        for deploy in (False, True)
    ]
    assert ours == [[], ["W008", "W011"]]


def test_nothing_counts_on_a_cache() -> None:
    sources = (ROOT / "glam_tryon").rglob("*.py")
    assert [file for file in sources if "django.core.cache" in file.read_text()] == []
