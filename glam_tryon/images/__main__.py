"""The process of ``decode_process``: a picture comes in by standard input, leaves flattened."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from types import ModuleType

from glam_tryon.images.decode_process import REFUSED, SECONDS
from glam_tryon.images.render import flattened
from glam_tryon.images.validated_open import NotOpened, opened

resource: ModuleType | None = None
with suppress(ImportError):
    # Systems without it decode without a limit.
    import resource

#: Address space: what the largest picture takes, and as much again for libraries and threads.
MOST_BYTES = 5 * 1024**3 // 4


def main(arguments: Sequence[str]) -> int:
    """Flatten one picture; ``arguments`` are the numbers of ``flatten_in_process``."""
    max_pixels, max_side, long_side = map(int, arguments)
    content = sys.stdin.buffer.read()
    try:
        with opened(content, max_pixels=max_pixels, max_side=max_side, heif=True) as image:
            jpeg = flattened(image, long_side)
    except NotOpened as error:
        sys.stderr.write(error.code)
        return REFUSED
    sys.stdout.buffer.write(jpeg)
    return 0


def limit() -> None:
    """Let the system end this process when it asks for too much."""
    if resource is not None:
        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (int(SECONDS), int(SECONDS)))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    limit()
    sys.exit(main(sys.argv[1:]))
