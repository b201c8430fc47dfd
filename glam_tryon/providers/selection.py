"""The provider of an account: the class that ``PROVIDER`` names, made from today's settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from django.utils.functional import lazy
from django.utils.module_loading import import_string

from glam_tryon.conf import conf
from glam_tryon.exceptions import SettingError
from glam_tryon.providers.api_key import api_key
from glam_tryon.providers.base import (
    CONNECT_TIMEOUT_SECONDS,
    DEFAULT_ACCOUNT,
    READ_TIMEOUT_SECONDS,
    Provider,
)

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

_Options = tuple[str, str, float, float, float]
_made: dict[str, tuple[_Options, Provider]] = {}


def provider_class() -> type[Provider]:
    """Return the class that the setting ``PROVIDER`` names.

    Raises:
        SettingError: there is none under this path, or it lacks what ``Provider`` asks for.
    """
    try:
        found = import_string(conf.PROVIDER)
    except ImportError as error:
        raise SettingError("PROVIDER", f"cannot be imported: {error}") from None
    names = {*Provider.__annotations__, "submit", "poll", "upload", "probe", "close"}
    if missing := sorted(name for name in names if not hasattr(found, name)):
        raise SettingError("PROVIDER", f"is no provider: it has no {', '.join(missing)}")
    provider: type[Provider] = found
    return provider


def provider_for(account: str = DEFAULT_ACCOUNT) -> Provider:
    """Return the provider of ``account``, made anew when its settings change.

    A replaced one is left to its running requests; its idle connections close with it.

    Raises:
        SettingError: ``PROVIDER`` names none.
    """
    waits = (CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS, conf.DEADLINE_SECONDS)
    options = (conf.PROVIDER, conf.BASE_URL, *waits)
    made = _made.get(account)
    if made is None or made[0] != options:
        provider = provider_class()(
            api_key=_key_or_nothing,
            base_url=conf.BASE_URL,
            connect_timeout_seconds=CONNECT_TIMEOUT_SECONDS,
            read_timeout_seconds=READ_TIMEOUT_SECONDS,
            deadline_seconds=conf.DEADLINE_SECONDS,
        )
        made = _made[account] = (options, provider)
    return made[1]


def provider_name() -> str:
    """Return the provider's name as people read it."""
    return provider_class().display_name


def with_provider(text: object, **facts: object) -> str:
    """Return ``text`` with the provider's name, and ``facts``, in its places."""
    return str(text) % {"provider": provider_name(), **facts}


#: The same when the text is shown: for tables of texts, which are made at import.
with_provider_lazy = cast("Callable[[object], _StrPromise]", lazy(with_provider, str))


def _key_or_nothing() -> str:
    # An empty key is refused by the provider before anything is sent, and that pauses submitting.
    try:
        return api_key()
    except SettingError:
        return ""
