"""The API key of the settings, asked for at each use, so that a rotated key is taken up at once."""

from __future__ import annotations

from glam_tryon.conf import conf
from glam_tryon.exceptions import SettingError
from glam_tryon.validators import Secret


def api_key() -> str:
    """Return the API key, asking the callable when there is one.

    Raises:
        SettingError: the key is missing, or the callable raised or did not return text.
    """
    value = conf.API_KEY
    try:
        key = value() if callable(value) else value
    except Exception as error:  # noqa: BLE001  (the shop's own code may raise anything)
        # What it raises may hold the key in its message.
        raise SettingError(
            "API_KEY", f"is missing: the callable raised {type(error).__name__}"
        ) from None
    if not isinstance(key, str) or not key:
        raise SettingError("API_KEY", "is missing; set it to the key of the provider's account")
    return Secret(key)
