"""Walks under one deployment, in a process of its own: ``python -m tests.deployments.run NAME``.

The environment has ``TEST_DIRECTORY`` and what ``tests.settings`` reads. Ends with 0 when the walk
went through, or was refused by the sentence that the row names; otherwise it says which step went
wrong, and where.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import logging
import os
import resource
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django

from example_project.demo_ports import HOST, free_ports
from glam_tryon.sandbox import Sandbox
from tests.deployments.rows import ROWS, Deployment

KEY = "sandbox-key"
#: Lines of these loggers at these levels are faults, whatever the pages look like.
FAULTS = {"django.request": logging.ERROR, "glam_tryon": logging.ERROR, "django.db": logging.ERROR}


class Faults(logging.Handler):
    """Keeps what is logged as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(record, "status_code", None) == 503:
            # The answer of a shop that staff closed for a moment.
            return
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + "".join(traceback.format_exception(*record.exc_info))
        self.lines.append(f"{record.name}: {text}")


def main(name: str) -> int:
    row = ROWS[name]
    directory = Path(os.environ["TEST_DIRECTORY"])
    (port,) = free_ports(1)
    shop = f"http://{HOST}:{port}/{row.root}"
    with Sandbox(seconds_per_tryon=0.0, max_parallel=4, seed=7) as sandbox:
        glam_tryon = {
            "API_KEY": KEY,
            "BASE_URL": sandbox.base_url,
            "PUBLIC_BASE_URL": shop.rstrip("/").removesuffix(f"/{row.root}".rstrip("/")),
            "RESULT_HOSTS": list(sandbox.result_hosts),
        }
        os.environ["TEST_GLAM_TRYON"] = json.dumps(glam_tryon)
        os.environ["DJANGO_SETTINGS_MODULE"] = "tests.deployments.settings"
        os.environ["DEPLOYMENT"] = name
        django.setup()
        faults = Faults()
        logging.getLogger().addHandler(faults)
        logging.getLogger("django").propagate = True
        said = _checks()
        if row.refused:
            print(said)
            return 0 if row.refused in said else 1
        if said:
            print(said)
            return 1
        _ask_at_once()
        _migrate()
        with _server(row, port):
            return _walk(row, shop, sandbox, directory, faults)


def _checks() -> str:
    """Return what the system checks find, empty when all is well."""
    from django.core.management import CommandError, call_command  # noqa: PLC0415

    printed = io.StringIO()
    try:
        call_command("check", fail_level="WARNING", stdout=printed, stderr=printed)
    except CommandError as error:
        return f"{printed.getvalue()}{error}"
    return ""


def _ask_at_once() -> None:
    """Nobody waits for the time at which a new shop would expect its picture."""
    for name in ("submit", "poll"):
        module: Any = importlib.import_module(f"glam_tryon.worker.steps.{name}")
        module.next_poll_seconds = lambda *_facts: 0.02


def _migrate() -> None:
    from django.conf import settings  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    if "Manifest" in settings.STORAGES["staticfiles"]["BACKEND"]:
        call_command("collectstatic", interactive=False, verbosity=0)


@contextlib.contextmanager
def _server(row: Deployment, port: int) -> Iterator[None]:
    from django.core.servers.basehttp import (  # noqa: PLC0415
        ThreadedWSGIServer,
        WSGIRequestHandler,
    )
    from django.core.wsgi import get_wsgi_application  # noqa: PLC0415

    class Quiet(WSGIRequestHandler):
        def log_message(self, *args: Any) -> None:
            """Nothing of each request."""

    application = get_wsgi_application()

    def below(environ: dict[str, Any], start_response: Any) -> Any:
        """Take the path below which the site lies off, as a web server in front does."""
        environ["PATH_INFO"] = "/" + environ["PATH_INFO"].removeprefix(f"/{row.root}")
        return application(environ, start_response)

    server = ThreadedWSGIServer((HOST, port), Quiet)
    server.set_app(below if row.root else application)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _walk(row: Deployment, shop: str, sandbox: Sandbox, directory: Path, faults: Faults) -> int:
    from tests.deployments.walk import STEPS, Walk  # noqa: PLC0415

    walk = Walk(row, shop, sandbox, directory)
    for step in STEPS:
        began = time.process_time()
        try:
            row.catch_up(walk)
            step(walk)
        except Exception:  # noqa: BLE001  (whatever it is, it is what the walk found)
            print(f"{step.__name__}: {traceback.format_exc()}", *faults.lines, sep="\n")
            return 1
        finally:
            if os.environ.get("DEPLOYMENTS_TIMES"):
                print(f"{time.process_time() - began:6.2f} s {step.__name__}", flush=True)
        if faults.lines:
            print(f"{step.__name__} logged", *faults.lines, sep="\n")
            return 1
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(f"walked {len(STEPS)} steps in {used.ru_utime + used.ru_stime:.1f} s of CPU")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
