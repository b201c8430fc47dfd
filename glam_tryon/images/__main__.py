"""The process of ``decode_process``: a picture comes in by standard input, leaves flattened."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from types import ModuleType

from PIL import AvifImagePlugin

from glam_tryon.images.decode_process import REFUSED, SECONDS
from glam_tryon.images.render import flattened
from glam_tryon.images.validated_open import NotOpened, opened

resource: ModuleType | None = None
with suppress(ImportError):
    # Systems without it decode without a limit.
    import resource

#: A thread of a decoder takes memory, and a machine may have many processors.
THREADS = 4


def main(arguments: Sequence[str]) -> int:
    """Flatten one picture; ``arguments`` are the numbers of ``flatten_in_process``."""
    max_pixels, max_side, long_side, address_bytes = map(int, arguments)
    limit(address_bytes)
    AvifImagePlugin.DEFAULT_MAX_THREADS = THREADS
    content = sys.stdin.buffer.read()
    try:
        with opened(content, max_pixels=max_pixels, max_side=max_side, heif=True) as image:
            jpeg = flattened(image, long_side)
    except NotOpened as error:
        sys.stderr.write(error.code)
        return REFUSED
    sys.stdout.buffer.write(jpeg)
    return 0


def limit(address_bytes: int) -> None:
    """Let the system end this process when it asks for too much."""
    if resource is not None:
        resource.setrlimit(resource.RLIMIT_AS, (address_bytes, address_bytes))
        resource.setrlimit(resource.RLIMIT_CPU, (int(SECONDS), int(SECONDS)))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
