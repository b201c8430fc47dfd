"""docs/architecture.md names what is there."""

from __future__ import annotations

import ast
import re
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest

from glam_tryon.models.status import Status
from tests.servers import ROOT

PACKAGE = ROOT / "glam_tryon"
#: Rooms of which nobody decides anything: what Django makes of them is plain.
PLAIN = {"__init__", "__pycache__", "apps", "locale", "migrations", "py"}
#: Words with which a docstring does not say what it describes.
PRONOUN = re.compile(r"(How|It|That|They|This|Those|What|When|Where|Whether|Which|Who|Whose|Why)\b")
#: Module names that are there more than once, each argued on the page; three at most.
TWICE: frozenset[str] = frozenset()


@pytest.fixture(scope="module")
def page() -> str:
    return (ROOT / "docs" / "architecture.md").read_text()


def test_every_room_is_named(page: str) -> None:
    rooms = {path.name.partition(".")[0] for path in PACKAGE.iterdir()} - PLAIN
    named = set(re.findall(r"`(\w+)(?:\.py|/)", page))
    assert sorted(rooms - named) == []


def test_every_file_that_is_named_is_there(page: str) -> None:
    files = set(re.findall(r"`([\w/]+\.py)`", page)) - {"tryon.py"}
    assert len(files) > 15
    found = {str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py")}
    names = found | {Path(path).name for path in found}
    assert sorted(files - names) == []


def test_every_status_is_in_the_life_of_a_job(page: str) -> None:
    life = page.partition("## The life of a job")[2].partition("## How it stays right")[0]
    assert [status for status in Status if f"`{status}`" not in life] == []


def test_the_directions_are_those_that_the_lint_holds(page: str) -> None:
    contract = (ROOT / "setup.cfg").read_text().partition("containers = glam_tryon\n")[2]
    layers = contract.partition("layers =\n")[2].partition("\n\n")[0]
    held = [re.sub(r"[()]", "", line).strip() for line in layers.splitlines()]
    written = re.search(r"\n\n((?:    [\w.|: ]+\n)+)", page.partition("## Directions")[2])
    assert written
    assert [line.strip() for line in written[1].splitlines()] == held


def test_a_docstring_begins_with_a_verb_or_with_the_noun_that_it_describes() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}: {text.splitlines()[0]}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and PRONOUN.match(text := ast.get_docstring(node) or "")
    ]
    assert found == []


def test_a_module_has_a_name_that_no_other_module_has(page: str) -> None:
    stems = Counter(
        path.stem
        for path in PACKAGE.rglob("*.py")
        if path.stem not in ("__init__", "__main__") and "migrations" not in path.parts
    )
    assert {stem for stem, count in stems.items() if count > 1} == TWICE
    assert len(TWICE) <= 3
    assert [stem for stem in TWICE if f"`{stem}.py`" not in page] == []


def test_what_the_docs_import_is_there() -> None:
    pages = [*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    text = "\n".join(page.read_text() for page in pages)
    imports = re.findall(r"^from (glam_tryon[\w.]*) import (.+)$", text, re.MULTILINE)
    assert len(imports) > 8
    for module, names in imports:
        found = import_module(module)
        for name in names.split(", "):
            assert hasattr(found, name) or import_module(f"{module}.{name}"), (module, name)


def test_every_path_in_the_docs_is_there() -> None:
    pages = [*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    folders = "glam_tryon|tests|example_project|docs|benchmarks|findings"
    paths = {
        path
        for page in pages
        for path in re.findall(
            rf"[`(]((?:{folders})/[\w./-]+\.(?:py|md|pml|svg))", page.read_text()
        )
    }
    assert len(paths) > 30
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []
