"""Decodes large pictures in a process of their own, so that a web worker's memory stays small.

That process holds no secret of the shop's, and ends with the picture: a decoder that crashes, or
asks for too much memory or time, takes nothing with it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

from PIL import Image

from glam_tryon.images.decoder_slots import MOST_BYTES
from glam_tryon.images.render import fitting
from glam_tryon.images.validated_open import NotOpened

# Bytes a pixel by format and mode, measured with 24 megapixels; of another mode the most of them.
# Pillow keeps three colours in four bytes, makes a copy to scale what has an alpha, and two to
# scale 16 bits; libwebp holds two canvases beside the picture, and has an alpha always.
_BYTES: dict[str, dict[str, float]] = {
    "PNG": {"1": 6.5, "L": 1.5, "P": 6.5, "RGB": 5.5, "RGBA": 9.8, "I;16": 14.8},
    "WEBP": {"RGB": 17.6},
    "AVIF": {"RGB": 12.0, "RGBA": 15.0},
    "HEIF": {"RGB": 7.8, "RGBA": 9.8},
}
_WORST_BYTES = 17.6
_JPEG_BYTES = 4
_COEFFICIENT_BYTES = 2
#: What the process itself takes.
PROCESS_BYTES = 32_000_000


def needed_bytes(image: Image.Image, content: bytes, long_side: int) -> int:
    """Return about how many bytes it takes to make ``image`` smaller, at the most.

    ``content`` is the file that it was opened from. A JPEG is counted as it will be decoded, at a
    fraction of its size.
    """
    width, height = image.size
    target = fitting(image.size, long_side)
    if image.format not in ("JPEG", "MPO"):
        known = _BYTES.get(str(image.format), {})
        a_pixel = known.get(image.mode) or max(known.values(), default=_WORST_BYTES)
        if "transparency" in image.info:
            # Made RGBA from what it is.
            a_pixel = max(known.values(), default=_WORST_BYTES)
        return int(width * height * a_pixel)
    whole = _coefficients(image) if _is_kept_whole(content) else 0
    image.draft(None, target)
    decoded = image.width * image.height
    # Scaling goes through a picture of the new width and the old height.
    shrunk = 0 if image.size == target else target[0] * (image.height + target[1])
    return whole + _JPEG_BYTES * (decoded + shrunk)


def _coefficients(image: Image.Image) -> int:
    """Return what libjpeg keeps of a JPEG whose scans refine or follow one another."""
    factors = [(across, down) for _name, across, down, _table in getattr(image, "layer", [])]
    most = max((across * down for across, down in factors), default=1) or 1
    share = sum(across * down for across, down in factors) / most
    return int(image.width * image.height * share * _COEFFICIENT_BYTES)


def _is_kept_whole(content: bytes) -> bool:
    """Say whether libjpeg reads all of a JPEG before it gives a row of it."""
    at, components = 2, 0
    while at + 10 < len(content):
        if content[at] != 0xFF:
            at += 1
            continue
        kind = content[at + 1]
        if kind in (0xFF, 0x00, 0x01) or 0xD0 <= kind <= 0xD8:
            at += 1 if kind == 0xFF else 2
            continue
        if kind in (0xC0, 0xC1):
            components = content[at + 9]
        if kind == 0xDA:
            # Several components in scans of their own, or a frame that is not sequential.
            return content[at + 4] < components or not components
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return True


#: Longest decoding, in seconds; what fits into the memory takes 1 to 8.
SECONDS = 30.0
#: What the other process answers with instead of a picture; its text is the code of the refusal.
REFUSED = 3


#: Address space of that process beside the picture: Python, libraries, and stacks of threads.
OTHER_BYTES = 320_000_000


def flatten_in_process(
    content: bytes,
    *,
    max_pixels: int,
    max_side: int,
    long_side: int,
    needed: int = MOST_BYTES,
) -> bytes:
    """Return what ``flattened`` makes of the picture in ``content``.

    ``needed`` is how many bytes that takes; the system ends what asks for much more.

    Raises:
        NotOpened: as ``opened``; ``pixels`` also when it takes too much memory or time.
    """
    numbers = [str(number) for number in (max_pixels, max_side, long_side, needed + OTHER_BYTES)]
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
    # glibc reserves address space for each thread of a decoder, which counts against the limit.
    kept["MALLOC_ARENA_MAX"] = "2"
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
