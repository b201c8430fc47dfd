"""The main way under Django's content security policy, below a sub-path, with hashed statics."""

from __future__ import annotations

import mimetypes
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from playwright.sync_api import Page, expect
from pytest_django import Settings

from .conftest import Shopper, only_job

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

SELF = "'self'"
POLICY = {
    "default-src": ["'none'"],
    "script-src": [SELF],
    "style-src": [SELF],
    "img-src": [SELF, "blob:"],
    "connect-src": [SELF],
    "form-action": [SELF],
    "base-uri": ["'none'"],
}
SUB_PATH = "/shop"


@pytest.fixture
def reports(page: Page) -> list[str]:
    """What the browser complains of: policy violations, errors, answers that are missing."""
    said: list[str] = []
    page.add_init_script(
        """
        document.addEventListener("securitypolicyviolation", (event) =>
          console.error(`${event.violatedDirective} refused ${event.blockedURI}`));
        """
    )
    page.on(
        "console",
        lambda message: said.append(message.text) if message.type in ("error", "warning") else None,
    )
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on(
        "response",
        lambda answer: (
            said.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None
        ),
    )
    return said


def go_the_whole_way(shopper: Shopper, photo: Path) -> None:
    """An own photo, the picture, the slider and the basket."""
    shopper.open()
    shopper.choose_photo(photo)
    shopper.agree()
    shopper.press("Try it on")
    shopper.expect_result()
    expect(shopper.dialog.get_by_role("slider")).to_be_visible()
    shopper.press("Add to basket")
    expect(shopper.page.get_by_text("Denim jacket is in your basket.")).to_be_visible()
    shopper.page.goto(f"{shopper.shop}/tryon/jobs/{only_job().pk}/")
    expect(shopper.page.get_by_role("slider")).to_be_visible()


@pytest.mark.needs_django("6.0")
def test_djangos_content_security_policy_has_nothing_to_report(
    shopper: Shopper, photo: Path, settings: Settings, reports: list[str]
) -> None:
    settings.SECURE_CSP = POLICY
    shopper.visit()
    policy = shopper.page.request.get(shopper.page.url).headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "img-src 'self' blob:;" in policy
    go_the_whole_way(shopper, photo)
    assert reports == []


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *arguments: Any) -> None:
        """Keep the tests' output free of requests."""


def _below(path: str, folders: Mapping[str, Path]) -> Callable[..., Iterable[bytes]]:
    """Serve the shop at ``path`` as a proxy does that strips it, with folders of files beside."""
    shop = get_wsgi_application()

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not environ["PATH_INFO"].startswith(f"{path}/"):
            start_response("404 Not Found", [])
            return [b""]
        environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix(path)
        _, first, rest = (environ["PATH_INFO"] + "//").split("/", 2)
        file = folders.get(first, Path()) / rest.rstrip("/")
        if first not in folders or not file.is_file():
            answer: Iterable[bytes] = shop(environ, start_response)
            return answer
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        start_response("200 OK", [("Content-Type", kind)])
        return [file.read_bytes()]

    return serve


@pytest.fixture
def below(shop: str, settings: Settings, tmp_path: Path) -> Iterator[str]:
    """The address of the shop below a path, with hashed names of its statics."""
    settings.FORCE_SCRIPT_NAME = SUB_PATH
    settings.STATIC_URL = f"{SUB_PATH}/static/"
    settings.MEDIA_URL = f"{SUB_PATH}/media/"
    settings.STATIC_ROOT = str(tmp_path / "static")
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    server = make_server(
        "127.0.0.1",
        0,
        _below(SUB_PATH, {"static": tmp_path / "static", "media": Path(settings.MEDIA_ROOT)}),
        server_class=_Server,
        handler_class=_Quiet,
    )
    thread = threading.Thread(target=server.serve_forever, name="shop below a path")
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}{SUB_PATH}"
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "PUBLIC_BASE_URL": address}
    yield address
    server.shutdown()
    server.server_close()
    thread.join()


def test_below_a_path_and_with_hashed_statics_the_way_is_the_same(
    below: str, page: Page, photo: Path, reports: list[str]
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{below}/clothes/denim-jacket/")
    shopper = Shopper(page, below)
    shopper.button.click()
    expect(shopper.dialog.get_by_role("heading", name="Denim jacket")).to_be_focused()
    shopper.choose_photo(photo)
    shopper.agree()
    shopper.press("Try it on")
    shopper.expect_result()
    shopper.press("Add to basket")
    expect(page.get_by_text("Denim jacket is in your basket.")).to_be_visible()
    ours = [url for url in asked if "/static/glam_tryon/" in url]
    assert ours
    # Each name has a hash, also those that a module names.
    assert [url for url in ours if url.rsplit("/", 1)[1].count(".") != 2] == []
    assert not [url for url in asked if url.startswith("http") and SUB_PATH not in url]
    assert reports == []


@pytest.mark.parametrize(
    "option",
    [
        pytest.param("CSRF_USE_SESSIONS", id="token in the session"),
        pytest.param("CSRF_COOKIE_HTTPONLY", id="cookie that no script reads"),
    ],
)
def test_where_scripts_cannot_read_the_token_every_write_of_the_dialog_passes(
    shopper: Shopper, photo: Path, settings: Settings, option: str, reports: list[str]
) -> None:
    setattr(settings, option, True)
    shopper.open()
    shopper.choose_photo(photo)
    shopper.agree()
    shopper.press("Try it on")
    shopper.expect_result()
    shopper.press("Looks right")
    looks_right = shopper.dialog.get_by_role("button", name="Looks right")
    expect(looks_right).to_have_attribute("aria-pressed", "true")
    assert only_job().feedback == "up"
    assert reports == []
