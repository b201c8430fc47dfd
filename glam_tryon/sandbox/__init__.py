"""A fake Glam over real HTTP, shipped so that shops can test without a key; no Django."""

from .faults import FaultScript
from .request_log import Accepted, Recorded
from .script_values import FaultScriptError
from .server import Sandbox
from .timing import LogNormal, parse_seconds

__all__ = [
    "Accepted",
    "FaultScript",
    "FaultScriptError",
    "LogNormal",
    "Recorded",
    "Sandbox",
    "parse_seconds",
]
