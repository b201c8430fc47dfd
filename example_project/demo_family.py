"""The demo's child processes live and end together."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

# The poller's own limit for an orderly end is 25 s; the others need far less.
STOP_SECONDS = 27.0
PR_SET_PDEATHSIG = 1


class DemoError(Exception):
    """The demo cannot go on; the message says why and what to do."""


@dataclass(frozen=True)
class Child:
    """One running process and the file that holds all it prints."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def last_lines(self, count: int = 15) -> str:
        """Return the end of what it printed."""
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(f"    {line}" for line in lines[-count:]) or "    (it printed nothing)"


class Family:
    """Starts children in this process's own group and ends them, the last started first.

    Use it as a context manager: no way out of the block leaves a child running. On Linux the
    kernel ends them also when this process is killed and cannot.
    """

    def __init__(self, log_directory: Path) -> None:
        log_directory.mkdir(parents=True, exist_ok=True)
        self.log_directory = log_directory
        self.children: list[Child] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.stop()
        finally:
            # A signal's exception may have cut the first round short.
            self.stop()

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> Child:
        """Start a process that is meant to run until the demo ends."""
        log = self.log_directory / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=_become_child,  # noqa: PLW1509 - this process has one thread
            )
        child = Child(name, process, log)
        self.children.append(child)
        return child

    def run(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> str:
        """Run a process to its end and return what it printed.

        Raises DemoError, with the last lines it printed, when it fails.
        """
        child = self.start(name, command, environment)
        code = child.process.wait()
        self.children.remove(child)
        if code:
            raise DemoError(f"{name} {_how(code)}:\n{child.last_lines()}")
        return child.log.read_text(errors="replace")

    def check(self) -> None:
        """Raise DemoError, with the last lines it printed, if a child has ended."""
        for child in self.children:
            code = child.process.poll()
            if code is not None:
                raise DemoError(f"{child.name} {_how(code)}:\n{child.last_lines()}")

    def wait_for(self, what: str, ready: Callable[[], bool], seconds: float) -> None:
        """Return when ``ready()`` is true.

        Raises DemoError after ``seconds``, or when a child ends.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise DemoError(
                    f"{what} did not answer within {seconds:g} s; see {self.log_directory}"
                )
            time.sleep(0.05)

    def stop(self) -> None:
        """End every child, the last started first, by force after ``STOP_SECONDS``."""
        while self.children:
            process = self.children[-1].process
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            self.children.pop()


def _how(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"


def _linux_library() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if sys.platform == "linux" else None


_LIBRARY = _linux_library()


def _become_child() -> None:
    # A terminal sends Ctrl-C to the whole group, but the order of the end is the parent's.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if _LIBRARY is not None:
        _LIBRARY.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() == 1:
            os._exit(1)
