"""Poller processes that a test starts, stops, kills and waits for, each by its pid."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from glam_tryon.models import TryOnJob
from glam_tryon.models.clock import after
from tests.servers import ROOT, child_environment

#: No poller waits for the time at which a new shop would expect its picture.
ASK_AT_ONCE = {"glam_tryon.worker.poll_interval.optimiser.LONGEST_WAIT_SECONDS": 0.05}


def leases_run_out() -> None:
    """Let so much time pass, as far as the leases and the next steps of all jobs are concerned."""
    TryOnJob.objects.filter(next_step_at__gt=after(0)).update(next_step_at=after(-1))


def wait_until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Return as soon as ``condition`` is true; raises ``TimeoutError``."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} s: {condition}")
        time.sleep(0.02)


class Child:
    """One poller. ``status`` is its exit code, minus the signal that ended it, or None."""

    def __init__(self, pid: int, log: Path) -> None:
        self.pid = pid
        self.log = log
        self.status: int | None = None
        self.stopped = threading.Event()
        self.ended = threading.Event()

    def send(self, number: signal.Signals) -> None:
        """Send a signal, unless it is over."""
        if not self.ended.is_set():
            if number == signal.SIGCONT:
                self.stopped.clear()
            # It may have died this very moment.
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def wait(self, seconds: float = 60.0) -> int:
        """Wait for its end. Returns the status."""
        if not self.ended.wait(seconds):
            raise TimeoutError(f"the poller still runs after {seconds} s: {self.said()}")
        assert self.status is not None
        return self.status

    def wait_stopped(self, seconds: float = 30.0) -> None:
        """Wait until a SIGSTOP took effect."""
        if not self.stopped.wait(seconds):
            raise TimeoutError(f"the poller did not stop: {self.said()}")

    def said(self) -> str:
        """Return what this poller, and others with the same log, printed."""
        return self.log.read_text() if self.log.exists() else ""


class Pollers:
    """Forks pollers from one process that has Django loaded; use it with ``with``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "pollers.log"
        #: One line for each claim that was made with ``note_claims``.
        self.claims = folder / "claims.jsonl"
        #: Each child that ended, in the order of their ends.
        self.ends: queue.Queue[Child] = queue.Queue()
        #: Constants of the package that pollers get other values for, by dotted path.
        self.constants: Mapping[str, Any] = {}
        self._children: dict[int, Child] = {}
        self._started: queue.Queue[Child] = queue.Queue()

    def __enter__(self) -> Pollers:
        self._zygote = subprocess.Popen(
            [sys.executable, "-m", "tests.worker.zygote"],
            cwd=ROOT,
            env=child_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_error: object) -> None:
        for child in self.alive():
            child.send(signal.SIGKILL)
        assert self._zygote.stdin is not None
        self._zygote.stdin.close()
        self._zygote.wait(30)
        self._reader.join(30)
        assert self._zygote.stdout is not None
        self._zygote.stdout.close()

    def start(
        self,
        *arguments: str,
        clock_seconds: float = 0.0,
        note_claims: bool = False,
        **variables: str,
    ) -> Child:
        """Start ``manage.py poll_tryon_jobs`` on the test's data, with its settings of now.

        ``variables`` are for its environment; ``clock_seconds`` shifts its clock.
        """
        order: dict[str, Any] = {
            "arguments": arguments,
            "variables": variables,
            "clock_seconds": clock_seconds,
            "claims": str(self.claims) if note_claims else "",
            "log": str(self.log),
            "glam_tryon": settings.GLAM_TRYON,
            "constants": dict(self.constants),
            "media_root": str(settings.MEDIA_ROOT),
            "database": str(connection.settings_dict["NAME"]),
        }
        assert self._zygote.stdin is not None
        self._zygote.stdin.write(json.dumps(order) + "\n")
        self._zygote.stdin.flush()
        return self._started.get(timeout=30)

    def alive(self) -> list[Child]:
        """Those that run, or are stopped."""
        return [child for child in list(self._children.values()) if not child.ended.is_set()]

    def drain(self, seconds: float = 60.0) -> str:
        """Run one poller until nothing moves. Returns what the pollers said."""
        child = self.start("--drain", "--max-seconds", str(seconds))
        status = child.wait(seconds + 30)
        assert status == 0, child.said()
        return child.said()

    def _read(self) -> None:
        assert self._zygote.stdout is not None
        for line in self._zygote.stdout:
            match line.split():
                case ["started", pid]:
                    child = self._children[int(pid)] = Child(int(pid), self.log)
                    self._started.put(child)
                case ["stopped", pid]:
                    self._children[int(pid)].stopped.set()
                case ["ended", pid, status]:
                    child = self._children[int(pid)]
                    child.status = int(status)
                    child.ended.set()
                    self.ends.put(child)
                case _:
                    with self.log.open("a") as log:
                        log.write(line)
