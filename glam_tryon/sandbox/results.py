"""The host that results and uploads are fetched from; it knows no key."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from .artist import with_comment
from .bodies import replace_result
from .delivery import Reply
from .dressing import dressed, spoken
from .fault_actions import RESULT, Do
from .faults import FaultScript
from .generation import Generation
from .generations import Generations
from .request_log import Ledger
from .validation import detail
from .wire import Request

OUTPUTS = "/comfyui/processings/api/outputs/"
UPLOADS = "/uploads/"
MAGIC = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png", b"RIFF": "image/webp"}


class Results:
    """The application behind the result port; ``base_url`` is set once the port is known."""

    def __init__(
        self, generations: Generations, ledger: Ledger, script: Callable[[], FaultScript]
    ) -> None:
        self.base_url = ""
        self._generations = generations
        self._ledger = ledger
        self._script = script
        self._lock = threading.Lock()
        self._uploads: dict[str, bytes] = {}

    def urls(self, generation: Generation) -> list[str]:
        """Where the results of a generation are, or will be."""
        return [f"{self.base_url}{OUTPUTS}{name}" for name in generation.result_names]

    def fill(self, generation: Generation, value: Any) -> Any:
        """A script's ``media_urls`` with ``{result}`` and ``{host}`` filled in."""
        if isinstance(value, list):
            return [self.fill(generation, each) for each in value]
        if not isinstance(value, str):
            return value
        host = urlsplit(self.base_url).netloc
        return value.replace("{result}", self.urls(generation)[0]).replace("{host}", host)

    def keep(self, name: str, content: bytes) -> str:
        """Keep an uploaded file and give its public address."""
        with self._lock:
            self._uploads[name] = content
        return f"{self.base_url}{UPLOADS}{name}"

    def __call__(self, request: Request) -> Reply:
        """Answer one request."""
        path = urlsplit(request.path).path
        if request.method not in ("GET", "HEAD"):
            return detail(405, "Method Not Allowed")
        if path.startswith(UPLOADS):
            return self._uploaded(path.removeprefix(UPLOADS))
        generation = self._generations.find_result(path.removeprefix(OUTPUTS))
        if generation is None or not path.startswith(OUTPUTS):
            return detail(404, "Not Found")
        do = self._script().decide(RESULT, generation.number, generation.event_id)
        if do.speaks:
            return spoken(do)
        if generation.picture is None or generation.lost:
            return detail(404, "Not Found")
        reply = dressed(self._picture(generation, path, do), do)
        if reply.stream is None and do.truncate is None and request.method == "GET":
            self._ledger.note_served(path, hashlib.sha256(reply.body).hexdigest())
        return reply

    def _picture(self, generation: Generation, path: str, do: Do) -> Reply:
        position = generation.result_names.index(path.removeprefix(OUTPUTS))
        comment = f"Glam sandbox, event {generation.event_id}, result {position}"
        picture = with_comment(generation.picture or b"", comment)
        fault = do.result or generation.do.result
        if fault is not None:
            return replace_result(*fault, picture)
        return Reply(200, picture, {"Content-Type": "image/jpeg"})

    def _uploaded(self, name: str) -> Reply:
        with self._lock:
            content = self._uploads.get(name)
        if content is None:
            return detail(404, "Not Found")
        kinds = (kind for magic, kind in MAGIC.items() if content.startswith(magic))
        return Reply(200, content, {"Content-Type": next(kinds, "application/octet-stream")})
