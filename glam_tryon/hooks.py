"""The shop's own functions that settings name, and the one protocol that all of them follow.

A hook returns nothing to let pass, or raises the exception of ``glam_tryon.exceptions`` that its
setting stands with in ``REFUSALS``, whose text its reader may see. Whatever else it does is no
answer: nothing passes, and ``HookFailed`` says what is wrong with it.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from types import MappingProxyType, NoneType
from typing import Any

from django.utils.module_loading import import_string

from glam_tryon.conf import Settings, given
from glam_tryon.exceptions import (
    HookFailed,
    NotPublishable,
    OrderRefused,
    PhotoRefused,
    TryOnError,
)
from glam_tryon.plain_text import clean_text

#: The exception that refuses, by the setting that names the hook.
REFUSALS: Mapping[str, type[TryOnError]] = MappingProxyType(
    {
        "PHOTO_CHECK": PhotoRefused,
        "MODERATE_PHOTO": PhotoRefused,
        "ALLOW_REQUEST": OrderRefused,
        "PUBLISH_RESULT": NotPublishable,
    }
)


def hook_of(name: str) -> Callable[..., Any] | None:
    """Return the function that the setting ``name`` names, None when it names none.

    Raises:
        HookFailed: there is no such function, or none that can follow the protocol.
        SettingError: the setting is no dotted path.
    """
    path = Settings.all()[name].read(given())
    if not path:
        return None
    try:
        found = import_string(path)
    except Exception as error:
        # A module of the shop may raise anything while it is imported.
        raise HookFailed(name, f"cannot be imported from {path!r}: {error}") from error
    if not callable(found):
        raise HookFailed(name, f"is {path!r}, which is no function")
    if inspect.iscoroutinefunction(found):
        raise HookFailed(name, f"is {path!r}, an async function; write it with a plain def")
    function: Callable[..., Any] = found
    return function


def check_hook_of(name: str) -> None:
    """Do what ``hook_of`` does, and look at what the function says that it returns.

    Raises:
        HookFailed: as ``hook_of``; or its annotation promises an answer that counts for nothing.
        SettingError: as ``hook_of``.
    """
    function = hook_of(name)
    if function is None:
        return
    try:
        promised = typing.get_type_hints(function).get("return", NoneType)
    except Exception:  # noqa: BLE001  (an annotation may name what is imported for types only)
        return
    if promised not in (NoneType, typing.NoReturn, typing.Never, Any):
        shown = getattr(promised, "__name__", None) or str(promised)
        raise HookFailed(name, f"returns {shown}, by its annotation; {_protocol(name)}")


def consult(name: str, *args: Any, **kwargs: Any) -> None:
    """Ask the hook that the setting ``name`` names; return when it lets pass, or there is none.

    Raises:
        TryOnError: the hook refuses, by its exception of ``REFUSALS``.
        HookFailed: it raised something else, returned something, or there is no such function.
    """
    function = hook_of(name)
    if function is None:
        return
    try:
        answer = function(*args, **kwargs)
    except REFUSALS[name] as refusal:
        # A page shows what it says, and a log and the database keep it.
        refusal.args = tuple(_clean(each) for each in refusal.args)
        for name_of_text in ("code", "message"):
            if hasattr(refusal, name_of_text):
                setattr(refusal, name_of_text, _clean(getattr(refusal, name_of_text)))
        raise
    except Exception as error:
        raise HookFailed(name, clean_text(f"raised {type(error).__name__}: {error}")) from error
    if answer is not None:
        raise HookFailed(name, f"returned {answer!r:.80}; {_protocol(name)}")


def _clean(value: object) -> object:
    return clean_text(value) if isinstance(value, str) else value


def _protocol(name: str) -> str:
    refusal = REFUSALS[name].__name__
    return (
        "a hook returns nothing to let pass, or raises "
        f"glam_tryon.exceptions.{refusal} to refuse: change the function"
    )
