"""The command that writes the screenshots."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser

from example_project.shoot import shoot
from tests.servers import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_a_screenshot_is_named_after_its_state_and_has_the_width_of_a_telephone(
    chromium: Browser, gallery: str, tmp_path: Path
) -> None:
    shots = shoot(chromium, gallery, tmp_path, "shop")
    first = next(shots)
    shots.close()
    assert first == tmp_path / "dialog-form-390-light.png"
    with Image.open(first) as image:
        assert image.size == (390, 844)


def test_without_chromium_the_command_says_what_to_install(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "example_project.shoot", "--to", str(tmp_path / "shots")]
    environment = {"PATH": "", "EXAMPLE_DATA_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert "apt-get install chromium" in ended.stderr
    assert not (tmp_path / "shots").exists()
