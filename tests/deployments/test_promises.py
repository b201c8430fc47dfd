"""The pages about deployments, security and privacy are true: rows, and tests by their names."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.deployments import table
from tests.servers import ROOT


@cache
def names_in(file: str) -> set[str]:
    """Return the names of the test functions of a file, none when there is no such file."""
    path = ROOT / file
    if not path.exists():
        return set()
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("page", ["security.md", "privacy.md"])
def test_each_test_that_holds_a_promise_is_there(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text)
    assert len(named) > 20
    assert [f"{file}::{name}" for file, name in named if name not in names_in(file)] == []


def test_each_promise_of_the_tables_names_a_test() -> None:
    for page, heading in (("security.md", "## Threats"), ("privacy.md", "## What holds these")):
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        section = text.split(heading)[1].split("\n## ")[0]
        rows = [line for line in section.splitlines() if line.startswith("| ")][2:]
        assert rows
        assert [row for row in rows if "`tests/" not in row] == []


def test_the_table_of_deployments_is_that_of_the_rows() -> None:
    assert table.page() == table.PAGE.read_text(encoding="utf-8"), (
        "write it anew: python -m tests.deployments.table"
    )
