"""The wheel holds all that a shop needs, none of what only this repository needs."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path, PurePosixPath

import pytest

import glam_tryon
from tests.packaging.copies import copy_of_the_project
from tests.servers import ROOT

PACKAGE = ROOT / "glam_tryon"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, opened, built without the network by the setuptools of the test extra."""
    directory = tmp_path_factory.mktemp("wheel")
    project = copy_of_the_project(directory / "project")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", "dist"]
    built = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (file,) = (project / "dist").glob("*.whl")
    return zipfile.ZipFile(file)


@pytest.fixture(scope="module")
def names(wheel: zipfile.ZipFile) -> set[str]:
    return set(wheel.namelist())


def files(folder: str, *endings: str) -> set[str]:
    """Return the files of one folder of the package, as the wheel names them."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in (PACKAGE / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix in endings
    }


@pytest.mark.parametrize(
    ("folder", "endings"),
    [
        (".", (".py",)),
        ("templates", (".html", ".txt")),
        ("static", (".css", ".js", ".svg")),
        ("management/commands", (".py",)),
        ("migrations", (".py",)),
    ],
)
def test_it_holds_every_file_of(folder: str, endings: tuple[str, ...], names: set[str]) -> None:
    expected = files(folder, *endings)
    assert expected
    assert expected <= names


def test_it_holds_the_catalogues_of_every_language(names: set[str]) -> None:
    assert files("locale", ".po", ".mo") <= names


def test_it_holds_the_mark_of_a_typed_package(names: set[str]) -> None:
    assert "glam_tryon/py.typed" in names


def test_it_holds_every_file_of_the_package_but_caches(names: set[str]) -> None:
    everything = {
        path.relative_to(ROOT).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert everything - names == set()


def test_it_holds_nothing_else(names: set[str]) -> None:
    tops = {PurePosixPath(name).parts[0] for name in names}
    assert tops == {"glam_tryon", f"django_glam_tryon-{glam_tryon.__version__}.dist-info"}


def test_its_metadata_names_the_package_its_licence_and_what_it_stands_on(
    wheel: zipfile.ZipFile, names: set[str]
) -> None:
    (path,) = (name for name in names if name.endswith(".dist-info/METADATA"))
    metadata = Parser().parsestr(wheel.read(path).decode())
    required = {
        re.split("[<>;]", line)[0]
        for line in metadata.get_all("Requires-Dist", [])
        if "extra ==" not in line
    }
    assert metadata["Name"] == "django-glam-tryon"
    assert metadata["Version"] == glam_tryon.__version__
    assert metadata["License"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.11"
    assert required == {
        "Django",
        "Pillow",
        "boto3",
        "django-storages",
        "requests",
        "requests-hardened",
        "urllib3",
    }


def test_its_description_is_the_readme(wheel: zipfile.ZipFile, names: set[str]) -> None:
    (path,) = (name for name in names if name.endswith(".dist-info/METADATA"))
    readme = Path(ROOT / "README.md").read_text()
    assert wheel.read(path).decode().endswith(readme)
