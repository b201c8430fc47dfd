"""Decodes large pictures in a process of its own, so that a web worker's memory stays small.

That process holds no secret of the shop's, and ends with the picture: a decoder that crashes, or
asks for too much memory or time, takes nothing with it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

from glam_tryon.images.validated_open import NotOpened

#: Longest decoding, in seconds; 50 megapixels take 1 to 8.
SECONDS = 30.0
#: What the other process answers with instead of a picture; its text is the code of the refusal.
REFUSED = 3


def flattened_apart(content: bytes, *, max_pixels: int, max_side: int, long_side: int) -> bytes:
    """Return what ``flattened`` makes of the picture in ``content``.

    Raises:
        NotOpened: as ``opened``; ``pixels`` also when it takes too much memory or time.
    """
    numbers = [str(number) for number in (max_pixels, max_side, long_side)]
    try:
        done = subprocess.run(
            [_python(), "-m", "glam_tryon.images", *numbers],
            input=content,
            capture_output=True,
            timeout=SECONDS,
            check=False,
            env=_environment(),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotOpened("pixels") from error
    if done.returncode == 0:
        return done.stdout
    raise NotOpened(done.stderr.decode().strip() if done.returncode == REFUSED else "broken")


@lru_cache(maxsize=1)
def _python() -> str:
    # Within uWSGI and the like sys.executable is the server.
    names = [Path(sys.prefix) / "bin" / "python3", Path(sys.prefix) / "Scripts" / "python.exe"]
    own = Path(sys.executable or "")
    found = [own] if own.name.lower().startswith("python") else []
    return str(next((name for name in [*found, *names] if name.is_file()), own))


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
