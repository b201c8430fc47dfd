"""Glam's three operations, as far as they are known, with the faults that a script asks for."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from .delivery import Reply
from .dressing import dressed, spoken
from .fault_actions import DUPLICATE, LEFT_OUT, LONG, REAL, STATUS, SUBMIT, UNSET, UPLOAD, Do
from .faults import FaultScript
from .generation import Generation
from .generations import Generations
from .results import Results
from .validation import Invalid, detail, read_file, read_submission, said
from .wire import Request

PREFIX = "/api/v1"


class Api:
    """The application behind the API's port."""

    def __init__(
        self,
        generations: Generations,
        results: Results,
        keys: Callable[[], tuple[str, ...]],
        script: Callable[[], FaultScript],
    ) -> None:
        self._generations = generations
        self._results = results
        self._keys = keys
        self._script = script

    def __call__(self, request: Request) -> Reply:
        """Answer one request."""
        path = urlsplit(request.path).path
        if path == f"{PREFIX}/tryon":
            return self._for("POST", request, self._submit)
        if path == f"{PREFIX}/upload":
            return self._for("POST", request, self._upload)
        if path.startswith(f"{PREFIX}/tryon/"):
            return self._for("GET", request, self._status)
        return detail(404, "Not Found")

    def _for(self, method: str, request: Request, answer: Callable[[Request], Reply]) -> Reply:
        if request.method != method:
            reply = detail(405, "Method Not Allowed")
            reply.headers["Allow"] = method
            return reply
        return answer(request)

    def _refused(self, request: Request) -> Reply | None:
        if request.headers.get("X-API-Key") not in self._keys():
            return detail(401, "Invalid or missing API key")
        if request.body is None:
            return detail(413, "Request body is too large or has no length")
        return None

    def _submit(self, request: Request) -> Reply:
        do = self._script().decide(SUBMIT)
        if do.speaks:
            return spoken(do)
        if refused := self._refused(request):
            return refused
        try:
            fields = read_submission(request.body or b"", request.headers.get("Content-Type", ""))
        except Invalid as error:
            return said(422, {"detail": error.errors})
        generation = self._generations.submit(**fields, do=do)
        if generation is None:
            return detail(429, "Max parallel requests of your plan reached")
        if do.lose:
            self._generations.lose(generation)
        reply = said(200, self._submitted(generation))
        return dressed(reply, do.accept_then.over(do) if do.accept_then else do)

    def _submitted(self, generation: Generation) -> dict[str, Any]:
        asked = generation.do.event_id
        if asked is UNSET:
            return {"event_id": generation.event_id}
        if asked == LEFT_OUT:
            return {}
        if asked == DUPLICATE:
            return {"event_id": self._generations.before(generation).event_id}
        if asked == LONG:
            return {"event_id": "x" * 10_000}
        if isinstance(asked, str):
            asked = asked.replace("{event_id}", generation.event_id)
            self._generations.name(generation, asked)
        return {"event_id": asked}

    def _status(self, request: Request) -> Reply:
        event_id = unquote(urlsplit(request.path).path.removeprefix(f"{PREFIX}/tryon/"))
        generation = self._generations.find(event_id)
        number = generation.number if generation else None
        do = self._script().decide(STATUS, number, event_id)
        if do.speaks:
            return spoken(do)
        if refused := self._refused(request):
            return refused
        if generation is None:
            return dressed(detail(404, "Event not found"), do)
        if do.lose:
            self._generations.lose(generation)
        if not self._generations.is_known(generation):
            return dressed(detail(404, "Event not found"), do)
        return dressed(said(200, self._standing(generation, do)), do)

    def _standing(self, generation: Generation, asked: Do) -> dict[str, Any]:
        do = asked.over(generation.do)
        status: Any = generation.remote_status
        if do.remote_status is not None:
            step = self._generations.next_step(generation)
            word = do.remote_status[min(step, len(do.remote_status) - 1)]
            status = status if word == REAL else word
        ready = isinstance(status, str) and status.upper() in ("READY", "COMPLETED")
        urls: Any = self._results.urls(generation) if ready else []
        if do.media_urls is not UNSET and ready:
            urls = self._results.fill(generation, do.media_urls)
        answer = {"status": status, "media_urls": urls}
        if generation.reason and status == "FAILED":
            answer["error_message"] = generation.reason
        return {name: value for name, value in answer.items() if value != LEFT_OUT}

    def _upload(self, request: Request) -> Reply:
        do = self._script().decide(UPLOAD)
        if do.speaks:
            return spoken(do)
        if refused := self._refused(request):
            return refused
        try:
            content = read_file(request.body or b"", request.headers.get("Content-Type", ""))
        except Invalid as error:
            return said(422, {"detail": error.errors})
        url = self._results.keep(str(uuid.uuid4()), content)
        return dressed(said(200, {"file_url": url}), do)
