"""WebKitGTK for browser tests, driven by its own WebDriver on a screen that nobody sees."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from tests.servers import PARTS

#: How WebDriver names an element in JSON.
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


@dataclass(frozen=True)
class WebKit:
    """One window. Elements are named by CSS selectors."""

    address: str

    def _ask(self, method: str, path: str, **body: Any) -> Any:
        answer = requests.request(
            method, f"{self.address}{path}", json=body if method == "POST" else None, timeout=60
        )
        value = answer.json()["value"]
        assert answer.ok, value
        return value

    def visit(self, url: str) -> None:
        self._ask("POST", "/url", url=url)

    def run(self, script: str, *arguments: Any) -> Any:
        """Return what the function body ``script`` returns; ``arguments`` is its array."""
        return self._ask("POST", "/execute/sync", script=script, args=list(arguments))

    def wait(self, script: str, *arguments: Any, seconds: float = 30) -> Any:
        """Return what ``script`` returns once it is true."""
        end = time.monotonic() + seconds
        while not (value := self.run(script, *arguments)):
            assert time.monotonic() < end, f"never true: {script}"
            time.sleep(0.1)
        return value

    def wait_for(self, selector: str, text: str = "") -> str:
        """Wait until the element is seen and has the text; return all of its text."""
        found: str = self.wait(
            "const found = [...document.querySelectorAll(arguments[0])].find((each) =>"
            " each.checkVisibility() && each.textContent.includes(arguments[1]));"
            "return found && (found.textContent.trim() || found.tagName)",
            selector,
            text,
        )
        return found

    def click(self, selector: str) -> None:
        self.wait_for(selector)
        self._ask("POST", f"/element/{self._element(selector)}/click")

    def type(self, selector: str, text: str) -> None:
        """Type into a field; for one that takes a file, ``text`` is its path."""
        self._ask("POST", f"/element/{self._element(selector)}/value", text=text)

    def _element(self, selector: str) -> str:
        found = self._ask("POST", "/element", using="css selector", value=selector)
        return str(found[ELEMENT])


@contextmanager
def start_webkit() -> Iterator[WebKit]:
    """Run a WebKitGTK with an empty profile."""
    with _screen() as display, _driver(display) as driver:
        wish = {"capabilities": {"alwaysMatch": {"browserName": "MiniBrowser"}}}
        answer = requests.post(f"{driver}/session", json=wish, timeout=60).json()["value"]
        session = f"{driver}/session/{answer['sessionId']}"
        yield WebKit(session)
        requests.delete(session, timeout=60)


@contextmanager
def _screen() -> Iterator[str]:
    ours, its = os.pipe()
    options = ["-displayfd", str(its), "-screen", "0", "1280x900x24", "-nolisten", "tcp"]
    server = subprocess.Popen(
        [PARTS["screen"].path(), *options], pass_fds=[its], stderr=subprocess.DEVNULL
    )
    os.close(its)
    with os.fdopen(ours) as number:
        display = number.readline().strip()
    yield f":{display}"
    server.terminate()
    server.wait()


@contextmanager
def _driver(display: str) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    driver = subprocess.Popen(
        [PARTS["webkit"].path(), f"--port={port}"], env={**os.environ, "DISPLAY": display}
    )
    end = time.monotonic() + 30
    while True:
        try:
            requests.get(f"http://127.0.0.1:{port}/status", timeout=5)
            break
        except requests.ConnectionError:
            assert time.monotonic() < end, "WebKitWebDriver does not answer"
            time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    driver.terminate()
    driver.wait()
