"""Pages of one admin site lead to pages of the same site, and to none that it lacks."""

from __future__ import annotations

import re

import pytest
from django.contrib.admin import AdminSite, site
from django.test import override_settings

from glam_tryon.admin.pages import admin_url, link, picture_url
from tests.servers import ROOT

PACKAGE = ROOT / "glam_tryon"
#: Pages of a model stand in the folder of its name, or are shown by its ``ModelAdmin`` alone.
OWN = {
    "dailycount": "dailycount",
    "deletionreceipt": "personal_data",
    "consenttext": "consenttext",
    "account": "account",
    "tryonbatch": "tryonbatch",
}


def test_one_module_alone_makes_urls_of_the_admin() -> None:
    found = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if re.search(r"""["']admin:""", path.read_text())
    }
    assert found == {"admin/pages.py"}


def test_a_template_names_pages_of_its_own_model_alone() -> None:
    # Those stand in the active site, by the namespace of the request.
    foreign = []
    for path in (PACKAGE / "templates").rglob("*.html"):
        for name in re.findall(r"""url ["']admin:(\w+)["']""", path.read_text()):
            own = OWN.get(path.parent.name, path.parent.name)
            if name not in ("index", "app_list") and own not in name:
                foreign.append((path.name, name))
    assert foreign == []


@override_settings(ROOT_URLCONF="tests.admin.own_site_urls")
@pytest.mark.parametrize("name", ["first", "second"])
def test_a_url_is_that_of_the_site_it_is_asked_for(name: str) -> None:
    asked = AdminSite(name)
    assert admin_url(asked, "index") == f"/{name}/"
    assert admin_url(asked, "glam_tryon_tryonjob_changelist") == (
        "/second/glam_tryon/tryonjob/" if name == "second" else ""
    )
    assert bool(picture_url(asked, "6f2b2d0e-0000-4000-8000-000000000000", 0)) == (name == "second")


def test_what_has_no_page_is_text() -> None:
    assert link("", "<All>") == "&lt;All&gt;"
    assert link(admin_url(site, "index"), "<All>") == '<a href="/admin/">&lt;All&gt;</a>'
