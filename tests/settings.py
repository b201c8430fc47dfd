"""The Django project that the tests run in; its database is chosen by ``TEST_DATABASE``.

``TEST_DATABASE`` is ``sqlite`` (default, a file, so that threads and processes share it),
``postgres`` or ``mysql``; the latter two are found by ``TEST_POSTGRES_URL`` and
``TEST_MYSQL_URL``. A process started by a test gets the rest from
``tests.servers.child_environment``.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import django

from example_project import environment

BASE_DIR = Path(__file__).resolve().parent.parent

if "TEST_DIRECTORY" not in os.environ:
    # The first process makes it; xdist workers and child processes inherit the variable.
    os.environ["TEST_DIRECTORY"] = tempfile.mkdtemp(prefix="glam-tryon-tests-")
    atexit.register(shutil.rmtree, os.environ["TEST_DIRECTORY"], ignore_errors=True)
TEST_DIRECTORY = Path(os.environ["TEST_DIRECTORY"])

TEST_DATABASE = os.environ.get("TEST_DATABASE", "sqlite")


def _database() -> dict[str, Any]:
    if TEST_DATABASE == "sqlite":
        # Without the example shop's options: a shop on Django's defaults must work as well.
        database = {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(TEST_DIRECTORY / "unused.sqlite3"),
            "TEST": {"NAME": str(TEST_DIRECTORY / "test.sqlite3")},
        }
    elif TEST_DATABASE in ("postgres", "mysql"):
        variable = f"TEST_{TEST_DATABASE.upper()}_URL"
        if variable not in os.environ:
            raise ValueError(f"TEST_DATABASE={TEST_DATABASE} needs {variable}")
        unused = TEST_DIRECTORY / "unused.sqlite3"
        database = environment.database(os.environ[variable], default_file=unused)
    else:
        raise ValueError(f"TEST_DATABASE is {TEST_DATABASE!r}, not sqlite, postgres or mysql")
    # A process started by a test works on the test's own database.
    if name := os.environ.get("TEST_DATABASE_NAME"):
        database["NAME"] = name
    return database


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

ALLOWED_HOSTS = ["*"]
LANGUAGE_CODE = "en"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ROOT_URLCONF = "example_project.urls"
SECRET_KEY = "tests only, and long enough that Django's own check has nothing to say"
TIME_ZONE = "UTC"
USE_TZ = True

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "glam_tryon",
    "example_project.shop",
    "tests.shopapp",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
if django.VERSION >= (6, 0):
    # Says nothing until a test sets SECURE_CSP.
    MIDDLEWARE.insert(1, "django.middleware.csp.ContentSecurityPolicyMiddleware")
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "example_project" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "example_project.shop.context_processors.shop",
            ],
        },
    },
]

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "shop:product-list"
LOGOUT_REDIRECT_URL = "shop:product-list"

# From Django 6.1 on mail without this setting is deprecated; older versions do not know it.
MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}

STATIC_URL = "/static/"
MEDIA_URL = "/media/"
# Each test has a folder of its own here, by a fixture in conftest.py.
MEDIA_ROOT = os.environ.get("TEST_MEDIA_ROOT", str(TEST_DIRECTORY / "media"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    # Without a location of its own it follows MEDIA_ROOT, also when a test changes that.
    "glam_tryon": {
        "BACKEND": os.environ.get("TEST_STORAGE", "django.core.files.storage.FileSystemStorage")
    },
}

GLAM_TRYON: dict[str, Any] = {
    "API_KEY": "test-key",
    # Nothing listens on the discard port: a test that forgets its sandbox is told at once.
    "BASE_URL": "http://127.0.0.1:9/api/v1",
    "PUBLIC_BASE_URL": "http://127.0.0.1:9",
    "RESULT_HOSTS": ["localhost", "127.0.0.1"],
    # What is ordered twice in a test is drawn twice, unless the test is about repeats.
    "REUSE_RESULTS": False,
    **json.loads(os.environ.get("TEST_GLAM_TRYON", "{}")),
}
