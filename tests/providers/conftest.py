"""Servers, clients and a certificate for the tests of Glam's API."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from glam_tryon.providers.glam.client import GlamClient
from tests.providers.servers import Reply, Server

KEY = "glam-secret-key-0123456789"


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def serve(stack: ExitStack) -> Callable[..., Server]:
    def start(*script: Reply, **options: Any) -> Server:
        return stack.enter_context(Server(*script, **options))

    return start


@pytest.fixture
def connect(stack: ExitStack) -> Callable[..., GlamClient]:
    """Return a client of a server; its waits are short: 0.6 s of silence, 1.5 s in all."""

    def start(server: Server | str, **options: Any) -> GlamClient:
        url = server if isinstance(server, str) else f"{server.url}/api/v1"
        defaults = {
            "api_key": KEY,
            "connect_timeout_seconds": 0.9,
            "read_timeout_seconds": 0.6,
            "deadline_seconds": 1.5,
        }
        return stack.enter_context(GlamClient(base_url=url, **(defaults | options)))

    return start


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a PEM file with a key and a certificate for localhost that signs itself."""
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-days", "30", "-subj", "/CN=localhost", "-keyout", path, "-out", path,
            "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-addext", "basicConstraints=critical,CA:TRUE",
            "-addext", "keyUsage=critical,digitalSignature,keyCertSign",
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return path


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
