"""Log lines without the signed links by which Glam fetches pictures of people."""

from __future__ import annotations

import logging
import re

SIGNED_LINK = re.compile(r"(/for-glam/\w+/)[^\s\"'?]+")


class LineFormatter(logging.Formatter):
    """Hides what would let a reader of the log, where each address stands, fetch the picture."""

    def format(self, record: logging.LogRecord) -> str:
        return SIGNED_LINK.sub(r"\1[hidden]", super().format(record))
