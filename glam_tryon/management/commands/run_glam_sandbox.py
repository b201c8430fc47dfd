"""Runs the sandbox: a fake Glam on this machine, for trying and testing without a key."""

from __future__ import annotations

import signal
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from glam_tryon.sandbox import FaultScript, Sandbox


class Command(BaseCommand):
    help = "Run a fake Glam on this machine, for trying and testing without a key."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--port", type=int, default=8650, help="port of the API (0: a free one)"
        )
        parser.add_argument("--result-port", type=int, default=0, help="port of the results")
        parser.add_argument("--seconds-per-tryon", type=float, default=3.0)
        parser.add_argument("--max-parallel", type=int, default=2)
        parser.add_argument("--api-key", default="sandbox-key")
        parser.add_argument("--faults", type=Path, metavar="FILE", help="a fault script in JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            faults = FaultScript.from_file(options["faults"]) if options["faults"] else None
            sandbox = Sandbox(
                port=options["port"],
                result_port=options["result_port"],
                seconds_per_tryon=options["seconds_per_tryon"],
                max_parallel=options["max_parallel"],
                api_keys=[options["api_key"]],
                faults=faults,
            )
        except (OSError, ValueError) as error:
            raise CommandError(f"The sandbox cannot start: {error}") from error

        def stop(number: int, frame: object) -> None:
            raise KeyboardInterrupt

        signal.signal(signal.SIGTERM, stop)
        self.stdout.write(f"Sandbox Glam at {sandbox.base_url}")
        self.stdout.write(f"Results from {', '.join(sandbox.result_hosts)}")
        self.stdout.flush()
        try:
            sandbox.serve_forever()
        except KeyboardInterrupt:
            sandbox.stop()
