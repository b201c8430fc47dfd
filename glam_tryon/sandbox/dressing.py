"""How a fault changes an answer before it is sent."""

from __future__ import annotations

import json

from .delivery import Reply
from .fault_actions import Do
from .validation import said


def spoken(do: Do) -> Reply:
    """The answer that a fault gives by itself."""
    return dressed(said(200, {}), do)


def dressed(reply: Reply, do: Do) -> Reply:
    """The answer with what a fault changes in it."""
    reply.do = do
    if do.redirect is not None:
        reply.status, target = do.redirect
        reply.headers["Location"] = target
        reply.body, reply.stream = b"", None
    if do.status is not None:
        reply.status = do.status
        reply.stream = None
        reply.headers["Content-Type"] = "application/json"
        reply.body = json.dumps({"detail": f"Fault script: {do.status}"}).encode()
    if do.body is not None:
        reply.headers["Content-Type"], reply.body = do.body
        reply.stream = None
    if do.retry_after is not None:
        reply.headers["Retry-After"] = do.retry_after
    reply.headers.update(do.headers or {})
    return reply
