"""The demo's processes live and end together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from example_project.demo_family import DemoError, Family
from example_project.demo_ports import free_pair, free_ports, is_free
from tests.servers import ROOT

FOREVER = [sys.executable, "-c", "import time; time.sleep(600)"]


def alive(process_id: int) -> bool:
    """Say whether a process runs; one that only waits to be collected does not."""
    status = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(process_id)], capture_output=True, text=True, check=False
    )
    return bool(status.stdout.strip()) and not status.stdout.startswith("Z")


def gone_within(seconds: float, *process_ids: int) -> bool:
    deadline = time.monotonic() + seconds
    while any(map(alive, process_ids)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_leaving_the_block_ends_every_child(tmp_path: Path) -> None:
    with Family(tmp_path) as family:
        ids = [family.start(name, FOREVER, os.environ).process.pid for name in ("one", "two")]
    assert gone_within(5, *ids)


def test_an_error_in_the_block_ends_every_child(tmp_path: Path) -> None:
    family = Family(tmp_path)
    child = family.start("one", FOREVER, os.environ)
    with pytest.raises(DemoError, match="short ended with code 2"), family:
        family.run("short", [sys.executable, "-c", "raise SystemExit(2)"], os.environ)
    assert gone_within(5, child.process.pid)


def test_children_end_in_the_opposite_order_of_their_start(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    code = textwrap.dedent(
        """
        import signal, sys
        def stop(number, frame):
            open(sys.argv[1], "a").write(sys.argv[2] + " ")
            raise SystemExit
        signal.signal(signal.SIGTERM, stop)
        print("listening", flush=True)
        while True:
            signal.pause()
        """
    )
    with Family(tmp_path / "logs") as family:
        for name in ("first", "second"):
            child = family.start(name, [sys.executable, "-c", code, str(journal), name], os.environ)
            family.wait_for(name, lambda child=child: "listening" in child.last_lines(), 10)
    assert journal.read_text() == "second first "


def test_a_child_that_died_is_named_with_what_it_said_last(tmp_path: Path) -> None:
    dying = [sys.executable, "-c", "import sys; print('no more paper'); sys.exit(3)"]
    with Family(tmp_path) as family:
        child = family.start("printer", dying, os.environ)
        child.process.wait()
        with pytest.raises(DemoError, match=r"printer ended with code 3:\n    no more paper"):
            family.check()


def test_a_child_that_was_killed_is_named_with_the_signal(tmp_path: Path) -> None:
    with Family(tmp_path) as family:
        child = family.start("poller", FOREVER, os.environ)
        child.process.kill()
        child.process.wait()
        with pytest.raises(DemoError, match="poller was ended by SIGKILL"):
            family.check()


def test_waiting_stops_when_a_child_dies(tmp_path: Path) -> None:
    with Family(tmp_path) as family:
        family.start("short", [sys.executable, "-c", ""], os.environ)
        with pytest.raises(DemoError, match="short ended with code 0"):
            family.wait_for("nothing", lambda: False, 30)


def test_waiting_has_an_end(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match=r"the shop did not answer within 0\.1 s"):
        Family(tmp_path).wait_for("the shop", lambda: False, 0.1)


def test_run_returns_what_was_printed(tmp_path: Path) -> None:
    with Family(tmp_path) as family:
        assert (
            family.run("hello", [sys.executable, "-c", "print('hello')"], os.environ) == "hello\n"
        )
        assert family.children == []


def test_run_says_why_it_failed(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match=r"broken ended with code 1:\n(?s:.*)NameError"):
        Family(tmp_path).run("broken", [sys.executable, "-c", "no_such_name"], os.environ)


def test_a_child_does_not_hear_ctrl_c(tmp_path: Path) -> None:
    with Family(tmp_path) as family:
        child = family.start("deaf", FOREVER, os.environ)
        os.kill(child.process.pid, signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            child.process.wait(0.3)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of such an end")
def test_children_end_also_when_their_parent_is_killed(tmp_path: Path) -> None:
    code = textwrap.dedent(
        """
        import os, pathlib, sys, time
        from example_project.demo_family import Family
        with Family(pathlib.Path(sys.argv[1])) as family:
            forever = [sys.executable, "-c", "import time; time.sleep(600)"]
            child = family.start("child", forever, os.environ)
            print(child.process.pid, flush=True)
            time.sleep(600)
        """
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert gone_within(5, child)


def test_free_ports_are_different_and_free() -> None:
    ports = free_ports(5)
    assert len(set(ports)) == 5
    assert all(map(is_free, ports))


def test_a_free_pair_is_two_ports_in_a_row() -> None:
    port = free_pair()
    assert is_free(port)
    assert is_free(port + 1)


@pytest.mark.parametrize("port", [-1, 65_536])
def test_a_number_that_is_no_port_is_not_free(port: int) -> None:
    assert is_free(port) is False
