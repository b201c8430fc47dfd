"""``REQUIRE_ALL``: a test that did not run fails the run; what cannot apply is left out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import ROOT

SKIPPED = """
import pytest

def test_done():
    pass

def test_needs_a_server(needs):
    needs("redis")
"""
EXPECTED_FAILURE = """
import pytest

@pytest.mark.xfail(reason="somebody gave up")
def test_broken():
    assert False
"""
ELSEWHERE = """
import pytest

def test_done():
    pass

@pytest.mark.database("postgres")
def test_of_another_database():
    pytest.skip("never reached")

@pytest.mark.needs_django("99.0")
def test_of_another_django():
    pytest.skip("never reached")
"""


def run(test: str, tmp_path: Path, *options: str, **variables: str) -> tuple[int, str]:
    """Run one test file with the suite's own conftest; return the exit code and the output."""
    (tmp_path / "test_it.py").write_text(test)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("TEST_")},
        "PYTHONPATH": str(ROOT),
        "REQUIRE_ALL": "",
        **variables,
    }
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "--rootdir", str(ROOT)]
    command += ["-c", str(ROOT / "setup.cfg"), "-p", "no:cacheprovider", *options, str(tmp_path)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_a_skip_passes_and_says_what_to_install(tmp_path: Path) -> None:
    code, output = run(SKIPPED, tmp_path)
    assert code == 0, output
    assert "1 skipped: no redis: install Redis, then set TEST_REDIS_URL" in output


@pytest.mark.parametrize("options", [(), ("--numprocesses=1",)], ids=["plain", "xdist"])
def test_a_skip_fails_the_run_when_all_is_required(
    options: tuple[str, ...], tmp_path: Path
) -> None:
    code, output = run(SKIPPED, tmp_path, *options, REQUIRE_ALL="1")
    assert code == 1, output
    assert "not run; REQUIRE_ALL makes that a failure" in output


def test_an_expected_failure_fails_the_run_as_well(tmp_path: Path) -> None:
    code, output = run(EXPECTED_FAILURE, tmp_path, REQUIRE_ALL="1")
    assert code == 1, output
    assert "1 skipped: somebody gave up" in output


def test_what_cannot_apply_here_is_no_skip(tmp_path: Path) -> None:
    code, output = run(ELSEWHERE, tmp_path, REQUIRE_ALL="1", TEST_DATABASE="sqlite")
    assert code == 0, output
    assert "1 passed, 2 deselected" in output


def test_a_server_that_does_not_answer_is_named(tmp_path: Path) -> None:
    code, output = run(SKIPPED, tmp_path, TEST_REDIS_URL="redis://127.0.0.1:9/0")
    assert code == 0, output
    assert "TEST_REDIS_URL names 127.0.0.1:9, which does not answer" in output
