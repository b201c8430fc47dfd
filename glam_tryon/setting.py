"""One setting of ``GLAM_TRYON``: read at each use, checked, or its default."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar, overload

from django.conf import settings

from glam_tryon.exceptions import SettingError

T = TypeVar("T")


def given() -> Mapping[str, object]:
    """Return the shop's ``GLAM_TRYON`` dict, empty when it is missing.

    Raises:
        SettingError: ``GLAM_TRYON`` is not a dict.
    """
    value = getattr(settings, "GLAM_TRYON", {})
    # The second question takes a while, and every setting is read through here.
    if type(value) is not dict and not isinstance(value, Mapping):
        raise SettingError("", "must be a dict of setting names and values")
    return value


class Setting(Generic[T]):
    """One setting: reads the shop's value at each use, checks it, falls back to the default."""

    def __init__(self, default: T, rule: Callable[[Any], T], doc: str) -> None:
        self.default = default
        self.rule = rule
        self.doc = doc

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Setting[T]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> Setting[T] | T:
        if instance is None:
            return self
        return self.read(given())

    def read(self, values: Mapping[str, object]) -> T:
        """Return the value in ``values`` or the default.

        Raises:
            SettingError: the value does not follow the rule.
        """
        if self.name not in values:
            return self.default
        try:
            return self.rule(values[self.name])
        except ValueError as error:
            raise SettingError(self.name, str(error)) from None
