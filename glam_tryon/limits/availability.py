"""Whether the shop takes orders now, or would let them wait until its staff does something."""

from __future__ import annotations

from glam_tryon.conf import api_key
from glam_tryon.exceptions import SettingError
from glam_tryon.limits.kill_switch import is_stopped
from glam_tryon.models import ProviderState


def is_paused() -> bool:
    """Say whether staff stopped or paused it, or Glam refused the API key or asks to be paid.

    A pause about a key that was replaced meanwhile is none: the next job ends it.
    """
    if is_stopped():
        return True
    state = ProviderState.load()
    if not state.paused_at:
        return False
    try:
        return not state.resumes_with(api_key())
    except SettingError:
        return True
