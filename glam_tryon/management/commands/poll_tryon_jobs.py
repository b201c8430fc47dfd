"""Runs the poller: submits waiting try-ons, polls the provider and stores pictures."""

from __future__ import annotations

import logging
import os
import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from glam_tryon.exceptions import TryOnError
from glam_tryon.worker.health import problems
from glam_tryon.worker.poller import Poller
from glam_tryon.worker.startup import check_start, describe


class Command(BaseCommand):
    help = "Submit waiting try-ons, ask the provider about them, and store their pictures."

    def add_arguments(self, parser: ArgumentParser) -> None:
        mode = parser.add_mutually_exclusive_group()
        mode.add_argument("--once", action="store_true", help="one pass over what is due")
        mode.add_argument("--drain", action="store_true", help="until no job is open")
        mode.add_argument(
            "--health", action="store_true", help="say whether try-ons get through, and why not"
        )
        parser.add_argument("--max-seconds", type=float, metavar="N", help="stop after N seconds")
        parser.add_argument("--threads", type=int, metavar="N", help="steps done at once")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["health"]:
            if found := problems():
                raise CommandError("; ".join(found))
            self.stdout.write("healthy")
            return
        try:
            check_start()
        except TryOnError as error:
            raise CommandError(f"The poller cannot start. {error}") from error
        poller = Poller(threads=options["threads"], driver="command")
        if not options["once"]:
            # Cron would mail it each minute.
            self.stdout.write(describe(poller.threads, poller.driver))
            self.stdout.flush()
        if threading.current_thread() is threading.main_thread():
            self._listen(poller)
        steps = poller.run(
            once=options["once"], drain=options["drain"], max_seconds=options["max_seconds"]
        )
        if options["once"]:
            self.stdout.write(f"{steps} steps")
        if poller.left_running:
            # Python would wait for the thread, for ever if need be.
            logging.shutdown()
            os._exit(0)

    def _listen(self, poller: Poller) -> None:
        is_asked = False

        def stop(number: int, frame: object) -> None:
            # In the midst of anything, so nothing here may take a lock: no event, no log record.
            nonlocal is_asked
            # The poller may be ending by itself: only a second signal breaks that off.
            if is_asked:
                os._exit(1)
            is_asked = True
            poller.stop()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        # The terminal is gone; who started it with nohup wants it to go on.
        hangup = getattr(signal, "SIGHUP", None)
        if hangup is not None and signal.getsignal(hangup) is not signal.SIG_IGN:
            signal.signal(hangup, stop)
