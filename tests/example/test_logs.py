"""The example project's log lines."""

from __future__ import annotations

import logging

from example_project.logs import LineFormatter


def test_a_signed_link_does_not_stand_in_the_log() -> None:
    line = '"GET /tryon/for-glam/photo/abc:1tF:x-Y_z.jpg HTTP/1.1" 200 5'
    record = logging.LogRecord("django.server", logging.INFO, "", 0, line, None, None)
    assert LineFormatter("{message}", style="{").format(record) == (
        '"GET /tryon/for-glam/photo/[hidden] HTTP/1.1" 200 5'
    )
