"""``make demo``: one command brings up the shop, and its end leaves nothing running."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import requests

from tests.demo.test_family import alive, gone_within
from tests.servers import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

COMMAND = [sys.executable, "-m", "example_project.demo"]
NOT_PASSED_ON = ("AWS_", "DATABASE_", "DJANGO_", "EXAMPLE_", "GLAM_", "TEST_")


def environment(**variables: str) -> dict[str, str]:
    """Return the environment of a newcomer, who has set nothing."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(NOT_PASSED_ON) and name != "PUBLIC_BASE_URL"
    }
    return {**kept, "PYTHONUNBUFFERED": "1", **variables}


def check(*options: str) -> str:
    done = subprocess.run(
        [*COMMAND, "--check", *options],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def joined_at(directory: Path) -> str:
    """Return when the demo's administrator was made."""
    with closing(sqlite3.connect(next(directory.glob("*.sqlite3")))) as database:
        [[moment]] = database.execute("SELECT date_joined FROM auth_user WHERE username = 'admin'")
    return str(moment)


def children(process_id: int) -> list[int]:
    listing = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    )
    pairs = [map(int, line.split()) for line in listing.stdout.splitlines()]
    return [pid for pid, parent in pairs if parent == process_id]


class Running:
    """A demo that runs until something ends it."""

    def __init__(self, directory: Path) -> None:
        self.process = subprocess.Popen(
            COMMAND,
            cwd=ROOT,
            env=environment(EXAMPLE_DATA_DIR=str(directory)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.printed = ""
        assert self.process.stdout
        for line in self.process.stdout:
            self.printed += line
            if "Ctrl-C ends" in line:
                break
        self.children = children(self.process.pid)

    def shop(self) -> str:
        found = re.search(r"The shop +(\S+)", self.printed)
        assert found, self.printed
        return found[1]

    def end(self, seconds: float = 40) -> tuple[int, str]:
        """Return the exit code and all that was printed."""
        rest, _ = self.process.communicate(timeout=seconds)
        self.printed += rest
        return self.process.returncode, self.printed


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Running]]:
    started: list[Running] = []

    def begin() -> Running:
        started.append(Running(tmp_path / "data"))
        return started[-1]

    yield begin
    for running in started:
        if running.process.poll() is None:
            running.process.kill()
            running.process.communicate()


def expect_the_way_of_a_try_on(printed: str) -> None:
    assert re.search(r"^Job [0-9a-f-]{36}: \w", printed, re.MULTILINE)
    steps = re.findall(r"^ +\d+\.\d\d s  (\w+)$", printed, re.MULTILINE)
    assert steps[0] == "pending"
    assert steps[-1] == "ready"
    assert re.search(r"^Downloaded through the shop: JPEG \d+ x \d+$", printed, re.MULTILINE)
    assert "All well" in printed


# Each push runs this one as "make demo ARGS=--check".
@pytest.mark.long
def test_the_check_orders_a_try_on_and_says_how_it_went() -> None:
    printed = check()
    expect_the_way_of_a_try_on(printed)
    assert re.search(r"^Stored: /.+/private/.+\.jpe?g, \d+ bytes$", printed, re.MULTILINE)


@pytest.mark.s3
def test_the_check_passes_with_a_private_bucket(needs: Callable[..., None]) -> None:
    needs("s3")
    printed = check("--s3")
    expect_the_way_of_a_try_on(printed)
    assert re.search(r"^Stored: s3://media/\S+\.jpe?g, \d+ bytes$", printed, re.MULTILINE)


def test_the_end_leaves_nothing_running_and_a_second_start_keeps_the_data(
    start: Callable[[], Running], tmp_path: Path
) -> None:
    made_at = None
    for number in (signal.SIGINT, signal.SIGTERM):
        demo = start()
        shop = demo.shop()
        assert requests.get(shop, timeout=10).status_code == 200
        assert requests.get(f"{shop}static/admin/css/base.css", timeout=10).status_code == 200
        assert "login admin, password admin" in demo.printed
        assert len(demo.children) == 3
        demo.process.send_signal(number)
        code, printed = demo.end()
        assert code == 0, printed
        assert "nothing is left running" in printed
        assert not any(map(alive, demo.children))
        with pytest.raises(requests.ConnectionError):
            requests.get(shop, timeout=10)
        assert made_at in (None, joined_at(tmp_path / "data"))
        made_at = joined_at(tmp_path / "data")


def test_a_second_demo_needs_its_own_directory_and_a_death_ends_all_with_its_reason(
    start: Callable[[], Running],
) -> None:
    demo = start()
    code, printed = start().end()
    assert code == 1
    assert "another demo uses" in printed
    assert "EXAMPLE_DATA_DIR" in printed

    os.kill(max(demo.children), signal.SIGKILL)
    code, printed = demo.end()
    assert code == 1
    assert "poller was ended by SIGKILL" in printed
    assert gone_within(5, *demo.children)


def test_a_taken_port_is_named() -> None:
    done = subprocess.run(
        [*COMMAND, "--check", "--port", "99999"],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "port 99999 is taken" in done.stderr
