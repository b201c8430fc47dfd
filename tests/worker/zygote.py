"""A process with Django loaded that forks pollers, so that one starts in some 20 ms.

Each line on standard input is an order in JSON, made by ``tests.worker.pollers``. Standard output
says ``started PID``, later ``stopped PID`` for each SIGSTOP and ``ended PID STATUS``, where the
status of a signal is negative. At the end of standard input it kills what still runs.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import django
import time_machine
from django.conf import settings
from django.db import connections

django.setup()

from glam_tryon.management.commands.poll_tryon_jobs import Command  # noqa: E402
from glam_tryon.signals import job_ready  # noqa: E402
from glam_tryon.worker import maintenance  # noqa: E402  (models need django.setup first)
from glam_tryon.worker import poller as loop  # noqa: E402
from glam_tryon.worker.claim import Claimed  # noqa: E402

running: set[int] = set()


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def tell_of_children(*_signal: object) -> None:
    """Report each child that stopped or ended."""
    while running:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
        except ChildProcessError:
            # Another end interrupted this very function, and was told of together with the last.
            return
        if not pid:
            return
        if os.WIFSTOPPED(status):
            say("stopped", pid)
        else:
            running.discard(pid)
            say("ended", pid, os.waitstatus_to_exitcode(status))


def note_claims(path: str) -> None:
    """Let the poller write one line for each claim: who, which job and lease, and when."""
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def noted(claim: Callable[[int], list[Claimed]]) -> Callable[[int], list[Claimed]]:
        def claim_and_note(limit: int) -> list[Claimed]:
            claims = claim(limit)
            for claimed in claims:
                job = claimed.job
                line = [os.getpid(), str(job.pk), job.lease_token, claimed.now.timestamp()]
                os.write(handle, (json.dumps(line) + "\n").encode())
            return claims

        return claim_and_note

    loop.claim_submissions = noted(loop.claim_submissions)
    loop.claim_steps = noted(loop.claim_steps)


def hang(job: Any, **_facts: Any) -> None:
    """A receiver that never returns for one job."""
    if str(job.pk) == os.environ["HANG_AT_JOB"]:
        threading.Event().wait()


def poll_as_ordered(order: dict[str, Any]) -> None:
    """Run ``manage.py poll_tryon_jobs`` in this fork."""
    running.clear()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    os.environ.update(order["variables"])
    log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for source, target in ((os.open(os.devnull, os.O_RDONLY), 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    logging.basicConfig(level="INFO", format="%(process)d %(levelname)s %(name)s %(message)s")
    settings.GLAM_TRYON = order["glam_tryon"]
    settings.MEDIA_ROOT = order["media_root"]
    for path, value in order["constants"].items():
        module, _, name = path.rpartition(".")
        if not hasattr(found := import_module(module), name):
            raise AttributeError(f"{path} is no constant")
        setattr(found, name, value)
    if "GLAM_TRYON_PAUSE_AT" in os.environ:
        # Its steps are stopped between two writes; what runs beside them would be stopped anywhere,
        # and keep SQLite's lock for as long.
        maintenance._in_background = lambda: None
    connections["default"].settings_dict["NAME"] = order["database"]
    if order["claims"]:
        note_claims(order["claims"])
    if "HANG_AT_JOB" in os.environ:
        job_ready.connect(hang)
    if order["clock_seconds"]:
        shifted = datetime.now(UTC) + timedelta(seconds=order["clock_seconds"])
        time_machine.travel(shifted, tick=True).start()
    Command().run_from_argv(["manage.py", "poll_tryon_jobs", *order["arguments"]])


def main() -> None:
    signal.signal(signal.SIGCHLD, tell_of_children)
    for line in sys.stdin:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        connections.close_all()
        pid = os.fork()
        if not pid:
            # Ends as any process does: with threads waited for, and its own exit code.
            return poll_as_ordered(json.loads(line))
        running.add(pid)
        say("started", pid)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    for pid in list(running):
        os.kill(pid, signal.SIGKILL)
    return None


if __name__ == "__main__":
    main()
