"""A fake Glam over real HTTP, shipped so that shops can test without a key; no Django."""

from .durations import LogNormal, parse_seconds
from .faults import FaultScript
from .problems import FaultScriptError
from .records import Accepted, Recorded
from .server import Sandbox

__all__ = [
    "Accepted",
    "FaultScript",
    "FaultScriptError",
    "LogNormal",
    "Recorded",
    "Sandbox",
    "parse_seconds",
]
