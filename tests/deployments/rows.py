"""The table of deployments: a new one is one more row here, and nothing else."""

from __future__ import annotations

import mimetypes
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.config import Config

from example_project.storage import private_bucket
from glam_tryon.files import private_storage

if TYPE_CHECKING:
    from tests.deployments.walk import Walk

Settings = dict[str, Any]


def drain(walk: Walk) -> None:
    """Run the worker until nothing is left to do."""
    walk.command("poll_tryon_jobs", "--drain", "--max-seconds", "60")


def once(walk: Walk) -> None:
    """Run the worker as cron does, pass after pass."""
    for _minute in range(12):
        walk.command("poll_tryon_jobs", "--once")


def no_orphans_on_disk(walk: Walk) -> None:
    """Compare the files in the private storage with the rows that name them."""
    folder = walk.directory / "private"
    stored = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    orphans = stored - walk.named_files()
    if orphans:
        raise AssertionError(f"no row names {sorted(orphans)}")


@dataclass(frozen=True)
class Deployment:
    """One way to run a shop.

    ``tried`` says in the documentation what it is. ``settings`` gets those of the tests and
    returns what is different here. ``refused`` is a part of the sentence by which a check refuses
    what cannot be supported; the walk then is not walked. ``needs`` names parts of
    ``tests.servers.PARTS``, ``packages`` the distributions whose versions the documentation names.
    Those that are not ``quick`` run with ``make test-all`` only.
    """

    name: str
    tried: str
    settings: Callable[[Settings], Settings] = lambda given: {}
    refused: str = ""
    database: str = "sqlite"
    charset: str = "utf8mb4"
    needs: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    quick: bool = False
    #: A bucket of a fresh S3 server is in the environment, as the example shop's settings find it.
    bucket: bool = False
    #: "thread" is Django's own server in the walk's process, the others are processes.
    server: str = "thread"
    #: What stands before every path of the shop, of the try-on's pages, and of the admin.
    root: str = ""
    shop_prefix: str = ""
    tryon_prefix: str = ""
    admin: str = "admin/"
    #: The name by which shoppers know the shop; staff and the provider use its IP.
    shopper_host: str = "127.0.0.1"
    #: Nobody sees anything without an account.
    members_only: bool = False
    #: The models whose admin pages are registered; None: all.
    pages: tuple[str, ...] | None = None
    #: Where another admin site is, into which no page of this one may link.
    other_admin: str = ""
    #: Actions are tried on more than a thousand rows as well; a run with ``LONG`` tries all so.
    crowded: bool = False
    work: Callable[[Walk], None] = drain
    #: Done before each step, and where staff come back later.
    catch_up: Callable[[Walk], None] = lambda walk: None
    no_orphans: Callable[[Walk], None] = no_orphans_on_disk
    environment: Mapping[str, str] = field(default_factory=dict)

    def page(self, path: str) -> str:
        """Return the address of a page of the shop."""
        return f"{self.shop_prefix}{path}"

    def tryon(self, path: str) -> str:
        """Return the address of a page of the try-on."""
        return f"{self.tryon_prefix}tryon/{path}"


def _members_only(given: Settings) -> Settings:
    login = "django.contrib.auth.middleware.LoginRequiredMiddleware"
    return {"MIDDLEWARE": [*given["MIDDLEWARE"], login]}


def _languages(given: Settings, *, urls: str) -> Settings:
    middleware = list(given["MIDDLEWARE"])
    sessions = middleware.index("django.contrib.sessions.middleware.SessionMiddleware")
    middleware.insert(sessions + 1, "django.middleware.locale.LocaleMiddleware")
    return {
        "MIDDLEWARE": middleware,
        "ROOT_URLCONF": f"tests.deployments.urls.{urls}",
        # What startproject writes; no language of that name is offered.
        "LANGUAGE_CODE": "en-us",
        "LANGUAGES": [("en", "English"), ("de", "Deutsch"), ("fr", "français")],
    }


def _with(**settings: Any) -> Callable[[Settings], Settings]:
    return lambda given: settings


CACHE = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}


