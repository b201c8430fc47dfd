"""Each deployment of the table is walked through, or refused with a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.deployments.rows import ROWS, Deployment
from tests.servers import ROOT


def rows() -> Iterator[Any]:
    for row in ROWS.values():
        marks = [] if row.quick else [pytest.mark.long]
        if row.database != "sqlite":
            marks.append(pytest.mark.database(row.database))
        yield pytest.param(row, id=row.name, marks=marks)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("row", [*rows()])
def test_the_product_works_or_is_refused_in_a_sentence(
    row: Deployment, needs: Callable[..., None], tmp_path: Path
) -> None:
    needs(*row.needs)
    ended = subprocess.run(
        [sys.executable, "-m", "tests.deployments.run", row.name],
        cwd=ROOT,
        env={**os.environ, "TEST_DIRECTORY": str(tmp_path), **row.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
