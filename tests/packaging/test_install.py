"""A foreign project installs the checkout by pip and starts."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.packaging.copies import copy_of_the_project

PROJECT = """
from pathlib import Path

BASE_DIR = Path(__file__).parent
SECRET_KEY = "a foreign project's own key, which nobody else has to know at all"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "foreign_urls"
USE_TZ = True
STATIC_URL = "/static/"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}}
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "glam_tryon",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
GLAM_TRYON = {"API_KEY": "a-key", "PUBLIC_BASE_URL": "https://shop.example.com"}
"""
URLS = """
from django.urls import include, path

urlpatterns = [path("tryon/", include("glam_tryon.urls"))]
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_pip_install_into_a_foreign_project(tmp_path: Path) -> None:
    source = copy_of_the_project(tmp_path / "source")
    venv.create(tmp_path / "venv", with_pip=True, symlinks=True)
    python = str(tmp_path / "venv" / "bin" / "python")
    project = tmp_path / "project"
    project.mkdir()
    (project / "foreign_settings.py").write_text(PROJECT)
    (project / "foreign_urls.py").write_text(URLS)
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("COVERAGE", "COV_", "PYTHON", "TEST_"))
    } | {"DJANGO_SETTINGS_MODULE": "foreign_settings"}

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [python, *arguments],
            cwd=project,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    run("-m", "pip", "install", "--quiet", "--no-compile", str(source))
    manage = ("-W", "error", "-m", "django")
    # A newcomer has registered nothing yet, and reads so.
    checked = run(*manage, "check")
    assert "glam_tryon.W014" in checked
    assert "identified 1 issue" in checked
    assert "No changes detected" in run(*manage, "makemigrations", "--check", "--dry-run")
    assert "glam_tryon" in run(*manage, "migrate", "--verbosity", "1")
    assert "glam_tryon" in run(*manage, "findstatic", "--first", "glam_tryon/glam_tryon.css")
    run(*manage, "poll_tryon_jobs", "--once")
    where = run("-c", "import glam_tryon; print(glam_tryon.__file__)")
    assert where.startswith(sys.prefix) is False
    assert str(tmp_path / "venv") in where
