"""Texts name the provider by its display name, so that those of another provider are right too."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from glam_tryon.admin.jobs.advice import job_advice
from glam_tryon.admin.jobs.job_actions import ASK
from glam_tryon.models import TryOnJob
from glam_tryon.models.job import NEEDS_PERSON
from glam_tryon.models.status import Status
from glam_tryon.providers.selection import provider_class
from tests.servers import ROOT

PACKAGE = ROOT / "glam_tryon"
#: The name as a word; ``X-Glam-Tryon`` is a header of this project.
NAME = re.compile(r"\bGlam\b(?!-Tryon)")
#: Rooms that are about Glam itself, and the shop's legal texts, which say who gets the photo.
NAMES_GLAM = (
    "providers/glam/",
    "sandbox/",
    "management/commands/run_glam_sandbox.py",
    "privacy/consent.py",
    "templates/glam_tryon/form.html",
    "templates/glam_tryon/policy.html",
    "templates/glam_tryon/parts/mine.html",
)


def sources(suffix: str) -> Iterator[tuple[str, Path]]:
    for path in sorted(PACKAGE.rglob(f"*{suffix}")):
        name = path.relative_to(PACKAGE).as_posix()
        if not name.startswith(NAMES_GLAM):
            yield name, path


def texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield every string with its line, those that stand alone (docstrings) excepted."""
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node.lineno, node.value


def test_no_text_of_the_code_names_glam() -> None:
    found = [
        f"{name}:{line}: {text}"
        for name, path in sources(".py")
        for line, text in texts(ast.parse(path.read_text()))
        if NAME.search(text)
    ]
    assert found == []


@pytest.mark.parametrize("suffix", [".html", ".js", ".txt"])
def test_no_template_and_no_script_names_glam(suffix: str) -> None:
    assert [name for name, path in sources(suffix) if NAME.search(path.read_text())] == []


def test_the_names_are_those_of_the_provider_of_the_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    job = TryOnJob(status=Status.UNCONFIRMED, error_code=NEEDS_PERSON)
    assert str(ASK.title) == "Ask Glam again"
    assert job_advice(job).startswith("Glam fetched the photo")
    monkeypatch.setattr(provider_class(), "display_name", "Toy")
    assert str(ASK.title) == "Ask Toy again"
    assert job_advice(job).startswith("Toy fetched the photo")
