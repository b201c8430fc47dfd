"""A copy of the project as a fresh clone has it, so that building leaves no trace in this one."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.servers import ROOT

FOLDERS = ("glam_tryon", "example_project", "tests", "docs")
FILES = ("CHANGELOG.md", "LICENSE", "MANIFEST.in", "README.md", "pyproject.toml", "setup.cfg")


def copy_of_the_project(target: Path) -> Path:
    """Copy what a build reads, without caches and kept data, and return where it is."""
    target.mkdir(parents=True)
    ignore = shutil.ignore_patterns("__pycache__", "*.pyc", "*.egg-info", "var", "_build")
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, target / folder, ignore=ignore)
    for file in FILES:
        shutil.copy(ROOT / file, target / file)
    return target
