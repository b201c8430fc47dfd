"""Glam's three operations, as far as they are known: what is checked, and what is answered."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from .delivery import Reply, apply_fault, error_reply, fault_reply, json_reply
from .fault_actions import DUPLICATE, LEFT_OUT, LONG, REAL, STATUS, SUBMIT, UNSET, UPLOAD, Do
from .faults import FaultScript
from .generations import Generation, Generations
from .results import Results
from .wire import Request

MASK_TYPES = ("overall", "upper", "lower")
FIELDS = ("media_url", "garment_url", "mask_type")


class Invalid(Exception):
    """The request is refused with 422; ``errors`` is FastAPI's list."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        self.errors = errors
        super().__init__(f"{len(errors)} errors")


def read_submission(body: bytes, content_type: str) -> dict[str, str]:
    """The three fields of a submission. Raises ``Invalid``."""
    content: Any = None
    if content_type.partition(";")[0].strip().lower() == "application/json":
        try:
            content = json.loads(body)
        except ValueError as error:
            raise Invalid([_error("json_invalid", "JSON decode error", 0)]) from error
    if not isinstance(content, dict):
        raise Invalid([_error("model_attributes_type", "Input should be a valid dictionary")])
    errors = [wrong for name in FIELDS if (wrong := _wrong(name, content))]
    if errors:
        raise Invalid(errors)
    return {name: content[name] for name in FIELDS}


def read_file(body: bytes, content_type: str) -> bytes:
    """The multipart field ``file``. Raises ``Invalid``."""
    kind, _, rest = content_type.partition(";")
    boundary = rest.partition("boundary=")[2].partition(";")[0].strip().strip('"')
    if kind.strip().lower() == "multipart/form-data" and boundary:
        # The first delimiter has no line break before it.
        for part in (b"\r\n" + body).split(b"\r\n--" + boundary.encode("latin-1"))[1:]:
            head, blank, content = part.partition(b"\r\n\r\n")
            if blank and b'name="file"' in head.replace(b"name=file", b'name="file"'):
                return content
    raise Invalid([_error("missing", "Field required", "file")])


def _wrong(name: str, content: dict[str, Any]) -> dict[str, Any] | None:
    if name not in content:
        return _error("missing", "Field required", name)
    value = content[name]
    if name == "mask_type":
        if value not in MASK_TYPES:
            return _error("enum", "Input should be 'overall', 'upper' or 'lower'", name)
        return None
    if not isinstance(value, str):
        return _error("string_type", "Input should be a valid string", name)
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        usable = False
    return None if usable else _error("url_parsing", "Input should be a valid URL", name)


def _error(kind: str, message: str, *where: str | int) -> dict[str, Any]:
    return {"type": kind, "loc": ["body", *where], "msg": message}


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
        return error_reply(404, "Not Found")

    def _for(self, method: str, request: Request, answer: Callable[[Request], Reply]) -> Reply:
        if request.method != method:
            reply = error_reply(405, "Method Not Allowed")
            reply.headers["Allow"] = method
            return reply
        return answer(request)

    def _refused(self, request: Request) -> Reply | None:
        if request.headers.get("X-API-Key") not in self._keys():
            return error_reply(401, "Invalid or missing API key")
        if request.body is None:
            return error_reply(413, "Request body is too large or has no length")
        return None

    def _submit(self, request: Request) -> Reply:
        do = self._script().decide(SUBMIT)
        if do.speaks:
            return fault_reply(do)
        if refused := self._refused(request):
            return refused
        try:
            fields = read_submission(request.body or b"", request.headers.get("Content-Type", ""))
        except Invalid as error:
            return json_reply(422, {"detail": error.errors})
        generation = self._generations.submit(**fields, do=do)
        if generation is None:
            return error_reply(429, "Max parallel requests of your plan reached")
        if do.lose:
            self._generations.lose(generation)
        reply = json_reply(200, self._submitted(generation))
        return apply_fault(reply, do.accept_then.over(do) if do.accept_then else do)

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
            return fault_reply(do)
        if refused := self._refused(request):
            return refused
        if generation is None:
            return apply_fault(error_reply(404, "Event not found"), do)
        if do.lose:
            self._generations.lose(generation)
        if not self._generations.is_known(generation):
            return apply_fault(error_reply(404, "Event not found"), do)
        return apply_fault(json_reply(200, self._standing(generation, do)), do)

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
            return fault_reply(do)
        if refused := self._refused(request):
            return refused
        try:
            content = read_file(request.body or b"", request.headers.get("Content-Type", ""))
        except Invalid as error:
            return json_reply(422, {"detail": error.errors})
        url = self._results.keep(str(uuid.uuid4()), content)
        return apply_fault(json_reply(200, {"file_url": url}), do)
