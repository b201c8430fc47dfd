"""The whole demo: the example shop, a stand-in for Glam and a poller, started and ended together.

python -m example_project.demo [--check] [--s3] [--port N]
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

import requests

from example_project.demo_family import DemoError, Family
from example_project.demo_ports import HOST, free_pair, free_ports, is_free
from example_project.demo_s3 import Bucket, start_bucket
from example_project.demo_shopper import check

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60.0
LOGIN = "admin"
SANDBOX = "run_glam_sandbox --port {} --result-port {} --seconds-per-tryon 3 --max-parallel 2"
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):
    """Somebody asked the demo to end."""


@dataclass(frozen=True)
class Demo:
    """A running demo: where its shop is and what its processes were told."""

    shop: str
    environment: dict[str, str]
    bucket: Bucket | None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo and return its exit code."""
    options = _options(arguments)
    for number in ENDS:
        signal.signal(number, _stop)
    began = time.monotonic()
    try:
        with _directory(fresh=options.check) as directory, Family(directory / "logs") as family:
            demo = _start(family, directory, s3=options.s3, port=_web_port(options))
            print(f"Started in {time.monotonic() - began:.1f} s.", flush=True)
            if not options.check:
                _watch(family, demo, directory)
            with _told_in_full(family):
                check(demo.shop, demo.environment, demo.bucket, family)
            print(f"All well after {time.monotonic() - began:.1f} s.")
    except Stopped:
        print("\nStopped; nothing is left running.")
    except (DemoError, OSError) as error:
        print(f"The demo ended: {error}", file=sys.stderr)
        return 1
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m example_project.demo", description=__doc__)
    parser.add_argument(
        "--check",
        action="store_true",
        help="order a try-on as a shopper would, in a directory of its own, say how it went, end",
    )
    parser.add_argument(
        "--s3", action="store_true", help="keep photos and results in an S3 server started here"
    )
    parser.add_argument("--port", type=int, help="the shop's port; without it a free one")
    return parser.parse_args(arguments)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    # A second signal must not cut the orderly end of the children short.
    for again in ENDS:
        signal.signal(again, signal.SIG_IGN)
    raise Stopped


@contextlib.contextmanager
def _directory(*, fresh: bool) -> Iterator[Path]:
    """Give the directory of all that the demo keeps; two demos never share one."""
    if fresh:
        with tempfile.TemporaryDirectory(prefix="glam-tryon-demo-") as name:
            yield Path(name)
        return
    kept = Path(os.environ.get("EXAMPLE_DATA_DIR") or ROOT / "example_project" / "var").resolve()
    kept.mkdir(parents=True, exist_ok=True)
    with (kept / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoError(
                f"another demo uses {kept}; set EXAMPLE_DATA_DIR to another directory"
            ) from None
        yield kept


@contextlib.contextmanager
def _told_in_full(family: Family) -> Iterator[None]:
    """Add what every process printed last to an error: the check's own directory goes away."""
    try:
        yield
    except DemoError as error:
        logs = "\n".join(f"{child.name} said:\n{child.last_lines()}" for child in family.children)
        raise DemoError(f"{error}\n{logs}") from error


def _web_port(options: argparse.Namespace) -> int:
    if options.port:
        if not is_free(options.port):
            raise DemoError(f"port {options.port} is taken; leave --port out to get a free one")
        return int(options.port)
    return free_ports(1)[0]


def _start(family: Family, directory: Path, *, s3: bool, port: int) -> Demo:
    shop = f"http://{HOST}:{port}"
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "example_project.settings",
        "EXAMPLE_DATA_DIR": str(directory),
        "PUBLIC_BASE_URL": os.environ.get("PUBLIC_BASE_URL") or shop,
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
    }
    bucket = start_bucket(family, directory / "s3") if s3 else None
    if bucket:
        environment |= bucket.environment()
    if not (os.environ.get("GLAM_API_KEY") or os.environ.get("GLAM_BASE_URL")):
        sandbox = free_pair()
        # Results come from another host name and port, as Glam's do.
        environment |= {
            "GLAM_BASE_URL": f"http://{HOST}:{sandbox}/api/v1",
            "GLAM_RESULT_HOSTS": f"localhost:{sandbox + 1}",
            "GLAM_MAX_PARALLEL": os.environ.get("GLAM_MAX_PARALLEL") or "2",
        }
        family.start("sandbox", _manage(SANDBOX.format(sandbox, sandbox + 1)), environment)
    family.run("migrate", _manage("migrate --no-input"), environment)
    family.run("load", _manage("load_example_shop"), environment)
    family.start("web", _manage(f"runserver --noreload --insecure {HOST}:{port}"), environment)
    family.start("poller", _manage("poll_tryon_jobs"), environment)
    family.wait_for("the shop", lambda: _answers(shop), START_SECONDS)
    family.check()
    return Demo(shop, environment, bucket)


def _manage(arguments: str) -> list[str]:
    return [sys.executable, str(ROOT / "manage.py"), *arguments.split()]


def _answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=5).status_code == 200
    except requests.RequestException:
        return False


def _watch(family: Family, demo: Demo, directory: Path) -> NoReturn:
    print(
        f"""
  The shop    {demo.shop}/
  The admin   {demo.shop}/admin/   login {LOGIN}, password {LOGIN}
  Glam        {demo.environment.get("GLAM_BASE_URL", "the real one, with your key")}
  Data, logs  {directory}

Ctrl-C ends all of it.""",
        flush=True,
    )
    while True:
        family.check()
        time.sleep(0.5)


if __name__ == "__main__":
    sys.exit(main())