def _cached(given: Settings) -> Settings:
    cache = "django.middleware.cache."
    middleware = [f"{cache}UpdateCacheMiddleware", *given["MIDDLEWARE"]]
    return {
        "MIDDLEWARE": [*middleware, f"{cache}FetchFromCacheMiddleware"],
        "CACHE_MIDDLEWARE_SECONDS": 600,
        "CACHES": CACHE,
    }


def _atomic(given: Settings) -> Settings:
    return {"DATABASES": {"default": {**given["DATABASES"]["default"], "ATOMIC_REQUESTS": True}}}


def _options(**options: Any) -> Callable[[Settings], Settings]:
    """Return what adds ``OPTIONS`` to the database; with ``atomic`` all requests are."""
    atomic = options.pop("atomic", False)

    def settings(given: Settings) -> Settings:
        database = given["DATABASES"]["default"]
        changed = {**database, "OPTIONS": {**database.get("OPTIONS", {}), **options}}
        return {"DATABASES": {"default": {**changed, "ATOMIC_REQUESTS": atomic}}}

    return settings


#: psycopg's numbers of isolation levels.
REPEATABLE_READ, SERIALIZABLE = 3, 4
POSTGRES_LEVELS = tuple(
    (f"{name}{'_atomic' if atomic else ''}", f"{text}{' and `ATOMIC_REQUESTS`' if atomic else ''}",
     {"isolation_level": level, "atomic": atomic})
    for name, text, level in (
        ("repeatable", "REPEATABLE READ", REPEATABLE_READ),
        ("serializable", "SERIALIZABLE", SERIALIZABLE),
    )
    for atomic in (False, True)
)  # fmt: skip
MYSQL_LEVELS = tuple(
    (f"{name}{'_atomic' if atomic else ''}", f"{text}{' and `ATOMIC_REQUESTS`' if atomic else ''}",
     {"isolation_level": text.lower(), "atomic": atomic})
    for name, text in (("repeatable", "REPEATABLE READ"), ("serializable", "SERIALIZABLE"))
    for atomic in (False, True)
)  # fmt: skip


def _sites(given: Settings) -> Settings:
    return {"INSTALLED_APPS": [*given["INSTALLED_APPS"], "django.contrib.sites"]}


def _stored(given: Settings, *, name: str) -> Settings:
    backend = {"BACKEND": f"tests.deployments.storages.{name}", "OPTIONS": given["PRIVATE"]}
    return {"STORAGES": {**given["STORAGES"], "glam_tryon": backend}}


def _in_bucket(given: Settings, *, checksums: str) -> Settings:
    bucket = private_bucket(os.environ["AWS_STORAGE_BUCKET_NAME"])
    config = bucket["OPTIONS"]["client_config"]
    bucket["OPTIONS"]["client_config"] = config.merge(
        Config(request_checksum_calculation=checksums, response_checksum_validation=checksums)
    )
    return {"STORAGES": {**given["STORAGES"], "glam_tryon": bucket}}


def no_orphans_in_bucket(walk: Walk) -> None:
    """Compare the objects in the bucket with the rows that name them."""
    storage: Any = private_storage()
    stored = {each.key for each in storage.bucket.objects.all()}
    if orphans := stored - walk.named_files():
        raise AssertionError(f"no row names {sorted(orphans)}")


def _without_mime_types(given: Settings) -> Settings:
    mimetypes.knownfiles.clear()
    mimetypes.init()
    return {}


