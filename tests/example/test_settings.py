"""The example project's settings and the environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import django
import pytest

from example_project.environment import database

ROOT = Path(__file__).resolve().parents[2]
DEFAULT = Path("/data/shop.sqlite3")
PRINTED = """
import json
from example_project import settings
names = ("DATABASES", "DEBUG", "GLAM_TRYON", "MIDDLEWARE", "SECURE_CSP", "STORAGES")
print(json.dumps({name: getattr(settings, name, None) for name in names}, default=repr))
"""


def read(tmp_path: Path, **variables: str) -> dict[str, Any]:
    """The settings as a new process with only these variables reads them."""
    environment = {"EXAMPLE_DATA_DIR": str(tmp_path), **variables}
    for name in ("PATH", "SYSTEMROOT"):
        if name in os.environ:
            environment[name] = os.environ[name]
    done = subprocess.run(
        [sys.executable, "-c", PRINTED],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise AssertionError(done.stderr.strip().splitlines()[-1])
    settings: dict[str, Any] = json.loads(done.stdout)
    return settings


def test_nothing_set_means_sqlite_local_files_and_the_sandbox(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert settings["DEBUG"] is True
    assert settings["DATABASES"]["default"]["NAME"] == str(tmp_path / "shop.sqlite3")
    assert settings["GLAM_TRYON"] == {
        "API_KEY": "sandbox-key",
        "BASE_URL": "http://127.0.0.1:8650/api/v1",
        "PUBLIC_BASE_URL": "http://127.0.0.1:8000",
        "MAX_PARALLEL": 2,
        "PHOTO_CHECK": "example_project.shop.photos.check_photo",
        "RESULT_HOSTS": ["localhost", "127.0.0.1"],
    }
    private = settings["STORAGES"]["glam_tryon"]
    assert private["BACKEND"] == "django.core.files.storage.FileSystemStorage"
    assert str(tmp_path / "private") in private["OPTIONS"]["location"]


def test_a_real_key_means_the_real_glam(tmp_path: Path) -> None:
    settings = read(tmp_path, GLAM_API_KEY="k", PUBLIC_BASE_URL="https://shop.example.com")
    assert settings["GLAM_TRYON"] == {
        "API_KEY": "k",
        "PUBLIC_BASE_URL": "https://shop.example.com",
        "MAX_PARALLEL": 2,
        "PHOTO_CHECK": "example_project.shop.photos.check_photo",
    }


def test_the_environment_names_another_glam(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        GLAM_API_KEY="k",
        GLAM_BASE_URL="http://127.0.0.1:1/api/v1",
        GLAM_MAX_PARALLEL="7",
        GLAM_RESULT_HOSTS="results.example.com, .example.org",
    )["GLAM_TRYON"]
    assert settings["BASE_URL"] == "http://127.0.0.1:1/api/v1"
    assert settings["MAX_PARALLEL"] == 7
    assert settings["RESULT_HOSTS"] == ["results.example.com", ".example.org"]


def test_a_number_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="GLAM_MAX_PARALLEL must be a whole number"):
        read(tmp_path, GLAM_MAX_PARALLEL="two")


def test_without_debug_a_secret_key_must_be_given(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="SECRET_KEY"):
        read(tmp_path, DEBUG="0")
    assert read(tmp_path, DEBUG="0", SECRET_KEY="s")["DEBUG"] is False


def test_a_bucket_takes_the_private_files(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        AWS_STORAGE_BUCKET_NAME="media",
        AWS_S3_ENDPOINT_URL="http://127.0.0.1:9333",
        AWS_ACCESS_KEY_ID="id",
        AWS_SECRET_ACCESS_KEY="secret",
    )
    private = settings["STORAGES"]["glam_tryon"]
    assert private["BACKEND"] == "storages.backends.s3.S3Storage"
    options = private["OPTIONS"]
    assert options.pop("client_config")
    assert options == {
        "bucket_name": "media",
        "endpoint_url": "http://127.0.0.1:9333",
        "region_name": "us-east-1",
        "access_key": "id",
        "secret_key": "secret",
        "default_acl": None,
        "querystring_auth": True,
        "querystring_expire": 300,
        "file_overwrite": False,
    }
    assert settings["STORAGES"]["default"]["BACKEND"].endswith("FileSystemStorage")


def test_a_content_security_policy_comes_with_django_6(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert (settings["SECURE_CSP"] is not None) is (django.VERSION >= (6, 0))


@pytest.mark.needs_django("6.0")
def test_the_policy_is_strict_and_admits_the_bucket(tmp_path: Path) -> None:
    settings = read(
        tmp_path, AWS_STORAGE_BUCKET_NAME="media", AWS_S3_ENDPOINT_URL="http://127.0.0.1:9333"
    )
    assert "django.middleware.csp.ContentSecurityPolicyMiddleware" in settings["MIDDLEWARE"]
    policy = settings["SECURE_CSP"]
    assert policy["script-src"] == policy["style-src"] == ["'self'"]
    assert policy["img-src"] == ["'self'", "blob:", "http://127.0.0.1:9333"]


@pytest.mark.parametrize(
    ("url", "name"),
    [("", "/data/shop.sqlite3"), ("sqlite:////var/my%20shop.sqlite3", "/var/my shop.sqlite3")],
)
def test_sqlite_urls(url: str, name: str) -> None:
    settings = database(url, default_file=DEFAULT)
    assert settings["ENGINE"] == "django.db.backends.sqlite3"
    assert settings["NAME"] == name
    assert settings["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


@pytest.mark.parametrize(
    ("scheme", "engine", "options"),
    [
        ("postgres", "postgresql", {"application_name": "shop"}),
        (
            "mysql",
            "mysql",
            {
                "charset": "utf8mb4",
                "isolation_level": "read committed",
                "application_name": "shop",
            },
        ),
    ],
)
def test_server_urls(scheme: str, engine: str, options: dict[str, str]) -> None:
    url = f"{scheme}://shop:p%40ss@db.example.com:5433/shop?application_name=shop"
    settings = database(url, default_file=DEFAULT)
    assert settings["ENGINE"] == f"django.db.backends.{engine}"
    assert settings["CONN_HEALTH_CHECKS"] is True
    assert settings["OPTIONS"] == options
    parts = {name: settings[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
    assert parts == {
        "NAME": "shop",
        "USER": "shop",
        "PASSWORD": "p@ss",
        "HOST": "db.example.com",
        "PORT": 5433,
    }


@pytest.mark.parametrize("url", ["oracle-db://db/shop", "shop.sqlite3"])
def test_a_url_of_no_known_database_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is unknown"):
        database(url, default_file=DEFAULT)
