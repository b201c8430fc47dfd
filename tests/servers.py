"""Servers and processes that tests talk to."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection

from example_project.demo_s3 import INSTALL as INSTALL_S3
from example_project.demo_s3 import weed

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Part:
    """Something that not every machine has, and how to get it."""

    name: str
    install: str
    variable: str = ""
    programs: tuple[str, ...] = ()

    def missing(self) -> str:
        """Return the one line that says what to install or set; empty text when it is there."""
        if self.name == "s3":
            return "" if weed() else f"no S3 server: {self.install}"
        if self.programs:
            return "" if self.path() else f"no {self.name}: {self.install}"
        address = os.environ.get(self.variable, "")
        if not address:
            return f"no {self.name}: {self.install}, then set {self.variable}"
        parts = urlsplit(address)
        try:
            with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=2):
                return ""
        except OSError as error:
            where = f"{parts.hostname}:{parts.port}"
            return f"{self.variable} names {where}, which does not answer: {error}"

    def path(self) -> str:
        """Return the first of its programs that is installed, or empty text."""
        return next(filter(None, map(shutil.which, self.programs)), "")


PARTS = {
    part.name: part
    for part in (
        Part("postgres", "install PostgreSQL", variable="TEST_POSTGRES_URL"),
        Part("mysql", "install MariaDB or MySQL", variable="TEST_MYSQL_URL"),
        Part("redis", "install Redis", variable="TEST_REDIS_URL"),
        Part("amqp", "install RabbitMQ", variable="TEST_AMQP_URL"),
        Part("s3", INSTALL_S3),
        # The shell opens a page without the window around it, in a third of the time.
        Part(
            "chromium",
            "apt-get install chromium-headless-shell",
            programs=("chromium-headless-shell", "chromium", "chromium-browser"),
        ),
        # The shell has no camera, not even a pretended one.
        Part("camera", "apt-get install chromium", programs=("chromium", "chromium-browser")),
        Part("firefox", "apt-get install firefox-esr", programs=("firefox-esr",)),
        Part("webkit", "apt-get install webkit2gtk-driver", programs=("WebKitWebDriver",)),
        Part("screen", "apt-get install xvfb", programs=("Xvfb",)),
        Part("npm", "apt-get install npm", programs=("npm",)),
        Part("gettext", "apt-get install gettext", programs=("msgfmt",)),
        Part("spin", "apt-get install spin", programs=("spin",)),
        Part("faketime", "apt-get install faketime", programs=("faketime",)),
        Part("cc", "apt-get install gcc", programs=("cc",)),
    )
}


def child_environment(
    glam_tryon: Mapping[str, Any] | None = None, **variables: str
) -> dict[str, str]:
    """Return the environment in which a child process works on the running test's data.

    Such a test needs ``transaction=True``: a child sees only what is committed. ``glam_tryon``
    is added to the child's ``GLAM_TRYON``; its values must be JSON.
    """
    given: dict[str, Any] = json.loads(os.environ.get("TEST_GLAM_TRYON", "{}"))
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "TEST_DATABASE_NAME": str(connection.settings_dict["NAME"]),
        "TEST_MEDIA_ROOT": str(settings.MEDIA_ROOT),
        "TEST_GLAM_TRYON": json.dumps({**given, **(glam_tryon or {})}),
        **variables,
    }


def start_manage(
    *arguments: str, glam_tryon: Mapping[str, Any] | None = None, **variables: str
) -> subprocess.Popen[str]:
    """Start a management command on the test's data; both of its outputs are in one pipe.

    The test ends and waits for it.
    """
    return start_python("-m", "django", *arguments, glam_tryon=glam_tryon, **variables)


def start_python(
    *arguments: str, glam_tryon: Mapping[str, Any] | None = None, **variables: str
) -> subprocess.Popen[str]:
    """Start this Python on the test's data; both of its outputs are in one pipe."""
    command: Sequence[str] = [sys.executable, *arguments]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=child_environment(glam_tryon, **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