def _off_by(hours: int) -> Callable[[Walk], None]:
    """Return a worker whose clock is wrong by so many hours."""

    def work(walk: Walk) -> None:
        clock = {"LD_PRELOAD": FAKETIME, "FAKETIME": f"{hours:+d}h", "NO_FAKE_STAT": "1"}
        command = [sys.executable, "-m", "django", "poll_tryon_jobs", "--drain"]
        ended = subprocess.run(
            [*command, "--max-seconds=90"],
            env={**os.environ, **clock, "FAKETIME_DONT_FAKE_MONOTONIC": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if ended.returncode or "Traceback" in ended.stdout:
            raise AssertionError(ended.stdout)

    return work


FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"


def _below(given: Settings) -> Settings:
    """DEBUG off, hashed static files, and everything below /shop/."""
    hashed = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    return {
        "DEBUG": False,
        "FORCE_SCRIPT_NAME": "/shop",
        "STATIC_URL": "static/",
        "MEDIA_URL": "media/",
        "STORAGES": {**given["STORAGES"], "staticfiles": {"BACKEND": hashed}},
    }


def _separated(language: str) -> Callable[[Settings], Settings]:
    def settings(given: Settings) -> Settings:
        return {"USE_THOUSAND_SEPARATOR": True, "LANGUAGE_CODE": language}

    return settings


def _replica(given: Settings, *, lags: bool) -> Settings:
    database = given["DATABASES"]["default"]
    copy = {**database}
    if lags:
        copy["NAME"] = str(given["DIRECTORY"] / "replica.sqlite3")
    router = "tests.deployments.routers.Lagging" if lags else "tests.deployments.routers.Split"
    return {"DATABASES": {"default": database, "replica": copy}, "DATABASE_ROUTERS": [router]}


def _copy_database(walk: Walk) -> None:
    """Let the replica catch up with the primary."""
    with (
        closing(sqlite3.connect(walk.directory / "shop.sqlite3")) as primary,
        closing(sqlite3.connect(walk.directory / "replica.sqlite3")) as replica,
    ):
        primary.backup(replica)


def _together(*rules: Callable[[Settings], Settings]) -> Callable[[Settings], Settings]:
    """Return what several rules make of the settings, one after another."""

    def settings(given: Settings) -> Settings:
        changed: Settings = {}
        for rule in rules:
            changed |= rule({**given, **changed})
        return changed

    return settings


_ROWS = (
    Deployment("plain", "Django's defaults, SQLite, files on disk", quick=True),
    Deployment(
        "several_at_once",
        "A lagging replica, `LoginRequiredMiddleware`, `USE_THOUSAND_SEPARATOR`, `i18n_patterns`, "
        "`ATOMIC_REQUESTS` and `CSRF_USE_SESSIONS` in one shop",
        _together(
            _members_only,
            _separated("en"),
            partial(_languages, urls="localized"),
            _atomic,
            partial(_replica, lags=True),
            _with(CSRF_USE_SESSIONS=True),
        ),
        quick=True,
        members_only=True,
        shop_prefix="de/",
        tryon_prefix="de/",
        admin="fr/admin/",
        catch_up=_copy_database,
    ),
    Deployment(
        "members_only",
        "`LoginRequiredMiddleware` for the whole site",
        _members_only,
        members_only=True,
    ),
    Deployment("replica", "A primary and a replica, by a router", partial(_replica, lags=False)),
    Deployment(
        "lagging_replica",
        "A replica that lags: it has what an earlier visit wrote, and nothing of this one",
        partial(_replica, lags=True),
        catch_up=_copy_database,
    ),
    Deployment(
        "languages_around",
        '`i18n_patterns` around the include, `LANGUAGE_CODE` "en-us", `LANGUAGES` en, de, fr',
        partial(_languages, urls="localized"),
        shop_prefix="de/",
        tryon_prefix="de/",
        admin="fr/admin/",
    ),
    Deployment(
        "languages_beside",
        "The include beside `i18n_patterns`, the same languages",
        partial(_languages, urls="beside"),
        shop_prefix="de/",
    ),
    *(
        Deployment(
            f"own_site_{name}",
            f"Only an `AdminSite` of the shop's own, with its products and {text}",
            _with(ROOT_URLCONF="tests.deployments.urls.own_site"),
            admin="backoffice/",
            pages=pages,
            quick=not pages,
        )
        for name, text, pages in (
            ("bare", "none of our pages", ()),
            ("jobs", "our try-ons", ("tryonjob",)),
            ("batches", "our batches and house models", ("tryonbatch", "personphoto")),
            ("numbers", "our numbers", ("account", "dailycount", "tryonsubmission")),
        )
    ),
    Deployment(
        "two_sites",
        "Two `AdminSite`s with all our pages",
        _with(ROOT_URLCONF="tests.deployments.urls.two_sites"),
        admin="backoffice/",
        other_admin="admin/",
    ),
    Deployment("atomic", "`ATOMIC_REQUESTS`", _atomic),
    Deployment("sites", "Two sites by their hosts", _sites, shopper_host="localhost"),
    Deployment(
        "cookie_sessions",
        "Sessions in signed cookies",
        _with(SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies"),
    ),
    Deployment(
        "cache_sessions",
        "Sessions in the cache",
        _with(SESSION_ENGINE="django.contrib.sessions.backends.cache", CACHES=CACHE),
    ),
    Deployment(
        "csrf_in_session",
        "`CSRF_USE_SESSIONS`, `CSRF_COOKIE_HTTPONLY`",
        _with(CSRF_USE_SESSIONS=True, CSRF_COOKIE_HTTPONLY=True),
    ),
    Deployment(
        "same_site_strict",
        '`SESSION_COOKIE_SAMESITE` and `CSRF_COOKIE_SAMESITE` "Strict"',
        _with(SESSION_COOKIE_SAMESITE="Strict", CSRF_COOKIE_SAMESITE="Strict"),
    ),
    Deployment("cached", "The cache of the whole site, 600 s", _cached),
    Deployment(
        "below_a_path",
        '`DEBUG` off, hashed static files, `FORCE_SCRIPT_NAME` "/shop"',
        _below,
        quick=True,
        root="shop/",
    ),
    *(
        Deployment(
            f"storage_{name.lower()}",
            f"A storage that {does}",
            partial(_stored, name=name),
        )
        for name, does in (
            ("Encrypting", "encrypts: it keeps more bytes than it was given"),
            ("Compressing", "compresses: it keeps fewer bytes than it was given"),
            ("OwnErrors", "opens lazily, raises errors of its own and lists whole names"),
        )
    ),
    *(
        Deployment(
            f"s3_{checksums}",
            f"A bucket of SeaweedFS over http, checksums `{checksums}`",
            partial(_in_bucket, checksums=checksums),
            needs=("s3",),
            bucket=True,
            packages=("boto3", "django-storages"),
            no_orphans=no_orphans_in_bucket,
        )
        for checksums in ("when_supported", "when_required")
    ),
    Deployment("no_mime_types", "A machine without `/etc/mime.types`", _without_mime_types),
    *(
        Deployment(
            f"clock_{text}",
            f"PostgreSQL, and a worker whose clock is 3 hours {text}",
            # SQLite has no clock of its own: what it calls the time is the worker's.
            database="postgres",
            needs=("postgres", "faketime"),
            work=_off_by(hours),
        )
        for text, hours in (("slow", -3), ("fast", 3))
    ),
    Deployment("gunicorn", "gunicorn, two workers with four threads", server="gunicorn"),
    Deployment("uvicorn", "ASGI under uvicorn", server="uvicorn"),
    *(
        Deployment(
            f"{database}_{name}",
            f"{shown}, {text}",
            _options(**options),
            database=database,
            needs=(database,),
            quick=name == "repeatable_atomic",
        )
        for database, shown, levels in (
            ("postgres", "PostgreSQL", POSTGRES_LEVELS),
            ("mysql", "MariaDB", MYSQL_LEVELS),
        )
        for name, text, options in (("default", "Django's options", {}), *levels)
    ),
    *(
        Deployment(
            f"mysql_{charset}",
            f"MariaDB with the character set {charset}",
            _options(charset=charset),
            database="mysql",
            charset=charset,
            needs=("mysql",),
            quick=charset == "utf8mb3",
        )
        for charset in ("utf8mb3", "latin1")
    ),
    Deployment(
        "postgres_pool",
        'PostgreSQL with `"pool": True` (4 connections)',
        _options(pool=True),
        database="postgres",
        needs=("postgres",),
    ),
    Deployment("cron", "The worker by cron, `--once` only", work=once),
    Deployment("separator_en", "`USE_THOUSAND_SEPARATOR`, English", _separated("en"), crowded=True),
    Deployment("separator_de", "`USE_THOUSAND_SEPARATOR`, German", _separated("de")),
    Deployment("separator_fr", "`USE_THOUSAND_SEPARATOR`, French", _separated("fr")),
)

ROWS: Mapping[str, Deployment] = {row.name: row for row in _ROWS}
