"""Settings of the example shop; all that changes between machines comes from the environment.

With no variable set it runs on SQLite, local files and the sandbox:

GLAM_API_KEY, GLAM_BASE_URL, GLAM_MAX_PARALLEL, GLAM_RESULT_HOSTS (a,b), PUBLIC_BASE_URL;
DATABASE_URL; AWS_STORAGE_BUCKET_NAME, AWS_S3_ENDPOINT_URL, AWS_S3_REGION_NAME,
AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY; EXAMPLE_DATA_DIR (database and files), DEBUG,
SECRET_KEY, ALLOWED_HOSTS (a,b) and LOG_LEVEL.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import django
from django.core.exceptions import ImproperlyConfigured

from example_project import environment, storage

BASE_DIR = Path(__file__).resolve().parent
DATA_DIR = Path(environment.text("EXAMPLE_DATA_DIR") or BASE_DIR / "var").resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True)

DEBUG = environment.flag("DEBUG", default=True)
ALLOWED_HOSTS = [
    "localhost",
    "127.0.0.1",
    "[::1]",
    *environment.words("ALLOWED_HOSTS"),
]
SECRET_KEY = environment.text("SECRET_KEY", "example-only-" * 5 if DEBUG else "")
if not SECRET_KEY:
    raise ImproperlyConfigured("Set SECRET_KEY in the environment: DEBUG is off.")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "glam_tryon",
    "example_project.shop",
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
ROOT_URLCONF = "example_project.urls"
WSGI_APPLICATION = "example_project.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
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

DATABASES = {
    "default": environment.database(
        environment.text("DATABASE_URL"), default_file=DATA_DIR / "shop.sqlite3"
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
MEDIA_URL = "media/"
MEDIA_ROOT = DATA_DIR / "media"
BUCKET = environment.text("AWS_STORAGE_BUCKET_NAME")
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    # Photos of people and results. Product pictures, which everybody may see, stay in "default".
    "glam_tryon": (
        storage.private_bucket(BUCKET)
        if BUCKET
        else storage.private_directory(DATA_DIR / "private")
    ),
}

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "shop:product-list"
LOGOUT_REDIRECT_URL = "shop:product-list"

# With a key of Glam's the built-in address is right; without one the sandbox answers.
GLAM_API_KEY = environment.text("GLAM_API_KEY")
GLAM_BASE_URL = environment.text(
    "GLAM_BASE_URL", "" if GLAM_API_KEY else "http://127.0.0.1:8650/api/v1"
)
GLAM_TRYON: dict[str, Any] = {
    "API_KEY": GLAM_API_KEY or "sandbox-key",
    "PUBLIC_BASE_URL": environment.text("PUBLIC_BASE_URL", "http://127.0.0.1:8000"),
    "MAX_PARALLEL": environment.number("GLAM_MAX_PARALLEL", 2),
    "PHOTO_CHECK": "example_project.shop.photos.check_photo",
}
if GLAM_BASE_URL:
    GLAM_TRYON["BASE_URL"] = GLAM_BASE_URL
if environment.words("GLAM_RESULT_HOSTS"):
    GLAM_TRYON["RESULT_HOSTS"] = environment.words("GLAM_RESULT_HOSTS")
elif not GLAM_API_KEY:
    GLAM_TRYON["RESULT_HOSTS"] = ["localhost", "127.0.0.1"]

if django.VERSION >= (6, 0):
    from django.utils.csp import CSP

    MIDDLEWARE.insert(1, "django.middleware.csp.ContentSecurityPolicyMiddleware")
    SECURE_CSP = {
        "default-src": [CSP.NONE],
        "script-src": [CSP.SELF],
        "style-src": [CSP.SELF],
        "img-src": [
            CSP.SELF,
            "blob:",
            *filter(None, [environment.text("AWS_S3_ENDPOINT_URL") if BUCKET else ""]),
        ],
        "font-src": [CSP.SELF],
        "connect-src": [CSP.SELF],
        "form-action": [CSP.SELF],
        "base-uri": [CSP.NONE],
        "frame-ancestors": [CSP.NONE],
    }

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "example_project.logs.LineFormatter",
            "format": "{asctime} {levelname:<7} {name}: {message}",
            "style": "{",
        },
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": environment.text("LOG_LEVEL", "INFO")},
    "loggers": {
        # Django gives these handlers of their own; with the root's each line would come twice.
        "django": {"handlers": [], "level": "INFO"},
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
        "botocore": {"level": "WARNING"},
    },
}
