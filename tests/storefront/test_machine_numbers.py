"""Numbers for machines are written plainly, whatever the shop's language does with thousands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.template import Context, Template

from tests.servers import ROOT

TEMPLATES = ROOT / "glam_tryon" / "templates"
#: Attributes that a browser, a script or the server reads; what stands in others is for people.
MACHINE = re.compile(
    r"\s(value|name|id|width|height|max|min|x|y|d|viewBox|data-(?!count|filter-title)[a-z-]+)"
    r'="([^"{}]*(?:\{\{.*?\}\}[^"{}]*)+)"'
)
#: Variables that are text by their nature; those of other names may be numbers.
TEXT = re.compile(
    r"(\.name|url|sha256|^name|checkbox|request_id|title|_name|^word|list_id|\.path|src)$"
    r'|\|(unlocalize|slugify|date:"[^"]+")$'
)


def templates() -> list[Path]:
    return sorted(TEMPLATES.rglob("*.html"))


@pytest.mark.parametrize("template", templates(), ids=lambda path: path.name)
def test_what_may_be_a_number_in_a_machines_attribute_is_not_localized(template: Path) -> None:
    found = [
        f"{name}: {value.strip()}"
        for name, text in MACHINE.findall(template.read_text())
        for value in re.findall(r"\{\{(.*?)\}\}", text)
        if not TEXT.search(value.strip())
    ]
    assert found == []


def test_the_scan_sees_what_it_is_for() -> None:
    (found,) = MACHINE.findall('<input type="hidden" value="{{ picture.pk }}">')
    assert found == ("value", "{{ picture.pk }}")
    assert not TEXT.search("picture.pk")


@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_the_filter_does_what_the_scan_counts_on(language: str, settings: Any) -> None:
    settings.USE_THOUSAND_SEPARATOR = True
    settings.LANGUAGE_CODE = language
    template = Template("{% load l10n %}{{ key|unlocalize }} {{ key }}")
    plain, localized = template.render(Context({"key": 1234})).split(" ", 1)
    assert plain == "1234"
    assert localized != plain
