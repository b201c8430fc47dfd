"""Reads which user a command's argument names."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError


def named_user(name: str) -> Any:
    """Return the user with this user name, or with this id when it is written ``id:12``.

    Raises:
        CommandError: there is none.
    """
    model = get_user_model()
    field, key = model.USERNAME_FIELD, name
    if name.startswith("id:"):
        field, key = "pk", name.removeprefix("id:")
    try:
        return model._default_manager.get(**{field: key})
    except (model.DoesNotExist, ValueError, ValidationError) as error:
        raise CommandError(f"There is no user with the {field} {key!r}.") from error
