"""I8: no API key, photo link or signature in any log record."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from glam_tryon.models import TryOnSubmission
from glam_tryon.sandbox import Sandbox
from tests.shop import KEY


class Records(logging.Handler):
    """Keeps every record as a log file would have it, tracebacks and all."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def everything_logged() -> Iterator[Records]:
    """Hear every logger at DEBUG, also those with a level or an end of their own."""
    records = Records()
    root = logging.getLogger()
    named = [each for each in root.manager.loggerDict.values() if isinstance(each, logging.Logger)]
    before = [(each, each.level) for each in [root, *named]]
    deaf = [each for each in named if not each.propagate]
    for logger in [root, *deaf]:
        logger.addHandler(records)
    for logger, level in before:
        logger.setLevel(logging.DEBUG if logger is root or level else level)
    try:
        yield records
    finally:
        for logger, level in before:
            logger.setLevel(level)
        for logger in [root, *deaf]:
            logger.removeHandler(records)


def secrets_of(glam: Sandbox) -> set[str]:
    """Return the key, the photo links with their parts, and where results lie."""
    found = {KEY, *TryOnSubmission.objects.values_list("token", flat=True)}
    for taken in glam.accepted:
        for link in (taken.media_url, taken.garment_url):
            signed = urlsplit(link).path.rpartition("/")[2].removesuffix(".jpg")
            # token:instant:signature
            found |= {signed, signed.rpartition(":")[2]}
    return found | {path.rpartition("/")[2] for path in glam.served}


def leaks(lines: Iterable[str], secrets: Iterable[str]) -> list[str]:
    """Return the lines that hold one of ``secrets``."""
    wanted = [secret for secret in secrets if secret]
    return [line for line in lines if any(secret in line for secret in wanted)]
