"""Named places where a test may kill or stop the process, to prove that nothing is lost."""

from __future__ import annotations

import itertools
import os
import signal

#: Which signal each environment variable asks for. They are read at each pass, so that a process
#: which forks pollers can give each its own.
_SIGNALS = {"GLAM_TRYON_CRASH_AT": "SIGKILL", "GLAM_TRYON_PAUSE_AT": "SIGSTOP"}
_passes = {variable: itertools.count(1) for variable in _SIGNALS}


def crashpoint(place: str) -> None:
    """Send this process the signal that the environment asks for here.

    ``GLAM_TRYON_CRASH_AT=after_post`` ends it at the first pass, ``after_post@3`` at the third.
    ``GLAM_TRYON_PAUSE_AT`` stops it instead, until somebody sends SIGCONT.
    """
    for variable, name in _SIGNALS.items():
        wanted, _, number = os.environ.get(variable, "").partition("@")
        if wanted == place and next(_passes[variable]) == int(number or 1):
            # To this very thread, so that it does not go one line further.
            signal.raise_signal(getattr(signal, name))
