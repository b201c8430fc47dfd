"""The client of Glam's API: submit, poll and upload, each one exchange judged by the table."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Self
from urllib.parse import quote

from requests import PreparedRequest, Request

from glam_tryon.providers.base import (
    CONNECT_TIMEOUT_SECONDS,
    READ_TIMEOUT_SECONDS,
    Outcome,
    Polled,
    Submitted,
    Uploaded,
    Verdict,
)
from glam_tryon.providers.connections import Exchange
from glam_tryon.providers.glam.outcomes import is_event_id, judge_poll, judge_submit, judge_upload
from glam_tryon.providers.http import Answer, HostAdapter, Silence, converse
from glam_tryon.validators import Secret, http_url

#: Asking about it is free and tells nothing of anybody.
_NO_EVENT = "glam-tryon-key-check"


class GlamClient:
    """The ``Provider`` Glam: talks to its try-on API [doc].

    Its methods raise nothing for what the network or Glam does: they return an outcome. Every
    exchange ends within ``deadline_seconds``, but for the name lookup, which the system limits.

    Args:
        api_key: Glam's key, or a callable that is asked for it before each request.
        base_url: where the API is, such as ``https://api.glam.ai/api/v1``. The key goes to this
            host only: redirects are never followed.
        connect_timeout_seconds: longest wait for a connection, TLS included.
        read_timeout_seconds: longest silence within an answer.
        deadline_seconds: longest whole exchange.
        max_body_bytes: a longer answer is not read.
        pool_size: connections that are kept open for further requests.
        ca_bundle: a file of CA certificates in place of the bundle of ``requests``.

    Raises:
        ValueError: ``base_url`` is no http or https address, or holds a user name or a query.
    """

    display_name = "Glam"
    fetches_links = True

    def __init__(
        self,
        *,
        api_key: str | Callable[[], str],
        base_url: str,
        connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
        read_timeout_seconds: float = READ_TIMEOUT_SECONDS,
        deadline_seconds: float = 30.0,
        max_body_bytes: int = 1_048_576,
        pool_size: int = 16,
        ca_bundle: str | None = None,
    ) -> None:
        try:
            self._base_url = http_url(base_url)
        except ValueError as error:
            raise ValueError(f"base_url {error}") from None
        self._api_key = Secret(api_key) if isinstance(api_key, str) else api_key
        self._connect_timeout_seconds = connect_timeout_seconds
        self._read_timeout_seconds = read_timeout_seconds
        self._deadline_seconds = deadline_seconds
        self._max_body_bytes = max_body_bytes
        self._pool_size = pool_size
        self._ca_bundle = ca_bundle
        self._open()

    def submit(
        self,
        *,
        photo_url: str,
        garment_url: str,
        mask_type: str,
        before_write: Callable[[], bool] | None = None,
    ) -> Submitted:
        """Ask Glam for one generation [doc]: the request that costs money, sent at most once.

        ``before_write`` is called once, when the connection stands and before the first byte
        leaves. When it returns False nothing is sent: NOT_SENT, code ``fenced``.

        Raises:
            Exception: whatever ``api_key`` or ``before_write`` raised; nothing was sent.
        """
        key = self._key()
        body = {
            "media_url": photo_url,
            "garment_url": garment_url,
            "mask_type": getattr(mask_type, "value", mask_type),
        }
        heard = self._ask(
            "POST", "/tryon", key, fresh=True, before_write=before_write, content={"json": body}
        )
        return judge_submit(heard, secret=key)

    def poll(self, event_id: str) -> Polled:
        """Ask how a generation is getting on [doc]; free, so it may be asked as often as needed.

        Raises:
            Exception: whatever ``api_key`` raised.
        """
        if not is_event_id(event_id):
            return Polled(Outcome(Verdict.AGAIN, "bad_event_id"))
        key = self._key()
        heard = self._ask("GET", f"/tryon/{quote(event_id, safe='')}", key)
        return judge_poll(heard, secret=key)

    def probe(self) -> Outcome:
        """Poll a try-on that cannot exist: 404 to a right key, 401 to a wrong one [assumed].

        Raises:
            Exception: whatever ``api_key`` raised.
        """
        outcome = self.poll(_NO_EVENT).outcome
        return replace(outcome, verdict=Verdict.OK) if outcome.code == "not_found" else outcome

    def upload(self, content: bytes, filename: str, content_type: str) -> Uploaded:
        """Put a picture on Glam's host [seen]; the address that comes back is public.

        Raises:
            Exception: whatever ``api_key`` raised.
        """
        key = self._key()
        files = {"file": (filename, content, content_type)}
        heard = self._ask("POST", "/upload", key, fresh=True, content={"files": files})
        return judge_upload(heard, secret=key)

    def close(self) -> None:
        """Close the connections that are kept; a later request opens new ones."""
        self._adapter.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self._base_url!r}, api_key='***')"

    def _open(self) -> None:
        self._adapter = HostAdapter(
            self._base_url, pool_size=self._pool_size, ca_bundle=self._ca_bundle
        )
        self._process = os.getpid()

    def _key(self) -> str:
        key = self._api_key() if callable(self._api_key) else self._api_key
        return Secret(key) if isinstance(key, str) else key

    def _ask(
        self,
        method: str,
        path: str,
        key: str,
        *,
        fresh: bool = False,
        before_write: Callable[[], bool] | None = None,
        content: dict[str, Any] | None = None,
    ) -> Answer | Silence:
        if not _is_sendable(key):
            return Silence(written=False, code="bad_key", detail="the API key cannot be sent")
        if self._process != os.getpid():
            # Forked: answers on the parent's sockets would reach whichever process reads first.
            self._open()
        exchange = Exchange(
            self._deadline_seconds,
            self._connect_timeout_seconds,
            self._read_timeout_seconds,
            fresh=fresh,
            before_write=before_write,
        )
        return converse(
            self._adapter,
            self._prepared(method, path, key, content or {}),
            exchange,
            max_body_bytes=self._max_body_bytes,
        )

    def _prepared(
        self, method: str, path: str, key: str, content: dict[str, Any]
    ) -> PreparedRequest:
        headers = {
            "X-API-Key": key,
            "accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "django-glam-tryon",
        }
        return Request(method, self._base_url + path, headers=headers, **content).prepare()


def _is_sendable(key: object) -> bool:
    """Say whether ``key`` fits into a header as it is: latin-1, printable, no space around it."""
    if not isinstance(key, str) or not key or key != key.strip() or not key.isprintable():
        return False
    return all(ord(character) < 256 for character in key)
