"""The settings of one deployment: those of the tests, changed as its row says."""

from __future__ import annotations

import os
from pathlib import Path

from tests.deployments.rows import ROWS
from tests.settings import *  # noqa: F403

DEPLOYMENT = ROWS[os.environ["DEPLOYMENT"]]
#: Everything that the walk writes stands below this.
DIRECTORY = Path(os.environ["TEST_DIRECTORY"])

ROOT_URLCONF = "tests.deployments.urls.plain"
DATABASES["default"].pop("TEST", None)  # noqa: F405
if TEST_DATABASE == "sqlite":  # noqa: F405
    DATABASES["default"]["NAME"] = str(DIRECTORY / "shop.sqlite3")  # noqa: F405
MEDIA_ROOT = str(DIRECTORY / "media")
# Photos of people and results lie where no web server looks.
PRIVATE = {"location": str(DIRECTORY / "private")}
STORAGES["glam_tryon"] |= {"OPTIONS": PRIVATE}  # noqa: F405
STATIC_ROOT = str(DIRECTORY / "static")
# What only a run of the tests may have, a shop has not.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# One person orders more here than in a year.
LIMITS = {"visitor_day": 200, "user_day": 200, "ip_day": 2000, "open": 100}
GLAM_TRYON |= {"MAX_PARALLEL": 4, "LIMITS": LIMITS}  # noqa: F405

globals().update(DEPLOYMENT.settings(dict(globals())))
