"""The shop's own functions that settings name: only a plain answer of theirs lets anything pass.

A hook returns nothing to let pass, or raises its refusal. Whatever else it does is no answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.module_loading import import_string

from glam_tryon.conf import Settings, given
from glam_tryon.exceptions import HookFailed


def hook_of(name: str) -> Callable[..., Any] | None:
    """Return the function that the setting ``name`` names, None when it names none.

    Raises:
        HookFailed: there is no such function.
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
    function: Callable[..., Any] = found
    return function


def consult(name: str, refusal: type[Exception], *args: Any, **kwargs: Any) -> None:
    """Ask the hook that the setting ``name`` names; return when it lets pass, or there is none.

    Raises:
        refusal: the hook refuses.
        HookFailed: it raised something else, returned something, or there is no such function.
    """
    function = hook_of(name)
    if function is None:
        return
    try:
        answer = function(*args, **kwargs)
    except refusal:
        raise
    except Exception as error:
        raise HookFailed(name, f"raised {type(error).__name__}: {error}") from error
    if answer is not None:
        raise HookFailed(name, f"returned {answer!r}; it has to return None or raise its refusal")
