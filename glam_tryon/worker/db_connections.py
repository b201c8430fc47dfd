"""The database connections of a poller's threads: kept while they work, whatever a request's do."""

from __future__ import annotations

from django.db import connections


def refresh_connections() -> None:
    """Close this thread's connections that broke or grew too old; called before a round or a step.

    Like Django's ``close_old_connections``, but a ``CONN_MAX_AGE`` of 0 does not count: it means
    "until the request ends", and would cost a poller a new connection for every step and every
    round, five a second while it is idle. A connection that the server closed meanwhile is
    replaced unnoticed.
    """
    for connection in connections.all(initialized_only=True):
        if connection.settings_dict["CONN_MAX_AGE"] == 0:
            connection.close_at = None
        connection.health_check_enabled = True  # type: ignore[attr-defined]
        connection.close_if_unusable_or_obsolete()
