"""Checks of ``GLAM_TRYON``: each value against its rule, and the values against each other."""

from __future__ import annotations

import difflib
import ipaddress
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register

from glam_tryon.conf import GONE, Settings, conf, given
from glam_tryon.exceptions import HookFailed, SettingError
from glam_tryon.hooks import check_hook_of
from glam_tryon.providers.base import CONNECT_TIMEOUT_SECONDS
from glam_tryon.providers.selection import provider_class
from glam_tryon.validators import is_loopback_url


@register(Tags.compatibility)
def check_time_zones(app_configs: object, **kwargs: Any) -> Sequence[CheckMessage]:
    """Require ``USE_TZ``: leases and deadlines are instants; local times change twice a year."""
    if settings.USE_TZ:
        return []
    return [
        Error(
            "glam_tryon needs USE_TZ = True: it compares its times with the database's clock.",
            hint="Set USE_TZ = True, Django's default.",
            id="glam_tryon.E003",
        )
    ]


@register(Tags.compatibility)
def check_settings(app_configs: object, **kwargs: Any) -> Sequence[CheckMessage]:
    """Compare every value in ``GLAM_TRYON`` with its rule, and the values with each other."""
    try:
        values = given()
    except SettingError as error:
        return [Error(str(error), id="glam_tryon.E001")]
    found: list[CheckMessage] = []
    wrong: list[CheckMessage] = []
    known = Settings.all()
    for name in values:
        if name in GONE:
            found.append(
                checks.Warning(
                    f"GLAM_TRYON has no setting {name!r} any more.",
                    hint=GONE[str(name)],
                    id="glam_tryon.W012",
                )
            )
        elif name not in known:
            names = [*known, *GONE]
            near = difflib.get_close_matches(str(name).upper(), names, n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]!r}?" if near else "See docs/settings.md for the names."
            if near and near[0] in GONE:
                hint = GONE[near[0]]
            found.append(
                checks.Warning(
                    f"GLAM_TRYON has no setting {name!r}.", hint=hint, id="glam_tryon.W001"
                )
            )
    for setting in known.values():
        try:
            setting.read(values)
        except SettingError as error:
            wrong.append(Error(str(error), hint=setting.doc, id="glam_tryon.E001"))
    wrong += [] if wrong else [*_provider(), *_hooks()]
    # Values are held against each other once each is right in itself.
    together = [] if wrong else [*_key(), *_public_address(), *_times(), *_addresses(), *_prices()]
    return [*found, *wrong, *together]


def _key() -> list[CheckMessage]:
    if conf.API_KEY:
        return []
    return [
        checks.Warning(
            'GLAM_TRYON["API_KEY"] is missing: try-ons wait until it is set.',
            hint="Take the key from the provider's account; a callable may return it.",
            id="glam_tryon.W002",
        )
    ]


def _provider() -> list[CheckMessage]:
    try:
        provider_class()
    except SettingError as error:
        hint = "See docs/adding-a-provider.md, or leave the setting out."
        return [Error(str(error), hint=hint, id="glam_tryon.E001")]
    return []


def _hooks() -> list[CheckMessage]:
    found: list[CheckMessage] = []
    for name in Settings.hooks():
        try:
            check_hook_of(name)
        except HookFailed as error:
            hint = "Name the module of a function of yours, and the function: 'shop.photos.check'."
            found.append(Error(f"{error}.", hint=hint, id="glam_tryon.E004"))
    return found


def _public_address() -> list[CheckMessage]:
    if conf.SEND_IMAGES == "upload":
        return []
    address = conf.PUBLIC_BASE_URL
    problem = ""
    if not address:
        problem = "is missing"
    elif is_loopback_url(conf.BASE_URL):
        return []
    elif is_loopback_url(address) or _is_private(address):
        problem = f"is {address}, which the provider cannot reach"
    elif urlsplit(address).scheme != "https":
        problem = f"is {address}, so photos would travel unencrypted"
    if not problem:
        return []
    return [
        checks.Warning(
            f'GLAM_TRYON["PUBLIC_BASE_URL"] {problem}.',
            hint="The provider fetches the photo from this shop: set it to the shop's public https "
            "address, or set SEND_IMAGES to 'upload'.",
            id="glam_tryon.W003",
        )
    ]


def _is_private(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".test", ".localhost"))


def _times() -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if conf.SEND_IMAGES == "link" and conf.LINK_SECONDS < conf.JOB_MAX_AGE_SECONDS:
        found.append(
            checks.Warning(
                'GLAM_TRYON["LINK_SECONDS"] is shorter than JOB_MAX_AGE_SECONDS: the provider may '
                "find the photo's link expired while the job still waits in its queue.",
                hint=f"Set LINK_SECONDS to at least {conf.JOB_MAX_AGE_SECONDS}.",
                id="glam_tryon.W004",
            )
        )
    longest = CONNECT_TIMEOUT_SECONDS + conf.DEADLINE_SECONDS
    if longest > conf.LEASE_SECONDS:
        found.append(
            checks.Warning(
                'GLAM_TRYON["LEASE_SECONDS"] is shorter than one exchange with the provider may '
                f"take ({longest:g} s), so a second worker may begin a step that still runs.",
                hint="Raise LEASE_SECONDS, or lower DEADLINE_SECONDS.",
                id="glam_tryon.W005",
            )
        )
    return found


def _addresses() -> list[CheckMessage]:
    if urlsplit(conf.BASE_URL).scheme == "https" or is_loopback_url(conf.BASE_URL):
        return []
    return [
        Error(
            'GLAM_TRYON["BASE_URL"] is not https: the API key would travel unencrypted.',
            hint="Only a loopback address (the sandbox) may be http.",
            id="glam_tryon.E002",
        )
    ]


def _prices() -> list[CheckMessage]:
    budget = conf.BUDGET
    keys = [key for key in ("day_money", "month_money") if getattr(budget, key) is not None]
    if not keys or conf.PRICE.per_credit is not None:
        return []
    return [
        checks.Warning(
            f'GLAM_TRYON["BUDGET"]["{keys[0]}"] stops nothing while the price is unknown.',
            hint='Set PRICE = {"per_credit": ...} to what a credit costs, or limit the number.',
            id="glam_tryon.W010",
        )
    ]
