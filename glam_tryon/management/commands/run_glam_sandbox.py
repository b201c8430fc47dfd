"""Runs the sandbox: a fake Glam on this machine, for trying and testing without a key."""

from __future__ import annotations

import errno
import signal
import socket
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from glam_tryon.sandbox import FaultScript, Sandbox

_TO_COPY = """\
Settings of the shop, whose own address is PUBLIC_BASE_URL:

GLAM_TRYON = {{
    "API_KEY": "{key}",
    "BASE_URL": "{url}",
    "PUBLIC_BASE_URL": "http://127.0.0.1:8000",
    "MAX_PARALLEL": {slots},
}}

It answers this with 404 while the key is right, as Glam does for a try-on that it does not know:

curl -i -H "X-API-Key: {key}" {url}/tryon/none
"""


def _is_taken(port: int) -> bool:
    with socket.socket() as tried:
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


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
            taken = [
                f"port {options[name]} is taken: choose another one by {option}"
                for name, option in (("port", "--port"), ("result_port", "--result-port"))
                if getattr(error, "errno", None) == errno.EADDRINUSE and _is_taken(options[name])
            ]
            problem = "; ".join(taken) or str(error)
            raise CommandError(f"The sandbox cannot start: {problem}") from error

        def stop(number: int, frame: object) -> None:
            raise KeyboardInterrupt

        signal.signal(signal.SIGTERM, stop)
        self.stdout.write(f"Sandbox Glam at {sandbox.base_url}")
        self.stdout.write(f"Results from {', '.join(sandbox.result_hosts)}, without a setting")
        self.stdout.write(
            _TO_COPY.format(
                key=sandbox.api_keys[0],
                url=sandbox.base_url,
                slots=options["max_parallel"],
            )
        )
        self.stdout.flush()
        try:
            sandbox.serve_forever()
        except KeyboardInterrupt:
            sandbox.stop()
