"""The table of deployments: a new one is one more row here, and nothing else."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

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
    ``long`` ones run with ``make test-all`` only.
    """

    name: str
    tried: str
    settings: Callable[[Settings], Settings] = lambda given: {}
    refused: str = ""
    database: str = "sqlite"
    needs: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    long: bool = False
    #: "thread" is Django's own server in the walk's process, the others are processes.
    server: str = "thread"
    #: What stands before every path of the shop, of the try-on's pages, and of the admin.
    root: str = ""
    shop_prefix: str = ""
    tryon_prefix: str = ""
    admin: str = "admin/"
    #: Nobody sees anything without an account.
    members_only: bool = False
    #: Of our admin pages only these are registered; empty: all.
    pages: tuple[str, ...] = ()
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


_ROWS = (
    Deployment("plain", "Django's defaults, SQLite, files on disk"),
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
    Deployment("separator_en", "`USE_THOUSAND_SEPARATOR`, English", _separated("en")),
    Deployment("separator_de", "`USE_THOUSAND_SEPARATOR`, German", _separated("de")),
    Deployment("separator_fr", "`USE_THOUSAND_SEPARATOR`, French", _separated("fr")),
)

ROWS: Mapping[str, Deployment] = {row.name: row for row in _ROWS}
