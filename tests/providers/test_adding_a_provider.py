"""The provider of docs/adding-a-provider.md, as it stands there, draws a try-on."""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from glam_tryon.checks.setting_checks import check_settings
from glam_tryon.models import Account, TryOnJob, TryOnSubmission
from glam_tryon.providers.selection import provider_for, provider_name
from glam_tryon.worker.poller import Poller
from tests.shop import house_model, order, picture, product

__all__ = ["house_model", "order", "product"]

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = Path(__file__).parents[2] / "docs" / "adding-a-provider.md"
KEY = "toy-key-0123456789"


class Service(ThreadingHTTPServer):
    """The toy service of the page: its first answer to each poll is that it draws."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.drawn = picture(colour="#aa3355")
        self.uploads: list[bytes] = []
        self.drawings: list[dict[str, Any]] = []
        self.polls = 0


class _Handler(BaseHTTPRequestHandler):
    server: Service
    protocol_version = "HTTP/1.1"

    def log_message(self, *_args: object) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Authorization"] != KEY:
            self._say(401, {"detail": "who are you?"})
        elif self.path == "/pictures":
            self.server.uploads.append(body)
            self._say(201, {"url": f"{self.server.url}/pictures/{len(self.server.uploads)}"})
        else:
            self.server.drawings.append(json.loads(body))
            self._say(201, {"id": f"drawing {len(self.server.drawings)}"})

    def do_GET(self) -> None:
        if self.path == "/drawn.png":
            self._send(200, self.server.drawn)
        elif self.headers["Authorization"] != KEY:
            self._say(401, {"detail": "who are you?"})
        elif self.path == "/account":
            self._say(200, {"credits": 5})
        elif self.path == "/drawings/drawing%201":
            self.server.polls += 1
            done = {"state": "done", "picture": f"{self.server.url}/drawn.png"}
            self._say(200, done if self.server.polls > 1 else {"state": "drawing"})
        else:
            self._say(404, {})

    def _say(self, status: int, value: object) -> None:
        self._send(status, json.dumps(value).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[Service]:
    """The toy service, and a shop that takes the page's class for its provider."""
    code = re.search(r"## The class\n\n```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert code
    module = ModuleType("toy_provider")
    exec(compile(code[1], str(PAGE), "exec"), module.__dict__)
    monkeypatch.setitem(sys.modules, "toy_provider", module)
    # The package has functions of the modules' names.
    for step in ("submit", "poll"):
        polled = import_module(f"glam_tryon.worker.steps.{step}")
        monkeypatch.setattr(polled, "next_poll_seconds", lambda *_facts: 0.01)
    with Service() as service:
        threading.Thread(target=service.serve_forever, daemon=True).start()
        settings.GLAM_TRYON = {
            **settings.GLAM_TRYON,
            "API_KEY": KEY,
            "PROVIDER": "toy_provider.ToyProvider",
            "BASE_URL": service.url,
        }
        yield service
        provider_for().close()
        service.shutdown()


def test_the_class_of_the_page_draws_a_try_on(
    service: Service, order: Callable[..., TryOnJob]
) -> None:
    job = order()
    Poller().run(drain=True, max_seconds=30)
    job.refresh_from_db()
    assert (job.status, job.error_code, service.polls) == ("ready", "", 2)
    (result,) = job.results.all()
    with result.image.open("rb") as stored:
        assert stored.read() == service.drawn
    (submission,) = job.submissions.all()
    assert submission.outcome == TryOnSubmission.Outcome.ACCEPTED
    assert (submission.event_id, submission.slot) == ("drawing 1", None)
    # It does not fetch from the shop, so the pictures were uploaded and no link can be revoked.
    assert submission.revocable is False
    assert len(service.uploads) == 2
    (asked,) = service.drawings
    assert asked == {
        "person": f"{service.url}/pictures/1",
        "garment": f"{service.url}/pictures/2",
        "part": "top",
    }
    assert Account.load().provider == "toy_provider.ToyProvider"


def test_a_wrong_key_pauses_and_buys_nothing(
    service: Service, order: Callable[..., TryOnJob], settings: Any
) -> None:
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "API_KEY": "a wrong one"}
    job = order()
    Poller().run(once=True)
    job.refresh_from_db()
    assert (job.status, Account.load().pause_code) == ("pending", "bad_key")
    assert (provider_for().probe().code, service.drawings) == ("bad_key", [])


def test_people_read_its_name_and_the_checks_find_nothing(service: Service) -> None:
    assert provider_name() == "Toy"
    assert provider_for().probe().code == "ok"
    assert [found for found in check_settings(None) if found.id == "glam_tryon.E001"] == []


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("toy_provider.Missing", "cannot be imported"),
        ("nowhere.Provider", "cannot be imported"),
        ("glam_tryon.models.TryOnJob", "has no close, display_name"),
    ],
)
def test_what_is_no_provider_is_said_by_the_checks(
    service: Service, settings: Any, path: str, said: str
) -> None:
    given = settings.GLAM_TRYON
    settings.GLAM_TRYON = {**given, "PROVIDER": path}
    [error] = [found for found in check_settings(None) if found.id == "glam_tryon.E001"]
    assert said in error.msg
    settings.GLAM_TRYON = given
