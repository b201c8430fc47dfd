"""What a shop may change in the widget's templates: each block by itself, and the named parts."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.template import Context, Engine
from django.test import RequestFactory

import glam_tryon
from tests.servers import ROOT

TEMPLATES = Path(glam_tryon.__file__).parent / "templates" / "glam_tryon"
PAGE = (ROOT / "docs" / "widget.md").read_text()
#: Blocks of the frame, which the pages fill.
FRAME = {"title", "head", "messages", "content"}


def documented() -> dict[str, set[str]]:
    """The blocks of each template as the page of the widget lists them."""
    table = PAGE.split("| template | blocks |")[1].split("\n\n")[0]
    rows = re.findall(r"^\| `([a-z_/]+\.html)`[^|]* \| ([^|]+) \|$", table, re.MULTILINE)
    return {name: set(re.findall(r"`([a-z_]+)`", blocks)) for name, blocks in rows}


def blocks_of(name: str) -> set[str]:
    found = set(re.findall(r"\{% block ([a-z_]+) %\}", (TEMPLATES / name).read_text()))
    return found if name == "base.html" else found - FRAME


BLOCKS = [(name, block) for name, blocks in documented().items() for block in sorted(blocks)]


@pytest.mark.parametrize("name", documented())
def test_the_page_lists_every_block_of_a_template(name: str) -> None:
    assert documented()[name] == blocks_of(name)


def test_no_template_with_blocks_is_missing_on_the_page() -> None:
    names = {str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html")}
    assert {name for name in names if blocks_of(name)} <= documented().keys()


@pytest.mark.parametrize(("name", "block"), BLOCKS)
def test_a_block_is_changed_without_the_rest_of_its_template(
    db: None, tmp_path: Path, name: str, block: str
) -> None:
    own = tmp_path / "glam_tryon" / name
    own.parent.mkdir(parents=True)
    mine = f"{{% block {block} %}}<b>the shop's</b>{{% endblock %}}"
    own.write_text(f'{{% extends "glam_tryon/{name}" %}}{mine}')
    engine = Engine(
        dirs=[str(tmp_path)],
        loaders=[
            "django.template.loaders.filesystem.Loader",
            "django.template.loaders.app_directories.Loader",
        ],
        libraries={
            "glam_tryon": "glam_tryon.templatetags.glam_tryon",
            "i18n": "django.templatetags.i18n",
            "l10n": "django.templatetags.l10n",
            "static": "django.templatetags.static",
        },
    )
    everything: dict[str, Any] = {
        "request": RequestFactory().get("/"),
        "tryons": [{}],
        "withdraw_url": "/withdraw/",
        "receipt": {"pk": uuid.uuid4()},
    }
    page = engine.get_template(f"glam_tryon/{name}").render(Context(everything))
    assert page.count("<b>the shop's</b>") == 1


def test_the_page_lists_every_part_and_no_other() -> None:
    table = PAGE.split("| part | what |")[1].split("\n\n")[0]
    listed = {
        part
        for row in re.findall(r"^\| (`[^|]+`) \|", table, re.MULTILINE)
        for part in re.findall(r"`([a-z]+)`", row)
    }
    package = TEMPLATES.parents[1]
    sources = [*TEMPLATES.rglob("*.html"), *package.glob("static/glam_tryon/*.js")]
    sources.append(package / "templatetags" / "glam_tryon.py")
    named = {
        part
        for path in sources
        for part in re.findall(r'\bpart(?:=| = )"([a-z]+)"', path.read_text())
    }
    assert named == listed
