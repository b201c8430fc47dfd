"""The process's one client of Glam, made anew when its settings change."""

from __future__ import annotations

from functools import lru_cache

from glam_tryon.conf import conf
from glam_tryon.exceptions import SettingError
from glam_tryon.providers.api_key import api_key
from glam_tryon.providers.base import CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS
from glam_tryon.providers.glam.client import GlamClient


def glam_client() -> GlamClient:
    """Return the client for the settings as they are now.

    A replaced client is left to its running requests; its idle connections close with it.
    """
    return _client(
        conf.BASE_URL,
        CONNECT_TIMEOUT_SECONDS,
        READ_TIMEOUT_SECONDS,
        conf.DEADLINE_SECONDS,
    )


@lru_cache(maxsize=1)
def _client(base_url: str, connect: float, read: float, deadline: float) -> GlamClient:
    return GlamClient(
        api_key=_key_or_nothing,
        base_url=base_url,
        connect_timeout_seconds=connect,
        read_timeout_seconds=read,
        deadline_seconds=deadline,
    )


def _key_or_nothing() -> str:
    # An empty key is refused by the client before anything is sent, and that pauses submitting.
    try:
        return api_key()
    except SettingError:
        return ""
