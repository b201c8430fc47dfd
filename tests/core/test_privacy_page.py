"""The page for the shop's lawyer says what the code does."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Permission

from glam_tryon.conf import Settings
from tests.servers import ROOT

PAGE = (ROOT / "docs" / "privacy.md").read_text()
RETENTION = {
    "PHOTO_GRACE_SECONDS",
    "PHOTO_SECONDS",
    "KEPT_PHOTO_SECONDS",
    "VISITOR_RESULT_DAYS",
    "RESULT_DAYS",
    "SHARE_DAYS",
    "JOB_DAYS",
    "CONSENT_DAYS",
    "RECEIPT_DAYS",
    "CONSENT_ADULT_TICK",
}


def test_each_number_is_the_default_of_its_setting() -> None:
    said = re.findall(r"`([A-Z_]+)` \(([\w,]+)\)", PAGE)
    assert {name for name, _value in said} == RETENTION
    defaults = Settings.all()
    for name, value in said:
        default = defaults[name].default
        shown = str(default) if isinstance(default, bool) else f"{default:,}"
        assert value == shown, name


def test_each_time_in_the_table_is_that_of_its_setting() -> None:
    lines = [line for line in PAGE.splitlines() if "_DAYS` (" in line and line.startswith("|")]
    assert len(lines) == 6
    for line in lines:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        value = re.findall(r"\(([\d,]+)\)", cells[4])[0]
        assert cells[3].startswith(f"{value} days"), line


def test_every_setting_that_is_named_is_there() -> None:
    named = set(re.findall(r"`([A-Z]{2,}_[A-Z_]+)`", PAGE))
    assert named <= set(Settings.all())


@pytest.mark.django_db
def test_every_permission_that_is_named_is_there() -> None:
    named = {"view_tryonjob", "view_person_photo", "purge_tryon_data"}
    assert named <= set(re.findall(r"`(\w+)`", PAGE))
    there = Permission.objects.filter(codename__in=named, content_type__app_label="glam_tryon")
    assert {each.codename for each in there} == named
