"""Walks under one deployment, in a process of its own: ``python -m tests.deployments.run NAME``.

The environment has ``TEST_DIRECTORY`` and what ``tests.settings`` reads. Ends with 0 when the walk
went through, or was refused by the sentence that the row names; otherwise it says which step went
wrong, and where. With ``DEPLOYMENTS_RECORD`` set, it notes with which versions it went through, for
``docs/deployments.md``.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import logging
import os
import resource
import sqlite3
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django

from example_project.demo_family import Family
from example_project.demo_ports import HOST, free_ports, is_free
from example_project.demo_s3 import start_bucket
from glam_tryon.sandbox import Sandbox
from tests.deployments.rows import ROWS, Deployment
from tests.deployments.table import record

KEY = "sandbox-key"
#: Lines of these loggers at these levels are faults, whatever the pages look like.
FAULTS = {"django.request": logging.ERROR, "glam_tryon": logging.ERROR, "django.db": logging.ERROR}


#: How a server is told what to serve and where, by its name.
SERVERS: dict[str, Callable[[int], list[str]]] = {
    "gunicorn": lambda port: [
        "gunicorn", "--workers=2", "--threads=4", f"--bind={HOST}:{port}",
        "django.core.wsgi:get_wsgi_application()",
    ],
    "uvicorn": lambda port: [
        "uvicorn", f"--host={HOST}", f"--port={port}", "--log-level=warning", "--lifespan=off",
        "--factory", "django.core.asgi:get_asgi_application",
    ],
}  # fmt: skip


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
    with (
        _fresh_database(row),
        Family(directory / "logs") as family,
        Sandbox(seconds_per_tryon=0.0, max_parallel=4, seed=7) as sandbox,
    ):
        if row.bucket:
            os.environ |= start_bucket(family, directory / "bucket").environment()
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
            if row.refused in said and os.environ.get("DEPLOYMENTS_RECORD"):
                record(name, _tried_with(row))
            return 0 if row.refused in said else 1
        if said:
            print(said)
            return 1
        _ask_at_once()
        _migrate()
        with _server(row, port, family):
            return _walk(row, shop, sandbox, directory, faults)


@contextlib.contextmanager
def _fresh_database(row: Deployment) -> Iterator[None]:
    """Make an empty database of this row's own on the server, and drop it at the end."""
    os.environ["TEST_DATABASE"] = row.database
    if row.database == "sqlite":
        yield
        return
    url = urlsplit(os.environ[f"TEST_{row.database.upper()}_URL"])
    name = os.environ["TEST_DATABASE_NAME"] = f"{url.path.strip('/')}_{row.name}"
    known = {"host": url.hostname or "", "user": url.username or "", "password": url.password or ""}
    if row.database == "postgres":
        psycopg = importlib.import_module("psycopg")
        server = psycopg.connect(**known, port=url.port or 5432, dbname="postgres", autocommit=True)
        drop = f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'
        create = f'CREATE DATABASE "{name}"'
    else:
        mysql = importlib.import_module("MySQLdb")
        server = mysql.connect(**known, port=url.port or 3306)
        drop = f"DROP DATABASE IF EXISTS `{name}`"
        create = f"CREATE DATABASE `{name}` CHARACTER SET {row.charset}"
    with contextlib.closing(server):
        cursor = server.cursor()
        cursor.execute(drop)
        cursor.execute(create)
        try:
            yield
        finally:
            cursor.execute(drop)


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
def _server(row: Deployment, port: int, family: Family) -> Iterator[None]:
    if row.server != "thread":
        command = [sys.executable, "-m", *SERVERS[row.server](port)]
        family.start(row.server, command, os.environ)
        family.wait_for(row.server, lambda: not is_free(port), 30)
        yield
        family.check()
        return
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
    if os.environ.get("DEPLOYMENTS_RECORD"):
        record(row.name, _tried_with(row))
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(f"walked {len(STEPS)} steps in {used.ru_utime + used.ru_stime:.1f} s of CPU")
    return 0


def _tried_with(row: Deployment) -> str:
    """Return the versions of what the walk ran with."""
    python = ".".join(map(str, sys.version_info[:3]))
    parts = [f"Python {python}", f"Django {django.get_version()}", _database_version(row)]
    return ", ".join([*parts, *(f"{name} {version(name)}" for name in row.packages)])


def _database_version(row: Deployment) -> str:
    from django.db import connection  # noqa: PLC0415

    if row.refused or row.database == "sqlite":
        return f"SQLite {sqlite3.sqlite_version}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT version()")
        said = str(cursor.fetchone()[0])
    name = "PostgreSQL" if row.database == "postgres" else "MariaDB"
    return f"{name} {said.removeprefix('PostgreSQL ').split('-')[0].split()[0]}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
